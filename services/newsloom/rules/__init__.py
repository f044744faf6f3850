"""The rules: pure functions of their arguments.

They use no clock, network or metric, and read no file but bundled tables and models.
"""

"""The rules: pure functions of their arguments, which know no clock, file, network or metric."""

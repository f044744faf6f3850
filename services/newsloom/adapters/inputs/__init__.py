"""Inputs: records of files, folders and standard input, one after another."""

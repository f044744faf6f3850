"""Inputs: read the records of files, folders and standard input, one by one."""

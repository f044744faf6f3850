"""`make soak`: workers run under a steady load; their memory, files and lag must not grow."""

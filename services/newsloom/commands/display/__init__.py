"""Output that commands share: the progress display, the summary of a run, the console."""

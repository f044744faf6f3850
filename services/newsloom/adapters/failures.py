"""What goes wrong outside, in words for the person who can mend it."""


class OutageError(Exception):
    """Something outside failed; the message says what and how to mend it, in one line."""


class WeightsError(ValueError):
    """A file of weights that cannot be used. The message names the file, the line and the mend."""


class KeysError(ValueError):
    """Keys that cannot be used. The message names the file, the line and the mend."""

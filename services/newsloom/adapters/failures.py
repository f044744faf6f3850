"""Errors whose messages say what to fix: outages, inputs, weights files and sealing keys."""


class OutageError(Exception):
    """Something outside the program failed. The message is one line: what failed and the fix."""


class NewerFormError(OutageError):
    """A newer release wrote something that this one cannot read. It waits to be updated."""


class InputError(OutageError):
    """An input cannot be read on. What was read before it failed is valid."""


class UnusableInputError(ValueError):
    """An input holds no article events at all. The message names it, what it holds, and the fix."""


class WeightsError(ValueError):
    """A file of story weights cannot be used. The message names the file, the line and the fix."""


class KeysError(ValueError):
    """Sealing keys cannot be used. The message names the file or setting, the line and the fix."""

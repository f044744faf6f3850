"""Outages at the edge, in words for the person who can mend them."""


class OutageError(Exception):
    """Something outside failed; the message says what and how to mend it, in one line."""

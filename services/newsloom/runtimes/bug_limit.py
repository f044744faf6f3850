"""The limit on bugs: a release that fails on one record after another must stop.

A record that fails because of a bug becomes a dead letter. Twenty of them in one process mean a bad
release, which would turn the whole input into dead letters.
"""

from newsloom.adapters.failures import OutageError
from newsloom.records.faults import Fault, Reason

MAX_BUGS = 20


class BugLimit:
    """Counts the records of one process that fail because of a bug."""

    def __init__(self) -> None:
        self._bugs = 0
        self._last = ""

    def count(self, fault: Fault) -> None:
        """Counts a fault if it is a bug."""
        if fault.reason is Reason.INTERNAL_ERROR:
            self._bugs += 1
            self._last = fault.detail

    @property
    def is_reached(self) -> bool:
        """Whether the process must stop."""
        return self._bugs >= MAX_BUGS

    def error(self, where: str) -> OutageError:
        """The error to stop with. `where` says where the failed records are kept."""
        return OutageError(
            f"{MAX_BUGS} records failed because of a bug in Newsloom (the last: {self._last}); "
            f"{where}. Please report it"
        )

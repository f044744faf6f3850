"""The limit on bugs: a release that fails on one record after another must halt.

A record that fails because of a bug becomes a dead letter. Twenty of them in one process mean a bad
release, which would turn the whole input into dead letters. So the twentieth is not committed.
"""

from newsloom.adapters.failures import OutageError
from newsloom.records.faults import Fault, Reason

MAX_BUGS = 20


class BugLimit:
    """Counts the records of one process that fail because of a bug."""

    def __init__(self, resume_command: str = "newsloom resume") -> None:
        """`resume_command` is what an operator runs to go on."""
        self._resume_command = resume_command
        self._bugs = 0
        self._last = ""

    def count(self, result: object) -> bool:
        """Counts a result if it is the fault of a bug. Whether that reaches the limit.

        The record that reaches it must not be committed.
        """
        if isinstance(result, Fault) and result.reason is Reason.INTERNAL_ERROR:
            self._bugs += 1
            self._last = result.detail
            return self._bugs >= MAX_BUGS
        return False

    def reset(self) -> None:
        """Begins to count at 0."""
        self._bugs = 0

    @property
    def error(self) -> OutageError | None:
        """The error to stop with, if the limit is reached."""
        return OutageError(f"halted: {self.why}") if self._bugs >= MAX_BUGS else None

    @property
    def why(self) -> str:
        """What happened at the limit, and the mend."""
        return (
            f"{MAX_BUGS} records failed because of a bug in Newsloom (the last: {self._last}). "
            "Those before it are dead letters, or reported if earlier records had left that work. "
            "Please report it; install a release without the bug, or accept dead letters, then run "
            f"`{self._resume_command}`"
        )

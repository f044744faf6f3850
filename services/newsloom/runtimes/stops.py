"""Stopped partitions: the closed list of reasons, and the error that stops one partition.

A partition stops where going on would lose or repeat inputs, or cannot succeed. The other
partitions of its worker go on.
"""

from enum import StrEnum
from typing import NamedTuple

from newsloom.adapters.failures import NewerFormError, OutageError


class StopReason(StrEnum):
    """Why a partition is not processed."""

    HALTED = "halted"
    """Twenty inputs of one process failed because of bugs in Newsloom."""
    NEWER_FORM = "newer-form"
    """A newer release wrote the next record, or the rows of the lane."""
    UNREADABLE_BATCH = "unreadable-batch"
    """The next records cannot be read from the log."""
    MISSING_OFFSETS = "missing-offsets"
    """The log begins after the next offset."""
    LOG_BEHIND = "log-behind"
    """The log ends before the next offset."""
    ROWS_BEHIND = "rows-behind"
    """The rows of the lane do not know all inputs before the committed offset."""


MOVABLE = (
    StopReason.HALTED,
    StopReason.UNREADABLE_BATCH,
    StopReason.MISSING_OFFSETS,
    StopReason.LOG_BEHIND,
)
"""Reasons for which another position helps. For the others it would lose inputs."""
RETRIABLE = StopReason.HALTED, StopReason.UNREADABLE_BATCH
"""Reasons for which going on at the same position may succeed once the cause is mended."""
LASTING = StopReason.HALTED, StopReason.LOG_BEHIND
"""Reasons that a later start cannot find again by itself, so it relies on what is committed."""


class StopError(OutageError):
    """One partition stops. The message is one line: the reason, the cause and the mend."""

    def __init__(self, reason: StopReason, why: str) -> None:
        """`why` is the cause and the mend."""
        super().__init__(f"{reason}: {why}")
        self.reason = reason


class Stop(NamedTuple):
    """Why a partition is stopped. `why` begins with the reason."""

    reason: StopReason
    why: str


def stop_of(error: StopError | NewerFormError) -> Stop:
    """The stop that an error causes."""
    if isinstance(error, StopError):
        return Stop(error.reason, str(error))
    return Stop(StopReason.NEWER_FORM, f"{StopReason.NEWER_FORM}: {error}")

"""Attempts at inputs that may end the process: what is committed about them beside a position.

A process that dies cannot say which input it died of. So it commits an attempt before the work, and
takes it back after the work. The next process finds an attempt that was not taken back, and
processes the inputs of that batch one at a time. An input that ends three processes alone is set
aside as a dead letter. This module decides; the runtimes read and commit.
"""

from dataclasses import dataclass, replace

import orjson

from newsloom.records.faults import Fault, Reason, Stage
from newsloom.runtimes.stops import Stop, StopReason

MAX_ATTEMPTS = 3
"""Attempts at one input alone, after which it becomes a dead letter."""
_MAX_WHY_CHARS = 500
"""Kafka limits what is stored with an offset to 4,096 bytes (`offset.metadata.max.bytes`)."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """What the inputs from a position on are suspected of, and what became of those before it.

    `inputs`: the next inputs that are processed one at a time, because a process may have died of
    one of them. `attempts`: how often work on the next input alone began and did not end. `stop`:
    why no input is processed until an operator acts; None if they are processed. `form`:
    the form of the lane that the inputs are for, which is committed in the same place; 0 if it is
    not known. `is_rebuilt`: the state at this position was replaced, so that a process may hold
    another one. `successor`: the consumer group that has taken the position over for good.

    `moved_from`: the position from which an operator moved to this one, until the owner has
    accounted for that; `passing` is the number of offsets that nobody reads because of it.
    `passed`: the offsets that the owners have accounted for as passed so far.
    """

    inputs: int = 0
    attempts: int = 0
    stop: Stop | None = None
    form: int = 0
    is_rebuilt: bool = False
    moved_from: int | None = None
    passing: int = 0
    passed: int = 0
    successor: str = ""

    @property
    def is_suspect(self) -> bool:
        """Whether the next input must be processed alone."""
        return self.inputs > 0

    @property
    def is_poison(self) -> bool:
        """Whether the next input must be set aside without another attempt."""
        return self.attempts >= MAX_ATTEMPTS

    @property
    def is_moved(self) -> bool:
        """Whether the owner must account for a move of the position."""
        return self.moved_from is not None

    def begin(self, size: int) -> "Attempts":
        """What to commit before the work on the next `size` inputs: 1 if the next is suspect."""
        inputs, attempts = max(self.inputs, size), self.attempts + (size == 1)
        return replace(self, inputs=inputs, attempts=attempts)

    def end(self) -> "Attempts":
        """What to commit after the work, before its results: it did not end the process."""
        return replace(self, attempts=0)

    def after(self, size: int) -> "Attempts":
        """What to commit with the results of the next `size` inputs, a move accounted for."""
        return Attempts(max(0, self.inputs - size), passed=self.passed + self.passing)

    def stopped(self, stop: Stop) -> "Attempts":
        """What to commit at a position from which no input is processed."""
        return replace(self, stop=Stop(stop.reason, stop.why[:_MAX_WHY_CHARS]))

    def resumed(self) -> "Attempts":
        """What to commit at a position from which inputs are processed again."""
        return Attempts(
            form=self.form,
            is_rebuilt=self.is_rebuilt,
            moved_from=self.moved_from,
            passing=self.passing,
            passed=self.passed,
        )

    def moved(self, before: int, passing: int) -> "Attempts":
        """What to commit at a position to which an operator moves from the position `before`."""
        origin = before if self.moved_from is None else self.moved_from
        return replace(self.resumed(), moved_from=origin, passing=self.passing + passing)

    def encode(self) -> str:
        """The text to commit; empty if there is nothing to remember."""
        found: dict[str, object] = {
            "inputs": self.inputs,
            "attempts": self.attempts,
            # A former release reads `halted`, and processes nothing until an operator acts.
            "halted": self.stop and self.stop.why,
            "reason": self.stop and self.stop.reason.value,
            "form": self.form,
            "is_rebuilt": self.is_rebuilt,
            "passing": self.passing,
            "passed": self.passed,
            "successor": self.successor,
        }
        found = {name: value for name, value in found.items() if value}
        if self.moved_from is not None:
            found["moved_from"] = self.moved_from
        return orjson.dumps(found).decode() if found else ""


def decode_attempts(text: str | None) -> Attempts:
    """Reads what `Attempts.encode` wrote. A text of other tools means nothing."""
    try:
        found = orjson.loads(text or "{}")
        moved_from, why = found.get("moved_from"), str(found.get("halted", ""))
        return Attempts(
            int(found.get("inputs", 0)),
            int(found.get("attempts", 0)),
            Stop(StopReason(found.get("reason", StopReason.HALTED)), why) if why else None,
            int(found.get("form", 0)),
            bool(found.get("is_rebuilt", False)),
            None if moved_from is None else int(moved_from),
            int(found.get("passing", 0)),
            int(found.get("passed", 0)),
            str(found.get("successor", "")),
        )
    except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError):
        return Attempts()


def poison(stage: Stage) -> Fault:
    """The fault of an input that is set aside."""
    detail = f"{MAX_ATTEMPTS} attempts to process this input alone ended the process"
    return Fault(Reason.POISON, None, detail, stage)

"""Attempts at inputs that may end the process: what is committed about them beside a position.

A process that dies cannot say which input it died of. So it commits an attempt before the work, and
takes it back after the work. The next process finds an attempt that was not taken back, and
processes the inputs of that batch one at a time. An input that ends three processes alone is set
aside as a dead letter. This module decides; the runtimes read and commit.
"""

from dataclasses import asdict, dataclass

import orjson

from newsloom.records.faults import Fault, Reason, Stage

MAX_ATTEMPTS = 3
"""Attempts at one input alone, after which it becomes a dead letter."""
_MAX_HALTED_CHARS = 500
"""Kafka limits what is stored with an offset to 4,096 bytes (`offset.metadata.max.bytes`)."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """What the inputs from a position on are suspected of.

    `inputs`: the next inputs that are processed one at a time, because a process may have died of
    one of them. `attempts`: how often work on the next input alone began and did not end. `halted`:
    why no input is processed until an operator resumes, empty if they are processed. `form`:
    the form of the lane that the inputs are for, which is committed in the same place; 0 if it is
    not known. `is_rebuilt`: the state at this position was replaced, so that a process may hold
    another one.
    """

    inputs: int = 0
    attempts: int = 0
    halted: str = ""
    form: int = 0
    is_rebuilt: bool = False

    @property
    def is_suspect(self) -> bool:
        """Whether the next input must be processed alone."""
        return self.inputs > 0

    @property
    def is_poison(self) -> bool:
        """Whether the next input must be set aside without another attempt."""
        return self.attempts >= MAX_ATTEMPTS

    def begin(self, size: int) -> "Attempts":
        """What to commit before the work on the next `size` inputs: 1 if the next is suspect."""
        inputs, attempts = max(self.inputs, size), self.attempts + (size == 1)
        return Attempts(inputs, attempts, is_rebuilt=self.is_rebuilt)

    def end(self) -> "Attempts":
        """What to commit after the work, before its results: it did not end the process."""
        return Attempts(self.inputs, is_rebuilt=self.is_rebuilt)

    def passed(self, size: int) -> "Attempts":
        """What to commit with the results of the next `size` inputs."""
        return Attempts(max(0, self.inputs - size))

    def encode(self) -> str:
        """The text to commit; empty if there is nothing to remember."""
        changed = {name: value for name, value in asdict(self).items() if value}
        return orjson.dumps(changed).decode() if changed else ""


def halt(why: str) -> Attempts:
    """What to commit with the results before the input at which the limit on bugs was reached."""
    return Attempts(halted=why[:_MAX_HALTED_CHARS])


def decode_attempts(text: str | None) -> Attempts:
    """Reads what `Attempts.encode` wrote. A text of other tools means nothing."""
    try:
        found = orjson.loads(text or "{}")
        return Attempts(
            int(found.get("inputs", 0)),
            int(found.get("attempts", 0)),
            str(found.get("halted", "")),
            int(found.get("form", 0)),
            bool(found.get("is_rebuilt", False)),
        )
    except (orjson.JSONDecodeError, AttributeError, TypeError, ValueError):
        return Attempts()


def poison(stage: Stage) -> Fault:
    """The fault of an input that is set aside."""
    detail = f"{MAX_ATTEMPTS} attempts to process this input alone ended the process"
    return Fault(Reason.POISON, None, detail, stage)

"""The account of a verifier: how the inputs ended, and what is wrong."""

from collections import Counter
from dataclasses import dataclass, field

MAX_LISTED_FAULTS = 20


@dataclass(slots=True)
class Account:
    """How the inputs ended, and what is wrong. Everything is correct if `faults` is empty.

    `wrong` counts all faults by kind; `faults` lists the first MAX_LISTED_FAULTS as messages.
    """

    inputs: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    published: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def note(self, kind: str, message: str, count: int = 1) -> None:
        """Counts faults of a kind: lost, repeated, backward, differing or inconsistent."""
        self.wrong[kind] += count
        if len(self.faults) < MAX_LISTED_FAULTS:
            self.faults.append(f"{kind}: {message}")

    def __str__(self) -> str:
        ends = " + ".join(f"{self.ends[end]:,} {end}" for end in sorted(self.ends))
        kinds = ("lost", "repeated", "backward", "differing", "inconsistent")
        wrong = ", ".join(f"{self.wrong[kind]:,} {kind}" for kind in kinds)
        return f"{self.inputs:,} inputs = {ends}; {self.published:,} published; {wrong}"

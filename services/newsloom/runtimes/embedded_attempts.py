"""Attempts at the inputs of an embedded run, which the store keeps until the inputs have passed.

In: the inputs of a batch, before and after the work on them. Out: which inputs must be processed
alone or set aside. Standard input cannot be read again, so nothing is kept about it.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import orjson

from newsloom.adapters.failures import OutageError
from newsloom.adapters.inputs.positions import InputRecord
from newsloom.adapters.inputs.sources import Source
from newsloom.adapters.storage.store import Store
from newsloom.records.faults import Fault, Stage
from newsloom.runtimes.attempts import Attempts, decode_attempts, poison
from newsloom.runtimes.stops import Stop, StopReason

Input = tuple[Source, InputRecord]


class AttemptNotes:
    """What the store keeps about the next input and those of its batch."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, Any] = orjson.loads(store.attempts() or "{}")
        self._attempts = Attempts()
        self._before = ""
        self._is_attempting = False

    @property
    def _kept_attempts(self) -> Attempts:
        return decode_attempts(self._kept.get("attempts"))

    @property
    def halted(self) -> str:
        """Why an earlier run halted at the limit on bugs; empty if it did not."""
        stop = self._kept_attempts.stop
        return stop.why if stop else ""

    def warning(self) -> str | None:
        """What a person should know about an input that ended earlier runs; None for nothing."""
        times = self._kept_attempts.attempts
        if not times:
            return None
        many = "once" if times == 1 else f"{times} times"
        return f"{self._kept['input']} line {self._kept['line']} ended the process {many}"

    def is_alone(self, following: Input) -> bool:
        """Whether the next input must be processed alone. Call it before the work on it."""
        if self._kept and self._kept | _place(following) == self._kept:
            self._attempts = self._kept_attempts
        return self._attempts.is_suspect and not following[0].is_pipe

    def poison(self) -> Fault | None:
        """The fault of the next input, if it must be set aside without another attempt."""
        return poison(Stage(self._kept["stage"])) if self._attempts.is_poison else None

    def begin(self, inputs: Sequence[Input], stage: Stage) -> None:
        """Keeps that the work on these inputs begins."""
        if not inputs[0][0].is_pipe:
            self._is_attempting = True
            self._before = _encode(inputs[0], self._attempts, stage)
            attempts = self._attempts.begin(len(inputs))
            self._store.keep_attempts(_encode(inputs[0], attempts, stage))

    def take_back(self) -> None:
        """Forgets the attempt in work: the run may end for another reason than its inputs."""
        if self._is_attempting:
            with suppress(OutageError):
                self._store.keep_attempts(self._before)

    def passed(self, size: int, remaining: Sequence[Input], stage: Stage) -> str:
        """What to commit with the results of `size` inputs. The work on `remaining` goes on."""
        self._kept = {}
        self._attempts = self._attempts.after(size)
        self._is_attempting = bool(remaining)
        self._before = ""
        if not remaining or remaining[0][0].is_pipe:
            return ""
        return _encode(remaining[0], self._attempts.begin(len(remaining)), stage)


def encode_halt(why: str) -> str:
    """What to commit with the results before the input at which the limit on bugs was reached."""
    attempts = Attempts().stopped(Stop(StopReason.HALTED, why))
    return orjson.dumps({"attempts": attempts.encode()}).decode()


def _place(one: Input) -> dict[str, Any]:
    source, record = one
    return {"input": source.path, "line": record.position, "bytes": record.after.bytes}


def _encode(following: Input, attempts: Attempts, stage: Stage) -> str:
    if attempts == Attempts():
        return ""
    kept = {**_place(following), "stage": stage, "attempts": attempts.encode()}
    return orjson.dumps(kept).decode()


def resume(store: Store) -> bool:
    """Lets the folder be used again after a halt. Whether it was halted."""
    is_halted = bool(AttemptNotes(store).halted)
    if is_halted:
        store.keep_attempts("")
    return is_halted

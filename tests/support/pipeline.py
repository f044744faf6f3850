"""The whole pipeline, enrich and curate, with its published records decoded for tests."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from newsloom.pipeline import process
from newsloom.pipeline.build_records import Publication
from newsloom.pipeline.decode import Decoded, RawInput, Rejected, WithdrawnArticle, decode
from newsloom.pipeline.process import Result
from newsloom.records.faults import Fault, Outcome


@dataclass(frozen=True, slots=True)
class Taken:
    """The result of one input, all its steps together, and the records published for it."""

    result: Result
    curated: tuple[dict[str, Any], ...]
    stories: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, steps: Iterable[Result]) -> "Taken":
        """The `steps` of one input as one result, with its records decoded."""
        result = _joined(list(steps))
        return cls(result, _decoded(result.curated), _decoded(result.stories))

    @property
    def outcome(self) -> Outcome:
        """The same field of the result."""
        assert self.result.outcome is not None
        return self.result.outcome

    @property
    def fault(self) -> Fault | None:
        """The same field of the result."""
        return self.result.fault


class Pipeline(process.Pipeline):
    """The pipeline, with its published records decoded."""

    def take(self, record: dict[str, Any] | Fault, arrived_at: int) -> Taken:
        """Does the same as `process`, and decodes the published records."""
        return Taken.of(self.process(raw_input(record), arrived_at))


def _joined(steps: list[Result]) -> Result:
    (deciding,) = [step for step in steps if step.outcome is not None]
    rows: dict[str, bytes | None] = {}
    for step in steps:
        rows.update(step.rows)
    return deciding._replace(
        curated=tuple(record for step in steps for record in step.curated),
        stories=tuple(record for step in steps for record in step.stories),
        rows=rows,
        duplicates=sum(step.duplicates for step in steps),
        merges=sum(step.merges for step in steps),
    )


def raw_input(record: dict[str, Any] | Fault) -> RawInput:
    """An input whose record is already parsed."""
    return RawInput(b"", parse=lambda _: record)


def decode_bytes(payload: bytes) -> Decoded | Fault:
    """The event that the bytes of a line hold, or the fault that rejects it."""
    decoded = decode(RawInput(payload))
    assert not isinstance(decoded, WithdrawnArticle)
    return decoded.fault if isinstance(decoded, Rejected) else decoded


def _decoded(publications: tuple[Publication, ...]) -> tuple[dict[str, Any], ...]:
    """The JSON values of the publications."""
    return tuple(orjson.loads(publication.value) for publication in publications)

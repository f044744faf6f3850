"""The whole pipeline, enrich and curate, with its published records decoded for tests."""

from dataclasses import dataclass
from typing import Any

import orjson

from newsloom.pipeline import process
from newsloom.pipeline.build_records import Publication
from newsloom.pipeline.process import Result
from newsloom.records.faults import Fault, Outcome


@dataclass(frozen=True, slots=True)
class Taken:
    """The result of one input, and the records that were published for it."""

    result: Result
    curated: tuple[dict[str, Any], ...]
    stories: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, result: Result) -> "Taken":
        """`result` with its records decoded."""
        return cls(result, _decoded(result.curated), _decoded(result.stories))

    @property
    def outcome(self) -> Outcome:
        """The same field of the result."""
        return self.result.outcome

    @property
    def fault(self) -> Fault | None:
        """The same field of the result."""
        return self.result.fault


class Pipeline(process.Pipeline):
    """The pipeline, with its published records decoded."""

    def take(self, record: dict[str, Any] | Fault, arrived_at: int) -> Taken:
        """Does the same as `process`, and decodes the published records."""
        return Taken.of(self.process(record, arrived_at))


def _decoded(publications: tuple[Publication, ...]) -> tuple[dict[str, Any], ...]:
    """The JSON values of the publications."""
    return tuple(orjson.loads(publication.value) for publication in publications)

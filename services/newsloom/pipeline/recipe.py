"""The recipe: the whole way of one record, in order, for whoever runs it.

A parsed record in; what became of it and the records to publish out. It holds the lane's state
and knows nothing of where inputs come from or where records go.
"""

from typing import Any, NamedTuple

from newsloom.pipeline.arrival import Arrival, WithdrawalArrival
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.decide import decide
from newsloom.pipeline.curation.draft import Draft
from newsloom.pipeline.curation.state import State
from newsloom.pipeline.decode import Decoded, decode_record
from newsloom.pipeline.enrich import ImageMode, enrich
from newsloom.pipeline.normalise import identify, normalise
from newsloom.pipeline.publish import CuratedRecord, StoryRecord, publish
from newsloom.records.event import ArticleEvent
from newsloom.records.faults import Fault, Outcome, Reason, Stage


class Result(NamedTuple):
    """What became of one input, the records that follow and the ids of the rows that changed."""

    outcome: Outcome
    fault: Fault | None = None
    source: str | None = None
    faulty_fields: tuple[str, ...] = ()
    has_dropped_private: bool = False
    curated: tuple[CuratedRecord, ...] = ()
    stories: tuple[StoryRecord, ...] = ()
    changed_articles: tuple[str, ...] = ()
    changed_stories: tuple[str, ...] = ()


class Pipeline:
    """The way of one record after another through one lane, whose state it keeps."""

    def __init__(self, state: State, catalogue: Catalogue, images: ImageMode) -> None:
        self.state = state
        self._catalogue = catalogue
        self._images: ImageMode = images

    def process(self, record: dict[str, Any] | Fault, arrived_at: int) -> Result:
        """Takes one input all the way. `arrived_at` is in seconds since the epoch.

        Every input ends as exactly one outcome. A bug met on the way is a dead letter too: the
        state is touched only once everything that can fail has succeeded.
        """
        stage = Stage.DECODE
        source = None
        try:
            decoded = record if isinstance(record, Fault) else decode_record(record)
            if isinstance(decoded, Fault):
                return self._dead_letter(decoded, _source_of(record))
            source = getattr(decoded.event, "source", None)
            stage = Stage.ENRICH
            arrival = self._prepare(decoded, arrived_at)
            stage = Stage.CURATE
            draft = decide(self.state, arrival)
            publications = publish(draft)
        except (OSError, MemoryError):  # an outage, and no record's fault
            raise
        except Exception as error:  # a bug: kept whole and counted, and its neighbours unharmed
            fault = Fault(Reason.INTERNAL_ERROR, None, f"{type(error).__name__}: {error}", stage)
            return self._dead_letter(fault, source)
        draft.apply()
        return Result(
            outcome=draft.outcome,
            source=source,
            faulty_fields=decoded.faulty_fields,
            # Nothing seals yet, and what is not sealed is never published.
            has_dropped_private=getattr(decoded.event, "private", None) is not None,
            curated=tuple(publications.curated),
            stories=tuple(publications.stories),
            changed_articles=tuple(draft.articles),
            changed_stories=tuple(draft.stories),
        )

    def _prepare(self, decoded: Decoded, arrived_at: int) -> Arrival:
        if isinstance(decoded.event, ArticleEvent):
            normal = normalise(decoded.event)
            return enrich(normal, self._catalogue, self._images, arrived_at)
        return WithdrawalArrival(identify(decoded.event))

    def _dead_letter(self, fault: Fault, source: str | None) -> Result:
        Draft(self.state, Outcome.DEAD_LETTERED).apply()
        return Result(Outcome.DEAD_LETTERED, fault=fault, source=source)


def _source_of(record: dict[str, Any] | Fault) -> str | None:
    source = record.get("source") if isinstance(record, dict) else None
    return source if isinstance(source, str) and len(source) <= 64 else None

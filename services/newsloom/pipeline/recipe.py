"""The recipe: the whole way of one record, in order, for whoever runs it.

Two halves, which may run in one process or in two: `prepare` makes an arrival of a parsed
record, `curate` makes of it what the lane publishes. Neither knows where inputs come from or
where records go.
"""

from collections.abc import Callable
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
from newsloom.pipeline.sealing import Sealer, seal_private
from newsloom.records.event import ArticleEvent
from newsloom.records.faults import Fault, Outcome, Reason, Stage


class Prepared(NamedTuple):
    """What enrichment made of one input: an arrival, or the fault that prevents one."""

    arrival: Arrival | Fault
    source: str | None = None
    faulty_fields: tuple[str, ...] = ()
    has_dropped_private: bool = False


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


class Preparation:
    """The first half: decode, seal, normalise, enrich. It remembers nothing."""

    def __init__(
        self,
        catalogue: Catalogue,
        images: ImageMode,
        sealer: Sealer | None = None,
        find_catalogue: Callable[[], Catalogue] | None = None,
    ) -> None:
        """Without a `sealer`, what is private is dropped. `find_catalogue` gives the catalogue as
        it is by now, for whoever works on for long.
        """
        self._catalogue = catalogue
        self._images: ImageMode = images
        self._sealer = sealer
        self._find_catalogue = find_catalogue

    def renew_catalogue(self) -> None:
        """Takes the catalogue as it is by now: for between two batches, so each is of one."""
        if self._find_catalogue is not None:
            self._catalogue = self._find_catalogue()

    def prepare(self, record: dict[str, Any] | Fault, arrived_at: int) -> Prepared:
        """Takes one parsed input to the door of its lane. `arrived_at` is in seconds since the
        epoch. Never raises: a bug met on the way is a fault too.
        """
        stage = Stage.DECODE
        source = None
        try:
            decoded = record if isinstance(record, Fault) else decode_record(record)
            if isinstance(decoded, Fault):
                return Prepared(decoded, _source_of(record))
            source = getattr(decoded.event, "source", None)
            stage = Stage.ENRICH
            arrival = self._arrival(decoded, arrived_at)
        except (OSError, MemoryError):  # an outage, and no record's fault
            raise
        except Exception as error:  # a bug: kept whole and counted, and its neighbours unharmed
            return Prepared(_bug(error, stage), source)
        has_private = getattr(decoded.event, "private", None) is not None
        has_dropped_private = has_private and self._sealer is None
        return Prepared(arrival, source, decoded.faulty_fields, has_dropped_private)

    def _arrival(self, decoded: Decoded, arrived_at: int) -> Arrival:
        if isinstance(decoded.event, ArticleEvent):
            event, private_digest = seal_private(decoded.event, self._sealer)
            normal = normalise(event, private_digest)
            return enrich(normal, self._catalogue, self._images, arrived_at)
        return WithdrawalArrival(identify(decoded.event))


class Curation:
    """The second half, of one arrival after another through one lane, whose state it keeps."""

    def __init__(self, state: State) -> None:
        self.state = state

    def curate(self, prepared: Prepared) -> Result:
        """What the lane makes of an input, which ends as exactly one outcome.

        A bug met on the way is a dead letter too: the state is touched only once everything that
        can fail has succeeded.
        """
        if isinstance(prepared.arrival, Fault):
            return self._dead_letter(prepared.arrival, prepared.source)
        try:
            draft = decide(self.state, prepared.arrival)
            publications = publish(draft)
        except (OSError, MemoryError):
            raise
        except Exception as error:
            return self._dead_letter(_bug(error, Stage.CURATE), prepared.source)
        draft.apply()
        return Result(
            outcome=draft.outcome,
            source=prepared.source,
            faulty_fields=prepared.faulty_fields,
            has_dropped_private=prepared.has_dropped_private,
            curated=tuple(publications.curated),
            stories=tuple(publications.stories),
            changed_articles=tuple(draft.articles),
            changed_stories=tuple(draft.stories),
        )

    def _dead_letter(self, fault: Fault, source: str | None) -> Result:
        Draft(self.state, Outcome.DEAD_LETTERED).apply()
        return Result(Outcome.DEAD_LETTERED, fault=fault, source=source)


class Pipeline:
    """Both halves in one: the way of one record after another through one lane."""

    def __init__(
        self,
        state: State,
        catalogue: Catalogue,
        images: ImageMode,
        sealer: Sealer | None = None,
    ) -> None:
        self.state = state
        self._preparation = Preparation(catalogue, images, sealer)
        self._curation = Curation(state)

    def process(self, record: dict[str, Any] | Fault, arrived_at: int) -> Result:
        """Takes one input all the way. `arrived_at` is in seconds since the epoch."""
        return self._curation.curate(self._preparation.prepare(record, arrived_at))


def _bug(error: Exception, stage: Stage) -> Fault:
    return Fault(Reason.INTERNAL_ERROR, None, f"{type(error).__name__}: {error}", stage)


def _source_of(record: dict[str, Any] | Fault) -> str | None:
    source = record.get("source") if isinstance(record, dict) else None
    return source if isinstance(source, str) and len(source) <= 64 else None

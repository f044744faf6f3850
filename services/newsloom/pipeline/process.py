"""The recipe: the whole way of one record, in order, for whoever runs it.

Two halves, which may run in one process or in two: `prepare` makes an arrival of a parsed
record, `curate` makes of it what the lane publishes. Neither knows where inputs come from or
where records go.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from newsloom.pipeline.arrival import Arrival, WithdrawalArrival
from newsloom.pipeline.build_records import Publication, publish
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.changeset import Changeset
from newsloom.pipeline.curation.decide import decide
from newsloom.pipeline.decode import decode_record
from newsloom.pipeline.enrich import ImageMode, enrich
from newsloom.pipeline.lane.rows import StoryAlias
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.normalise import NormalisedArticle, identify, normalise
from newsloom.pipeline.policy import DEFAULT_POLICY, Policy
from newsloom.pipeline.sealing import Sealer, seal_private
from newsloom.records.event import ArticleEvent
from newsloom.records.faults import Fault, Outcome, Reason, Stage
from newsloom.records.image_check import ImageCheck


class Enriched(NamedTuple):
    """What enrichment made of one input: an arrival, or the fault that prevents one."""

    arrival: Arrival | Fault
    source: str | None = None
    faulty_fields: tuple[str, ...] = ()
    has_dropped_private: bool = False


class AwaitingImages(NamedTuple):
    """An article whose enriching waits for word of its images."""

    normal: NormalisedArticle
    arrived_at: int
    faulty_fields: tuple[str, ...]
    has_dropped_private: bool

    @property
    def image_urls(self) -> list[str]:
        """Its images, best first."""
        return [image["url"] for image in self.normal.images]

    @property
    def page_url(self) -> str:
        """Where the article itself can be read."""
        return self.normal.event.original_url or self.normal.event.web_url


class Result(NamedTuple):
    """What became of one input, the records that follow and the rows that changed.

    `rows` are encoded, by key, None for one that is gone. `duplicates` articles were found to be
    such, and `merges` stories went up in others.
    """

    outcome: Outcome
    fault: Fault | None = None
    source: str | None = None
    faulty_fields: tuple[str, ...] = ()
    has_dropped_private: bool = False
    curated: tuple[Publication, ...] = ()
    stories: tuple[Publication, ...] = ()
    rows: Mapping[str, bytes | None] = MappingProxyType({})
    image_checks: Sequence[ImageCheck] | None = None
    duplicates: int = 0
    merges: int = 0


class Enricher:
    """The first half: decode, seal, normalise, enrich. It remembers nothing.

    In one go (`prepare`), or in two (`begin`, `finish`) with a pause in which somebody looks at
    the images; an article none of whose images were looked at has none.
    """

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
        self.catalogue = catalogue
        self._images: ImageMode = images
        self._sealer = sealer
        self._find_catalogue = find_catalogue

    def renew_catalogue(self) -> None:
        """Takes the catalogue as it is by now: for between two batches, so each is of one."""
        if self._find_catalogue is not None:
            self.catalogue = self._find_catalogue()

    def prepare(self, record: dict[str, Any] | Fault, arrived_at: int) -> Enriched:
        """Takes one parsed input to the door of its lane. `arrived_at` is in seconds since the
        epoch. Never raises: a bug met on the way is a fault too.
        """
        started = self.begin(record, arrived_at)
        return started if isinstance(started, Enriched) else self.finish(started, ())

    def begin(self, record: dict[str, Any] | Fault, arrived_at: int) -> AwaitingImages | Enriched:
        """As `prepare`, up to where an article's images are wanted."""
        stage = Stage.DECODE
        source = None
        try:
            decoded = record if isinstance(record, Fault) else decode_record(record)
            if isinstance(decoded, Fault):
                return Enriched(decoded, _source_of(record))
            event = decoded.event
            source = getattr(event, "source", None)
            stage = Stage.ENRICH
            if isinstance(event, ArticleEvent):
                has_dropped_private = event.private is not None and self._sealer is None
                sealed, private_digest = seal_private(event, self._sealer)
                normal = normalise(sealed, private_digest)
                return AwaitingImages(
                    normal, arrived_at, decoded.faulty_fields, has_dropped_private
                )
            return Enriched(WithdrawalArrival(identify(event)), source, decoded.faulty_fields)
        except (OSError, MemoryError):  # an outage, and no record's fault
            raise
        except Exception as error:  # a bug: kept whole and counted, and its neighbours unharmed
            return Enriched(_bug(error, stage), source)

    def finish(self, started: AwaitingImages, checks: Sequence[ImageCheck]) -> Enriched:
        """Takes a begun article the rest of the way, with what became of its images."""
        source = started.normal.event.source
        try:
            arrival = enrich(
                started.normal, self.catalogue, self._images, started.arrived_at, checks
            )
        except (OSError, MemoryError):
            raise
        except Exception as error:
            return Enriched(_bug(error, Stage.ENRICH), source)
        return Enriched(arrival, source, started.faulty_fields, started.has_dropped_private)


class Curator:
    """The second half, of one arrival after another through one lane, whose state it keeps."""

    def __init__(self, state: State, policy: Policy = DEFAULT_POLICY) -> None:
        self.state = state
        self._policy = policy

    def curate(self, enriched: Enriched) -> Result:
        """What the lane makes of an input, which ends as exactly one outcome.

        A bug met on the way is a dead letter too: the state is touched only once everything that
        can fail has succeeded.
        """
        if isinstance(enriched.arrival, Fault):
            return self._dead_letter(enriched.arrival, enriched.source)
        try:
            changes = decide(self.state, enriched.arrival, self._policy)
            publications = publish(changes, self._policy.publish_threshold)
            rows = changes.encode_rows()
        except (OSError, MemoryError):
            raise
        except Exception as error:
            return self._dead_letter(_bug(error, Stage.CURATE), enriched.source)
        duplicates = _count_new_duplicates(changes)
        changes.apply()
        return Result(
            outcome=changes.outcome,
            source=enriched.source,
            faulty_fields=enriched.faulty_fields,
            has_dropped_private=enriched.has_dropped_private,
            curated=publications.curated,
            stories=publications.stories,
            rows=rows,
            image_checks=_image_checks(enriched.arrival, changes),
            duplicates=duplicates,
            merges=sum(isinstance(row, StoryAlias) for row in changes.stories.values()),
        )

    def _dead_letter(self, fault: Fault, source: str | None) -> Result:
        changes = Changeset(self.state, Outcome.DEAD_LETTERED)
        changes.apply()
        return Result(Outcome.DEAD_LETTERED, fault=fault, source=source, rows=changes.encode_rows())


class Pipeline:
    """Both halves in one: the way of one record after another through one lane."""

    def __init__(
        self,
        state: State,
        catalogue: Catalogue,
        images: ImageMode,
        sealer: Sealer | None = None,
        policy: Policy = DEFAULT_POLICY,
    ) -> None:
        self.state = state
        self.enricher = Enricher(catalogue, images, sealer)
        self.curator = Curator(state, policy)

    def process(self, record: dict[str, Any] | Fault, arrived_at: int) -> Result:
        """Takes one input all the way. `arrived_at` is in seconds since the epoch."""
        return self.curator.curate(self.enricher.prepare(record, arrived_at))


def _image_checks(arrival: Arrival, changes: Changeset) -> Sequence[ImageCheck] | None:
    """What became of the images, as the lane has it if it took the article."""
    if isinstance(arrival, WithdrawalArrival) or arrival.image_checks is None:
        return None
    live = changes.articles.get(arrival.article["id"])
    return arrival.image_checks if live is None else live.image_checks


def _count_new_duplicates(changes: Changeset) -> int:
    """How many articles are duplicates in a draft that were none in its state."""
    held = changes.state.articles
    return sum(
        live is not None
        and live.duplicate_of is not None
        and (article_id not in held or held[article_id].duplicate_of is None)
        for article_id, live in changes.articles.items()
    )


def _bug(error: Exception, stage: Stage) -> Fault:
    return Fault(Reason.INTERNAL_ERROR, None, f"{type(error).__name__}: {error}", stage)


def _source_of(record: dict[str, Any] | Fault) -> str | None:
    source = record.get("source") if isinstance(record, dict) else None
    return source if isinstance(source, str) and len(source) <= 64 else None

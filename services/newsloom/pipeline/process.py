"""The path of one record, in order: decode, seal, normalise, enrich; decide, build records, apply.

`Enricher` is the first half and `Curator` the second. They run in one process or in two. Neither
knows where inputs come from or where records go.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from newsloom.pipeline.arrival import Arrival, ArticleArrival, WithdrawalArrival
from newsloom.pipeline.build_records import Publication, Publications, build_records
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.changes.changeset import MAX_STEP, Changeset
from newsloom.pipeline.curation.decide import complete, continue_tasks, decide
from newsloom.pipeline.curation.policy import DEFAULT_POLICY, Policy
from newsloom.pipeline.decode import Decoded, RawInput, Rejected, WithdrawnArticle, decode
from newsloom.pipeline.enrich import ImageMode, enrich_article
from newsloom.pipeline.lane.rows import StoryAlias
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.normalise import NormalisedArticle, identify_addresses, normalise
from newsloom.pipeline.sealing import Sealer, seal_private
from newsloom.records.event import Withdrawal
from newsloom.records.faults import Fault, Outcome, Reason, Stage
from newsloom.records.image_check import ImageCheck


class Enriched(NamedTuple):
    """The result of the first half for one input: an arrival, or the fault that rejects it."""

    arrival: Arrival | Fault
    source: str | None = None
    faulty_fields: tuple[str, ...] = ()
    has_dropped_private: bool = False


class AwaitingImages(NamedTuple):
    """A normalised article whose images must be checked before it can be enriched."""

    normal: NormalisedArticle
    arrived_at: int
    faulty_fields: tuple[str, ...]
    has_dropped_private: bool

    @property
    def image_urls(self) -> list[str]:
        """The URLs of its images, the best first."""
        return [image["url"] for image in self.normal.images]

    @property
    def page_url(self) -> str:
        """The URL of the article's own page."""
        return self.normal.event.original_url or self.normal.event.web_url


class Result(NamedTuple):
    """One step of curation: the records to publish, and the rows to write, in one transaction.

    The step that decides its input has its outcome; in any other step `outcome` is None. `rows`
    holds encoded rows by key; None deletes a row. `duplicates` counts the articles that became
    duplicates, `merges` the stories that were merged into another.
    """

    outcome: Outcome | None
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
    """The first half: decode, seal, normalise, enrich. It keeps no state between inputs.

    `start` stops before the images are needed; `finish` receives their checks. In the mode `check`
    an article without checks keeps no image.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        images: ImageMode,
        sealer: Sealer | None = None,
        find_catalogue: Callable[[], Catalogue] | None = None,
    ) -> None:
        """Without a `sealer`, private objects are dropped. `find_catalogue` returns the current
        catalogue, for processes that run while its files change.
        """
        self.catalogue = catalogue
        self._images: ImageMode = images
        self._sealer = sealer
        self._find_catalogue = find_catalogue

    def renew_catalogue(self) -> None:
        """Switches to the current catalogue. Call between batches: a batch uses one catalogue."""
        if self._find_catalogue is not None:
            self.catalogue = self._find_catalogue()

    def enrich(self, raw: RawInput, arrived_at: int) -> Enriched:
        """Runs the whole first half, without image checks. `arrived_at` is in Unix seconds."""
        started = self.start(raw, arrived_at)
        return started if isinstance(started, Enriched) else self.finish(started, ())

    def start(self, raw: RawInput, arrived_at: int) -> AwaitingImages | Enriched:
        """Decodes, seals and normalises one input. `arrived_at` is in Unix seconds.

        A bug becomes a fault. Raises only OSError and MemoryError.
        """
        stage, source = Stage.DECODE, None
        try:
            decoded = decode(raw)
            if isinstance(decoded, Rejected):
                return Enriched(decoded.fault, decoded.source)
            if isinstance(decoded, WithdrawnArticle):
                return Enriched(WithdrawalArrival((decoded.article_id,)))
            stage, source = Stage.NORMALISE, decoded.source
            return self._normalise(decoded, arrived_at)
        except (OSError, MemoryError):  # an outage, not a fault of the record
            raise
        except Exception as error:  # a bug: this input becomes a dead letter, the next continues
            return Enriched(_bug(error, stage), source)

    def _normalise(self, decoded: Decoded, arrived_at: int) -> AwaitingImages | Enriched:
        event = decoded.event
        if isinstance(event, Withdrawal):
            withdrawal = WithdrawalArrival(identify_addresses(event))
            return Enriched(withdrawal, decoded.source, decoded.faulty_fields)
        has_dropped_private = event.private is not None and self._sealer is None
        sealed, private_digest = seal_private(event, self._sealer)
        normal = normalise(sealed, private_digest)
        return AwaitingImages(normal, arrived_at, decoded.faulty_fields, has_dropped_private)

    def finish(self, waiting: AwaitingImages, checks: Sequence[ImageCheck]) -> Enriched:
        """Enriches an article that `start` returned, with the checks of its images."""
        source = waiting.normal.event.source
        try:
            arrival = enrich_article(
                waiting.normal, self.catalogue, self._images, waiting.arrived_at, checks
            )
        except (OSError, MemoryError):
            raise
        except Exception as error:
            return Enriched(_bug(error, Stage.ENRICH), source)
        return Enriched(arrival, source, waiting.faulty_fields, waiting.has_dropped_private)


class Curator:
    """The second half: decide, build records, apply. It keeps the state of one lane."""

    def __init__(
        self, state: State, policy: Policy = DEFAULT_POLICY, max_step: int = MAX_STEP
    ) -> None:
        """A step adds about `max_step` records and rows at most."""
        self.state = state
        self._policy = policy
        self._max_step = max_step

    def curate(self, enriched: Enriched) -> Iterator[Result]:
        """Curates one input in one step, or in several of bounded size; take all of them.

        Exactly one step has the outcome. Steps before it finish pending work and remove articles
        that left the window; steps after it do the rest of its work. If a process ends between two
        steps, the next one goes on with the same steps: with this input if it has no outcome yet,
        else with `continue_pending`.
        """
        if self.state.pending.tasks:
            yield from self.continue_pending()
        is_decided = False
        while not is_decided:
            result = self._decide(enriched)
            is_decided = result.outcome is not None
            yield result
            if self.state.pending.tasks:
                yield from self.continue_pending()

    @property
    def is_pending(self) -> bool:
        """Whether work of earlier inputs is left."""
        return bool(self.state.pending.tasks)

    def continue_pending(self) -> Iterator[Result]:
        """The steps that finish the work of earlier inputs. Usually there are none."""
        while self.is_pending:
            yield self._continue_pending()

    def take(self, changes: Changeset) -> Result:
        """The step of a changeset that no input made, which it applies."""
        complete(changes, self._policy)
        records = build_records(changes, self._policy.publish_threshold)
        result = _result(changes, records, changes.encode_rows(), None)
        changes.apply()
        return result

    def _decide(self, enriched: Enriched) -> Result:
        """The next step of one input. A bug makes a dead letter: the state is as it was."""
        if isinstance(enriched.arrival, Fault):
            return self._dead_letter(enriched.arrival, enriched.source)
        try:
            changes = decide(self.state, enriched.arrival, self._policy, self._max_step)
            records = build_records(changes, self._policy.publish_threshold)
            rows = changes.encode_rows()
        except (OSError, MemoryError):
            raise
        except Exception as error:
            return self._dead_letter(_bug(error, Stage.CURATE), enriched.source)
        result = _result(changes, records, rows, enriched)
        changes.apply()
        return result

    def _continue_pending(self) -> Result:
        """The next step of pending work. A bug ends the task that it is in: the lane goes on."""
        try:
            changes = continue_tasks(self.state, self._policy, self._max_step)
            records = build_records(changes, self._policy.publish_threshold)
            rows = changes.encode_rows()
        except (OSError, MemoryError):
            raise
        except Exception as error:
            changes = Changeset(self.state, None)
            changes.tasks.pop(0)
            result = Result(None, fault=_bug(error, Stage.CURATE), rows=changes.encode_rows())
            changes.apply()
            return result
        result = _result(changes, records, rows, None)
        changes.apply()
        return result

    def _dead_letter(self, fault: Fault, source: str | None) -> Result:
        changes = Changeset(self.state, Outcome.DEAD_LETTERED)
        rows = changes.encode_rows()
        changes.apply()
        return Result(Outcome.DEAD_LETTERED, fault=fault, source=source, rows=rows)


class Pipeline:
    """Both halves in one process, for one lane."""

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

    def process(self, raw: RawInput, arrived_at: int) -> Iterator[Result]:
        """Enriches and curates one input, see `Curator.curate`. `arrived_at` is in Unix seconds."""
        return self.curator.curate(self.enricher.enrich(raw, arrived_at))


def _result(
    changes: Changeset,
    records: Publications,
    rows: dict[str, bytes | None],
    enriched: Enriched | None,
) -> Result:
    """The result of a step. Call before the changes are applied.

    What is known of the input, `enriched`, goes with the step that decides it.
    """
    decided = enriched if enriched is not None and changes.outcome is not None else None
    return Result(
        outcome=changes.outcome,
        source=decided.source if decided else None,
        faulty_fields=decided.faulty_fields if decided else (),
        has_dropped_private=decided.has_dropped_private if decided else False,
        curated=records.curated,
        stories=records.stories,
        rows=rows,
        image_checks=_image_checks(decided, changes) if decided else None,
        duplicates=_count_new_duplicates(changes),
        merges=sum(isinstance(row, StoryAlias) for row in changes.stories.changed.values()),
    )


def _image_checks(enriched: Enriched, changes: Changeset) -> Sequence[ImageCheck] | None:
    """The image checks as the lane stored them, or as they arrived if it stored no article."""
    arrival = enriched.arrival
    if not isinstance(arrival, ArticleArrival) or arrival.image_checks is None:
        return None
    live = changes.articles.changed.get(arrival.article["id"])
    return arrival.image_checks if live is None else live.image_checks


def _count_new_duplicates(changes: Changeset) -> int:
    """The number of articles that become duplicates. Call before the changes are applied."""
    before = changes.state.articles
    return sum(
        live is not None
        and live.duplicate_of is not None
        and (article_id not in before or before[article_id].duplicate_of is None)
        for article_id, live in changes.articles.changed.items()
    )


def _bug(error: Exception, stage: Stage) -> Fault:
    return Fault(Reason.INTERNAL_ERROR, None, f"{type(error).__name__}: {error}", stage)

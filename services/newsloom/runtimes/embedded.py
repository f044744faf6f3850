"""The embedded runtime: the whole pipeline in one process, with a folder for its memory.

Reads inputs in order, curates them in one lane, and commits each batch as one transaction: rows,
positions and published lines together, so that a run killed at any moment goes on from there.
"""

import base64
import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson

from newsloom.adapters.failures import OutageError
from newsloom.adapters.inputs.sources import STANDARD_INPUT, InputRecord, Source, read
from newsloom.adapters.storage.documents import write_documents
from newsloom.adapters.storage.store import Batch, Store
from newsloom.observability.definitions import BATCH_SECONDS
from newsloom.observability.lane_metrics import LaneMetrics
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.process import AwaitingImages, Curator, Enriched, Enricher, Result
from newsloom.records.dead_letter import DeadLetter
from newsloom.records.faults import Fault, Reason
from newsloom.records.image_check import ImageCheck

LINE = orjson.OPT_APPEND_NEWLINE
BATCH_RECORDS = 512
BATCH_BYTES = 8 * 1024 * 1024
BATCH_S = 1.0
"""A batch ends with this many records, bytes of input or seconds, whichever comes first."""
POLL_S = 0.2
MAX_INTERNAL_ERRORS = 20
"""So many bugs in one run mean a bad release: better to halt than to drain the input."""


class Reporter(Protocol):
    """Whoever shows a run's progress."""

    def advance(self, inputs: int, input_bytes: int) -> None:
        """So much more has been committed."""


class Images(Protocol):
    """Whoever looks at images."""

    def submit(self, urls: Sequence[str], page_url: str) -> Future[list[ImageCheck]]:
        """What becomes of the images of an article, or of those on its page, before long."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run was asked for."""

    folder: Path
    should_follow: bool = False
    has_documents: bool = False


class EmbeddedRun:
    """One run of the pipeline over its inputs."""

    def __init__(
        self,
        options: RunOptions,
        enricher: Enricher,
        curator: Curator,
        store: Store,
        metrics: Metrics,
        reporter: Reporter,
        images: Images | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._options = options
        self._enricher = enricher
        self._curator = curator
        self._store = store
        self._metrics = metrics
        self._lane_metrics = LaneMetrics(metrics, 0, curator.state)
        self._reporter = reporter
        self._images = images
        self._clock = clock
        self._inputs: list[tuple[Source, InputRecord]] = []
        self._input_bytes = 0
        self._batch_began = 0.0
        self._batch = Batch()
        self._noted = 0
        self._noted_bytes = 0
        self._internal_errors = 0
        self._last_bug = ""
        self._is_stopped = False

    def stop(self) -> None:
        """Asks the run to end after the record at hand, with all it has done committed."""
        self._is_stopped = True

    def run(self, sources: Sequence[Source]) -> None:
        """Takes every record of `sources`, in order, from where it was left.

        Raises OutageError when an input or the folder fails; what was committed stands.
        """
        # What is restored lives as long as the run: spare the collector from walking it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(500_000, 20, 50)
        if self._options.has_documents:
            self._complete_documents()
        for source in sources:
            if self._is_stopped:
                break
            start = self._store.position(source.path)
            follow = self._options.should_follow and source is sources[-1]
            for record in read(source, start, follow, lambda: self._is_stopped, self._clock):
                if record is not None:
                    self._collect(source, record)
                if record is None or self._is_batch_full():
                    self._process()
            self._process()

    def _collect(self, source: Source, record: InputRecord) -> None:
        if not self._inputs:
            self._batch_began = time.monotonic()
        self._inputs.append((source, record))
        self._input_bytes += len(record.payload)

    def _is_batch_full(self) -> bool:
        if len(self._inputs) >= BATCH_RECORDS or self._input_bytes >= BATCH_BYTES:
            return True
        return bool(self._inputs) and time.monotonic() - self._batch_began > BATCH_S

    def _process(self) -> None:
        """Takes what was collected all the way, and commits it."""
        inputs, self._inputs, self._input_bytes = self._inputs, [], 0
        begin = self._enricher.begin
        started = [begin(record.parse(), record.after.opened_at) for _, record in inputs]
        enriched: Iterable[Enriched]
        if self._images is None:
            # All before any is curated: each half finds the processor's caches as it left them.
            enriched = [self._finished(each) for each in started]
        else:
            enriched = self._with_images(self._images, inputs, started)
        committed_at = time.monotonic()
        # Those behind a wait for images that was broken off are read again by the next run.
        for (source, record), each in zip(inputs, enriched, strict=False):
            self._note(source, record, self._curator.curate(each))
            if self._internal_errors >= MAX_INTERNAL_ERRORS:
                break
            if time.monotonic() - committed_at > BATCH_S:
                self._commit()
                committed_at = time.monotonic()
        self._commit()
        if self._internal_errors >= MAX_INTERNAL_ERRORS:
            raise OutageError(
                f"{MAX_INTERNAL_ERRORS} records failed for a bug of ours (the last: "
                f"{self._last_bug}); they are kept in dead-letters.jsonl. Please report it"
            )

    def _finished(
        self, started: AwaitingImages | Enriched, checks: Sequence[ImageCheck] = ()
    ) -> Enriched:
        return started if isinstance(started, Enriched) else self._enricher.finish(started, checks)

    def _with_images(
        self,
        images: Images,
        inputs: Sequence[tuple[Source, InputRecord]],
        started: Sequence[AwaitingImages | Enriched],
    ) -> Iterator[Enriched]:
        """Each in its order once its images were looked at, those of all at once.

        Ends at the first still waited for once the run is to stop, if that can be read again.
        """
        looked_at = [
            images.submit(each.image_urls, each.page_url)
            if isinstance(each, AwaitingImages)
            else None
            for each in started
        ]
        for (source, _), each, checks in zip(inputs, started, looked_at, strict=True):
            while checks is not None and not checks.done():
                if self._is_stopped and source.path != STANDARD_INPUT:
                    return
                wait([checks], POLL_S)
            yield self._finished(each, checks.result() if checks else ())

    def _note(self, source: Source, record: InputRecord, result: Result) -> None:
        """Puts into the batch what became of an input."""
        self._lane_metrics.count(result)
        lines = self._batch.lines
        lines["curated.jsonl"] += [record.value + b"\n" for record in result.curated]
        lines["stories.jsonl"] += [record.value + b"\n" for record in result.stories]
        if result.fault is not None:
            letter = _dead_letter(result.fault, source, record)
            lines["dead-letters.jsonl"].append(orjson.dumps(letter, option=LINE))
            if result.fault.reason is Reason.INTERNAL_ERROR:
                self._internal_errors += 1
                self._last_bug = result.fault.detail
        self._batch.rows.update(result.rows)
        if source.path != STANDARD_INPUT:
            self._batch.positions[source.path] = record.after
        self._noted += 1
        self._noted_bytes += len(record.payload) + 1

    def _commit(self) -> None:
        if not self._noted:
            return
        self._store.commit(self._batch)
        if self._options.has_documents:
            write_documents(self._options.folder, self._batch.lines["curated.jsonl"])
            self._store.note_documents()
        self._metrics.of_stage(BATCH_SECONDS).observe(time.monotonic() - self._batch_began)
        self._lane_metrics.commit()
        self._reporter.advance(self._noted, self._noted_bytes)
        self._batch = Batch()
        self._noted = self._noted_bytes = 0

    def _complete_documents(self) -> None:
        is_there = (self._options.folder / "articles").is_dir()
        start = self._store.documents_through() if is_there else 0
        write_documents(self._options.folder, self._store.published("curated.jsonl", start))
        self._store.note_documents()


def _dead_letter(fault: Fault, source: Source, record: InputRecord) -> DeadLetter:
    field: DeadLetter = {"field": fault.field} if fault.field is not None else {}  # type: ignore
    return {
        "reason": fault.reason,
        "stage": fault.stage,
        **field,
        "detail": fault.detail,
        "input": source.path,
        "position": record.position,
        "payload": base64.b64encode(record.payload).decode(),
    }

"""The embedded runtime: the whole pipeline in one process, with a folder for its memory.

Reads inputs in order, curates them in one lane, and commits each batch as one transaction: rows,
positions and published lines together, so that a run killed at any moment goes on from there.
"""

import base64
import gc
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import orjson

from newsloom.adapters.documents import write_documents
from newsloom.adapters.failures import OutageError
from newsloom.adapters.inputs import STANDARD_INPUT, InputRecord, Source, read
from newsloom.adapters.store import Batch, Store
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.recipe import Begun, Pipeline, Prepared, Result
from newsloom.records.dead_letter import DeadLetter
from newsloom.records.faults import Fault, Reason
from newsloom.records.image_check import ImageCheck

LINE = orjson.OPT_APPEND_NEWLINE
BATCH_RECORDS = 512
BATCH_S = 1.0
"""A batch ends with this many records or after this long, whichever comes first."""
AHEAD_RECORDS = 400
AHEAD_BYTES = 16 * 1024 * 1024
"""So much is read ahead, at most, while images are looked at; it is curated in input order."""
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


class _Ahead(NamedTuple):
    """A record that was read, and waits for word of its images and for those before it."""

    source: Source
    record: InputRecord
    begun: Begun | Prepared
    checks: Future[list[ImageCheck]] | None


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
        pipeline: Pipeline,
        store: Store,
        metrics: Metrics,
        reporter: Reporter,
        images: Images | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._options = options
        self._pipeline = pipeline
        self._store = store
        self._metrics = metrics
        self._reporter = reporter
        self._images = images
        self._clock = clock
        self._ahead: deque[_Ahead] = deque()
        self._ahead_bytes = 0
        self._batch = Batch()
        self._pending = 0
        self._pending_bytes = 0
        self._batch_began = time.monotonic()
        self._changed_articles: dict[str, None] = {}
        self._changed_stories: dict[str, None] = {}
        self._internal_errors = 0
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
                    self._take(source, record)
                else:
                    self._catch_up()
                    self._commit()
            if not self._ahead:
                self._commit()
        self._catch_up()
        self._commit()

    def _take(self, source: Source, record: InputRecord) -> None:
        begun = self._pipeline.preparation.begin(record.parse(), record.after.opened_at)
        if self._images is None:
            self._curate(_Ahead(source, record, begun, None), ())
            return
        checks = None
        if isinstance(begun, Begun):
            checks = self._images.submit(begun.image_urls, begun.page_url)
        self._ahead.append(_Ahead(source, record, begun, checks))
        self._ahead_bytes += len(record.payload)
        while self._ahead and (
            len(self._ahead) > AHEAD_RECORDS
            or self._ahead_bytes > AHEAD_BYTES
            or self._ahead[0].checks is None
            or self._ahead[0].checks.done()
        ):
            self._curate_next()

    def _catch_up(self) -> None:
        """Curates all that was read ahead; of a run that is to end, what no other can read."""
        while self._ahead:
            self._curate_next()

    def _curate_next(self) -> None:
        """Curates the first of what was read ahead, or lets it go: the next run reads it again."""
        first = self._ahead.popleft()
        self._ahead_bytes -= len(first.record.payload)
        can_be_read_again = first.source.path != STANDARD_INPUT
        checks = first.checks
        while not (self._is_stopped and can_be_read_again):
            if checks is None or checks.done():
                self._curate(first, checks.result() if checks else ())
                return
            wait([checks], POLL_S)

    def _curate(self, ahead: _Ahead, checks: Sequence[ImageCheck]) -> None:
        source, record, begun, _ = ahead
        if not self._pending:
            self._batch_began = time.monotonic()
        if isinstance(begun, Begun):
            begun = self._pipeline.preparation.finish(begun, checks)
        result = self._pipeline.curation.curate(begun)
        self._metrics.count(result)
        lines = self._batch.lines
        lines["curated.jsonl"] += [orjson.dumps(r, option=LINE) for r in result.curated]
        lines["stories.jsonl"] += [orjson.dumps(r, option=LINE) for r in result.stories]
        if result.fault is not None:
            letter = _dead_letter(result.fault, source, record)
            lines["dead-letters.jsonl"].append(orjson.dumps(letter, option=LINE))
        self._note_rows(result)
        if source.path != STANDARD_INPUT:
            self._batch.positions[source.path] = record.after
        self._pending += 1
        self._pending_bytes += len(record.payload) + 1
        if result.fault is not None:
            self._note_fault(result.fault)
        if self._is_batch_full():
            self._commit()

    def _note_rows(self, result: Result) -> None:
        self._changed_articles.update(dict.fromkeys(result.changed_articles))
        self._changed_stories.update(dict.fromkeys(result.changed_stories))

    def _note_fault(self, fault: Fault) -> None:
        if fault.reason is Reason.INTERNAL_ERROR:
            self._internal_errors += 1
            if self._internal_errors >= MAX_INTERNAL_ERRORS:
                self._commit()
                raise OutageError(
                    f"{MAX_INTERNAL_ERRORS} records failed for a bug of ours (the last: "
                    f"{fault.detail}); they are kept in dead-letters.jsonl. Please report it"
                )

    def _is_batch_full(self) -> bool:
        if self._pending >= BATCH_RECORDS:
            return True
        return self._pending > 0 and time.monotonic() - self._batch_began > BATCH_S

    def _commit(self) -> None:
        if not self._pending:
            return
        state = self._pipeline.state
        self._batch.rows = state.encode_rows(self._changed_articles, self._changed_stories)
        self._store.commit(self._batch)
        if self._options.has_documents:
            write_documents(self._options.folder, self._batch.lines["curated.jsonl"])
            self._store.note_documents()
        self._metrics.batch_seconds.observe(time.monotonic() - self._batch_began)
        self._metrics.live_articles.set(len(state.articles))
        self._metrics.live_stories.set(len(state.stories))
        self._reporter.advance(self._pending, self._pending_bytes)
        self._batch = Batch()
        self._changed_articles, self._changed_stories = {}, {}
        self._pending = self._pending_bytes = 0

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

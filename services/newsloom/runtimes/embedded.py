"""The embedded runtime: the whole pipeline in one process, which stores its state in a folder.

It reads inputs in order and curates them in one lane. Each batch is one transaction of rows, input
positions and published lines, so a run that is killed continues after the last batch.
"""

import base64
import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson

from newsloom.adapters.failures import InputError, OutageError
from newsloom.adapters.inputs.positions import InputRecord, Position
from newsloom.adapters.inputs.reading import read
from newsloom.adapters.inputs.sources import Source
from newsloom.adapters.storage.documents import write_documents
from newsloom.adapters.storage.store import Batch, Store
from newsloom.observability.definitions import BATCH_SECONDS
from newsloom.observability.metrics import Metrics
from newsloom.pipeline.process import AwaitingImages, Enriched, Enricher, Result
from newsloom.records.dead_letter import DeadLetter
from newsloom.records.faults import Fault, Stage
from newsloom.records.image_check import ImageCheck
from newsloom.runtimes.bug_limit import BugLimit
from newsloom.runtimes.embedded_attempts import AttemptNotes, Input, encode_halt
from newsloom.runtimes.hang_limit import MAX_WORK_S, HangLimit
from newsloom.runtimes.images import ImagesThread
from newsloom.runtimes.lane import FULL_TRANSACTION, Lane

LINE = orjson.OPT_APPEND_NEWLINE
BATCH_RECORDS = 512
BATCH_BYTES = 8 * 1024 * 1024
BATCH_S = 1.0
"""A batch ends when it reaches one of these limits: records, bytes of input, or seconds."""
POLL_S = 0.2


class Reporter(Protocol):
    """Shows the progress of a run, and what a person should know about it."""

    def advance(self, inputs: int, input_bytes: int) -> None:
        """Adds the inputs and bytes of a batch that was committed."""

    def warn(self, message: str) -> None:
        """Shows a message of one line."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of a run."""

    folder: Path
    should_follow: bool = False
    has_documents: bool = False


class EmbeddedRun:
    """One run of the pipeline over its inputs."""

    def __init__(
        self,
        options: RunOptions,
        enricher: Enricher,
        lane: Lane,
        store: Store,
        metrics: Metrics,
        reporter: Reporter,
        images: ImagesThread | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._options = options
        self._enricher = enricher
        self._lane = lane
        self._store = store
        self._metrics = metrics
        self._reporter = reporter
        self._images = images
        self._clock = clock
        self._inputs: list[Input] = []
        self._input_bytes = 0
        self._batch_began = 0.0
        self._batch = Batch()
        self._batch_inputs = 0
        self._batch_bytes = 0
        self._bugs = BugLimit(f"newsloom resume --output {options.folder}")
        self._notes = AttemptNotes(store)
        self._hang_limit = HangLimit()
        self._is_stopped = False

    def stop(self) -> None:
        """Asks the run to end. It commits what it has read, except inputs that wait for images."""
        self._is_stopped = True
        self._notes.take_back()

    def warning(self) -> str | None:
        """What a person should know before the run begins; None for nothing."""
        return self._notes.warning()

    def run(self, sources: Sequence[Source]) -> None:
        """Processes every record of `sources`, in order, from the committed positions on.

        Raises OutageError when an input or the folder fails, or at the limit on bugs, and until an
        operator resumes after that. Committed batches stay.
        """
        if self._notes.halted:
            raise OutageError(self._notes.halted)
        # The restored state lives as long as the run: keep the garbage collector from scanning it.
        gc.collect()
        gc.freeze()
        gc.set_threshold(500_000, 20, 50)
        if self._options.has_documents:
            self._complete_documents()
        self._batch_began = time.monotonic()
        for step in self._lane.continue_pending():
            self._add_step(step, [])
        self._commit([])
        for source in sources:
            if self._is_stopped:
                break
            start = self._store.position(source.path)
            follow = self._options.should_follow and source is sources[-1]
            self._run_source(source, start, follow)

    def _run_source(self, source: Source, start: Position, should_follow: bool) -> None:
        records = read(
            source, start, should_follow, lambda: self._is_stopped, self._clock, self._reporter.warn
        )
        try:
            for record in records:
                self._take(source, record)
        except InputError:
            self._process()  # What was read before the failure is valid.
            raise
        self._process()

    def _take(self, source: Source, record: InputRecord | Position | None) -> None:
        if isinstance(record, Position):
            self._process()
            if not self._is_stopped:
                self._store.commit(Batch(positions={source.path: record}))
            return
        if record is not None:
            self._collect(source, record)
        if record is None or self._is_batch_full():
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
        """Enriches and curates the collected inputs, and commits them."""
        inputs, self._inputs, self._input_bytes = self._inputs, [], 0
        while inputs:
            if not self._notes.is_alone(inputs[0]):
                return self._process_batch(inputs)
            if self._is_stopped:
                return
            self._process_alone(inputs.pop(0))

    def _process_alone(self, one: Input) -> None:
        """Processes an input that may end the process, or sets it aside if it did so before."""
        fault = self._notes.poison()
        if fault is None:
            return self._process_batch([one])
        for step in self._lane.curate(Enriched(fault)):
            if step.outcome is not None:
                self._add_input(*one, step.fault)
            self._add_step(step, [])
        self._commit([])

    def _process_batch(self, inputs: Sequence[Input]) -> None:
        try:
            self._notes.begin(inputs, Stage.ENRICH)
            self._curate(inputs)
        except (OSError, OutageError):
            self._notes.take_back()  # an outage is not the fault of the inputs
            raise
        finally:
            self._hang_limit.stop()

    def _curate(self, inputs: Sequence[Input]) -> None:
        self._hang_limit.start(MAX_WORK_S)
        all_enriched = self._enrich(inputs)
        committed_at = time.monotonic()
        # When the run is stopped during a wait for images, the inputs after that wait are not
        # enriched. The next run reads them again.
        for count, (one, enriched) in enumerate(zip(inputs, all_enriched, strict=False), 1):
            self._hang_limit.start(MAX_WORK_S)
            if len(inputs) == 1:
                self._notes.begin(inputs, Stage.CURATE)
            remaining = inputs[count - 1 :]
            for step in self._lane.curate(enriched):
                if self._bugs.count(step.fault):
                    return self._halt()
                if step.outcome is not None:
                    self._add_input(*one, step.fault)
                    remaining = inputs[count:]
                self._add_step(step, remaining)
            if time.monotonic() - committed_at > BATCH_S:
                self._commit(inputs[count:])
                committed_at = time.monotonic()
        self._commit([])

    def _halt(self) -> None:
        """Commits what precedes the last bug, and raises OutageError."""
        assert self._bugs.error is not None
        self._commit([], encode_halt(str(self._bugs.error)))
        raise self._bugs.error

    def _enrich(self, inputs: Sequence[Input]) -> Iterable[Enriched]:
        start = self._enricher.start
        started = [start(record.raw, record.after.opened_at) for _, record in inputs]
        if self._images is not None:
            return self._finish_with_images(self._images, inputs, started)
        # Enrich all before curating any: each half then finds its data in the CPU caches.
        return [self._finish(article) for article in started]

    def _finish(
        self, started: AwaitingImages | Enriched, checks: Sequence[ImageCheck] = ()
    ) -> Enriched:
        return started if isinstance(started, Enriched) else self._enricher.finish(started, checks)

    def _finish_with_images(
        self,
        images: ImagesThread,
        inputs: Sequence[Input],
        started: Sequence[AwaitingImages | Enriched],
    ) -> Iterator[Enriched]:
        """The inputs in order, each when its images are checked. All are checked at once.

        If the run is stopped, ends at the first input that still waits, unless it is from a pipe,
        which cannot be read again.
        """
        pending = [
            images.submit(article.image_urls, article.page_url)
            if isinstance(article, AwaitingImages)
            else None
            for article in started
        ]
        for (source, _), article, checks in zip(inputs, started, pending, strict=True):
            while checks is not None and not checks.done():
                if self._is_stopped and not source.is_pipe:
                    return
                wait([checks], POLL_S)
            yield self._finish(article, checks.result() if checks else ())

    def _add_step(self, step: Result, remaining: Sequence[Input]) -> None:
        """Adds a step of curation to the batch, and commits the batch if it is full."""
        self._lane.count(step)
        lines = self._batch.lines
        lines["curated.jsonl"] += [record.value + b"\n" for record in step.curated]
        lines["stories.jsonl"] += [record.value + b"\n" for record in step.stories]
        self._batch.rows.update(step.rows)
        if step.fault is not None and step.outcome is None:
            self._reporter.warn(f"gave up work of earlier inputs: {step.fault.detail}")
        if self._batch.size >= FULL_TRANSACTION:
            self._commit(remaining)

    def _add_input(self, source: Source, record: InputRecord, fault: Fault | None) -> None:
        """Adds an input to the batch. The step that decided it follows."""
        if fault is not None:
            letter = _dead_letter(fault, source, record)
            self._batch.lines["dead-letters.jsonl"].append(orjson.dumps(letter, option=LINE))
        if not source.is_pipe:
            self._batch.positions[source.path] = record.after
        self._batch_inputs += 1
        self._batch_bytes += len(record.payload) + 1

    def _commit(self, remaining: Sequence[Input], halted: str = "") -> None:
        """Commits the batch. The work on `remaining` goes on, unless the run is `halted`."""
        if not self._batch.size and not halted:
            return self._notes.take_back()
        self._hang_limit.stop()
        passed = self._notes.passed(self._batch_inputs, remaining, Stage.ENRICH)
        self._batch.attempts = halted or passed
        self._store.commit(self._batch)
        if self._options.has_documents:
            write_documents(self._options.folder, self._batch.lines["curated.jsonl"])
            self._store.mark_documents_written()
        self._metrics.of_stage(BATCH_SECONDS).observe(time.monotonic() - self._batch_began)
        self._lane.note_commit()
        self._reporter.advance(self._batch_inputs, self._batch_bytes)
        self._batch = Batch()
        self._batch_inputs = self._batch_bytes = 0

    def _complete_documents(self) -> None:
        """Writes the documents that an earlier run committed but did not write."""
        is_there = (self._options.folder / "articles").is_dir()
        start = self._store.documents_end() if is_there else 0
        write_documents(self._options.folder, self._store.published("curated.jsonl", start))
        self._store.mark_documents_written()


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

"""The embedded runtime: the whole pipeline in one process, which stores its state in a folder.

It reads inputs in order and curates them in one lane. Images are checked far ahead of the input
that is curated. Each batch is one transaction of rows, input positions and published lines, so a
run that is killed continues after the last batch.
"""

import base64
import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

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
from newsloom.runtimes.look_ahead import LookAhead

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


class _Begun(NamedTuple):
    """An input that has begun, `began_at` by a monotonic clock; its checks, if it has images."""

    one: Input
    started: AwaitingImages | Enriched
    checks: Future[list[ImageCheck]] | None
    began_at: float


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
        self._ahead = LookAhead[_Begun]()
        self._reading_began = self._batch_began = self._committed_at = 0.0
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
            self._add_step(step)
        self._commit()
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
            self._process(should_finish=False)

    def _collect(self, source: Source, record: InputRecord) -> None:
        if not self._inputs:
            self._reading_began = time.monotonic()
        self._inputs.append((source, record))
        self._input_bytes += len(record.payload)

    def _is_batch_full(self) -> bool:
        if len(self._inputs) >= BATCH_RECORDS or self._input_bytes >= BATCH_BYTES:
            return True
        return bool(self._inputs) and time.monotonic() - self._reading_began > BATCH_S

    def _process(self, should_finish: bool = True) -> None:
        """Begins the collected inputs, then curates and commits those that are ready, or all.

        It waits for images only with `should_finish`, or if too many inputs have begun.
        """
        inputs, self._inputs, self._input_bytes = self._inputs, [], 0
        while inputs and not self._ahead and self._notes.is_alone(inputs[0]):
            if self._is_stopped:
                return
            self._process_alone(inputs.pop(0))
        if inputs or self._ahead:
            self._process_batch(inputs, should_finish)

    def _process_alone(self, one: Input) -> None:
        """Processes an input that may end the process, or sets it aside if it did so before."""
        fault = self._notes.poison()
        if fault is None:
            return self._process_batch([one])
        for step in self._lane.curate(Enriched(fault)):
            if step.outcome is not None:
                self._add_input(*one, step.fault)
            self._add_step(step)
        self._commit()

    def _process_batch(self, inputs: Sequence[Input], should_finish: bool = True) -> None:
        try:
            if not self._ahead:
                self._notes.begin(inputs, Stage.ENRICH)
            self._hang_limit.start(MAX_WORK_S)
            self._begin(inputs)
            self._curate(should_finish)
        except (OSError, OutageError):
            self._notes.take_back()  # an outage is not the fault of the inputs
            raise
        finally:
            self._hang_limit.stop()

    def _begin(self, inputs: Sequence[Input]) -> None:
        """Begins the enrichment of inputs: from here on their images are checked."""
        for one in inputs:
            _, record = one
            started = self._enricher.start(record.raw, record.after.opened_at)
            checks = None
            if self._images is not None and isinstance(started, AwaitingImages):
                checks = self._images.submit(started.image_urls, started.page_url)
            begun = _Begun(one, started, checks, self._reading_began)
            self._ahead.append(begun, len(record.payload))

    def _curate(self, should_finish: bool) -> None:
        """Curates the inputs that are ready, in order, and commits.

        When the run is stopped, the inputs from the first one that waits for images on are not
        curated. The next run reads them again.
        """
        self._committed_at = time.monotonic()
        for enriched in self._enrich(should_finish):
            self._hang_limit.start(MAX_WORK_S)
            begun = self._ahead.first
            if not self._batch_inputs:
                self._batch_began = begun.began_at
                if len(self._ahead) == 1:
                    self._notes.begin([begun.one], Stage.CURATE)
            for step in self._lane.curate(enriched):
                if self._bugs.count(step.fault):
                    return self._halt()
                if step.outcome is not None:
                    self._add_input(*begun.one, step.fault)
                    self._ahead.pop_first()
                self._add_step(step)
            self._commit_if_due()
        self._commit()

    def _halt(self) -> None:
        """Commits what precedes the last bug, and raises OutageError."""
        assert self._bugs.error is not None
        self._commit(encode_halt(str(self._bugs.error)))
        raise self._bugs.error

    def _enrich(self, should_finish: bool) -> Iterable[Enriched]:
        """The inputs that have begun, in order; each must be removed before the next one."""
        if self._images is not None:
            return self._enrich_with_images(should_finish)
        # Enrich all before curating any: each half then finds its data in the CPU caches.
        return [self._finish(begun) for begun in self._ahead]

    def _finish(self, begun: _Begun) -> Enriched:
        if isinstance(begun.started, Enriched):
            return begun.started
        return self._enricher.finish(begun.started, begun.checks.result() if begun.checks else ())

    def _enrich_with_images(self, should_finish: bool) -> Iterator[Enriched]:
        """The inputs in order, each when its images are checked.

        If the run is stopped, ends at the first input that still waits, unless it is from a pipe,
        which cannot be read again.
        """
        while self._ahead:
            begun = self._ahead.first
            while begun.checks is not None and not begun.checks.done():
                if self._is_stopped and not begun.one[0].is_pipe:
                    return
                if not (should_finish or self._ahead.is_full):
                    return
                self._commit_if_due()
                self._hang_limit.start(MAX_WORK_S)
                wait([begun.checks], POLL_S)
            yield self._finish(begun)

    def _add_step(self, step: Result) -> None:
        """Adds a step of curation to the batch, and commits the batch if it is full."""
        self._lane.count(step)
        lines = self._batch.lines
        lines["curated.jsonl"] += [record.value + b"\n" for record in step.curated]
        lines["stories.jsonl"] += [record.value + b"\n" for record in step.stories]
        self._batch.rows.update(step.rows)
        if step.fault is not None and step.outcome is None:
            self._reporter.warn(f"gave up work of earlier inputs: {step.fault.detail}")
        if self._batch.size >= FULL_TRANSACTION:
            self._commit()

    def _add_input(self, source: Source, record: InputRecord, fault: Fault | None) -> None:
        """Adds an input to the batch. The step that decided it follows."""
        if fault is not None:
            letter = _dead_letter(fault, source, record)
            self._batch.lines["dead-letters.jsonl"].append(orjson.dumps(letter, option=LINE))
        if not source.is_pipe:
            self._batch.positions[source.path] = record.after
        self._batch_inputs += 1
        self._batch_bytes += len(record.payload) + 1

    def _commit_if_due(self) -> None:
        is_full = self._batch_inputs >= BATCH_RECORDS or self._batch_bytes >= BATCH_BYTES
        if is_full or time.monotonic() - self._committed_at > BATCH_S:
            self._commit()

    def _commit(self, halted: str = "") -> None:
        """Commits the batch. The work on what has begun goes on, unless the run is `halted`."""
        self._committed_at = time.monotonic()
        is_ending = self._is_stopped or bool(halted)
        remaining = [] if is_ending else list(self._inputs_in_work())
        if not self._batch.size and not halted:
            return None if remaining else self._notes.take_back()
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

    def _inputs_in_work(self) -> Iterator[Input]:
        """The next inputs that have begun: one of them is to blame if the process ends now."""
        return (begun.one for begun in islice(self._ahead, BATCH_RECORDS))

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

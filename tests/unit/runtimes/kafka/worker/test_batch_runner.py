"""Batches of a partition over the lives of many processes: deaths, kills, outages and signals."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from newsloom.adapters.failures import NewerFormError, OutageError
from newsloom.observability.health import Health
from newsloom.observability.metrics import Metrics
from newsloom.records.faults import Fault, Stage
from newsloom.runtimes.attempts import Attempts, decode_attempts
from newsloom.runtimes.hang_limit import HangLimit
from newsloom.runtimes.kafka.clients.messages import Headers, Outgoing
from newsloom.runtimes.kafka.worker.batch_runner import QUIET_S, SKIP_AFTER_S, BatchRunner
from newsloom.runtimes.kafka.worker.shared_memory import AbortCounter, Batch, BatchInWork
from newsloom.runtimes.kafka.worker.telemetry import Telemetry
from newsloom.runtimes.stops import Stop, StopError, StopReason, stop_of

SOURCE = TopicPartition("news.article-events.v1", 0)
POISON = 5
LETTER, RECORD = "letter", "record"


class Death(BaseException):
    """The process dies: nothing that comes after it happens."""


@dataclass
class Record:
    offset: int
    topic: str = SOURCE.topic
    partition: int = SOURCE.partition
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = None
    headers: Headers = ()


def _do_nothing() -> None:
    """A step at which nothing happens."""


@dataclass
class Partition:
    """The inputs of a partition, and what is committed. `step` is called before each commit."""

    inputs: int
    offset: int = 0
    text: str = ""
    out: list[tuple[str, int]] = field(default_factory=list)
    step: Callable[[], None] = _do_nothing
    commits: int = 0
    is_closed: bool = False

    async def commit(
        self, records: Iterable[Outgoing], next_offset: int, attempts: Attempts
    ) -> None:
        self.step()
        self.commits += 1
        self.out += [(record.topic, int(record.key or b"")) for record in records]
        self.offset, self.text = next_offset, attempts.encode()
        self.step()

    async def stop(self) -> None:
        self.is_closed = True

    @property
    def attempts(self) -> Attempts:
        return decode_attempts(self.text)


class Processing:
    """Makes a record of each input. `act` is called with the offset of each input before that."""

    stage = Stage.ENRICH
    is_pending = False
    form = 0

    def __init__(self, next_offset: int, act: Callable[[int], Any]) -> None:
        self.next_offset = next_offset
        self.halted: StopError | NewerFormError | None = None
        self.newer_at: int | None = None
        self.sizes: list[int] = []
        self.passed = 0
        self._act = act

    @property
    def begun_to(self) -> int:
        return self.next_offset

    def abandon(self) -> None:
        """Nothing has begun."""

    async def process(self, records: Sequence[Any]) -> list[Outgoing]:
        self.sizes.append(len(records))
        made = []
        for record in records:
            if record.offset == self.newer_at:
                self.halted = NewerFormError("update this worker")
                break
            acted = self._act(record.offset)
            if asyncio.iscoroutine(acted):
                await acted
            made.append(Outgoing(RECORD, 0, b"%d" % record.offset, None))
            self.next_offset = record.offset + 1
        return made

    def set_aside(self, record: Any, fault: Fault) -> list[Outgoing]:
        assert fault.stage is self.stage
        self.next_offset = record.offset + 1
        return [Outgoing(LETTER, 0, b"%d" % record.offset, None)]

    def pass_over(self, offsets: int) -> None:
        self.passed += offsets

    def note_commit(self) -> None:
        """Nothing is measured."""


def own(
    partition: Partition, act: Callable[[int], Any], in_work: BatchInWork | None = None
) -> tuple[BatchRunner, Processing]:
    """A process that takes over the partition at what is committed."""
    processing = Processing(partition.offset, act)
    telemetry = Telemetry(Metrics("enrich"), Health(60), AbortCounter())
    memory = in_work or BatchInWork()
    arguments = partition, partition.attempts, memory, HangLimit(), telemetry
    return BatchRunner(SOURCE, processing, *arguments), processing


async def work(runner: BatchRunner, partition: Partition, size: int = 8) -> None:
    """Processes polls of `size` records until the partition has no more."""
    while partition.offset < partition.inputs:
        end = min(partition.inputs, partition.offset + size)
        records: Sequence[Any] = [Record(offset) for offset in range(partition.offset, end)]
        while records:
            records = await runner.process(records)


def live(partition: Partition, act: Callable[[int], Any]) -> list[int]:
    """One life of a process. Returns the sizes of its batches."""
    runner, processing = own(partition, act)
    with suppress(Death):
        asyncio.run(work(runner, partition))
    return processing.sizes


def die_of_poison(offset: int) -> None:
    if offset == POISON:
        raise Death


def test_an_input_that_ends_processes_is_set_aside_and_its_neighbours_pass() -> None:
    partition = Partition(inputs=10)
    lives = [live(partition, die_of_poison) for _ in range(5)]
    assert lives == [[8], [1] * 6, [1], [1], [1, 1, 2]], "the first death is in a whole batch"
    expected = [(RECORD, n) for n in range(10)]
    expected[POISON] = (LETTER, POISON)
    assert partition.out == expected
    assert partition.text == ""


def test_a_process_that_runs_well_commits_attempts_only_for_its_first_batch() -> None:
    partition = Partition(inputs=40)
    assert live(partition, lambda _: None) == [8] * 5
    assert partition.commits == 5 + 2


@pytest.mark.parametrize("seed", range(3))
def test_fifty_random_kills_set_nothing_aside(seed: int) -> None:
    """Kills come at random moments, up to ten seconds after a start, which takes three."""
    random, now, kill_at, kills = Random(seed), 0.0, 0.0, 0

    def pass_time(seconds: float) -> None:
        nonlocal now
        now += seconds
        if kills < 50 and now > kill_at:
            raise Death

    partition = Partition(inputs=20_000, step=lambda: pass_time(0.003))
    while partition.offset < partition.inputs:
        kill_at = now + random.uniform(3, 10)
        now += 3
        runner, _ = own(partition, lambda _: pass_time(0.01))
        try:
            asyncio.run(work(runner, partition, size=200))
        except Death:
            kills += 1
    assert kills == 50
    assert partition.out == [(RECORD, n) for n in range(partition.inputs)]


def test_a_transaction_that_fails_does_not_count() -> None:
    partition = Partition(inputs=1)

    def fail() -> None:
        if partition.commits % 3 == 2:  # an attempt, its end, then the results
            partition.commits = 0
            raise KafkaError("no broker")

    partition.step = fail
    for _ in range(10):
        runner, _ = own(partition, lambda _: None)
        with pytest.raises(KafkaError):
            asyncio.run(work(runner, partition))
        assert partition.attempts.attempts == 0
    partition.step = _do_nothing
    live(partition, lambda _: None)
    assert partition.out == [(RECORD, 0)]


@pytest.mark.parametrize("error", [OSError("disk full"), OutageError("no disk")])
def test_an_outage_during_the_work_does_not_count(error: Exception) -> None:
    partition, memory = Partition(inputs=1), BatchInWork()

    def fail(_: int) -> None:
        raise error

    for _ in range(4):
        runner, _ = own(partition, fail, memory)
        with pytest.raises(type(error)):
            asyncio.run(work(runner, partition))
    assert partition.attempts == Attempts()
    assert memory.left is None


def test_a_signal_to_end_takes_the_attempt_back_while_the_input_waits() -> None:
    partition = Partition(inputs=1)

    async def be_told_to_end() -> None:
        runner, _ = own(partition, lambda _: asyncio.sleep(3600))
        working = asyncio.create_task(work(runner, partition))
        while not partition.attempts.attempts:
            await asyncio.sleep(0)
        await runner.forgive()
        assert partition.attempts == Attempts()
        working.cancel()

    asyncio.run(be_told_to_end())


def test_a_worker_between_two_batches_has_nothing_to_take_back() -> None:
    partition = Partition(inputs=8)
    runner, _ = own(partition, lambda _: None)

    async def end() -> None:
        await work(runner, partition)
        await runner.forgive()

    asyncio.run(end())
    assert partition.commits == 3


def test_a_halt_commits_what_precedes_the_bug_and_ends_the_work() -> None:
    partition = Partition(inputs=8)
    runner, processing = own(partition, lambda _: None)
    original = processing.process

    async def halt_at_the_fourth(records: Sequence[Any]) -> list[Outgoing]:
        processing.halted = StopError(StopReason.HALTED, "20 records")
        return await original(records[:3])

    processing.process = halt_at_the_fourth  # type: ignore[method-assign]
    with pytest.raises(StopError, match="halted: 20 records"):
        asyncio.run(work(runner, partition))
    assert (partition.offset, len(partition.out)) == (3, 3)
    assert partition.attempts.stop == Stop(StopReason.HALTED, "halted: 20 records")


def test_the_parent_can_tell_which_batch_a_dead_worker_processed() -> None:
    partition, memory = Partition(inputs=8), BatchInWork()
    runner, _ = own(partition, die_of_poison, memory)
    with pytest.raises(Death):
        asyncio.run(work(runner, partition))
    assert memory.left == Batch(SOURCE.topic, 0, 0, 8)
    assert str(memory.left) == "one of 8 records from news.article-events.v1-0@0 on"
    assert memory.left.is_at(SOURCE, 0)
    assert not memory.left.is_at(SOURCE, 8), "another worker committed it"
    assert not memory.left.is_at(TopicPartition(SOURCE.topic, 1), 0)
    assert str(Batch("t", 1, 7, 1)) == "t-1@7"


def test_a_record_of_a_newer_form_waits_after_what_precedes_it() -> None:
    partition = Partition(inputs=4)
    runner, processing = own(partition, lambda _: None)
    processing.form = 2
    processing.newer_at = 2

    async def take() -> None:
        with pytest.raises(NewerFormError):
            await runner.process([Record(offset) for offset in range(4)])

    asyncio.run(take())
    assert partition.out == [(RECORD, 0), (RECORD, 1)]
    assert (partition.offset, partition.attempts) == (2, Attempts(form=2)), "it is not halted"
    asyncio.run(take())
    assert partition.offset == 2
    newer, _ = own(partition, lambda _: None)
    asyncio.run(work(newer, partition))
    assert partition.out == [(RECORD, n) for n in range(4)]


def test_a_move_is_accounted_for_once_by_an_owner_that_lives_through_the_commit() -> None:
    partition = Partition(inputs=60, offset=50)
    partition.text = Attempts(passed=3).moved(10, 40).encode()
    passed: list[int] = []
    for _ in range(2):  # the second time the process dies after the commit

        def die() -> None:
            if partition.commits == len(passed):
                raise Death

        partition.step = die
        runner, processing = own(partition, lambda _: None)
        with pytest.raises(Death):
            asyncio.run(runner.finish_pending())
        passed.append(processing.passed)
        partition.commits = 0
    assert passed == [40, 40], "the first owner died before the commit"
    partition.step = _do_nothing
    runner, processing = own(partition, lambda _: None)
    asyncio.run(runner.finish_pending())
    assert (processing.passed, partition.commits, runner.passed) == (0, 0, 43)
    live(partition, lambda _: None)
    assert partition.out == [(RECORD, n) for n in range(50, 60)]
    assert partition.attempts == Attempts(passed=43)


@pytest.mark.parametrize("reason", StopReason)
def test_a_stop_is_committed_unless_a_newer_release_ends_it(reason: StopReason) -> None:
    partition = Partition(inputs=8, offset=4)
    runner, _ = own(partition, lambda _: None)
    asyncio.run(runner.stop(Stop(reason, f"{reason}: why")))
    expected = None if reason is StopReason.NEWER_FORM else Stop(reason, f"{reason}: why")
    assert (partition.offset, partition.attempts.stop) == (4, expected)
    assert partition.is_closed


def test_offsets_without_records_are_skipped_when_nothing_was_committed_for_a_while() -> None:
    partition = Partition(inputs=8, offset=4)
    runner, processing = own(partition, lambda _: None)
    asyncio.run(runner.skip_to(6))
    assert partition.commits == 0
    runner._committed_at -= SKIP_AFTER_S + 1
    asyncio.run(runner.skip_to(4))
    assert partition.commits == 0
    asyncio.run(runner.skip_to(6))
    assert (partition.offset, processing.next_offset, runner.committed) == (6, 6, 6)


def test_a_transaction_that_must_not_be_committed_leaves_the_position_as_it_was() -> None:
    partition = Partition(inputs=60, offset=50, text=Attempts(passed=3).moved(10, 40).encode())
    before = partition.attempts
    runner, _ = own(partition, lambda _: None)

    def refuse() -> None:
        raise StopError(StopReason.ROWS_BEHIND, "rows were lost")

    partition.step = refuse
    with pytest.raises(StopError) as caught:
        asyncio.run(runner.finish_pending())
    partition.step = _do_nothing
    asyncio.run(runner.stop(stop_of(caught.value)))
    assert (partition.offset, partition.attempts) == (50, before.stopped(stop_of(caught.value)))


class HoldingProcessing(Processing):
    """Begins every record at once, and makes the record of an input when it is in `ready`."""

    def __init__(self, next_offset: int) -> None:
        super().__init__(next_offset, lambda _: None)
        self.ready: set[int] = set()
        self.abandoned = False
        self._begun: list[Any] = []

    @property
    def begun_to(self) -> int:
        return self._begun[-1].offset + 1 if self._begun else self.next_offset

    def abandon(self) -> None:
        self.abandoned = True

    async def process(self, records: Sequence[Any]) -> list[Outgoing]:
        self._begun += [record for record in records if record.offset >= self.begun_to]
        count = 0
        while count < len(self._begun) and self._begun[count].offset in self.ready:
            count += 1
        made = await super().process(self._begun[:count])
        del self._begun[:count]
        return made


def own_holding(partition: Partition) -> tuple[BatchRunner, HoldingProcessing]:
    """A runner whose first batch is processed, at the offset that is committed."""
    runner, _ = own(partition, lambda _: None)
    processing = HoldingProcessing(partition.offset)
    runner.processor = processing
    processing.ready.add(0)
    assert asyncio.run(runner.process([Record(0)])) == []
    return runner, processing


def test_records_that_have_begun_are_held_until_they_are_ready() -> None:
    partition = Partition(inputs=8)
    runner, processing = own_holding(partition)
    commits = partition.commits
    assert asyncio.run(runner.process([Record(n) for n in range(1, 5)])) == []
    assert (runner.held, partition.commits) == (4, commits), "nothing is committed without need"
    processing.ready |= {2, 3}
    assert asyncio.run(runner.process([Record(5)])) == []
    assert (runner.held, partition.offset) == (5, 1), "the first one still waits"
    processing.ready |= {1, 5}
    again = [Record(n) for n in range(1, 8)]
    assert asyncio.run(runner.process(again)) == [], "a poll may give held records again"
    assert (runner.held, partition.offset) == (4, 4)
    processing.ready |= {4, 6, 7}
    assert asyncio.run(runner.process(())) == []
    assert (runner.held, partition.offset) == (0, 8)
    assert partition.out == [(RECORD, n) for n in range(8)]


def test_the_position_is_committed_now_and_then_while_records_are_held() -> None:
    """So a worker that waits for slow images does not look as if it hung."""
    partition = Partition(inputs=4)
    runner, _ = own_holding(partition)
    asyncio.run(runner.process([Record(1), Record(2)]))
    commits = partition.commits
    runner._committed_at -= QUIET_S
    for _ in range(3):
        assert asyncio.run(runner.process(())) == []
    assert (partition.commits, partition.offset, runner.held) == (commits + 1, 1, 2)


def test_held_records_are_not_skipped() -> None:
    partition = Partition(inputs=4)
    runner, _ = own_holding(partition)
    asyncio.run(runner.process([Record(1), Record(2)]))
    runner._committed_at -= 2 * SKIP_AFTER_S
    asyncio.run(runner.skip_to(3))
    assert partition.offset == 1


def test_the_end_of_the_work_abandons_what_is_held() -> None:
    partition = Partition(inputs=4)
    runner, processing = own_holding(partition)
    asyncio.run(runner.process([Record(1), Record(2)]))
    asyncio.run(runner.release())
    assert (runner.held, processing.abandoned, partition.offset) == (0, True, 1)


def test_the_first_batch_of_an_owner_is_finished_before_others_begin() -> None:
    """So a process that dies again and again finds the input that ends it."""
    partition = Partition(inputs=3)
    runner, _ = own(partition, lambda _: None)
    processing = HoldingProcessing(0)
    runner.processor = processing

    async def take() -> None:
        taking = asyncio.create_task(runner.process([Record(n) for n in range(3)]))
        for number in range(3):
            await asyncio.sleep(0.1)
            assert not taking.done()
            processing.ready.add(number)
        assert await taking == []

    asyncio.run(take())
    assert (partition.offset, runner.held, partition.attempts) == (3, 0, Attempts())

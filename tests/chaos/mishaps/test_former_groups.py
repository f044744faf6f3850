"""Workers take over from those of the former release, whose groups had other names."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

from newsloom.runtimes.attempts import Attempts
from newsloom.runtimes.kafka.clients.former_group import take_over
from newsloom.runtimes.kafka.clients.group_offsets import read_committed
from newsloom.runtimes.kafka.clients.transactional_producer import PartitionProducer
from newsloom.runtimes.stops import Stop, StopReason
from tests.support.endpoint import Answer, ask
from tests.support.kafka import Kafka
from tests.support.ports import pick_neighbours
from tests.support.processes import start_process
from tests.support.verifier import Verifier
from tests.support.workers import (
    ENRICHED,
    EVENTS,
    LANE_STATE,
    ROOT,
    Event,
    await_all,
    await_more,
    create_topics,
    lane_rows,
    send,
    sending,
    start_worker,
    wait_for,
)

PARTITIONS = 3
FEW = 40


def _events() -> Iterator[Event]:
    for number in count():
        url = f"https://outlet{number % 9}.example/{number}"
        fields = {"title": f"Ferry {number} aground", "publishedDateTime": "2024-03-04T10:00:00Z"}
        yield url.encode(), json.dumps({"webUrl": url, "locale": "en", **fields}).encode()


def _start(kafka: Kafka, release: str, log: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Starts `worker all --restart` of a release; the process, and the port of enrich."""
    port = pick_neighbours()
    settings = replace(kafka, settings={"NEWSLOOM_METRICS_PORT": str(port)})
    command = [sys.executable, "-m", "tests.support.release", release]
    with log.open("ab") as file:
        environment = settings.environment()
        worker = start_process(
            [*command, "worker", "all", "--restart"], cwd=ROOT, env=environment, stderr=file
        )
    return worker, port


def _stop(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0


def _are_ready(port: int) -> bool:
    return {ask(port, "/readyz"), ask(port + 1, "/readyz")} == {Answer(200, "ok")}


def _are_stopped(kafka: Kafka, port: int) -> bool:
    """Whether both workers of the former release process nothing, and say why."""
    said = ": group {}{} of a newer release has taken over: update this worker"
    for number, stage in enumerate(("enrich", "curate")):
        answer = ask(port + number, "/readyz")
        lines = answer.text.splitlines()
        if answer.status != 503 or len(lines) != (PARTITIONS if stage == "enrich" else 1):
            return False
        if not all(line.endswith(said.format(kafka.prefix, stage)) for line in lines):
            return False
    return True


def test_a_rolling_update_from_the_former_groups(kafka: Kafka, tmp_path: Path) -> None:
    events, log = _events(), tmp_path / "present.log"
    create_topics(kafka, PARTITIONS)
    former, former_port = _start(kafka, "former", tmp_path / "former.log")
    send(kafka, [next(events)])  # so two partitions have no committed offset
    await_all(kafka, 1)
    with sending(kafka, events, 0.01, FEW) as sender:
        await_more(kafka, ENRICHED)
        present, port = _start(kafka, "present", log)
        wait_for(lambda: _are_stopped(kafka, former_port), "former workers that wait", 0.3)
        wait_for(lambda: _are_ready(port), "ready workers", 0.3)
        await_more(kafka, ENRICHED)
    await_all(kafka, 1 + sender.sent)
    _stop(former)
    _stop(present)

    account = asyncio.run(Verifier(kafka.servers, kafka.prefix).verify())
    assert (account.faults, account.inputs) == ([], 1 + sender.sent), str(account)
    lane = lane_rows(kafka)
    assert lane["lane"]["outcomes"] == {"curated": account.inputs}, "nothing is processed twice"
    assert lane["position"]["group"] == f"{kafka.prefix}curate"
    assert log.read_text() == ""


def test_a_lane_that_another_group_writes_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    create_topics(kafka)
    position = json.dumps({"next_offset": 0, "group": "blue.curate"}).encode()
    kafka.send(kafka.prefix + LANE_STATE, [(b"position", position)])
    log = tmp_path / "curate.log"
    with log.open("wb") as file:
        assert start_worker(kafka, "curate", said=file).wait(timeout=60) == 1
    assert log.read_text().startswith(
        f"newsloom: worker {kafka.prefix}curate: restore: group blue.curate writes lane 0 of "
        f"{kafka.prefix}lane-state.v1, and only one group may: "
    )
    assert len(log.read_text().splitlines()) == 1


class _Groups:
    """A former group and the present one, on one partition."""

    def __init__(self, kafka: Kafka, partition: int = 0) -> None:
        self._servers = kafka.servers
        self._source = TopicPartition(kafka.prefix + EVENTS, partition)
        self.former, self.present = f"{kafka.prefix}former.enrich", f"{kafka.prefix}enrich"

    async def commit(self, group: str, offset: int, attempts: Attempts = Attempts()) -> None:  # noqa: B008
        async with self._fenced(group) as producer:
            await producer.commit((), offset, attempts)

    async def committed(self, group: str) -> tuple[int | None, Attempts]:
        return (await read_committed(self._servers, group, [self._source]))[self._source]

    async def take_over(self) -> tuple[int | None, Attempts]:
        """What the present group begins with, which is what it has committed."""
        async with self._fenced(self.present) as producer:
            producers = {self._source: producer}
            start = (await take_over(self._servers, self.present, self.former, producers))[
                self._source
            ]
        assert await self.committed(self.present) == start
        return start

    @asynccontextmanager
    async def _fenced(self, group: str) -> AsyncIterator[PartitionProducer]:
        producer = PartitionProducer(self._servers, group, self._source)
        await producer.fence()
        try:
            yield producer
        finally:
            await producer.stop()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[PartitionProducer]:
        """A worker of the former group, which must not commit anything at the end."""
        # The client does not retrieve the exception of a failed transaction.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        async with self._fenced(self.former) as producer:
            yield producer
            with pytest.raises(ProducerFenced):
                await producer.commit((), 1_000_000, Attempts())


def test_the_present_group_begins_where_the_former_one_ended(kafka: Kafka) -> None:
    create_topics(kafka)
    groups = _Groups(kafka)
    suspected = Attempts(inputs=3, attempts=1, form=2)
    said = f"group {groups.present} of a newer release has taken over: update this worker"
    stop, bugs = Stop(StopReason.HALTED, said), Stop(StopReason.HALTED, "twenty bugs")

    async def work() -> None:
        assert await groups.take_over() == (None, Attempts()), "there is no former group"
        assert await groups.committed(groups.former) == (None, Attempts())

        await groups.commit(groups.former, 20, suspected)
        async with groups.working():
            assert await groups.take_over() == (20, suspected)
        marked = replace(suspected, stop=stop, successor=groups.present)
        assert await groups.committed(groups.former) == (20, marked)

        await groups.commit(groups.present, 30)
        assert await groups.take_over() == (30, Attempts()), "its own offset, from now on"

        # An owner that ended between the mark and its own commit: the next one goes on.
        await groups.commit(groups.former, 40, replace(marked, form=1))
        assert await groups.take_over() == (40, replace(suspected, form=1))

        # The operator went back to the former release, whose offset he set. It halted there.
        await groups.commit(groups.former, 50)
        await groups.commit(groups.former, 60, Attempts(stop=bugs))
        async with groups.working():
            assert await groups.take_over() == (60, Attempts(stop=bugs))
        halted = Attempts(stop=bugs, successor=groups.present)
        assert await groups.committed(groups.former) == (60, halted)

    asyncio.run(work())


def test_a_former_worker_that_has_committed_nothing_is_stopped_too(kafka: Kafka) -> None:
    create_topics(kafka, 2)
    groups = _Groups(kafka)

    async def work() -> None:
        await _Groups(kafka, 1).commit(groups.former, 5)
        async with groups.working():
            assert await groups.take_over() == (None, Attempts())
        offset, attempts = await groups.committed(groups.former)
        assert (offset, attempts.successor) == (0, groups.present)

    asyncio.run(work())

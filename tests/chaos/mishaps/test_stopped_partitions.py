"""Partitions whose log lost offsets stop; the others go on, and an operator moves the position."""

import asyncio
import json
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.records_to_delete import RecordsToDelete

from newsloom.runtimes.kafka.clients.group_offsets import read_bounds, read_committed
from newsloom.runtimes.kafka.topics import definitions
from tests.support.endpoint import Answer, ask, scrape
from tests.support.kafka import Kafka
from tests.support.ports import pick_neighbours
from tests.support.runs import Ended
from tests.support.workers import (
    CREATE_TIME,
    CURATED,
    ENRICHED,
    EVENTS,
    LANE_STATE,
    await_all,
    create_topics,
    lane_rows,
    outcomes,
    start_worker,
    wait_for,
    working,
)

STOPPED, PASSED = "newsloom_stopped_partitions", "newsloom_passed_offsets"


def _event(number: int) -> bytes:
    fields = {"title": f"Ferry {number} aground", "publishedDateTime": "2024-03-04T10:00:00Z"}
    url = f"https://harbour.example/{number}"
    return json.dumps({"webUrl": url, "locale": "en", **fields}).encode()


async def _send(kafka: Kafka, partition: int, numbers: Iterable[int]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.servers) as producer:
        for number in numbers:
            topic = kafka.prefix + EVENTS
            await producer.send_and_wait(topic, _event(number), partition=partition)


async def _delete(kafka: Kafka, topic: str, partition: int, before: int) -> None:
    """Deletes the records before an offset, as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
    await admin.start()
    try:
        source = TopicPartition(kafka.prefix + topic, partition)
        await admin.delete_records({source: RecordsToDelete(before_offset=before)})
    finally:
        await admin.close()


async def _create_again(kafka: Kafka, topic: str, configs: Mapping[str, str] = CREATE_TIME) -> None:
    """Deletes a topic and creates it again: its offsets begin at 0, as after the loss of a log."""
    name = kafka.prefix + topic
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
    await admin.start()
    try:
        await admin.delete_topics([name])
        while True:
            new = NewTopic(name, 1, 1, topic_configs=dict(configs))
            answer = await admin.create_topics([new])
            if answer.topic_errors[0][1] == 0:
                return
            await asyncio.sleep(0.1)
    finally:
        await admin.close()


@dataclass
class Stage:
    """A running worker of one stage, with its endpoint and its log."""

    kafka: Kafka
    name: str
    port: int
    log: Path

    def resume(self, *arguments: object) -> Ended:
        return self.kafka.newsloom("resume", *arguments)

    def move(self, offset: int, partition: int, *more: str) -> Ended:
        place = "--stage", self.name, "--partition", partition
        return self.resume("--from", offset, *place, *more)

    def await_stop(self, topic: str, partition: int, offset: int, why: str) -> None:
        """Waits until a partition is stopped, and checks what the worker reports of it."""
        place = f"{self.kafka.prefix}{topic} partition {partition} is stopped at offset {offset}"
        said = f"{place}: {why}"
        wait_for(lambda: said in ask(self.port, "/readyz").text, said)
        assert ask(self.port, "/readyz").status == 503
        assert ask(self.port, "/healthz") == Answer(200, "ok")
        assert self.log.read_text().count(said) == 1
        reason, _, _ = why.partition(":")
        assert scrape(self.port).by(STOPPED, "reason") == {reason: 1}

    def await_ready(self) -> None:
        wait_for(lambda: ask(self.port, "/readyz") == Answer(200, "ok"), "a ready worker")
        assert scrape(self.port).of(STOPPED) == 0


@contextmanager
def _stage(kafka: Kafka, name: str, folder: Path) -> Iterator[Stage]:
    port = pick_neighbours()
    settings = {"NEWSLOOM_METRICS_PORT": str(port)}
    stage = Stage(kafka, name, port + (name == "curate"), folder / f"{name}.log")
    with stage.log.open("wb") as file:
        worker = start_worker(replace(kafka, settings=settings), name, said=file)
        yield stage
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) == 0


def test_offsets_that_retention_took_stop_one_partition_until_they_are_passed(
    kafka: Kafka, tmp_path: Path
) -> None:
    create_topics(kafka, partitions=3)
    for number in range(3):
        asyncio.run(_send(kafka, number, [number]))
    with working(kafka, "enrich", "curate"):
        await_all(kafka, 3)
    for number in range(3):
        asyncio.run(_send(kafka, number, range(10 * number + 10, 10 * number + 20)))
    asyncio.run(_delete(kafka, EVENTS, 1, 7))
    topic = kafka.prefix + EVENTS
    with working(kafka, "curate"), _stage(kafka, "enrich", tmp_path) as enrich:
        await_all(kafka, 3 + 20)  # the other partitions go on
        why = "missing-offsets: the log begins at 7: offsets 1 to 6 are gone unread"
        enrich.await_stop(EVENTS, 1, 1, why)

        plain = enrich.resume()
        assert plain.code == 1
        assert plain.out.startswith(f"enrich stays stopped: {topic} partition 1, offset 1: {why}")
        for offset in (6, 12):
            refused = enrich.move(offset, 1)
            assert refused.code == 1
            assert f"has no offset {offset}: its log goes from 7 to 11" in refused.err
        assert "partition 0 is not stopped" in enrich.move(1, 0).err
        place = f"{topic} partition 1, from offset 1 to 8; 7 offsets pass unread\n"
        assert enrich.move(8, 1, "--dry-run").out == f"enrich would go on: {place}"
        assert ask(enrich.port, "/readyz").status == 503

        assert enrich.move(8, 1).out == f"enrich is resumed: {place}"
        enrich.await_ready()
        await_all(kafka, 3 + 20 + 3)
        assert scrape(enrich.port).by(PASSED, "partition") == {"1": 7}
        assert scrape(enrich.port).of("newsloom_inputs_total", outcome="passed") == 7
        assert enrich.resume().out == "nothing is stopped\n"

        # Retention overtakes a worker that waits: a transaction of somebody is open.
        asyncio.run(_overtake(enrich))
        enrich.await_ready()
        await_all(kafka, 3 + 20 + 3 + 1)
        assert scrape(enrich.port).by(PASSED, "partition") == {"1": 7, "2": 3}
    closing = f"worker {kafka.prefix}enrich ends: 24 records, inputs by outcome: 10 passed\n"
    assert enrich.log.read_text().endswith(closing)
    with working(kafka, "curate"), _stage(kafka, "enrich", tmp_path) as enrich:
        enrich.await_ready()
        wait_for(lambda: scrape(enrich.port).by(PASSED, "partition") == {"1": 7, "2": 3}, PASSED)
        assert scrape(enrich.port).of("newsloom_inputs_total", outcome="passed") == 0
        # The end of the aborted transaction is no record: retention may delete it unread.
        source = TopicPartition(topic, 2)
        end = asyncio.run(read_bounds(kafka.servers, [source]))[source].end
        wait_for(lambda: asyncio.run(_committed(kafka, source)) == end, "the end of the log", 0.5)


async def _committed(kafka: Kafka, source: TopicPartition) -> int | None:
    committed = await read_committed(kafka.servers, f"{kafka.prefix}enrich", [source])
    return committed[source][0]


async def _overtake(enrich: Stage) -> None:
    kafka, topic = enrich.kafka, enrich.kafka.prefix + EVENTS
    async with AIOKafkaProducer(
        bootstrap_servers=kafka.servers, transactional_id=f"{kafka.prefix}open"
    ) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, _event(100), partition=2)
        await _send(kafka, 2, range(101, 104))
        await asyncio.sleep(2)  # it is being waited for
        await _delete(kafka, EVENTS, 2, 14)
        why = "missing-offsets: the log begins at 14: offsets 11 to 13 are gone unread"
        await asyncio.to_thread(enrich.await_stop, EVENTS, 2, 11, why)
        assert (await asyncio.to_thread(enrich.move, 14, 2)).code == 0
        await producer.abort_transaction()


def test_a_log_that_was_lost_stops_its_partition_and_is_read_anew(
    kafka: Kafka, tmp_path: Path
) -> None:
    create_topics(kafka)
    asyncio.run(_send(kafka, 0, range(20)))
    with working(kafka, "enrich", "curate"):
        await_all(kafka, 20)
    revision = lane_rows(kafka)["lane"]["revision"]
    before = lane_rows(kafka)["position"]["next_offset"]
    records = kafka.read(kafka.prefix + ENRICHED)[10:]
    asyncio.run(_create_again(kafka, ENRICHED))
    kafka.send(kafka.prefix + ENRICHED, [(record.key, record.value) for record in records])
    with _stage(kafka, "curate", tmp_path) as curate:
        why = "log-behind: the log only has offsets 0 to 9: records were lost, or the topic"
        curate.await_stop(ENRICHED, 0, before, why)
        assert lane_rows(kafka)["position"]["next_offset"] == before
    # The log grows beyond the position: a start does not take it for the former one.
    with working(kafka, "enrich"):
        asyncio.run(_send(kafka, 0, range(20, 40)))
        wait_for(lambda: kafka.count(kafka.prefix + ENRICHED) > before, "a longer log")
    with _stage(kafka, "curate", tmp_path) as curate:
        curate.await_stop(ENRICHED, 0, before, why)
        assert curate.resume().code == 1
        moved = curate.move(3, 0)
        assert moved.out.endswith(f", from offset {before} to 3; 3 offsets pass unread\n")
        curate.await_ready()
        ends = {"curated": 40, "unchanged": 7, "passed": 3}
        wait_for(lambda: outcomes(kafka) == ends, "all of the log")
        samples = scrape(curate.port)
        assert samples.by("newsloom_committed_inputs", "outcome") == ends
        assert samples.of("newsloom_unaccounted_inputs") == 0
        assert samples.by(PASSED, "partition") == {"0": 3}
        revisions = [json.loads(r.value)["revision"] for r in kafka.read(kafka.prefix + CURATED)]
        assert revisions == sorted(set(revisions))
        assert revisions[-1] > revision
    with _stage(kafka, "curate", tmp_path) as curate:
        curate.await_ready()
    assert outcomes(kafka) == ends


def test_rows_that_were_lost_stop_their_lane_until_it_is_rebuilt(
    kafka: Kafka, tmp_path: Path
) -> None:
    create_topics(kafka)
    with working(kafka, "enrich"):
        with _stage(kafka, "curate", tmp_path) as curate:
            asyncio.run(_send(kafka, 0, range(5)))
            await_all(kafka, 5)
            asyncio.run(_create_again(kafka, LANE_STATE, definitions.LANE_STATE.configs()))
            asyncio.run(_send(kafka, 0, range(5, 6)))
            lost = f"rows-behind: {kafka.prefix}{LANE_STATE} partition 0 has lost the rows"
            wait_for(lambda: lost in ask(curate.port, "/readyz").text, "a stopped lane")
            assert kafka.read(kafka.prefix + LANE_STATE) == []
        with _stage(kafka, "curate", tmp_path) as curate:
            lost = f"the rows in {kafka.prefix}{LANE_STATE} only know those before 0"
            wait_for(lambda: lost in ask(curate.port, "/readyz").text, "a stopped lane")
            refused = curate.move(0, 0)
            assert refused.code == 1
            assert "another position does not help" in refused.err
        assert kafka.newsloom("lanes", "rebuild").code == 0
        with _stage(kafka, "curate", tmp_path) as curate:
            curate.await_ready()
            await_all(kafka, 1)
    records = kafka.read(kafka.prefix + CURATED)
    assert len({record.key for record in records}) == 6
    revisions = [json.loads(record.value)["revision"] for record in records]
    assert revisions == sorted(set(revisions))

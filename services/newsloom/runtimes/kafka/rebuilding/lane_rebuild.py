"""Rebuilds one lane: its enriched articles are curated anew, and the difference is published.

In: the topics of a lane whose group has no worker. Out: one transaction with the records that
differ from those that subscribers hold, and the new rows. The input position does not change. A
worker that starts meanwhile fences this process, whose transaction then fails: nothing changes.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import orjson
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from newsloom.adapters.failures import OutageError
from newsloom.adapters.storage.last_records import LastRecords
from newsloom.adapters.storage.store import Batch, Store
from newsloom.pipeline.curation.policy import Policy
from newsloom.pipeline.lane.rows import FORM, LANE_KEY, LaneRow, encode_row
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator
from newsloom.pipeline.spill_store import SpillStore
from newsloom.records.faults import Reason
from newsloom.runtimes.bug_limit import BugLimit
from newsloom.runtimes.hang_limit import MAX_WORK_S, HangLimit
from newsloom.runtimes.kafka.clients.admin import group_state, open_admin
from newsloom.runtimes.kafka.clients.former_group import take_over
from newsloom.runtimes.kafka.clients.messages import Incoming, Outgoing, dead_letter
from newsloom.runtimes.kafka.clients.transactional_producer import PartitionProducer
from newsloom.runtimes.kafka.rebuilding.partition_reader import read_partition
from newsloom.runtimes.kafka.stages.enriched_records import NewerForm, decode_arrival
from newsloom.runtimes.kafka.stages.lane_reader import (
    POSITION_KEY,
    LanePosition,
    encode_position,
    read_lane,
)
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.runtimes.lane import FULL_TRANSACTION
from newsloom.runtimes.rebuild import Rebuilt, add_step, adopt

TRANSACTION_TIMEOUT_MS = 900_000
"""15 minutes, the most that a broker allows by default (`transaction.max.timeout.ms`)."""
MAX_WAIT_S = 10
"""A worker that was killed is a member of its group for the session timeout, 6 s."""
_PAUSE_S = 0.5
_PART = 500
_IDLE = ("Empty", "Dead")
_AGAIN = "stop all curate workers and run this again"


class LaneRebuild:
    """The rebuild of the lane of one partition."""

    def __init__(
        self,
        servers: str,
        topics: KafkaTopics,
        partition: int,
        letter_partition: int,
        policy: Policy,
        new_spill_store: Callable[[], SpillStore],
        folder: Path,
        advance: Callable[[int, int], None],
    ) -> None:
        """`folder` is empty, and is used until the end. `advance` gets numbers of inputs."""
        self._servers = servers
        self._topics = topics
        self._group = topics.group("curate")
        self._former_group = topics.former_group("curate")
        self._partition = partition
        self._letter_partition = letter_partition
        self._policy = policy
        self._new_spill_store = new_spill_store
        self._held = Store(folder / "held")
        self._new = Store(folder / "new")
        self._advance = advance
        self._letters: list[Outgoing] = []

    async def run(self) -> Rebuilt:
        """Rebuilds the lane. Raises OutageError; then nothing has changed."""
        await self._require_idle_group()
        source = TopicPartition(self._topics.enriched_articles, self._partition)
        producer = PartitionProducer(
            self._servers, self._group, source, timeout_ms=TRANSACTION_TIMEOUT_MS
        )
        try:
            await producer.fence()
            return await self._rebuild(source, producer)
        finally:
            await producer.stop()
            self._held.close()
            self._new.close()

    async def _require_idle_group(self) -> None:
        async with open_admin(self._servers) as admin:
            deadline = time.monotonic() + MAX_WAIT_S
            while (await group_state(admin, self._group)) not in _IDLE:
                if time.monotonic() > deadline:
                    raise OutageError(
                        f"workers of group {self._group} are running: stop all curate workers "
                        "first, and start them afterwards"
                    )
                await asyncio.sleep(_PAUSE_S)

    async def _rebuild(self, source: TopicPartition, producer: PartitionProducer) -> Rebuilt:
        committed = await take_over(
            self._servers, self._group, self._former_group, {source: producer}
        )
        former, (position, _) = await read_lane(
            self._servers,
            self._topics.lane_state,
            self._partition,
            self._new_spill_store(),
            lambda _: None,
        )
        reached, attempts = committed[source]
        if attempts.is_moved and reached is not None:  # perhaps back
            position = reached
        # Rows may be missing: the topic may have been emptied.
        position, revision = max(position, reached or 0), former.lane.revision
        for name, topic in self._published().items():
            revision = max(revision, await self._hold(name, topic))
        state = State(self._new_spill_store())
        state.lane = LaneRow(revision=revision)
        self._new.commit(Batch(rows={LANE_KEY: encode_row(state.lane)}))
        await self._curate(state, read_partition(self._servers, source, position))
        records, lost = adopt(
            self._held, self._new, former, state, self._policy, former.lane.outcomes or None
        )
        counts = {"curated.jsonl": 0, "stories.jsonl": 0, "dead-letters.jsonl": len(self._letters)}
        outgoing = self._outgoing(records, former, position, counts)
        attempts = replace(attempts, form=FORM, is_rebuilt=True)
        try:
            await producer.commit_parts(_parts(outgoing), position, attempts)
        except ProducerFenced as error:
            raise OutageError(
                f"a curate worker has started, so lane {self._partition} is not rebuilt: {_AGAIN}"
            ) from error
        except (KafkaError, TimeoutError) as error:
            raise OutageError(
                f"it is unknown whether lane {self._partition} is rebuilt: "
                f"{type(error).__name__}: {error}; {_AGAIN}"
            ) from error
        return Rebuilt(counts, lost)

    def _published(self) -> dict[str, str]:
        return {
            "curated.jsonl": self._topics.curated_articles,
            "stories.jsonl": self._topics.stories,
        }

    async def _hold(self, name: str, topic: str) -> int:
        """Copies what subscribers hold of a topic; returns the highest revision."""
        batch, revision = Batch(), 0
        source = TopicPartition(topic, self._partition)
        async for record in read_partition(self._servers, source):
            batch.lines[name].append(_line(record))
            if record.value is not None:
                revision = orjson.loads(record.value)["revision"]  # they rise
            if batch.size >= FULL_TRANSACTION:
                self._held.commit(batch)
                batch = Batch()
        self._held.commit(batch)
        return revision

    async def _curate(self, state: State, inputs: AsyncIterator[Incoming]) -> None:
        """Curates the inputs into the new lane. Raises OutageError at the limit on bugs."""
        curator, bugs, batch, limit = Curator(state, self._policy), BugLimit(), Batch(), HangLimit()
        async for record in inputs:
            limit.start(MAX_WORK_S)
            enriched = decode_arrival(record.value)
            if isinstance(enriched, NewerForm):
                raise OutageError(
                    f"offset {record.offset} of {record.topic} partition {record.partition} was "
                    f"written by a newer release (form {enriched.form}): rebuild with that release"
                )
            for step in curator.curate(enriched):
                if bugs.count(step.fault):
                    limit.stop()
                    raise OutageError(f"{bugs.error}; nothing has changed")
                if step.fault is not None and step.fault.reason is Reason.INTERNAL_ERROR:
                    topic, partition = self._topics.dead_letters, self._letter_partition
                    letter = dead_letter(topic, partition, record, step.fault, step.source)
                    self._letters.append(letter)
                batch = add_step(self._new, batch, step)
            limit.stop()
            self._advance(1, 1)
        self._new.commit(batch)

    def _outgoing(
        self, records: LastRecords, former: State, position: int, counts: dict[str, int]
    ) -> Iterator[Outgoing]:
        """The records that differ, then the rows: the new ones, and those to delete."""
        for name, topic in self._published().items():
            for line in records.differing(name):
                counts[name] += 1
                record = orjson.loads(line)
                value = None if record.get("withdrawn") else line.rstrip(b"\n")
                yield Outgoing(topic, self._partition, record["id"].encode(), value)
        yield from self._letters
        kept = set()
        for key, row in self._new.rows():
            kept.add(key)
            yield self._row(key.encode(), row)
        for key, _ in former.rows():
            if key not in kept:
                yield self._row(key.encode(), None)
        yield self._row(POSITION_KEY, encode_position(LanePosition(position, self._group)))

    def _row(self, key: bytes, value: bytes | None) -> Outgoing:
        return Outgoing(self._topics.lane_state, self._partition, key, value)


def _line(record: Incoming) -> bytes:
    """A published record as a line. A tombstone has no revision on Kafka."""
    assert record.key is not None
    if record.value is not None:
        return record.value + b"\n"
    tombstone = {"id": record.key.decode(), "revision": 0, "withdrawn": True}
    return orjson.dumps(tombstone) + b"\n"


def _parts(records: Iterator[Outgoing]) -> Iterator[list[Outgoing]]:
    while part := list(islice(records, _PART)):
        yield part

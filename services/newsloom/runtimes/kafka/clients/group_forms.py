"""The forms of lanes, and the marks of lanes that are to be upgraded.

A curate worker commits the form of its lane beside the input offset, so that enrich workers know
what it can read. `newsloom lanes upgrade` marks a lane by an offset of a group of its own, which
no worker commits for.
"""

from aiokafka import TopicPartition

from newsloom.pipeline.lane.rows import FORM, FORMER_FORM
from newsloom.runtimes.attempts import Attempts
from newsloom.runtimes.kafka.clients.former_group import read_former
from newsloom.runtimes.kafka.clients.group_offsets import read_committed
from newsloom.runtimes.kafka.clients.transactional_producer import PartitionProducer
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics


async def read_form(servers: str, topics: KafkaTopics, lanes: int) -> int:
    """The form that all lanes read: the lowest one; the newest if none has committed anything."""
    forms = await _read_forms(servers, topics, lanes)
    return min(forms.values(), default=FORM)


async def is_marked(servers: str, topics: KafkaTopics, lane: int) -> bool:
    """Whether a lane is to be upgraded."""
    source = TopicPartition(topics.enriched_articles, lane)
    marks = await read_committed(servers, _marks(topics), [source])
    return marks[source][0] is not None


async def mark_for_upgrade(servers: str, topics: KafkaTopics, lanes: int) -> dict[int, bool]:
    """Marks the lanes that do not have the newest form. Returns for each whether it has it."""
    forms = await _read_forms(servers, topics, lanes)
    for lane in range(lanes):
        if forms.get(lane, FORMER_FORM) < FORM:
            await _mark(servers, topics, lane)
    return {lane: forms.get(lane, FORMER_FORM) >= FORM for lane in range(lanes)}


async def _read_forms(servers: str, topics: KafkaTopics, lanes: int) -> dict[int, int]:
    """The form of each lane that has committed an offset, perhaps in the former release."""
    sources = [TopicPartition(topics.enriched_articles, lane) for lane in range(lanes)]
    committed = await read_committed(servers, topics.group("curate"), sources)
    without = [source for source, (offset, _) in committed.items() if offset is None]
    committed |= await read_former(servers, topics.former_group("curate"), without)
    return {
        source.partition: attempts.form or FORMER_FORM
        for source, (offset, attempts) in committed.items()
        if offset or attempts.form  # else it has committed nothing, and perhaps was taken over
    }


async def _mark(servers: str, topics: KafkaTopics, lane: int) -> None:
    source = TopicPartition(topics.enriched_articles, lane)
    producer = PartitionProducer(servers, _marks(topics), source)
    await producer.fence()
    try:
        await producer.commit((), 0, Attempts())
    finally:
        await producer.stop()


def _marks(topics: KafkaTopics) -> str:
    return f"{topics.group('curate')}.upgrade"

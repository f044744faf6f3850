"""The forms of lanes, and the marks of lanes that are to be upgraded.

A curate worker commits the form of its lane beside the input offset, so that enrich workers know
what it can read. `newsloom lanes upgrade` marks a lane by an offset of a group of its own, which
no worker commits for.
"""

from aiokafka import TopicPartition

from newsloom.pipeline.lane.rows import FORM, FORMER_FORM
from newsloom.runtimes.attempts import Attempts
from newsloom.runtimes.kafka.clients.group_offsets import read_committed
from newsloom.runtimes.kafka.clients.transactional_producer import PartitionProducer


async def read_form(servers: str, group: str, topic: str, lanes: int) -> int:
    """The form that all lanes read: the lowest one; the newest if none has committed anything.

    `group` is that of the curate workers, `topic` their input.
    """
    forms = await _read_forms(servers, group, topic, lanes)
    return min(forms.values(), default=FORM)


async def is_marked(servers: str, group: str, source: TopicPartition) -> bool:
    """Whether the lane of an input partition is to be upgraded."""
    marks = await read_committed(servers, _marks(group), [source])
    return marks[source][0] is not None


async def mark_for_upgrade(servers: str, group: str, topic: str, lanes: int) -> dict[int, bool]:
    """Marks the lanes that do not have the newest form. Returns for each whether it has it."""
    forms = await _read_forms(servers, group, topic, lanes)
    for lane in range(lanes):
        if forms.get(lane, FORMER_FORM) < FORM:
            await _mark(servers, group, TopicPartition(topic, lane))
    return {lane: forms.get(lane, FORMER_FORM) >= FORM for lane in range(lanes)}


async def _read_forms(servers: str, group: str, topic: str, lanes: int) -> dict[int, int]:
    """The form of each lane that has committed an offset."""
    sources = [TopicPartition(topic, lane) for lane in range(lanes)]
    committed = await read_committed(servers, group, sources)
    return {
        source.partition: attempts.form or FORMER_FORM
        for source, (offset, attempts) in committed.items()
        if offset is not None
    }


async def _mark(servers: str, group: str, source: TopicPartition) -> None:
    producer = PartitionProducer(servers, _marks(group), source)
    await producer.fence()
    try:
        await producer.commit((), 0, Attempts())
    finally:
        await producer.stop()


def _marks(group: str) -> str:
    return f"{group}.upgrade"

"""Ends the stop of a partition: at the position that is committed, or at another one.

In: a group and its input topic. Out: the position, committed without the mark of the stop, with the
number of offsets that nobody reads. The workers of a stopped partition commit nothing meanwhile.
"""

from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, ProducerFenced

from newsloom.adapters.failures import OutageError
from newsloom.runtimes.attempts import Attempts
from newsloom.runtimes.kafka.clients.admin import open_admin, require_topic
from newsloom.runtimes.kafka.clients.connection import describe_error
from newsloom.runtimes.kafka.clients.group_offsets import Bounds, read_bounds, read_committed
from newsloom.runtimes.kafka.clients.transactional_producer import PartitionProducer
from newsloom.runtimes.stops import MOVABLE, RETRIABLE, Stop, StopReason


@dataclass(frozen=True, slots=True)
class Move:
    """The stop of a partition ends: it goes on from `after`, and `passing` offsets are not read."""

    source: TopicPartition
    stop: Stop
    before: int
    after: int
    passing: int


Found = dict[TopicPartition, tuple[int, Attempts, Stop]]


async def find_stopped(servers: str, group: str, topic: str) -> Found:
    """The offset, the attempts and the stop of each partition that is marked as stopped."""
    async with open_admin(servers) as admin:
        count = (await require_topic(admin, topic)).partitions
    sources = [TopicPartition(topic, partition) for partition in range(count)]
    committed = await read_committed(servers, group, sources)
    return {
        source: (offset or 0, attempts, attempts.stop)
        for source, (offset, attempts) in committed.items()
        if attempts.stop is not None
    }


async def resume_group(servers: str, group: str, topic: str) -> list[tuple[Move, bool]]:
    """Lets the stopped partitions go on where they are, as far as that may help.

    Returns each stopped partition, and whether it goes on.
    """
    resumed = []
    for source, (offset, attempts, stop) in (await find_stopped(servers, group, topic)).items():
        helps = stop.reason in RETRIABLE
        if helps:
            await _commit(servers, group, source, offset, attempts, attempts.resumed(), offset)
        resumed.append((Move(source, stop, offset, offset, 0), helps))
    return resumed


async def move_position(
    servers: str, group: str, source: tuple[str, int], after: int, is_trial: bool = False
) -> Move:
    """Lets a stopped partition go on from the offset `after`. A trial changes nothing.

    `source` is the topic and the number of the partition.

    Raises OutageError if it is not stopped, or if that offset cannot be the next one.
    """
    topic, partition = source = TopicPartition(*source)
    found = await find_stopped(servers, group, topic)
    if source not in found:
        raise OutageError(f"{topic} partition {partition} is not stopped, so its position stays")
    before, attempts, stop = found[source]
    bounds = (await read_bounds(servers, [source]))[source]
    move = Move(source, stop, before, after, passing_offsets(source, stop, before, after, bounds))
    if not is_trial:
        moved = attempts.moved(before, move.passing)
        await _commit(servers, group, source, before, attempts, moved, after)
    return move


def passing_offsets(
    source: TopicPartition, stop: Stop, before: int, after: int, bounds: Bounds
) -> int:
    """The offsets that nobody reads because of a move. Raises OutageError if it is refused."""
    place = f"{source.topic} partition {source.partition}"
    if stop.reason not in MOVABLE:
        raise OutageError(f"another position does not help {place}, which is stopped: {stop.why}")
    if not bounds.begin <= after <= bounds.end:
        raise OutageError(
            f"{place} has no offset {after}: its log goes from {bounds.begin} to {bounds.end}, "
            "which is the next one to be written"
        )
    if stop.reason is StopReason.LOG_BEHIND:
        # Another log, whose offsets begin again. Which of them were read before is not known.
        return after - bounds.begin
    if after < before:
        raise OutageError(
            f"{place} is processed up to offset {before}: what is before it would be read again"
        )
    return after - before


async def _commit(
    servers: str,
    group: str,
    source: TopicPartition,
    before: int,
    attempts: Attempts,
    changed: Attempts,
    after: int,
) -> None:
    """Commits a position, if the former one is still what was found.

    It acts as the owner of the partition, so that no worker commits at the same time.
    """
    producer = PartitionProducer(servers, group, source)
    place = f"{source.topic} partition {source.partition}"
    try:
        await producer.fence()
        if (await read_committed(servers, group, [source]))[source] != (before, attempts):
            raise OutageError(f"a worker goes on with {place} at this moment: look at it again")
        await producer.commit((), after, changed)
    except ProducerFenced as error:
        raise OutageError(f"a worker has just taken over {place}: run this again") from error
    except (KafkaError, TimeoutError) as error:
        raise OutageError(
            f"it is unknown whether {place} is resumed: {describe_error(error)}; run this again"
        ) from error
    finally:
        await producer.stop()

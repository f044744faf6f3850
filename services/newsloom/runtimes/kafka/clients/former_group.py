"""Taking over the input partitions of the group that the former release used.

The former release gave its groups and transactional ids other names, so its workers would not be
fenced, and they come back after a restart. So the new owner of a partition marks the offset of the
former group as halted: the former release processes nothing from such an offset on.

In: the former group, and the fenced producers of the new one. Out: where the new one begins.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace

from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError

from newsloom.runtimes.attempts import Attempts
from newsloom.runtimes.kafka.clients.admin import list_group_topics, open_admin
from newsloom.runtimes.kafka.clients.group_offsets import Committed, read_committed
from newsloom.runtimes.kafka.clients.transactional_producer import PartitionProducer
from newsloom.runtimes.stops import Stop, StopReason


async def take_over(
    servers: str,
    group: str,
    former: str,
    producers: Mapping[TopicPartition, PartitionProducer],
) -> Committed:
    """Stops the group `former` for good, and returns what `group` has committed then.

    `producers` are those of `group`, already fenced. Where `former` came further, its offset and
    attempts are committed for `group`. No worker of `former` commits anything after that, not even
    after a restart. If this process ends early, the next owner goes on.

    Raises KafkaError if a worker of `former` started at the same moment: end the process.
    """
    if group == former:
        return await read_committed(servers, group, producers)
    found = await read_former(servers, former, producers)
    unmarked = [source for source, (_, attempts) in found.items() if not attempts.successor]
    await asyncio.gather(*[_mark(servers, group, former, source) for source in unmarked])
    left = await read_committed(servers, former, found)
    committed = await read_committed(servers, group, producers)
    for source, (offset, mark) in left.items():
        if offset is not None and offset > (committed[source][0] or 0):
            attempts = _unmarked(mark)
            await producers[source].commit((), offset, attempts)
            committed[source] = offset, attempts
    return committed


async def read_former(servers: str, former: str, sources: Collection[TopicPartition]) -> Committed:
    """What the group of the former release has committed; empty if it has not read their topic.

    A group that the brokers do not show to this installation is not one of its own.
    """
    async with open_admin(servers) as admin:
        try:
            topics = await list_group_topics(admin, former)
        except GroupAuthorizationFailedError:
            return {}
    return await read_committed(
        servers, former, [source for source in sources if source.topic in topics]
    )


async def _mark(servers: str, group: str, former: str, source: TopicPartition) -> None:
    """Fences the owner of a partition in `former`, then marks what that one committed last.

    A worker that fences this process meanwhile makes the transaction fail. One that fences it
    later reads the mark.
    """
    producer = PartitionProducer(servers, former, source)
    try:
        await producer.fence()
        offset, attempts = (await read_committed(servers, former, [source]))[source]
        stop = attempts.stop or Stop(StopReason.HALTED, _why(group))
        await producer.commit((), offset or 0, replace(attempts, stop=stop, successor=group))
    finally:
        await producer.stop()


def _unmarked(mark: Attempts) -> Attempts:
    """The attempts that were marked."""
    is_own = mark.stop is not None and mark.stop.why == _why(mark.successor)
    return replace(mark, stop=None if is_own else mark.stop, successor="")


def _why(group: str) -> str:
    return f"group {group} of a newer release has taken over: update this worker"

"""What the watcher of a worker sees of brokers: topics, what is allowed, open transactions."""

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from newsloom.runtimes.kafka.clients.admin import list_topics
from newsloom.runtimes.kafka.watching.causes import (
    Ends,
    Needs,
    Partition,
    Phase,
    Progress,
    View,
    find_causes,
)
from newsloom.runtimes.kafka.watching.observer import OPERATIONS, Observer
from tests.support.kafka import Kafka


def test_a_view_shows_topics_their_ids_and_the_transactions_that_are_open(kafka: Kafka) -> None:
    topic, missing = f"{kafka.prefix}in", f"{kafka.prefix}out"
    access = {topic: frozenset({"Read"}), missing: frozenset({"Write"})}
    needs = Needs(kafka.servers, f"{kafka.prefix}group", topic, access, 6)
    progress = Progress(Phase.WORKING, 0, read_to={0: 1, 1: 0})
    kafka.create(topic, 2, {})

    async def look() -> tuple[View, View, View, View]:
        observer, admin = Observer(needs), AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
        await admin.start()
        # A new broker needs a second for its coordinators, and for the leaders of a topic.
        while True:
            view = await observer.look(progress)
            if (view.group, view.transactions, set(view.ends)) == ("", "", {0, 1}):
                break
            await asyncio.sleep(0.1)
        async with AIOKafkaProducer(
            bootstrap_servers=kafka.servers, transactional_id=kafka.prefix
        ) as producer:
            async with producer.transaction():
                await producer.send_and_wait(topic, b"1", partition=0)
                during = await observer.look(progress)
            while (after := await observer.look(progress)).ends[0].stable == 0:
                await asyncio.sleep(0.05)  # the broker writes the marker soon after the answer
        await admin.delete_topics([topic])
        while topic in await list_topics(admin):
            await asyncio.sleep(0.05)
        without = await observer.look(progress)
        await asyncio.to_thread(kafka.create, topic, 3, {})
        again = await observer.look(progress)
        await observer.close()
        await admin.close()
        return during, after, without, again

    during, after, without, again = asyncio.run(look())
    assert (during.answered, during.brokers, during.group, during.transactions) == (True, 1, "", "")
    assert during.topics[topic].partitions == {0: Partition(1, 1), 1: Partition(1, 1)}
    assert during.topics[topic].allowed == set(OPERATIONS), "this broker has no access lists"
    assert during.ends == {0: Ends(0, 1), 1: Ends(0, 0)}
    assert after.ends == {0: Ends(2, 2), 1: Ends(0, 0)}, "the marker of the transaction counts"
    assert after.topics[topic].id == during.topics[topic].id
    assert (topic in without.topics, without.ends) == (False, {})
    assert len(again.topics[topic].partitions) == 3
    assert again.topics[topic].id != during.topics[topic].id
    (cause,) = find_causes(needs, progress, again)
    assert cause.text == f"there is no topic {missing}: run `newsloom topics create`"

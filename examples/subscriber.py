"""A reference subscriber: it keeps the latest record of every article and story, in memory.

    NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 python examples/subscriber.py

In: the Kafka topics curated-articles and stories, from the beginning. Out: one printed line for
each change. A record replaces the earlier one with the same id in its partition if its revision is
greater. A partition is a lane: an article that moves to another one is withdrawn from the former,
and the same id may name a story in each of two lanes.

The records are lost when the program ends, so every start reads all of them again. To keep records
in a database, store the Kafka offsets in the same transaction and continue from them.
"""

import asyncio
import json
import os
from typing import Any

from aiokafka import AIOKafkaConsumer

SERVERS = os.environ.get("NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
PREFIX = os.environ.get("NEWSLOOM_KAFKA_TOPIC_PREFIX", "news.")
TOPICS = [f"{PREFIX}curated-articles.v1", f"{PREFIX}stories.v1"]


class LatestRecords:
    """The latest record of every article and story, by topic, and by partition and id.

    `merged_into` has an entry for each story that was merged into another one of its partition.
    """

    def __init__(self) -> None:
        self.records: dict[str, dict[tuple[int, str], dict[str, Any]]] = {t: {} for t in TOPICS}
        self.revisions: dict[tuple[str, int, str], int] = {}
        self.merged_into: dict[tuple[int, str], str] = {}

    def update(self, topic: str, partition: int, key: str, value: bytes | None) -> str | None:
        """Apply one Kafka record. Returns a line about the change, or None if nothing changed.

        `key` is the id of the article or story. `value` is None for a tombstone.
        """
        records, place = self.records[topic], (partition, key)
        if value is None:
            # A tombstone withdraws the id from this partition. Stop showing the record.
            return f"withdrawn {key}" if records.pop(place, None) else None

        record = json.loads(value)
        revision = record["revision"]
        if revision <= self.revisions.get((topic, partition, key), 0):
            # An older record, or the same one again. Each partition has revisions of its own.
            return None
        self.revisions[topic, partition, key] = revision

        if "mergedInto" in record:
            # This story has ended. Its articles and links belong to the other story now.
            records.pop(place, None)
            self.merged_into[place] = record["mergedInto"]
            return f"merged {key} into {self.current_story_id(partition, key)}"

        self.merged_into.pop(place, None)
        records[place] = record
        return f"revision {revision} of {key}: {record.get('title', 'a story')}"

    def current_story_id(self, partition: int, story_id: str) -> str:
        """The story to use for a story id, after all merges: a story may merge several times."""
        while (partition, story_id) in self.merged_into:
            story_id = self.merged_into[partition, story_id]
        return story_id


async def main() -> None:
    """Read records and print changes until the program is stopped."""
    latest = LatestRecords()
    consumer = AIOKafkaConsumer(
        *TOPICS,
        bootstrap_servers=SERVERS,
        auto_offset_reset="earliest",
        # Required: without it, records of aborted transactions would be read too.
        isolation_level="read_committed",
    )
    async with consumer:
        async for message in consumer:
            key = message.key.decode()
            change = latest.update(message.topic, message.partition, key, message.value)
            if change:
                print(change, flush=True)


if __name__ == "__main__":
    asyncio.run(main())

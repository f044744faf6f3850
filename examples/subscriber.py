"""A reference subscriber: it keeps the latest record of every article and story, in memory.

    NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092 python examples/subscriber.py

In: the Kafka topics curated-articles and stories, from the beginning. Out: one printed line for
each change. A record replaces the earlier one with the same id if its revision is greater.

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
    """The latest record of every article and story, by topic and id.

    `merged_into` has an entry for each story that was merged into another one.
    """

    def __init__(self) -> None:
        self.records: dict[str, dict[str, dict[str, Any]]] = {topic: {} for topic in TOPICS}
        self.revisions: dict[tuple[str, str], int] = {}
        self.merged_into: dict[str, str] = {}

    def update(self, topic: str, key: str, value: bytes | None) -> str | None:
        """Apply one Kafka record. Returns a line about the change, or None if nothing changed.

        `key` is the id of the article or story. `value` is None for a tombstone.
        """
        records = self.records[topic]
        if value is None:
            # A tombstone withdraws the id. Stop showing the record.
            return f"withdrawn {key}" if records.pop(key, None) else None

        record = json.loads(value)
        revision = record["revision"]
        if revision <= self.revisions.get((topic, key), 0):
            # An older record, or the same one again. Revisions of one id always rise.
            return None
        self.revisions[topic, key] = revision

        if "mergedInto" in record:
            # This story has ended. Its articles and links belong to the other story now.
            records.pop(key, None)
            self.merged_into[key] = record["mergedInto"]
            return f"merged {key} into {self.current_story_id(key)}"

        self.merged_into.pop(key, None)
        records[key] = record
        return f"revision {revision} of {key}: {record.get('title', 'a story')}"

    def current_story_id(self, story_id: str) -> str:
        """The story to use for a story id, after all merges: a story may merge several times."""
        while story_id in self.merged_into:
            story_id = self.merged_into[story_id]
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
            change = latest.update(message.topic, message.key.decode(), message.value)
            if change:
                print(change, flush=True)


if __name__ == "__main__":
    asyncio.run(main())

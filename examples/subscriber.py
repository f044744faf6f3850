"""The reference subscriber: holds the latest of every article and story, and says what changed.

In: curated-articles and stories, from their beginning. Out: a line for each change. What it holds
it holds in memory, so it reads all again when it starts; with a database, commit offsets with it.
"""

import asyncio
import json
import os
from typing import Any

from aiokafka import AIOKafkaConsumer

SERVERS = os.environ.get("NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
PREFIX = os.environ.get("NEWSLOOM_KAFKA_TOPIC_PREFIX", "news.")
TOPICS = [f"{PREFIX}curated-articles.v1", f"{PREFIX}stories.v1"]


class Holdings:
    """Articles and stories by id; `merged` tells in which story another went up."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, dict[str, Any]]] = {topic: {} for topic in TOPICS}
        self.revisions: dict[tuple[str, str], int] = {}
        self.merged: dict[str, str] = {}

    def take(self, topic: str, key: str, value: bytes | None) -> str | None:
        """Takes a record over what is held; what it changed, or None when we hold a newer one."""
        if value is None:  # a tombstone: withdrawn, take it down
            return f"withdrawn {key}" if self.records[topic].pop(key, None) else None
        record = json.loads(value)
        if record["revision"] <= self.revisions.get((topic, key), 0):  # delivered again, or late
            return None
        self.revisions[topic, key] = record["revision"]
        if "mergedInto" in record:  # what links to this story now leads to the other
            self.records[topic].pop(key, None)
            self.merged[key] = record["mergedInto"]
            return f"merged {key} into {self.story_id(key)}"
        self.merged.pop(key, None)
        self.records[topic][key] = record
        return f"revision {record['revision']} of {key}: {record.get('title', 'a story')}"

    def story_id(self, story_id: str) -> str:
        """The story that goes on for one that may have gone up in another, and that in a third."""
        while story_id in self.merged:
            story_id = self.merged[story_id]
        return story_id


async def main() -> None:
    """Reads until it is stopped. Without read_committed it would see what never came to be."""
    holdings = Holdings()
    consumer = AIOKafkaConsumer(
        *TOPICS,
        bootstrap_servers=SERVERS,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    async with consumer:
        async for record in consumer:
            change = holdings.take(record.topic, record.key.decode(), record.value)
            if change:
                print(change, flush=True)


if __name__ == "__main__":
    asyncio.run(main())

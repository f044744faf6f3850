"""Polls that a worker is handed while its group shares out the partitions."""

import asyncio
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from newsloom.observability.health import Health
from newsloom.observability.metrics import Metrics
from newsloom.runtimes.kafka.worker.shared_memory import AbortCounter, BatchInWork
from newsloom.runtimes.kafka.worker.telemetry import Telemetry
from newsloom.runtimes.kafka.worker.worker import Worker


def test_records_of_a_partition_that_is_not_opened_yet_are_dropped() -> None:
    """Between two rebalances the client may have the partitions of the second one."""

    async def handle() -> bool:
        topic = "news.article-events.v1"
        processor: Any = SimpleNamespace(group="news.enrich", input_topic=topic, access={})
        telemetry = Telemetry(Metrics("enrich"), Health(1), AbortCounter())
        worker = Worker("127.0.0.1:1", processor, telemetry, BatchInWork(), None)
        consumer: Any = SimpleNamespace(is_flowing=lambda: True)
        records = {TopicPartition(topic, 2): [object()]}
        return await worker.handle_batch(consumer, worker.epoch, records)

    assert asyncio.run(handle()) is False

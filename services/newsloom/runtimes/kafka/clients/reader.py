"""Consumers without a group, which read committed records from where they seek to."""

from aiokafka import AIOKafkaConsumer

from newsloom.runtimes.kafka.batches.reading import install
from newsloom.runtimes.kafka.clients.connection import REQUEST_TIMEOUT_MS

FETCH_BYTES = 1024 * 1024
LONG_FETCH_BYTES = 8 * 1024 * 1024
"""For reading a whole partition."""


def new_reader(servers: str, fetch_bytes: int = FETCH_BYTES) -> AIOKafkaConsumer:
    """A consumer, not started. `fetch_bytes` is the most that it fetches of a partition at once.

    The records of a poll may end with an UnreadableBatchError.
    """
    install()
    return AIOKafkaConsumer(
        bootstrap_servers=servers.split(","),
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_partition_fetch_bytes=fetch_bytes,
    )

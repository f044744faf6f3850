"""Brokers for the tests of this folder: those of NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS, else our own."""

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from deploy.kafka.brokers import VARIABLE, Cluster
from tests.support.kafka import Kafka


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap servers, for the whole session."""
    if given := os.environ.get(VARIABLE):
        yield given
        return
    with Cluster(tmp_path_factory.mktemp("kafka"), 1) as cluster:
        yield cluster.bootstrap_servers


@pytest.fixture
def kafka(servers: str) -> Kafka:
    """The brokers, with a topic prefix of the test's own."""
    return Kafka(servers, f"t{uuid4().hex[:8]}.")

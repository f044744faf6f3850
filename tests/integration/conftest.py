"""Fixtures for this folder: brokers from NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS, else started here."""

import os
from uuid import uuid4

import pytest

from deploy.kafka.brokers import VARIABLE
from tests.conftest import BROKER_PORT
from tests.support.kafka import Kafka
from tests.support.shared import ask_for_servers


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> str:
    """Bootstrap servers that all tests of the session share."""
    return os.environ.get(VARIABLE) or ask_for_servers(request.config.stash[BROKER_PORT])


@pytest.fixture
def kafka(servers: str) -> Kafka:
    """The brokers, with a topic prefix that only this test uses."""
    return Kafka(servers, f"t{uuid4().hex[:8]}.")

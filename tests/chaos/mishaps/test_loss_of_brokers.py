"""Three brokers go on when one is dead, and commands tell when two do not answer."""

import time
from collections.abc import Iterator

import pytest

from deploy.kafka.brokers import Cluster
from deploy.kafka.loopback import read_live_brokers
from deploy.kafka.processes import read_start_time
from tests.integration.test_brokers import BOUND_S, ports, wait_until
from tests.support.kafka import Kafka


@pytest.fixture(scope="module")
def three_started_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("three"), brokers=3) as cluster:
        yield cluster
        pids = [pid for number in cluster.numbers if (pid := cluster.pid(number))]
    assert pids
    assert not any(map(read_start_time, pids))


@pytest.fixture
def three(three_started_once: Cluster) -> Cluster:
    """Three brokers that all run and answer."""
    three_started_once.start()
    return three_started_once


def test_two_of_three_brokers_answer_while_the_third_is_dead(three: Cluster) -> None:
    first, second, third = ports(three)
    assert [read_live_brokers(port) for port in (first, second, third)] == [{1, 2, 3}] * 3
    three.kill(2)
    wait_until(lambda: read_live_brokers(first) == {1, 3} == read_live_brokers(third))
    three.restart(2)
    wait_until(lambda: read_live_brokers(first) == {1, 2, 3} == read_live_brokers(third))


def test_three_brokers_survive_one_loss_and_paused_brokers_are_reported(three: Cluster) -> None:
    kafka = Kafka(three.bootstrap_servers, "t.")
    created = kafka.newsloom("topics", "create")
    assert (created.code, created.err) == (0, "")
    produced = kafka.newsloom("produce", "examples/events")
    assert (produced.code, produced.err) == (0, "")
    assert kafka.newsloom("topics", "check").code == 0
    # A write needs two of three replicas, so it succeeds while one broker is dead.
    three.kill(1)
    produced = kafka.newsloom("produce", "examples/events")
    assert (produced.code, produced.out.split("  ")[0]) == (
        0,
        "3 records = 3 delivered + 0 too large",
    )
    for number in (2, 3):
        three.pause(number)
    started_s = time.monotonic()
    check = kafka.newsloom("topics", "check")
    assert time.monotonic() - started_s < BOUND_S
    assert (check.code, len(check.err.splitlines())) == (1, 1)

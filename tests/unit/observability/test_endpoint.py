"""The endpoint over real connections: its paths, its bounds, a port that is taken."""

import socket
import time
from contextlib import suppress

import pytest
from prometheus_client import CollectorRegistry, Gauge

from newsloom.observability.endpoint import MAX_CONNECTIONS, listen, serve
from newsloom.observability.failures import EndpointError
from newsloom.observability.health import Health
from tests.support.endpoint import Answer, ask, scrape


def serving(health: Health, connection_s: float = 15) -> int:
    registry = CollectorRegistry()
    Gauge("newsloom_test", "A value.", registry=registry).set(7)
    listener = listen("127.0.0.1", 0)
    serve(listener, registry, health, connection_s)
    port: int = listener.getsockname()[1]
    return port


def test_each_path_answers_its_own_question() -> None:
    health = Health(stall_s=1)
    port = serving(health)
    assert scrape(port).of("newsloom_test") == 7
    assert ask(port, "/healthz") == Answer(200, "ok")
    assert ask(port, "/readyz") == Answer(503, "starting")
    health.note_ready()
    assert ask(port, "/readyz") == Answer(200, "ok")
    time.sleep(1.2)  # nobody gives a sign of life
    status, said = ask(port, "/healthz")
    assert (status, said[:36]) == (503, "the event loop has not answered for ")
    assert ask(port, "/").status == 404
    assert ask(port, "/metrics/../etc/passwd").status == 404


def test_slow_and_many_clients_neither_stay_nor_keep_others_out() -> None:
    port = serving(Health(stall_s=60, is_ready=True), connection_s=0.5)
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(MAX_CONNECTIONS + 4)]
    for each in slow[:MAX_CONNECTIONS]:
        each.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
    began = time.monotonic()
    for each in slow:
        each.settimeout(5)
        with suppress(ConnectionResetError):
            assert each.recv(1_000) == b"", "it is hung up on"
        each.close()
    assert time.monotonic() - began < 3
    assert ask(port, "/healthz") == Answer(200, "ok")


@pytest.mark.parametrize(
    ("host", "why"),
    [("127.0.0.1", "Address already in use"), ("no-such-host.invalid", "")],
    ids=["a port that is taken", "no address"],
)
def test_where_it_cannot_be_served_one_line_says_what_to_set(host: str, why: str) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EndpointError) as refused:
            listen(host, port)
    said = str(refused.value)
    assert said.startswith(f"cannot serve metrics at {host}:{port}: {why}")
    assert "NEWSLOOM_METRICS_PORT" in said
    assert "\n" not in said

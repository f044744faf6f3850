"""The endpoint over real connections: its paths, its limits, a port in use."""

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


def test_each_path_gives_its_own_answer() -> None:
    health = Health(stall_s=1)
    port = serving(health)
    assert scrape(port).of("newsloom_test") == 7
    assert ask(port, "/healthz") == Answer(200, "ok")
    assert ask(port, "/readyz") == Answer(503, "starting")
    health.note_ready()
    assert ask(port, "/readyz") == Answer(200, "ok")
    health.note_ready(stands_by=True)
    said = "ok: this worker stands by, no partition is assigned to it"
    assert ask(port, "/readyz") == Answer(200, said)
    time.sleep(1.2)  # No event loop calls `beat`.
    status, body = ask(port, "/healthz")
    assert (status, body[:36]) == (503, "the event loop has not answered for ")
    assert ask(port, "/").status == 404
    assert ask(port, "/metrics/../etc/passwd").status == 404


def test_slow_clients_are_disconnected_and_do_not_block_others() -> None:
    port = serving(Health(stall_s=60, is_ready=True), connection_s=0.5)
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(MAX_CONNECTIONS + 4)]
    for client in slow[:MAX_CONNECTIONS]:
        client.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
    began = time.monotonic()
    for client in slow:
        client.settimeout(5)
        with suppress(ConnectionResetError):
            assert client.recv(1_000) == b"", "the server closes the connection"
        client.close()
    assert time.monotonic() - began < 3
    assert ask(port, "/healthz") == Answer(200, "ok")


@pytest.mark.parametrize(
    ("host", "why"),
    [("127.0.0.1", "Address already in use"), ("no-such-host.invalid", "")],
    ids=["a port in use", "no address"],
)
def test_an_unusable_address_gives_one_line_that_names_the_setting(host: str, why: str) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EndpointError) as refused:
            listen(host, port)
    message = str(refused.value)
    assert message.startswith(f"cannot serve metrics at {host}:{port}: {why}")
    assert "NEWSLOOM_METRICS_PORT" in message
    assert "\n" not in message

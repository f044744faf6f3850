"""The endpoint of a worker: `/metrics` for Prometheus, `/healthz` and `/readyz` for who runs it.

In threads of its own, so that it answers when the event loop does not. What a client may hold is
bounded: connections, their time, and by the standard library the size of a request's head.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app

from newsloom.observability.failures import EndpointError
from newsloom.observability.health import Health

MAX_CONNECTIONS = 16
READ_S = 5.0
CONNECTION_S = 15.0
"""Longer than a scrape may take (10 s unless Prometheus is told otherwise)."""

log = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections to be served. Raises EndpointError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=MAX_CONNECTIONS)
    except OSError as error:
        raise EndpointError(
            f"cannot serve metrics at {host}:{port}: {_words(error)}: set another "
            "NEWSLOOM_METRICS_PORT (0 serves none) or NEWSLOOM_METRICS_HOST"
        ) from error


def serve(
    listener: socket.socket,
    registry: CollectorRegistry,
    health: Health,
    connection_s: float = CONNECTION_S,
) -> None:
    """Serves at `listener` from now on, until the process ends."""
    server = _Server(listener, _application(registry, health), connection_s)
    threading.Thread(target=server.serve_forever, name="newsloom-endpoint", daemon=True).start()


def _words(error: OSError) -> str:
    """What the system says, without what Python adds to it."""
    if isinstance(error, socket.gaierror) or error.errno is None:
        return str(error.strerror or error)
    return os.strerror(error.errno)


def _application(registry: CollectorRegistry, health: Health) -> WSGIApplication:
    metrics: WSGIApplication = make_wsgi_app(registry)
    checks = {"/healthz": health.unhealthy, "/readyz": health.unready}

    def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start)
        if path in checks:
            return _answer(start, checks[path])
        return _say(start, "404 Not Found", "/metrics, /healthz or /readyz")

    return application


def _answer(start: StartResponse, check: Callable[[], str | None]) -> Iterable[bytes]:
    why_not = check()
    if why_not is None:
        return _say(start, "200 OK", "ok")
    return _say(start, "503 Service Unavailable", why_not)


def _say(start: StartResponse, status: str, line: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [f"{line}\n".encode()]


class _Handler(WSGIRequestHandler):
    timeout = READ_S

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: probes come every few seconds."""


class _Server(WSGIServer):
    """A thread for each connection, and not many at once."""

    def __init__(
        self, listener: socket.socket, application: WSGIApplication, connection_s: float
    ) -> None:
        host, port = listener.getsockname()[:2]
        super().__init__((host, port), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = host, port
        self.setup_environ()
        self.set_app(application)
        self._connection_s = connection_s
        self._open: dict[socket.socket, float] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serves in a thread; hangs up where there are too many."""
        if len(self._open) >= MAX_CONNECTIONS:
            self.shutdown_request(request)
            return
        self._open[request] = time.monotonic()
        work = threading.Thread(target=self._process, args=(request, client_address), daemon=True)
        work.start()

    def _process(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError as error:
            log.debug("a connection to the endpoint broke: %s", error)
        finally:
            self._open.pop(request, None)
            self.shutdown_request(request)

    def service_actions(self) -> None:
        """Hangs up on who takes too long, byte by byte. Called every half a second."""
        now = time.monotonic()
        for request, began in list(self._open.items()):
            if now - began > self._connection_s:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)  # its thread wakes, and closes it

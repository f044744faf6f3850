"""The HTTP endpoint of a process: `/metrics` for Prometheus, `/healthz` and `/readyz` for probes.

In: a listening socket, a metrics registry and the process's health. Out: responses. It runs in its
own threads, so it also answers while the event loop is busy in Python code. One long call into C
code that holds the interpreter lock blocks these threads too: no page answers until the call
returns. The resources of clients are bounded: the number of connections, their duration and, by the
standard library, the size of a request's header.
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
"""Connections at the same time. A further one is closed at once."""
READ_S = 5.0
"""Seconds to wait for the next bytes of a request."""
CONNECTION_S = 15.0
"""Seconds after which a connection is closed; longer than Prometheus' default timeout of 10 s."""

log = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """Returns a listening socket for `serve`. Raises EndpointError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=MAX_CONNECTIONS)
    except OSError as error:
        raise EndpointError(
            f"cannot serve metrics at {host}:{port}: {_reason(error)}: set another "
            "NEWSLOOM_METRICS_PORT (0 serves none) or NEWSLOOM_METRICS_HOST"
        ) from error


def serve(
    listener: socket.socket,
    registry: CollectorRegistry,
    health: Health,
    connection_s: float = CONNECTION_S,
) -> None:
    """Starts to serve at `listener`, in daemon threads, until the process ends."""
    server = _Server(listener, _application(registry, health), connection_s)
    threading.Thread(target=server.serve_forever, name="newsloom-endpoint", daemon=True).start()


def _reason(error: OSError) -> str:
    """The system's error message, without Python's additions."""
    if isinstance(error, socket.gaierror) or error.errno is None:
        return str(error.strerror or error)
    return os.strerror(error.errno)


def _application(registry: CollectorRegistry, health: Health) -> WSGIApplication:
    metrics: WSGIApplication = make_wsgi_app(registry)
    checks = {"/healthz": health.unhealthy_reason, "/readyz": health.unready_reason}

    def application(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start)
        if path in checks:
            good = health.ready_text if path == "/readyz" else "ok"
            return _respond_to_check(start, checks[path], good)
        return _respond(start, "404 Not Found", "/metrics, /healthz or /readyz")

    return application


def _respond_to_check(
    start: StartResponse, check: Callable[[], str | None], good: str
) -> Iterable[bytes]:
    problem = check()
    if problem is None:
        return _respond(start, "200 OK", good)
    return _respond(start, "503 Service Unavailable", problem)


def _respond(start: StartResponse, status: str, line: str) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [f"{line}\n".encode()]


class _Handler(WSGIRequestHandler):
    timeout = READ_S

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing, as probes arrive every few seconds."""


class _Server(WSGIServer):
    """A server with one thread for each connection, and a limit on their number."""

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
        """Serves the connection in a new thread; closes it if there are too many."""
        if len(self._open) >= MAX_CONNECTIONS:
            self.shutdown_request(request)
            return
        self._open[request] = time.monotonic()
        arguments = request, client_address
        threading.Thread(target=self._process, args=arguments, daemon=True).start()

    def _process(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError as error:
            log.debug("a connection to the endpoint failed: %s", error)
        finally:
            self._open.pop(request, None)
            self.shutdown_request(request)

    def service_actions(self) -> None:
        """Closes connections that last too long. `serve_forever` calls it every half second."""
        now = time.monotonic()
        for request, began in list(self._open.items()):
            if now - began > self._connection_s:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)  # its thread wakes up and closes it

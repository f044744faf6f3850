"""What several test processes share: one Kafka broker, and folders that are filled once.

In: requests for the broker's address; functions that fill folders. Out: bootstrap servers, and
folders. The process that started the test run owns the broker. The broker starts at the first
request, and never outlives its owner.
"""

import fcntl
import json
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Lock, Thread

from deploy.kafka.brokers import Cluster
from deploy.kafka.loopback import HOST

ANSWER_S = 660.0
"""The longest wait for the broker; the first start includes a download of Kafka by Maven."""


class SharedBroker:
    """A broker that starts when any process first calls `ask_for_servers`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._folder: Path | None = None
        self._cluster: Cluster | None = None
        broker = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(json.dumps(broker._answer()).encode())

        self._server = ThreadingTCPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        """The loopback port that answers requests for the broker's address."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stops the broker, if it was started, and removes its folder."""
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            if self._cluster is not None:
                self._cluster.stop()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

    def _answer(self) -> dict[str, str]:
        with self._lock:
            try:
                if self._cluster is None:
                    self._folder = self._folder or Path(tempfile.mkdtemp(prefix="newsloom-tests-"))
                    cluster = Cluster(self._folder, 1)
                    cluster.start()
                    self._cluster = cluster
                return {"servers": self._cluster.bootstrap_servers}
            except Exception as error:  # the test that sent the request reports it
                return {"error": f"{type(error).__name__}: {error}"}


def ask_for_servers(port: int) -> str:
    """The bootstrap servers of the shared broker; RuntimeError if it cannot start."""
    with (
        socket.create_connection((HOST, port), ANSWER_S) as connection,
        connection.makefile("rb") as stream,
    ):
        answer: dict[str, str] = json.loads(stream.read())
    if "error" in answer:
        raise RuntimeError(f"the Kafka broker of the tests did not start: {answer['error']}")
    return answer["servers"]


def make_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """Returns `folder`, which `make` fills in the first process that calls this; others wait.

    The files in it are read-only. If `make` fails, the next process tries again.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder.with_suffix(".done")
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder

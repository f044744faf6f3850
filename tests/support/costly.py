"""Selects the tests of a quick run, and checks that they start no expensive program.

In: the path of a test, and the programs that it starts. Out: an AssertionError if a test outside
tests/integration and tests/chaos starts a broker, a browser or a namespace. Every run checks this,
so a quick run never needs such a program.
"""

import sys
from pathlib import PurePath

QUICK = (
    "tests/unit/",
    "tests/property/",
    "tests/golden/",
    "tests/e2e/test_metrics_port.py",
    "tests/e2e/test_settings.py",
)
"""The folders and files whose tests a quick run includes."""

COSTLY = {"brokers.py", "java", "mvn", "prometheus", "unshare"} | {
    "chrome", "chromium", "firefox", "google-chrome", "playwright"
}  # fmt: skip
"""Programs that only the tests in these two folders may start."""

_running = ""


def is_quick(node_id: str) -> bool:
    """Whether a quick run includes a test."""
    return node_id.startswith(QUICK)


def watch() -> None:
    """Starts to check every program that this process starts. It cannot be undone."""
    sys.addaudithook(_check)


def set_running(node_id: str) -> None:
    """Sets the test that runs now."""
    global _running
    _running = node_id


def _check(event: str, arguments: tuple[object, ...]) -> None:
    if event != "subprocess.Popen" or not _running.startswith("tests/"):
        return
    if _running.startswith(("tests/integration/", "tests/chaos/")):
        return
    program, command = arguments[0], arguments[1]
    words = command if isinstance(command, (list, tuple)) else [command]
    costly = {PurePath(str(word)).name for word in (program, *words)} & COSTLY
    assert not costly, f"{_running} starts {', '.join(costly)}: move it to tests/integration"

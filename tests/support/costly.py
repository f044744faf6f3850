"""Which tests a quick run leaves out, and a watch over those that it keeps.

In: the path of a test, and the programs that it starts. Out: an AssertionError when a test outside
tests/integration starts a broker, a browser or a namespace, in every run: so a quick run needs
none of them.
"""

import sys
from pathlib import PurePath

QUICK = (
    "tests/unit/",
    "tests/property/",
    "tests/golden/",
    "tests/e2e/test_explain.py",
    "tests/e2e/test_metrics_port.py",
    "tests/e2e/test_settings.py",
)
"""The folders and files of a quick run."""

COSTLY = {"brokers.py", "java", "mvn", "prometheus", "unshare"} | {
    "chrome", "chromium", "firefox", "google-chrome", "playwright"
}  # fmt: skip
"""Programs that only tests in tests/integration may start."""

_running = ""


def is_quick(node_id: str) -> bool:
    """Whether a quick run keeps a test."""
    return node_id.startswith(QUICK)


def watch() -> None:
    """Begins to watch what this process starts; there is no end to it but that of the process."""
    sys.addaudithook(_check)


def set_running(node_id: str) -> None:
    """Names the test that runs from now on."""
    global _running
    _running = node_id


def _check(event: str, arguments: tuple[object, ...]) -> None:
    if event != "subprocess.Popen" or not _running.startswith("tests/"):
        return
    if _running.startswith("tests/integration/"):
        return
    program, words = arguments[0], arguments[1]
    listed = words if isinstance(words, (list, tuple)) else [words]
    found = {PurePath(str(word)).name for word in (program, *listed)} & COSTLY
    assert not found, f"{_running} starts {', '.join(found)}: move it to tests/integration"

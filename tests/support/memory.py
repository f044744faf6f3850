"""Measures how much memory a piece of work needs at most."""

from collections.abc import Callable
from pathlib import Path

from tests.support.processes import memory_kib


def peak_bytes(work: Callable[[], object]) -> int:
    """The most resident memory during `work`, above that at its beginning (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")
    before = memory_kib("self", "VmRSS")
    work()
    return 1024 * (memory_kib("self", "VmHWM") - before)

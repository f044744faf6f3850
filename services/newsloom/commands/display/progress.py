"""Progress of a long command: a bar on a terminal, else a line of text every few seconds.

Progress goes to standard error; standard output is for results.
"""

import time

from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from newsloom.commands.display.terminal import ProgressConsole

LINE_EVERY_S = 5.0
"""Seconds between two lines of text."""


class _RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        rate = task.fields["inputs"] / task.elapsed if task.elapsed else 0.0
        return Text(f"{task.fields['inputs']:,} events, {rate:,.0f}/s")


class ProgressView:
    """Shows how much of the input is done. Use it as a context manager.

    `total_bytes` is the size of all inputs, None if it is not known: then neither a percentage nor
    the time left is shown.
    """

    def __init__(self, total_bytes: int | None, is_quiet: bool, label: str = "curating") -> None:
        self._label = label
        self._total_bytes = total_bytes
        self._is_quiet = is_quiet
        self._console = ProgressConsole()
        self._began = self._line_at = time.monotonic()
        self._inputs = self._bytes = 0
        self._bar: Progress | None = None

    def __enter__(self) -> "ProgressView":
        if self._console.is_terminal and not self._is_quiet:
            percentage = "{task.percentage:>3.0f}%" if self._total_bytes else ""
            columns = TextColumn(self._label), BarColumn(), TextColumn(percentage), _RateColumn()
            remaining = TimeRemainingColumn()
            self._bar = Progress(*columns, remaining, console=self._console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total_bytes or None, inputs=0)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def elapsed_s(self) -> float:
        """Seconds since this object was created."""
        return time.monotonic() - self._began

    def advance(self, inputs: int, input_bytes: int) -> None:
        """Adds inputs that are done, and their size in bytes."""
        self._inputs += inputs
        self._bytes += input_bytes
        if self._bar is not None:
            self._bar.update(self._task, advance=input_bytes, inputs=self._inputs)
        elif not self._is_quiet and time.monotonic() - self._line_at >= LINE_EVERY_S:
            self._line_at = time.monotonic()
            self._console.print(self._line(), highlight=False)

    def warn(self, message: str) -> None:
        """Prints a message of one line, also if progress is not shown."""
        self._console.print(f"newsloom: {message}", markup=False, highlight=False, soft_wrap=True)

    def _line(self) -> str:
        rate = self._inputs / self.elapsed_s
        line = f"{self._inputs:,} events, {rate:,.0f}/s"
        if self._total_bytes and self._bytes:
            left_s = self.elapsed_s * max(0, self._total_bytes - self._bytes) / self._bytes
            line += f", {100 * self._bytes // self._total_bytes} %, {left_s:.0f} s left"
        return line

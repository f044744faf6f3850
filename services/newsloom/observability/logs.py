"""Logs of workers: what modules say through `logging` goes in, lines on standard error come out.

Lines to read, or an object a line. What a record's line holds beyond its message is in `fields`:
ids and numbers, never a payload.
"""

import asyncio
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

Format = Literal["text", "json"]
FIELDS = "fields"
"""The name under which a line's further fields are given: `extra=fields(id=…)`."""


def fields(**named: object) -> dict[str, dict[str, object]]:
    """Further fields of a log line, for `extra`; those that are None are left out."""
    return {FIELDS: {name: value for name, value in named.items() if value is not None}}


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = "".join(f" {name}={_shown(value)}" for name, value in _fields_of(record).items())
        line = f"newsloom: {' '.join(record.getMessage().split())}{said}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _Json(logging.Formatter):
    def __init__(self, stage: str | None) -> None:
        super().__init__()
        self._stage = {"stage": stage} if stage else {}

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            **self._stage,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields_of(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _shown(value: object) -> str:
    """What others chose is quoted: it may hold anything."""
    text = str(value)
    return text if text.isprintable() and " " not in text else json.dumps(text)


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    return getattr(record, FIELDS, {})


def _is_news(record: logging.LogRecord) -> bool:
    """Not so that a task was told to end, which Faust calls a crash while a worker drains."""
    told = (*(record.args or ()), *(record.exc_info or ()))
    return not any(isinstance(each, asyncio.CancelledError) for each in told)


def set_up_logs(form: Format, level: str, stage: str | None = None) -> None:
    """Logs to the process's real standard error from now on: Faust may have taken the other.

    Of libraries only what is at least an error.
    """
    handler = logging.StreamHandler(sys.__stderr__)
    handler.addFilter(_is_news)
    handler.setFormatter(_Json(stage) if form == "json" else _Text())
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    logging.getLogger("newsloom").setLevel(level.upper())
    # What these say of an outage is told once, by the error it ends with. Faust logs under the
    # name of the module that holds its subclass; under load it thinks its thread is dead.
    for name in ("aiokafka", "newsloom.runtimes.kafka.worker.consumer"):
        logging.getLogger(name).setLevel(logging.CRITICAL)

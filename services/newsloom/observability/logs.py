"""The logs of workers.

In: records of Python's `logging`. Out: lines on standard error, as text or as one JSON object a
line. A log call passes ids and numbers in `fields`, never a payload.
"""

import asyncio
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

Format = Literal["text", "json"]
FIELDS = "fields"
"""The attribute of a log record that holds its fields: `log.info(…, extra=fields(id=…))`."""


def fields(**named: object) -> dict[str, dict[str, object]]:
    """The value of `extra` for a log line with these fields, without those that are None."""
    return {FIELDS: {name: value for name, value in named.items() if value is not None}}


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        pairs = "".join(f" {name}={_quoted(value)}" for name, value in _fields_of(record).items())
        line = f"newsloom: {' '.join(record.getMessage().split())}{pairs}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _Json(logging.Formatter):
    def __init__(self, stage: str | None) -> None:
        super().__init__()
        self._stage = {"stage": stage} if stage else {}

    def format(self, record: logging.LogRecord) -> str:
        created_at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            **self._stage,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields_of(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _quoted(value: object) -> str:
    """The value as text, quoted if it contains spaces or unprintable characters."""
    text = str(value)
    return text if text.isprintable() and " " not in text else json.dumps(text)


def _fields_of(record: logging.LogRecord) -> dict[str, Any]:
    return getattr(record, FIELDS, {})


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """False for a cancelled task, which Faust logs as a crash while a worker shuts down."""
    values = (*(record.args or ()), *(record.exc_info or ()))
    return not any(isinstance(value, asyncio.CancelledError) for value in values)


def _is_no_remnant(record: logging.LogRecord) -> bool:
    """False for what the Kafka client leaves behind when it fails: its error is reported anyway."""
    if record.name != "asyncio":
        return True
    error = record.exc_info[1] if record.exc_info else None
    is_of_client = type(error).__module__.partition(".")[0] == "aiokafka"
    return not (is_of_client or record.getMessage().startswith("Unclosed AIOKafka"))


def set_up_logs(form: Format, level: str, stage: str | None = None) -> None:
    """Logs to the process's original standard error, because Faust may replace `sys.stderr`.

    `level` applies to Newsloom's own loggers. Libraries log only errors.
    """
    handler = logging.StreamHandler(sys.__stderr__)
    handler.addFilter(_is_no_cancellation)
    handler.addFilter(_is_no_remnant)
    handler.setFormatter(_Json(stage) if form == "json" else _Text())
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    logging.getLogger("newsloom").setLevel(level.upper())
    # These loggers repeat an outage many times; the error that ends the worker reports it once.
    # Faust logs under the name of the module that subclasses it, and under load it reports wrongly
    # that its thread is dead.
    for name in ("aiokafka", "newsloom.runtimes.kafka.worker.consumer"):
        logging.getLogger(name).setLevel(logging.CRITICAL)

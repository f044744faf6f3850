"""Log lines as text and as JSON, and what they never contain."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from newsloom.observability.logs import Format, _is_no_remnant, _Json, _Text, fields


def _log_line(form: Format, message: str, error: bool = False, **named: object) -> str:
    formatter = _Json("enrich") if form == "json" else _Text()
    try:
        raise ValueError("a bug") if error else KeyError
    except (ValueError, KeyError):
        info = sys.exc_info() if error else None
    log = logging.getLogger("newsloom.test")
    record = log.makeRecord(log.name, 20, "", 0, message, (), info, None, fields(**named))
    return formatter.format(record)


@pytest.mark.parametrize(
    ("named", "line"),
    [
        ({"id": "ab12", "count": 3}, "newsloom: dead letter id=ab12 count=3"),
        ({"field": None}, "newsloom: dead letter"),
        ({"detail": "two words"}, 'newsloom: dead letter detail="two words"'),
        ({"source": "x\ny\x1b[2J"}, 'newsloom: dead letter source="x\\ny\\u001b[2J"'),
    ],
    ids=["plain", "None is omitted", "words are quoted", "line ends and colours are escaped"],
)
def test_the_text_form_of_a_line(named: dict[str, Any], line: str) -> None:
    assert _log_line("text", "dead\n letter", **named) == line


def test_what_the_kafka_client_leaves_behind_is_no_line() -> None:
    def remnant(message: str, error: Exception | None = None, name: str = "asyncio") -> bool:
        info = (type(error), error, None) if error else None
        return not _is_no_remnant(logging.LogRecord(name, 40, "", 0, message, (), info))

    assert remnant("Unclosed AIOKafkaConsumer\nconsumer: <object at 0x1>")
    assert remnant("Future exception was never retrieved", KafkaError("gone"))
    assert not remnant("Task exception was never retrieved", ValueError("a bug"))
    assert not remnant("Unclosed AIOKafkaConsumer", name="newsloom")


def test_the_json_form_is_one_object_a_line() -> None:
    line = _log_line("json", "dead letter", id="ab12", source="a\nb\ud800")
    assert "\n" not in line
    entry = json.loads(line)
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "level": "info",
        "stage": "enrich",
        "logger": "newsloom.test",
        "message": "dead letter",
        "id": "ab12",
        "source": "a\nb\ud800",
    }


def test_an_exception_is_part_of_its_line() -> None:
    line = _log_line("json", "ended by", error=True)
    assert "\n" not in line
    assert json.loads(line)["exception"].endswith("ValueError: a bug")
    assert _log_line("text", "ended by", error=True).startswith("newsloom: ended by\nTraceback")


def test_a_cancelled_task_is_not_logged_as_a_crash(capfd: pytest.CaptureFixture[str]) -> None:
    program = (
        "import asyncio, logging; from newsloom.observability.logs import set_up_logs\n"
        "set_up_logs('text', 'warning'); log = logging.getLogger('mode.services')\n"
        "for reason in (asyncio.CancelledError(), ValueError('a bug')):\n"
        "    log.error('Crashed reason=%r', reason)\n"
        "try: raise asyncio.CancelledError\n"
        "except asyncio.CancelledError: log.exception('ended')"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert capfd.readouterr().err == "newsloom: Crashed reason=ValueError('a bug')\n"

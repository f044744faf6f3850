"""Log lines for people and for programs, and what is never in them."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from newsloom.observability.logs import Format, _Json, _Text, fields


def _said(form: Format, message: str, error: bool = False, **named: object) -> str:
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
    ids=["plain", "none is left out", "words are quoted", "no line or colour of others' making"],
)
def test_lines_to_read(named: dict[str, Any], line: str) -> None:
    assert _said("text", "dead\n letter", **named) == line


def test_an_object_a_line() -> None:
    line = _said("json", "dead letter", id="ab12", source="a\nb\ud800")
    assert "\n" not in line
    said = json.loads(line)
    assert said.pop("time").endswith("Z")
    assert said == {
        "level": "info",
        "stage": "enrich",
        "logger": "newsloom.test",
        "message": "dead letter",
        "id": "ab12",
        "source": "a\nb\ud800",
    }


def test_an_exception_stays_in_its_line() -> None:
    line = _said("json", "ended by", error=True)
    assert "\n" not in line
    assert json.loads(line)["exception"].endswith("ValueError: a bug")
    assert _said("text", "ended by", error=True).startswith("newsloom: ended by\nTraceback")


def test_a_task_that_was_told_to_end_is_no_crash(capfd: pytest.CaptureFixture[str]) -> None:
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

"""Printable texts: nothing in a text can control the terminal or reorder its line."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import newsloom.commands
from newsloom.commands.display.printable import print_error, printable, printable_json

DANGEROUS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ferry aground", "Ferry aground"),
        ("https://a.example/\x9b2J\u202egpj.exe", "https://a.example/·2J·gpj.exe"),
        ("a\x1b[31mb\r\nc", "a·[31mb··c"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("[bold]not markup[/]", "[bold]not markup[/]"),
    ],
    ids=["plain", "C1 and override", "escape and line break", "joiner", "markup"],
)
def test_characters_that_control_a_line_are_replaced(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_no_text_contains_a_dangerous_character_when_it_is_printed(text: str) -> None:
    assert not DANGEROUS.search(printable(text))
    assert len(printable(text)) == len(text)


@given(st.dictionaries(st.text(), st.text() | st.integers()))
def test_printable_json_has_the_same_value(record: dict[str, str | int]) -> None:
    encoded = json.dumps(record, ensure_ascii=False, indent=1).encode("utf-8", "replace")
    shown = printable_json(encoded)
    assert json.loads(shown) == json.loads(encoded)
    assert not DANGEROUS.search(shown.replace("\n", ""))


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_error("no live article has the URL \x1b]0;owned\x07\u202e\n")
    assert capsys.readouterr().err == "newsloom: no live article has the URL ·]0;owned···\n"


def test_commands_build_console_texts_only_with_plain() -> None:
    folder = Path(newsloom.commands.__file__).parent
    allowed = {"display/terminal.py", "display/progress.py"}
    direct = {
        name
        for path in sorted(folder.rglob("*.py"))
        if re.search(r"\bText\(", path.read_text("utf-8"))
        and (name := path.relative_to(folder).as_posix()) not in allowed
    }
    assert direct == set()

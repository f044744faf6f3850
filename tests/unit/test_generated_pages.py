"""The pages about records and configuration name every field and setting, and only what exists."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from newsloom.cli import COMMANDS, newsloom
from newsloom.commands.configuration_page import FLAGS, configuration_page
from newsloom.commands.schemas import DOCUMENTS
from newsloom.commands.unseal import EXIT_ALTERED, EXIT_NO_KEY
from newsloom.records.records_page import EXAMPLES, HEADINGS, records_page
from newsloom.records.schema_text import bounds_text, cell, type_text
from newsloom.records.schemas import READERS, published_schema
from newsloom.settings import Settings

ROOT = Path(__file__).parents[2]
OWN_OPTIONS = {("run", "metrics_port")}
"""Options with the name of a setting that are not the setting's flag."""


def _objects(name: str) -> dict[str, dict[str, Any]]:
    """The objects of a schema by name, the record itself included if it is one object."""
    schema = published_schema(name)
    own = {schema["title"]: schema} if "properties" in schema else {}
    return {**own, **schema.get("$defs", {})}


def _sections(page: str) -> dict[str, str]:
    """The text below each heading."""
    parts = re.split(r"^#+ (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", READERS)
def test_every_field_of_every_record_has_a_description(name: str) -> None:
    missing = [
        f"{title}.{field}"
        for title, found in _objects(name).items()
        for field, schema in found["properties"].items()
        if not schema.get("description")
    ]
    assert missing == []


@pytest.mark.parametrize("name", READERS)
def test_the_page_has_a_row_for_every_field(name: str) -> None:
    sections = _sections(records_page())
    for title, found in _objects(name).items():
        heading = re.sub(r"(?<=[a-z])([A-Z])", lambda m: f" {m[0].lower()}", title)
        text = sections[HEADINGS[name] if title == "Dead letter" else heading]
        rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (yes|no) \|", text, flags=re.MULTILINE)
        required = found.get("required", [])
        assert rows == [(f, "yes" if f in required else "no") for f in found["properties"]]


def test_links_of_the_pages_lead_to_a_heading_or_a_file() -> None:
    for page in (path for path in DOCUMENTS if path.endswith(".md")):
        text = DOCUMENTS[page]()
        headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
        anchors = [heading.lower().replace(" ", "-").replace(".", "") for heading in headings]
        assert len(set(anchors)) == len(anchors), "two headings would share an anchor"
        for target in re.findall(r"\]\(([^)]+)\)", text):
            path, _, anchor = target.partition("#")
            if path:
                assert (ROOT / "docs" / path).exists(), target
            else:
                assert anchor in anchors, target


def test_each_schema_has_a_folder_of_examples() -> None:
    assert EXAMPLES.keys() == HEADINGS.keys() == READERS.keys()
    assert all(any((ROOT / "schemas/examples" / name).iterdir()) for name in EXAMPLES.values())


# case: (schema of a field, its type, its bounds)
FIELDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "null is left out": ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string", ""),
    "an object is a link": (
        {"$ref": "#/$defs/StoryArticle", "description": "x"},
        "[Story article](#story-article)",
        "",
    ),
    "an array has bounds of its items": (
        {"type": "array", "items": {"type": "string", "maxLength": 1000}},
        "array of string",
        "each: at most 1,000 characters",
    ),
    "a range": ({"type": "integer", "minimum": 0, "maximum": 200}, "integer", "0 to 200"),
    "one bound": ({"type": "integer", "maximum": 9}, "integer", "at most 9"),
    "a bound that is no value": (
        {"type": "number", "exclusiveMinimum": 0, "maximum": 3600},
        "number",
        "more than 0; at most 3,600",
    ),
    "a closed list": ({"type": "string", "enum": ["a", "b"]}, "string", "one of `a`, `b`"),
    "a constant": ({"type": "boolean", "const": True}, "boolean", "always `true`"),
    "a pattern": ({"type": "string", "pattern": "^a|b$"}, "string", "pattern `^a|b$`"),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_field_is_described(case: str) -> None:
    field, kind, bounds = FIELDS[case]
    assert (type_text(field), bounds_text(field)) == (kind, bounds)
    assert not re.search(r"(?<!\\)\|", cell(bounds))


def test_the_page_has_a_row_for_every_setting() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", configuration_page(), flags=re.MULTILINE)
    assert rows == [(name, f"NEWSLOOM_{name.upper()}") for name in Settings.model_fields]
    assert all(field.description for field in Settings.model_fields.values())


def _options(name: str) -> dict[str, click.Parameter]:
    command = newsloom.get_command(click.Context(newsloom), name)
    assert command is not None
    return {str(parameter.name): parameter for parameter in command.params}


def test_flags_are_those_of_the_commands() -> None:
    found = {
        (command, setting)
        for command in COMMANDS
        for setting in _options(command).keys() & Settings.model_fields.keys()
    }
    listed = {(command, setting) for setting in FLAGS for command in FLAGS[setting][1]}
    assert found - OWN_OPTIONS == listed
    for setting, (flag, commands) in FLAGS.items():
        assert all(flag in _options(command)[setting].opts for command in commands)


def test_the_page_lists_the_exit_codes() -> None:
    listed = set(map(int, re.findall(r"^\| (\d+) \| ", configuration_page(), flags=re.MULTILINE)))
    assert listed == {0, 1, 2, EXIT_NO_KEY, EXIT_ALTERED, 130, 143}


@pytest.mark.parametrize("page", [records_page, configuration_page])
def test_no_line_of_text_is_too_long(page: Callable[[], str]) -> None:
    lines = page().splitlines()
    assert [line for line in lines if len(line) > 100 and not line.startswith("|")] == []

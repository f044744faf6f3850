"""Reads a file of story weights.

In: a TOML file with the tables of rules/story_weights.toml. Out: StoryWeights; a weight that the
file does not name keeps its default. A mistake raises an error that names the file, the line and
the fix. It never writes a file.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from newsloom.adapters.failures import WeightsError
from newsloom.adapters.toml_text import TomlError, parse_toml
from newsloom.rules.evidence import (
    DEFAULT_WEIGHTS,
    WEIGHTS_FILE,
    StoryWeights,
    story_weights,
    weight_tables,
)

MAX_FILE_BYTES = 64 * 1024
MAX_WEIGHT = 1_000_000
"""In thousandths. No sensible weight comes near this bound: a larger one is a typing error."""

_HEADER = re.compile(r"\s*\[\s*([\w-]+)\s*\]")


def load_story_weights(path: Path | None) -> StoryWeights:
    """The weights of the file at `path`, or the default ones if it is None. Raises WeightsError."""
    if path is None:
        return DEFAULT_WEIGHTS
    content = _read(path)
    try:
        parsed = parse_toml(content)
    except TomlError as error:
        fix = error.fix or "write cosine = 9000 below [join]"
        raise WeightsError(f"{path}:{error.line}: {error.problem}; {fix}") from error
    text, tables = content.decode(), weight_tables(DEFAULT_WEIGHTS)
    for table, weights in parsed.items():
        if table not in tables or not isinstance(weights, dict):
            known = " and ".join(f"[{name}]" for name in tables)
            raise _mistake(path, _line_of(text, None, table), f'"{table}" is unknown', known)
        for name, weight in weights.items():
            _check_weight(path, _line_of(text, table, name), table, tables[table], name, weight)
        tables[table] |= weights
    return story_weights(tables)


def _check_weight(
    path: Path, line: int, table: str, defaults: Mapping[str, int], name: str, weight: object
) -> None:
    if name not in defaults:
        known = ", ".join(defaults)
        raise _mistake(path, line, f'"{name}" is not a weight of [{table}]', known)
    if type(weight) is not int or abs(weight) > MAX_WEIGHT:
        form = f"{name} = {defaults[name]}, a whole number of thousandths"
        raise _mistake(path, line, f'"{name}" is {weight!r:.40}', form)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        fix = "name an existing TOML file of story weights"
        raise WeightsError(f"{path}: cannot be read ({error.strerror}); {fix}") from error
    if len(content) > MAX_FILE_BYTES:
        fix = f"name a file of story weights, such as {WEIGHTS_FILE.name}"
        raise WeightsError(f"{path}: is larger than 64 KiB; {fix}")
    return content


def _mistake(path: Path, line: int, problem: str, form: str) -> WeightsError:
    return WeightsError(f"{path}:{line}: {problem}; write {form}")


def _line_of(text: str, table: str | None, name: str) -> int:
    """The 1-based line of a name in a table; else that of the table's header; else 1."""
    current, found = None, 1
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            current = header[1]
            found = number if current == (table or name) else found
        if current == table and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[=.]", line):
            return number
    return found

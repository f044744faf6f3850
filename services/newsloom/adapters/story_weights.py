"""A file of weights of the evidence for stories: TOML a person edits in, StoryWeights out.

The form is that of rules/story_weights.toml; what a file leaves out weighs what it does there. A
mistake is refused, and told by file, line and mend. It never writes a file.
"""

import re
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
"""So far from any that makes sense that more of it is a slip."""

_HEADER = re.compile(r"\s*\[\s*([\w-]+)\s*\]")


def load_story_weights(path: Path | None) -> StoryWeights:
    """The weights of a file, or those that come with Newsloom; raises WeightsError."""
    if path is None:
        return DEFAULT_WEIGHTS
    content = _read(path)
    try:
        parsed = parse_toml(content)
    except TomlError as error:
        mend = error.mend or "write cosine = 9000 below [join]"
        raise WeightsError(f"{path}:{error.line}: {error.what}; {mend}") from error
    text, tables = content.decode(), weight_tables(DEFAULT_WEIGHTS)
    for table, weights in parsed.items():
        if table not in tables or not isinstance(weights, dict):
            known = " and ".join(f"[{name}]" for name in tables)
            raise _mistake(path, _line_of(text, None, table), f'"{table}" is unknown', known)
        for name, weight in weights.items():
            line = _line_of(text, table, name)
            if name not in tables[table]:
                known = ", ".join(tables[table])
                raise _mistake(path, line, f'"{name}" is no evidence of [{table}]', known)
            if type(weight) is not int or abs(weight) > MAX_WEIGHT:
                form = f"{name} = {tables[table][name]}, a whole number of thousandths"
                raise _mistake(path, line, f'"{name}" is {weight!r:.40}', form)
        tables[table] |= weights
    return story_weights(tables)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise WeightsError(
            f"{path}: cannot be read ({error.strerror}); name a TOML file of story weights that "
            "is there"
        ) from error
    if len(content) > MAX_FILE_BYTES:
        raise WeightsError(f"{path}: is larger than 64 KiB; name a file like {WEIGHTS_FILE.name}")
    return content


def _mistake(path: Path, line: int, what: str, form: str) -> WeightsError:
    return WeightsError(f"{path}:{line}: {what}; write {form}")


def _line_of(text: str, table: str | None, name: str) -> int:
    """The line, from 1, on which a name stands in a table, or its header does."""
    within, found = None, 1
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            within = header[1]
            found = number if within == (table or name) else found
        if within == table and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[=.]", line):
            return number
    return found

"""Reads one catalogue file: its bytes, its tables, and the line of each entry.

In: a TOML file, and the shape that its tables must have. Out: the tables, or a CatalogueError for
the first mistake, with the file, the line and the fix. It does not know what the tables mean.
"""

import re
from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from reprlib import repr as short_repr
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from newsloom.adapters.toml_text import TomlError, parse_toml

MAX_FILE_BYTES = 16 * 1024 * 1024

_HEADER = re.compile(r"\s*\[\[\s*(\w+)\s*\]\]")
_Shape = TypeVar("_Shape", bound=BaseModel)


class CatalogueError(ValueError):
    """The catalogue cannot be used. The message names the file, the line and the fix."""


class CatalogueFile:
    """A catalogue file, read completely.

    `forms` has an example for each key, and `keys` the keys that each table allows. A block is one
    `[[table]]` of the file.
    """

    def __init__(
        self, file: Traversable | Path, forms: Mapping[str, str], keys: Mapping[str, Sequence[str]]
    ) -> None:
        """Reads the file. Raises CatalogueError if it cannot be read or is larger than 16 MiB."""
        self._file = file
        self._forms = forms
        self._keys = keys
        self.content = _read(file)
        # In TOML only \n ends a line; `splitlines` would split at U+2028 too.
        self._lines = self.content.decode(errors="replace").split("\n")
        headers = ((number, _HEADER.match(line)) for number, line in enumerate(self._lines, 1))
        self._headers = [(number, header[1]) for number, header in headers if header]

    def read(self, shape: type[_Shape]) -> _Shape:
        """Returns the tables of the file, validated against `shape`. Raises CatalogueError."""
        try:
            return shape.model_validate(parse_toml(self.content))
        except TomlError as error:
            fix = error.fix or 'write key = "value", one a line, each key once in its block'
            raise self._mistake(error.line, error.problem, fix) from error
        except ValidationError as error:
            raise self._shape_mistake(shape, error) from error

    def mistake(self, table: str, entry: int, text: str, problem: str, fix: str) -> CatalogueError:
        """The error for a `text` in block number `entry` (from 0) of a table."""
        return self._mistake(self.line_of(table, entry, text), problem, fix)

    def missing(self, table: str, entry: int, key: str) -> CatalogueError:
        """The error for a key that is missing in a block."""
        return self.mistake(table, entry, "", f'"{key}" is missing', f"add {self._forms[key]}")

    def refuse_repeats(self, table: str, key: str, values: Sequence[str]) -> None:
        """Raises CatalogueError if two blocks of the file have the same value of `key`."""
        first: dict[str, int] = {}
        for entry, value in enumerate(values):
            if first.setdefault(value, entry) != entry:
                line = self.line_of(table, first[value], value)
                problem = f'the {key} "{value}" is already on line {line}'
                raise self.mistake(table, entry, value, problem, "merge the two blocks")

    def line_of(self, table: str | None, entry: int | None, text: str = "") -> int:
        """The 1-based line on which a block first contains `text`, else where the block begins."""
        headers = [index for index, (_, name) in enumerate(self._headers) if name == table]
        start, end = 1, len(self._lines) + 1
        # An inline array has no headers, and a misplaced key has no block: search the whole file.
        if entry is not None and entry < len(headers):
            index = headers[entry]
            start = self._headers[index][0]
            end = self._headers[index + 1][0] if index + 1 < len(self._headers) else end
        mention = re.compile(rf"(?<![\w.-]){re.escape(text)}(?![\w.-])")
        for number in range(start, end):
            line = self._lines[number - 1]
            if text and mention.search(line) and not line.lstrip().startswith("#"):
                return number
        return start

    def _mistake(self, line: int, problem: str, fix: str) -> CatalogueError:
        return CatalogueError(f"{self._file}:{line}: {problem}; {fix}")

    def _shape_mistake(self, shape: type[BaseModel], error: ValidationError) -> CatalogueError:
        # A misspelt key is also reported as missing. The misspelling is what must be fixed.
        faults = error.errors(include_url=False)
        fault = min(faults, key=lambda fault: fault["type"] != "extra_forbidden")
        entry = next((part for part in fault["loc"] if isinstance(part, int)), None)
        *outer, key = [part for part in fault["loc"] if isinstance(part, str)]
        table = outer[0] if outer else None
        if fault["type"] == "extra_forbidden":
            known = self._keys[outer[-1]] if outer else shape.model_fields
            fix = f"write one of {', '.join(known)}"
            line = self.line_of(table, entry, key)
            return self._mistake(line, f'the key "{key}" is unknown', fix)
        form = next(self._forms[part] for part in (key, *reversed(outer)) if part in self._forms)
        if fault["type"] == "missing":
            line = self.line_of(table, entry)
            return self._mistake(line, f'"{key}" is missing', f"add {form}")
        problem = f'"{key}" is {short_repr(fault["input"])}'
        return self._mistake(self.line_of(table, entry, key), problem, f"write {form}")


def _read(file: Traversable | Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content: bytes = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        fix = "name an existing TOML file of providers or topics"
        raise CatalogueError(f"{file}: cannot be read ({error.strerror}); {fix}") from error
    if len(content) > MAX_FILE_BYTES:
        raise CatalogueError(f"{file}: is larger than 16 MiB; name a TOML file of providers")
    return content

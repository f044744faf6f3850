"""A file of the catalogue as text: its bytes, its blocks, and on which line something stands.

In: a TOML file and the shape its blocks must have. Out: the blocks, or the first mistake by file,
line and mend. It knows nothing of what the blocks mean.
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
    """A catalogue that cannot be used. The message names the file, the line and the mend."""


class CatalogueFile:
    """A file, read whole. `forms` says how each key is written, `keys` which a table takes."""

    def __init__(
        self,
        file: Traversable | Path,
        forms: Mapping[str, str],
        keys: Mapping[str, Sequence[str]],
    ) -> None:
        """Raises CatalogueError if the file cannot be read."""
        self._file = file
        self._forms = forms
        self._keys = keys
        try:
            with file.open("rb") as stream:
                self.content: bytes = stream.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise CatalogueError(
                f"{file}: cannot be read ({error.strerror}); name a TOML file of providers or "
                "topics that is there"
            ) from error
        if len(self.content) > MAX_FILE_BYTES:
            raise CatalogueError(f"{file}: is larger than 16 MiB; name a TOML file of providers")
        # Nothing else ends a line in TOML; `splitlines` would part at a U+2028 too.
        self._lines = self.content.decode(errors="replace").split("\n")
        self._headers = [
            (number, found[1])
            for number, line in enumerate(self._lines, 1)
            if (found := _HEADER.match(line))
        ]

    def read(self, shape: type[_Shape]) -> _Shape:
        """The blocks of the file, each of the right shape; raises CatalogueError."""
        try:
            return shape.model_validate(parse_toml(self.content))
        except TomlError as error:
            mend = error.mend or 'write key = "value", one a line, each key once in its block'
            raise self._mistake(error.line, error.what, mend) from error
        except ValidationError as error:
            raise self._shape_mistake(shape, error) from error

    def mistake(self, table: str, entry: int, said: str, what: str, mend: str) -> CatalogueError:
        """The error for what is `said` in the block of that table and number, counted from 0."""
        return self._mistake(self.line_of(table, entry, said), what, mend)

    def missing(self, table: str, entry: int, key: str) -> CatalogueError:
        """The error for a key that a block lacks."""
        return self.mistake(table, entry, "", f'"{key}" is missing', f"add {self._forms[key]}")

    def refuse_repeats(self, table: str, key: str, values: Sequence[str]) -> None:
        """Raises CatalogueError if two blocks of the file bear the same value of `key`."""
        first: dict[str, int] = {}
        for entry, value in enumerate(values):
            if first.setdefault(value, entry) != entry:
                line = self.line_of(table, first[value], value)
                what = f'the {key} "{value}" stands on line {line} already'
                raise self.mistake(table, entry, value, what, "make one block of the two")

    def line_of(self, table: str | None, entry: int | None, said: str = "") -> int:
        """The line, from 1, where a block first says it, else where the block begins."""
        own = [place for place, (_, name) in enumerate(self._headers) if name == table]
        start, end = 1, len(self._lines) + 1
        # An array needs no headers, and a stray key is in no block: then the file is searched.
        if entry is not None and entry < len(own):
            place = own[entry]
            start = self._headers[place][0]
            end = self._headers[place + 1][0] if place + 1 < len(self._headers) else end
        mention = re.compile(rf"(?<![\w.-]){re.escape(said)}(?![\w.-])")
        for number in range(start, end):
            line = self._lines[number - 1]
            if said and mention.search(line) and not line.lstrip().startswith("#"):
                return number
        return start

    def _mistake(self, line: int, what: str, mend: str) -> CatalogueError:
        return CatalogueError(f"{self._file}:{line}: {what}; {mend}")

    def _shape_mistake(self, shape: type[BaseModel], error: ValidationError) -> CatalogueError:
        # A misspelt key is also a missing one; the misspelling is what to mend.
        faults = error.errors(include_url=False)
        fault = min(faults, key=lambda fault: fault["type"] != "extra_forbidden")
        entry = next((part for part in fault["loc"] if isinstance(part, int)), None)
        *outer, key = [part for part in fault["loc"] if isinstance(part, str)]
        table = outer[0] if outer else None
        if fault["type"] == "extra_forbidden":
            known = self._keys[outer[-1]] if outer else shape.model_fields
            mend = f"write one of {', '.join(known)}"
            line = self.line_of(table, entry, key)
            return self._mistake(line, f'the key "{key}" is unknown', mend)
        form = next(self._forms[part] for part in (key, *reversed(outer)) if part in self._forms)
        if fault["type"] == "missing":
            what, mend = f'"{key}" is missing', f"add {form}"
            return self._mistake(self.line_of(table, entry), what, mend)
        what = f'"{key}" is {short_repr(fault["input"])}'
        return self._mistake(self.line_of(table, entry, key), what, f"write {form}")

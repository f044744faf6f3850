"""The published schemas as files: `<name>.v<N>.schema.json`, for readers in any language.

In: a folder. Out: the files that were written, or one line for each problem. It never changes a
published version incompatibly, and never writes the file of an earlier version.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from newsloom.records.compatibility import breaks
from newsloom.records.curated import SCHEMA_VERSION
from newsloom.records.schemas import READERS, published_schema

_EXPORT = "run `newsloom schemas export`"


@dataclass(frozen=True, slots=True)
class Exported:
    """The files that were written. If `problems` is not empty, no file was written."""

    written: tuple[Path, ...]
    problems: tuple[str, ...] = ()


def export(folder: Path, version: int = SCHEMA_VERSION) -> Exported:
    """Writes each schema file of `folder` that is missing or out of date.

    Writes no file if a published file would change incompatibly; the problems are returned.
    Raises OSError if `folder` does not exist or cannot be written.
    """
    stale: dict[Path, str] = {}
    problems: list[str] = []
    for name in READERS:
        path, text = _path(folder, name, version), _text(published_schema(name, version))
        if not path.exists() or _read(path) != text:
            stale[path] = text
            problems += _incompatibilities(path, name, version) if path.exists() else []
    if problems:
        return Exported((), tuple(problems))
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return Exported(tuple(stale))


def check(folder: Path, version: int = SCHEMA_VERSION) -> list[str]:
    """One line for each problem with the files in `folder`; empty if all files are current.

    Files of earlier versions are only checked to exist: the code that wrote them is gone.
    """
    return [problem for name in READERS for problem in _problems(folder, name, version)]


def _problems(folder: Path, name: str, version: int) -> list[str]:
    earlier = [_path(folder, name, number) for number in range(1, version)]
    missing = [path for path in earlier if not path.exists()]
    problems = [f"{path}: a published version is missing: restore it" for path in missing]
    path = _path(folder, name, version)
    if not path.exists():
        return [*problems, f"{path}: missing: {_EXPORT}"]
    if _read(path) == _text(published_schema(name, version)):
        return problems
    breaking = _incompatibilities(path, name, version)
    return problems + (breaking or [f"{path}: out of date: {_EXPORT}"])


def _path(folder: Path, name: str, version: int) -> Path:
    return folder / f"{name}.v{version}.schema.json"


def _text(schema: dict[str, Any]) -> str:
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _incompatibilities(path: Path, name: str, version: int) -> list[str]:
    """What writing the present schema to `path` would break, and the fix, one line each."""
    try:
        old = json.loads(_read(path))
    except ValueError:
        old = None
    if not isinstance(old, dict):
        return [f"{path}: not a JSON schema: restore the published file"]
    return [
        f"{path}: {found.field}: {found.detail}, which breaks {found.breaks}: "
        f"keep the field as it was, or publish a new version (SCHEMA_VERSION = {version + 1})"
        for found in breaks(old, published_schema(name, version), READERS[name])
    ]

"""The published schemas as files: `<name>.v<N>.schema.json`, for readers in any language.

In: a folder. Out: the files written, or what is wrong with them, one readable line each. It never
changes a published version incompatibly, and never touches the file of an earlier version.
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
    """The files that were written, or the problems because of which none was written."""

    written: tuple[Path, ...]
    problems: tuple[str, ...] = ()


def export(folder: Path, version: int = SCHEMA_VERSION) -> Exported:
    """Writes the schemas that are missing in `folder` or out of date.

    Writes nothing if a published file would change incompatibly: fix that, then run it again.
    Raises OSError if `folder` does not exist or cannot be written.
    """
    stale = {}
    problems: list[str] = []
    for name in READERS:
        path = _path(folder, name, version)
        text = _text(published_schema(name, version))
        if path.exists():
            if _read(path) == text:
                continue
            problems += _incompatibilities(path, name, version)
        stale[path] = text
    if problems:
        return Exported((), tuple(problems))
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return Exported(tuple(stale))


def check(folder: Path, version: int = SCHEMA_VERSION) -> list[str]:
    """The problems with the files in `folder`, in the order of names; empty if all are current.

    The file of an earlier version must exist; its content is not checked, because the code that
    wrote it is gone.
    """
    problems = []
    for name in READERS:
        for earlier in range(1, version):
            published = _path(folder, name, earlier)
            if not published.exists():
                problems.append(f"{published}: a published version is missing: restore it")
        path = _path(folder, name, version)
        if not path.exists():
            problems.append(f"{path}: missing: {_EXPORT}")
        elif _read(path) != _text(published_schema(name, version)):
            problems += _incompatibilities(path, name, version) or [
                f"{path}: out of date: {_EXPORT}"
            ]
    return problems


def _path(folder: Path, name: str, version: int) -> Path:
    return folder / f"{name}.v{version}.schema.json"


def _text(schema: dict[str, Any]) -> str:
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _incompatibilities(path: Path, name: str, version: int) -> list[str]:
    """What writing the current schema to `path` would break, and how to avoid it."""
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

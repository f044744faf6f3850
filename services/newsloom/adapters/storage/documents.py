"""Documents: one Markdown file per article, with its latest curated record.

A projection of `curated.jsonl`: the files are written after its lines, and completed from them.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from newsloom.adapters.failures import OutageError
from newsloom.adapters.front_matter import dumps


def write_documents(folder: Path, lines: Iterable[bytes]) -> None:
    """Writes `articles/<id>.md` from the last of each article's `lines`; a tombstone removes it.

    `lines` are lines of `curated.jsonl`. Raises OutageError if a file cannot be written.
    """
    latest = {}
    for line in lines:
        record = orjson.loads(line)
        latest[record["id"]] = record
    target = folder / "articles"
    try:
        target.mkdir(exist_ok=True)
        for article_id, record in latest.items():
            _write_document(target / f"{article_id}.md", record)
    except OSError as error:
        raise OutageError(f"cannot write {target}: {error.strerror or error}") from error


def _write_document(path: Path, record: dict[str, Any]) -> None:
    if record.get("withdrawn"):
        path.unlink(missing_ok=True)
    else:
        temporary = path.with_suffix(".md.tmp")
        temporary.write_text(dumps(record), encoding="utf-8")
        os.replace(temporary, path)

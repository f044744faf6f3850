"""The examples of published records, computed from the example events: one file a publication.

In: the files of `schemas/examples/news.article-events.v1/`, in the order of their numbers. Out:
the text of each curated article, story and dead letter, by its path.
"""

import base64
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.parse_json import parse_json
from newsloom.records.dead_letter import DeadLetter
from newsloom.records.faults import Fault
from tests.support.pipeline import Pipeline

EXAMPLES = Path(__file__).parents[2] / "schemas/examples"
EVENTS = EXAMPLES / "news.article-events.v1"
CURATED = EXAMPLES / "news.curated-articles.v1"
STORIES = EXAMPLES / "news.stories.v1"
DEAD_LETTERS = EXAMPLES / "news.dead-letters.v1"

VERSION = "0123456789ab"
ARRIVED_AT = int(datetime(2026, 3, 20, tzinfo=UTC).timestamp())
_MAX_SLUG_WORDS = 4
_APOSTROPHES = str.maketrans("", "", "'’")


def new_pipeline() -> Pipeline:
    """A pipeline over a new lane, with the catalogue that comes with Newsloom.

    Its version is a constant. With the real version, each edit of a catalogue file would change
    every example.
    """
    catalogue = load_catalogue()
    catalogue = Catalogue(catalogue.outlets, catalogue.topics, VERSION)
    return Pipeline(State(), catalogue, images="trust")


def example_files() -> dict[Path, str]:
    """The text of each example of a publication, by its path."""
    pipeline, files, titles = new_pipeline(), dict[Path, str](), dict[str, str]()
    for path in sorted(EVENTS.glob("*.json")):
        payload = path.read_bytes()
        result = pipeline.take(parse_json(payload), ARRIVED_AT)
        if result.fault is not None:
            files[DEAD_LETTERS / path.name] = _pretty(_dead_letter(result.fault, path, payload))
        for record in result.curated:
            titles.setdefault(record["id"], str(record.get("title")))
            files[CURATED / _name(record, path, titles)] = _pretty(record)
        for story in result.stories:
            files[STORIES / _name(story, path, titles)] = _pretty(story)
    return files


def _dead_letter(fault: Fault, path: Path, payload: bytes) -> DeadLetter:
    assert fault.field is not None, "no example has a fault of the whole record"
    return {
        "reason": fault.reason,
        "stage": fault.stage,
        "field": fault.field,
        "detail": fault.detail,
        "input": path.name,
        "position": 1,
        "payload": base64.b64encode(payload).decode(),
    }


def _name(record: Any, event: Path, titles: dict[str, str]) -> str:
    """The file name: the revision, the number of the event, and the first title of the article.

    For a story, the title is that of the article that opened it.
    """
    title = titles[record["id"]].lower().translate(_APOSTROPHES)
    words = re.findall(r"\w+", title)[:_MAX_SLUG_WORDS]
    ends = {"withdrawn": "withdrawn", "mergedInto": "merged"}
    words += [word for field, word in ends.items() if field in record]
    return f"{record['revision']:02}-by-{event.name[:2]}-{'-'.join(words)}.json"


def _pretty(record: Any) -> str:
    return orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()

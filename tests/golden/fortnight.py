"""The golden text of the fortnight: the outcome of each example input, and each story.

In: `examples/fortnight.jsonl`, then `examples/events/`. Out: one page of text, short enough to
review when a rule changes, with digests of the complete records.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from newsloom.adapters.inputs.positions import InputRecord, Position
from newsloom.adapters.inputs.reading import read
from newsloom.adapters.inputs.sources import find_sources
from newsloom.records.faults import Outcome
from tests.golden.examples import ARRIVED_AT, new_pipeline
from tests.support.pipeline import Taken

ROOT = Path(__file__).parents[2]
INPUTS = ("examples/fortnight.jsonl", "examples/events")

_INTRODUCTION = """\
The outcome of each line of examples/fortnight.jsonl, then of each file in examples/events
(e1, e2, ...). Written by `make golden`; review every change.

An article is named by the line that first reported it, a story by the article that opened it.
Role and heat are the values after that line. "records" counts the articles (a) and stories (s)
that were published for it.

line  outcome        story  role       heat  published  records  title"""
_STORIES = """
The last publication of each story. "*" marks the lead; "14=13": 14 is a duplicate of 13.

story  articles  outlets  heat  published  title of the lead; below, its articles if several"""
_DIGESTS = """
SHA-256 of all published records:"""


@dataclass(slots=True)
class _Account:
    """The records published so far, as a subscriber has them."""

    lines: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    articles: dict[str, Any] = field(default_factory=dict)
    stories: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, Any] = field(default_factory=dict)


def fortnight_text() -> str:
    """The text of the golden file."""
    account = _Account(digests={name: hashlib.sha256() for name in ("articles", "stories")})
    pipeline = new_pipeline()
    for label, record in fortnight_inputs():
        result = pipeline.take(record.raw.parse(record.payload), ARRIVED_AT)
        _take(account, label, record.raw.parse(record.payload), result)
    digests = [f"{name:8}  {digest.hexdigest()[:32]}" for name, digest in account.digests.items()]
    lines = [_INTRODUCTION, *account.lines, _STORIES, *_story_lines(account), _DIGESTS, *digests]
    return "\n".join([*lines, ""])


def fortnight_inputs() -> list[tuple[str, InputRecord]]:
    sources = find_sources([str(ROOT / name) for name in INPUTS], ROOT / "out")
    records = []
    for number, source in enumerate(sources):
        for record in read(source, Position(), False, lambda: False, lambda: ARRIVED_AT):
            assert isinstance(record, InputRecord)
            records.append((f"e{number}" if number else str(record.position), record))
    return records


def _take(account: _Account, label: str, event: Any, result: Taken) -> None:
    for name, published, latest in (
        ("articles", result.curated, account.articles),
        ("stories", result.stories, account.stories),
    ):
        for record in published:
            account.digests[name].update(orjson.dumps(record) + b"\n")
            latest[record["id"]] = record
            if record.get("webUrl") == event["webUrl"]:
                account.labels.setdefault(record["id"], label)
    parts = f"{label:>4}  {result.outcome.value:13}"
    count = f"{len(result.curated)}a {len(result.stories)}s"
    if result.outcome is Outcome.CURATED:
        own: Any = next(r for r in result.curated if r.get("webUrl") == event["webUrl"])
        parts += f"  {_own_part(account, own)}  {count:7}  {own['title']}"
    elif result.fault is not None:
        parts += f"  {result.fault.reason} {result.fault.field or ''}".rstrip()
    elif result.curated:
        parts += f"  {'':34}{count}"
    account.lines.append(parts.rstrip())


def _own_part(account: _Account, own: Any) -> str:
    role = "lead" if own["heat"] >= 0 else "member"
    if "duplicateOf" in own:
        role = f"{role[:4] if role == 'lead' else ''}={account.labels[own['duplicateOf']]}"
    return (
        f"{account.labels[own['storyId']]:>5}  {role:9}  {own['heat']:>4}  "
        f"{'yes' if own['published'] else 'no':9}"
    )


def _story_lines(account: _Account) -> list[str]:
    lines = []
    for story_id, story in account.stories.items():
        label = f"{account.labels[story_id]:>5}"
        if "mergedInto" in story:
            lines.append(f"{label}  merged into {account.labels[story['mergedInto']]}")
        elif "withdrawn" in story:
            lines.append(f"{label}  withdrawn")
        else:
            lead = account.articles[story["lead"]]
            lines.append(
                f"{label}  {story['articleCount']:>8}  {len(story['providers']):>7}  "
                f"{story['heat']:>4}  {'yes' if lead['published'] else 'no':9}  {lead['title']}"
            )
            if story["articleCount"] > 1:
                lines.append(f"{'':42}{_members(account, story)}")
    return lines


def _members(account: _Account, story: Any) -> str:
    words = []
    for article_id, article in account.articles.items():
        if article.get("storyId") == story["id"]:
            word = account.labels[article_id]
            if "duplicateOf" in article:
                word += f"={account.labels[article['duplicateOf']]}"
            words.append(word + ("*" if article_id == story["lead"] else ""))
    return " ".join(words)

"""Formats a Kafka record as one line, for people or for programs.

In: a record of any Kafka topic. Out: the bytes of one line. No content of a record raises an error.
Lines for people hold printable characters only, so that no record can control the terminal.
"""

import base64
from datetime import UTC, datetime
from typing import Any

import orjson

from newsloom.commands.display.printable import printable, printable_json
from newsloom.runtimes.kafka.clients.messages import Incoming

MAX_CHARS = 160
"""A longer content is cut here in a line for people."""
KEY_CHARS = 12
"""The characters of a key that a line for people shows."""


def json_line(record: Incoming) -> bytes:
    """The whole record as a JSON object: topic, partition, offset, timestamp, key, headers, value.

    `timestamp` is in milliseconds of Unix time. `value` is the record's JSON, null for a tombstone.
    A value that is not JSON is in `valueBase64` instead.
    """
    line: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": None if record.key is None else _decode(record.key),
        "headers": {name: _decode(value or b"") for name, value in record.headers},
    }
    value = record.value
    try:
        line["value"] = None if value is None else orjson.loads(value)
    except orjson.JSONDecodeError:
        line["valueBase64"] = base64.b64encode(value or b"").decode()
    return f"{printable_json(orjson.dumps(line))}\n".encode()


def readable_line(record: Incoming) -> bytes:
    """Partition, offset, time in UTC, the beginning of the key (none of a URL), a short content."""
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    key = "-" if record.key is None else _decode(record.key)
    content = _content(record, key)
    if len(content) > MAX_CHARS:
        content = f"{content[:MAX_CHARS]}…"
    # The beginning of a URL identifies nothing, and the content of an event shows the whole URL.
    short_key = "" if key.startswith("http") else f"{key[:KEY_CHARS]:{KEY_CHARS}} "
    line = f"{record.partition}:{record.offset:<7} {at:%Y-%m-%d %H:%M:%S} {short_key}{content}"
    return f"{printable(line)}\n".encode("utf-8", "replace")


def _content(record: Incoming, key: str) -> str:
    headers = {name: value or b"" for name, value in record.headers}
    if reason := headers.get("newsloom.reason"):
        value = f"tombstone ({key})" if record.value is None else _decode(record.value[:MAX_CHARS])
        return _dead_letter_text(reason, headers, value)
    if record.value is None:
        return f"withdrawn ({key})"
    return _record_text(record.value)


def _record_text(value: bytes) -> str:
    try:
        record = orjson.loads(value)
    except orjson.JSONDecodeError:
        record = None
    if not isinstance(record, dict):
        return _decode(value[: 4 * MAX_CHARS])
    if record.get("withdrawn") is True:
        return f"withdrawn ({record.get('webUrl') or record.get('id')})"
    if "mergedInto" in record:
        return f"r{record.get('revision')} merged into {record['mergedInto']}"
    if "articleCount" in record:
        return _story_text(record)
    if "heat" in record:
        return _curated_text(record)
    if "title" in record:
        return f"{record['title']} ({record.get('webUrl')})"
    return _decode(value[: 4 * MAX_CHARS])


def _curated_text(record: dict[str, Any]) -> str:
    state = "published" if record.get("published") else "not published"
    duplicate = " duplicate" if "duplicateOf" in record else ""
    provider = record.get("provider")
    name = provider.get("name") if isinstance(provider, dict) else None
    return (
        f"r{record.get('revision')} quality {record.get('quality')} heat {record['heat']} "
        f"{state}{duplicate}: {record.get('title')} ({name})"
    )


def _story_text(record: dict[str, Any]) -> str:
    articles = record.get("articles")
    titles = {
        str(article["id"]): article["title"]
        for article in (articles if isinstance(articles, list) else ())
        if isinstance(article, dict) and article.keys() >= {"id", "title"}
    }
    lead = record.get("lead")
    providers = record.get("providers")
    count = len(providers) if isinstance(providers, list) else 0
    return (
        f"r{record.get('revision')} heat {record.get('heat')}, {record['articleCount']} articles "
        f"by {count} providers: {titles.get(str(lead), lead)}"
    )


def _dead_letter_text(reason: bytes, headers: dict[str, bytes], value: str) -> str:
    stage = _decode(headers.get("newsloom.stage", b""))
    field = _decode(headers.get("newsloom.field", b""))
    detail = _decode(headers.get("__streams.errors.message", b""))
    where = " ".join(part for part in (stage, _decode(reason), field) if part)
    return f"{where}: {detail} | {value}"


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")

"""A Kafka record in a line, for people or for programs.

In: a record of any topic. Out: bytes of one line. It never raises for what a record holds, and
gives a terminal nothing but printable characters.
"""

import base64
from datetime import UTC, datetime
from typing import Any

import orjson

from newsloom.runtimes.kafka.clients.tail import Record

MAX_CHARS = 160
KEY_CHARS = 12


def json_line(record: Record) -> bytes:
    """The whole record as a JSON object: where it stands, key, headers, value.

    `value` is the record's own JSON, null for a tombstone; `valueBase64` holds what is not JSON.
    """
    line: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": None if record.key is None else _words(record.key),
        "headers": {name: _words(value or b"") for name, value in record.headers},
    }
    value = record.value
    try:
        line["value"] = None if value is None else orjson.loads(value)
    except orjson.JSONDecodeError:
        line["valueBase64"] = base64.b64encode(value or b"").decode()
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def readable_line(record: Record) -> bytes:
    """Partition, offset, time, the key if it is an id, and what the record says in short."""
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    key = "-" if record.key is None else _words(record.key)
    if record.value is None:
        said = f"withdrawn ({key})"
    elif reason := dict(record.headers).get("newsloom.reason"):
        said = _dead_letter(reason, dict(record.headers), record.value)
    else:
        said = _record(record.value)
    if len(said) > MAX_CHARS:
        said = f"{said[:MAX_CHARS]}…"
    # A URL's beginning tells nobody anything, and what is said names it.
    ident = "" if key.startswith("http") else f"{key[:KEY_CHARS]:{KEY_CHARS}} "
    line = f"{record.partition}:{record.offset:<7} {at:%Y-%m-%d %H:%M:%S} {ident}{said}"
    return f"{_printable(line)}\n".encode("utf-8", "replace")


def _record(value: bytes) -> str:
    try:
        record = orjson.loads(value)
    except orjson.JSONDecodeError:
        return _words(value[: 4 * MAX_CHARS])
    if not isinstance(record, dict):
        return _words(value[: 4 * MAX_CHARS])
    if record.get("withdrawn") is True:
        return f"withdrawn ({record.get('webUrl') or record.get('id')})"
    if "mergedInto" in record:
        return f"r{record.get('revision')} merged into {record['mergedInto']}"
    if "articleCount" in record:
        return _story(record)
    if "heat" in record:
        return _curated(record)
    if "title" in record:
        return f"{record['title']} ({record.get('webUrl')})"
    return _words(value[: 4 * MAX_CHARS])


def _curated(record: dict[str, Any]) -> str:
    state = "published" if record.get("published") else "not published"
    of = " duplicate" if "duplicateOf" in record else ""
    provider = record.get("provider")
    name = provider.get("name") if isinstance(provider, dict) else None
    return (
        f"r{record.get('revision')} quality {record.get('quality')} heat {record['heat']} "
        f"{state}{of}: {record.get('title')} ({name})"
    )


def _story(record: dict[str, Any]) -> str:
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


def _dead_letter(reason: bytes, headers: dict[str, bytes], value: bytes) -> str:
    stage = _words(headers.get("newsloom.stage", b""))
    field = _words(headers.get("newsloom.field", b""))
    said = _words(headers.get("__streams.errors.message", b""))
    where = " ".join(word for word in (stage, _words(reason), field) if word)
    return f"{where}: {said} | {_words(value[:MAX_CHARS])}"


def _words(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "·" for c in text)

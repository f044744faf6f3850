"""The published schemas: JSON Schema 2020-12 of the records, by name.

In: the record types. Out: plain dictionaries in a fixed order of keys. It reads and writes no file.
A schema describes a record without faults; its description states what decode also accepts.
"""

import inspect
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from newsloom.records import event
from newsloom.records.compatibility import Reader, Schema
from newsloom.records.curated import SCHEMA_VERSION, CuratedArticle, MergedStory, Story, Tombstone
from newsloom.records.dead_letter import DeadLetter
from newsloom.records.event import ArticleEvent

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Withdrawal(event.Withdrawal):
    """`withdrawn: true` with the article's `webUrl`, and its `originalUrl` if it had one."""

    # Decode checks this field before it uses the model, but a schema must state it.
    withdrawn: Annotated[Literal[True], Field(description="Marks a withdrawal.")]


@dataclass(frozen=True, slots=True)
class _Published:
    record: Any
    title: str
    reader: Reader
    description: str


_PUBLISHED = {
    "article-event": _Published(
        ArticleEvent | Withdrawal,
        "Article event",
        "crawlers",
        "What a crawler writes: an article, or the withdrawal of one. A null field counts as "
        "absent, and unknown fields are ignored. This schema describes an event without faults; "
        "Newsloom accepts more: a blank optional string counts as absent, nulls in lists are "
        "skipped, and any other faulty optional field is dropped and counted. Only a fault in a "
        "required field makes a dead letter.",
    ),
    "curated-article": _Published(
        CuratedArticle | Tombstone,
        "Curated article",
        "subscribers",
        "One publication of an article, for subscribers. Absent fields are left out, never null. "
        "Ignore unknown fields.",
    ),
    "story": _Published(
        Story | MergedStory | Tombstone,
        "Story",
        "subscribers",
        "One publication of a story, for subscribers. Absent fields are left out, never null. "
        "Ignore unknown fields.",
    ),
    "dead-letter": _Published(
        DeadLetter, "Dead letter", "subscribers", inspect.getdoc(DeadLetter) or ""
    ),
}

READERS = MappingProxyType({name: published.reader for name, published in _PUBLISHED.items()})
"""Who depends on each schema: the crawlers that write its records, or the subscribers."""

# The order of keywords for a human reader. All others are between these, sorted by name.
_FIRST = ("$schema", "$id", "title", "description", "type")
_LAST = ("properties", "required", "$defs")


def published_schema(name: str, version: int = SCHEMA_VERSION) -> Schema:
    """The schema called `name`, a key of `READERS`, with `version` in its id.

    Keywords are in a fixed order, fields in the order of the record.
    """
    published = _PUBLISHED[name]
    schema = TypeAdapter(published.record).json_schema(by_alias=True, schema_generator=_Generator)
    if published.reader == "crawlers":
        schema = _with_nulls(schema)
    schema |= {"$schema": DIALECT, "$id": f"urn:newsloom:schema:{name}:v{version}"}
    schema |= {"title": published.title, "description": published.description}
    tidy: Schema = _tidy(schema)
    return tidy


class _Generator(GenerateJsonSchema):
    def field_title_should_be_set(self, _schema: Any) -> bool:
        return False  # A generated title such as "Weburl" adds nothing.

    def sort(self, value: Any, _parent_key: str | None = None) -> Any:
        return value

    def nullable_schema(self, schema: Any) -> Schema:
        # `_with_nulls` decides which fields accept null, not the Python type.
        inner: CoreSchema = schema["schema"]
        return self.generate_inner(inner)

    def default_schema(self, schema: Any) -> Schema:
        return {
            k: v for k, v in super().default_schema(schema).items() if (k, v) != ("default", None)
        }


def _with_nulls(schema: Schema) -> Schema:
    """The schema with null allowed in every field that may be absent."""
    schema, required = dict(schema), schema.get("required", [])
    if "$defs" in schema:
        schema["$defs"] = {name: _with_nulls(part) for name, part in schema["$defs"].items()}
    if "properties" in schema:
        schema["properties"] = {
            name: field if name in required else _or_null(field)
            for name, field in schema["properties"].items()
        }
    return schema


def _or_null(field: Schema) -> Schema:
    about = {key: field[key] for key in ("description", "default") if key in field}
    value = {key: part for key, part in field.items() if key not in about}
    return about | {"anyOf": [value, {"type": "null"}]}


def _tidy(part: Any, is_names: bool = False) -> Any:
    """The schema with its keywords in order, and only the first paragraph of each description."""
    if isinstance(part, list):
        return [_tidy(item) for item in part]
    if not isinstance(part, dict):
        return part
    if is_names:  # The keys are field names, in the order of the record.
        return {name: _tidy(schema) for name, schema in part.items()}
    between = sorted(part.keys() - {*_FIRST, *_LAST})
    ordered = [key for key in (*_FIRST, *between, *_LAST) if key in part]
    tidy = {key: _tidy(part[key], is_names=key in ("properties", "$defs")) for key in ordered}
    if "description" in tidy:
        paragraph, _, _ = inspect.cleandoc(tidy["description"]).partition("\n\n")
        tidy["description"] = " ".join(paragraph.split())
    return tidy

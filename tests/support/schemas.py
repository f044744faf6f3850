"""Small JSON schemas for the tests of the compatibility check."""

from newsloom.records.compatibility import Schema

TEXT = {"type": "string"}
NULL = {"type": "null"}


def record(required: str = "", /, **fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": required.split()}


def named(title: str, schema: Schema) -> Schema:
    return {**schema, "title": title}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def union(*forms: Schema) -> Schema:
    return {"anyOf": list(forms)}


def by_reference(image: Schema) -> Schema:
    related = record(images=list_of({"$ref": "#/$defs/Image"}))
    return {
        **record(related=list_of({"$ref": "#/$defs/Related"})),
        "$defs": {"Image": image, "Related": related},
    }


LIVE = named("Live", record("id", id=TEXT, text=TEXT))
ENDED = named("Ended", record("id withdrawn", id=TEXT, withdrawn={"type": "boolean"}))
MERGED = named("Merged", record("id into", id=TEXT, into=TEXT))
SMALL = {"type": "integer", "minimum": 0, "maximum": 200}
WIDER = {"type": "integer", "minimum": -1, "maximum": 300}
WORD = {"type": "string", "pattern": "^[a-z]+$"}
CLOSED = {"type": "string", "enum": ["a", "b"]}
LONGER = {"type": "string", "enum": ["a", "b", "c"]}
DATED = {"type": "string", "format": "date-time"}

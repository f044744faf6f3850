"""Parts of a JSON Schema as text for a Markdown table: types and bounds.

In: the schema of one field. Out: text. It describes the part of JSON Schema that pydantic writes.
"""

from collections.abc import Iterator

from newsloom.records.compatibility import Schema


def cell(text: str) -> str:
    """`text` for a cell of a Markdown table: `|` is escaped."""
    return text.replace("|", r"\|")


def type_text(field: Schema) -> str:
    """The type of a field, without null; an object is a link to its `object_heading`."""
    if "anyOf" in field:
        return ", ".join(type_text(part) for part in _alternatives(field))
    if "$ref" in field:
        heading = object_heading(object_name(field))
        return f"[{heading}](#{heading.lower().replace(' ', '-')})"
    if field["type"] == "array":
        return f"array of {type_text(field['items'])}"
    return str(field.get("format") if field.get("format") == "path" else field["type"])


def bounds_text(field: Schema) -> str:
    """The bounds of a field's values, separated by semicolons. A default is not a bound."""
    return "; ".join(_bounds(field))


def object_name(reference: Schema) -> str:
    """The name of the object that a `$ref` refers to."""
    return str(reference["$ref"]).rpartition("/")[2]


def object_heading(name: str) -> str:
    """The name of an object as a heading: `StoryArticle` is Story article."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.strip().capitalize()


def _alternatives(field: Schema) -> list[Schema]:
    return [part for part in field["anyOf"] if part.get("type") != "null"]


def _bounds(field: Schema) -> Iterator[str]:
    if "anyOf" in field:
        for part in _alternatives(field):
            yield from _bounds(part)
    yield from _number_bounds(field)
    if "minLength" in field:
        yield f"at least {_characters(field['minLength'])}"
    if "maxLength" in field:
        yield f"at most {_characters(field['maxLength'])}"
    if "enum" in field:
        yield "one of " + ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        yield f"always `{str(field['const']).lower()}`"
    if field.get("format") == "date-time":
        yield "format `date-time` (RFC 3339)"
    elif "pattern" in field:
        yield f"pattern `{field['pattern']}`"
    if "items" in field:
        yield from (f"each: {bound}" for bound in _bounds(field["items"]))


def _number_bounds(field: Schema) -> Iterator[str]:
    if "exclusiveMinimum" in field:
        yield f"more than {field['exclusiveMinimum']:,}"
    if "minimum" in field and "maximum" in field:
        yield f"{field['minimum']:,} to {field['maximum']:,}"
    elif "minimum" in field:
        yield f"at least {field['minimum']:,}"
    elif "maximum" in field:
        yield f"at most {field['maximum']:,}"


def _characters(count: int) -> str:
    return "1 character" if count == 1 else f"{count:,} characters"

"""Compatibility of record schemas: what a change would break, by field.

In: a published JSON Schema and the one that would replace it. Out: the breaking changes, as values.
It compares the part of JSON Schema that pydantic writes; any change of another keyword counts as
breaking. Recursive schemas are not supported.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, TypeVar

Schema = dict[str, Any]
Reader = Literal["crawlers", "subscribers"]
_T = TypeVar("_T")

WHOLE_RECORD = "(record)"

_NOTES = {"$schema", "$id", "$comment", "$defs", "title", "description", "default", "examples"}
_NESTING = {"type", "properties", "required", "additionalProperties", "items", "enum", "const"}
_SAME_OR_NONE = ("format", "pattern")
_LOWER = {"minimum": -inf, "exclusiveMinimum": -inf, "minLength": 0, "minItems": 0}
_UPPER = {"maximum": inf, "exclusiveMaximum": inf, "maxLength": inf, "maxItems": inf}
_COMPARED = {*_NOTES, *_NESTING, *_SAME_OR_NONE, *_LOWER, *_UPPER}


@dataclass(frozen=True, slots=True)
class Break:
    """A breaking change: the dotted path of a field (`images[].url`), who is affected, and why."""

    field: str
    breaks: Reader
    detail: str


def breaks(old: Schema, new: Schema, reader: Reader) -> list[Break]:
    """What replacing `old` by `new` would break, in the order of the fields of `old`.

    No field may be removed. For crawlers, who write: `new` must accept all that `old` accepts. For
    subscribers, who read: `new` must allow nothing that `old` does not allow. A new optional field
    breaks nothing. Patterns and formats are compared as text: any difference is breaking.
    """
    return list(_Comparison(reader).compare(_inlined(old, old), _inlined(new, new), ""))


def _inlined(part: Any, root: Schema) -> Any:
    """`part` with each `$ref` replaced by the schema that it refers to."""
    if isinstance(part, list):
        return [_inlined(item, root) for item in part]
    if not isinstance(part, dict):
        return part
    if isinstance(part.get("$ref"), str):
        target: Any = root
        for step in part["$ref"].split("/")[1:]:
            target = target[step]
        others = {key: value for key, value in part.items() if key != "$ref"}
        return _inlined({**target, **others}, root)
    return {key: _inlined(value, root) for key, value in part.items() if key != "$defs"}


def _forms(schema: Schema) -> list[Schema]:
    """The alternatives of a schema, each of one type (`any` if the schema states none)."""
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            others = {key: value for key, value in schema.items() if key != keyword}
            return [form for part in schema[keyword] for form in _forms({**others, **part})]
    types = schema.get("type", "any")
    return [{**schema, "type": name} for name in ([types] if isinstance(types, str) else types)]


def _covers(wide: Schema, narrow: Schema) -> bool:
    return wide["type"] in ("any", narrow["type"]) or (
        wide["type"] == "number" and narrow["type"] == "integer"
    )


def _values(form: Schema) -> list[str] | None:
    """The only values that a form allows, as JSON; None if it does not list values."""
    values = [form["const"]] if "const" in form else form.get("enum")
    return None if values is None else [json.dumps(value) for value in values]


@dataclass(frozen=True, slots=True)
class _Comparison:
    reader: Reader

    def compare(self, old: Schema, new: Schema, path: str) -> Iterator[Break]:
        old_forms, new_forms = _forms(old), _forms(new)
        old_objects = [form for form in old_forms if form["type"] == "object"]
        new_objects = [form for form in new_forms if form["type"] == "object"]
        has_objects = bool(old_objects and new_objects)
        if has_objects:
            yield from self._compare_unions(old_objects, new_objects, path)
        narrow_forms, wide_forms = self._ordered(old_forms, new_forms)
        for narrow in narrow_forms:
            wides = [form for form in wide_forms if _covers(form, narrow)]
            if not wides:
                yield self._break(
                    path, f"no longer takes {narrow['type']}", f"may now be {narrow['type']}"
                )
            elif not (has_objects and narrow["type"] == "object"):
                # Only the best alternative counts: one that allows all values is enough.
                found = (list(self._compare_forms(narrow, wide, path)) for wide in wides)
                yield from min(found, key=len)

    def _ordered(self, old: _T, new: _T) -> tuple[_T, _T]:
        """The schema whose values the other must allow, then the other."""
        return (old, new) if self.reader == "crawlers" else (new, old)

    def _break(self, path: str, to_crawlers: str, to_subscribers: str = "") -> Break:
        is_written = self.reader == "crawlers" or not to_subscribers
        detail = to_crawlers if is_written else to_subscribers
        return Break(path or WHOLE_RECORD, self.reader, detail)

    def _compare_unions(self, old: list[Schema], new: list[Schema], path: str) -> Iterator[Break]:
        """Compares alternatives of the same title; a renamed one with the one that fits it best."""
        unmatched = list(new)
        renamed = []
        for form in old:
            same_title = [o for o in unmatched if o.get("title") == form.get("title")]
            if same_title:
                unmatched.remove(same_title[0])
                yield from self._compare_objects(form, same_title[0], path)
            else:
                renamed.append(form)
        for form in renamed:
            yield from self._compare_renamed(form, unmatched, path)
        if self.reader == "subscribers":
            for form in unmatched:
                yield self._break(path, f"may now be {form.get('title')}")

    def _compare_renamed(self, old: Schema, unmatched: list[Schema], path: str) -> Iterator[Break]:
        """Compares with the one of `unmatched` that fits best, and removes it there."""
        fits = [list(self._compare_objects(old, other, path)) for other in unmatched]
        if fits:
            best = min(fits, key=len)
            del unmatched[fits.index(best)]
            yield from best
        else:
            title = old.get("title")
            yield self._break(path, f"no longer takes {title}", f"{title} is gone")

    def _compare_objects(self, old: Schema, new: Schema, path: str) -> Iterator[Break]:
        old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
        narrow, wide = self._ordered(old, new)
        was_required = narrow.get("required", [])
        newly_required = [n for n in wide.get("required", []) if n not in was_required]
        for name in dict.fromkeys([*old_fields, *newly_required]):
            field = f"{path}.{name}" if path else name
            if name in old_fields and name not in new_fields:
                yield self._break(field, "is no longer read", "is no longer published")
                continue
            if name in newly_required:
                yield self._break(field, "is now required", "may now be absent")
            if name in old_fields:
                yield from self.compare(old_fields[name], new_fields[name], field)
        yield from self._compare_rest(old, new, path)
        yield from self._compare_others(old, new, path)

    def _compare_rest(self, old: Schema, new: Schema, path: str) -> Iterator[Break]:
        """Compares the fields that `properties` does not list: none, of one schema, or any."""
        was, now = (schema.get("additionalProperties", True) for schema in (old, new))
        if now is False:
            if self.reader == "crawlers" and was is not False:
                yield self._break(path, "no longer takes unknown fields")
        elif isinstance(was, dict) or (isinstance(now, dict) and was is True):
            any_field = f"{path}.*" if path else "*"
            old_field, new_field = ({} if rest is True else rest for rest in (was, now))
            yield from self.compare(old_field, new_field, any_field)

    def _compare_forms(self, narrow: Schema, wide: Schema, path: str) -> Iterator[Break]:
        old, new = self._ordered(narrow, wide)
        if narrow["type"] == "array":
            yield from self.compare(old.get("items", {}), new.get("items", {}), f"{path}[]")
        allowed, given = _values(wide), _values(narrow)
        if allowed is not None:
            beyond = "others" if given is None else ", ".join(v for v in given if v not in allowed)
            if beyond:
                yield self._break(path, f"no longer takes {beyond}", f"may now be {beyond}")
        for keyword in _SAME_OR_NONE:
            if keyword in wide and narrow.get(keyword) != wide[keyword]:
                yield self._changed(keyword, old, new, path)
        for bounds, sign in ((_LOWER, 1), (_UPPER, -1)):
            for keyword, unbounded in bounds.items():
                if sign * wide.get(keyword, unbounded) > sign * narrow.get(keyword, unbounded):
                    yield self._changed(keyword, old, new, path)
        yield from self._compare_others(old, new, path)

    def _compare_others(self, old: Schema, new: Schema, path: str) -> Iterator[Break]:
        for keyword in sorted((old.keys() | new.keys()) - _COMPARED):
            if old.get(keyword) != new.get(keyword):
                yield self._changed(keyword, old, new, path)

    def _changed(self, keyword: str, old: Schema, new: Schema, path: str) -> Break:
        was, now = (json.dumps(s[keyword]) if keyword in s else "none" for s in (old, new))
        return self._break(path, f"{keyword} was {was}, is now {now}")

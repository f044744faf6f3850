"""Soundness of the compatibility check: on random changes, no break is missed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from newsloom.records.compatibility import Reader, Schema, breaks
from tests.support.schemas import (
    CLOSED,
    LONGER,
    NULL,
    SMALL,
    TEXT,
    WIDER,
    WORD,
    list_of,
    record,
    union,
)

_SCALARS: list[Schema] = [
    *(TEXT, NULL, SMALL, WIDER, CLOSED, LONGER, WORD, {}, {"type": "number"}, {"const": 1}),
    {"type": "integer", "exclusiveMaximum": 1},
    {"type": "string", "maxLength": 1},
]
_LEAVES = [None, True, -1, 0, 1, 250, 1.5, "", "a", "c", "bb", "A"]


Change = tuple[Schema, Schema]


def _records(fields: dict[str, Change], needed: tuple[set[str], set[str]]) -> Change:
    old, new = (
        record(
            " ".join(sorted(names & fields.keys())), **{x: fields[x][side] for x in sorted(fields)}
        )
        for side, names in enumerate(needed)
    )
    return old, new


def _nested(parts: st.SearchStrategy[Change]) -> st.SearchStrategy[Change]:
    names = st.sets(st.sampled_from("xy"))
    fields = st.dictionaries(st.sampled_from("xy"), parts, min_size=1, max_size=2)
    return st.one_of(
        parts.map(lambda part: (list_of(part[0]), list_of(part[1]))),
        st.tuples(parts, parts).map(lambda two: (union(two[0][0], two[1][0]), two[1][1])),
        st.tuples(parts, parts).map(lambda two: (two[0][0], union(two[1][1], two[0][1]))),
        st.builds(_records, fields, st.tuples(names, names)),
    )


def _nested_values(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.dictionaries(st.sampled_from("xy"), parts, max_size=2)
    return st.one_of(st.lists(parts, max_size=2), fields)


_scalars = st.sampled_from(_SCALARS)
_same = _scalars.map(lambda scalar: (scalar, scalar))
_changes = st.recursive(st.one_of(_same, st.tuples(_scalars, _scalars)), _nested, max_leaves=4)
_values = st.recursive(st.sampled_from(_LEAVES), _nested_values, max_leaves=4)


def closed(part: Any) -> Any:
    """The schema without unknown fields, because a new optional field is never a break."""
    if isinstance(part, list):
        return [closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    rest = {"additionalProperties": False} if "properties" in part else {}
    return {key: closed(value) for key, value in part.items()} | rest


@pytest.mark.parametrize("reader", ["crawlers", "subscribers"])
@given(change=_changes, values=st.lists(_values, min_size=10, max_size=30))
def test_a_value_that_is_no_longer_valid_is_a_break(
    reader: Reader, change: Change, values: list[Any]
) -> None:
    narrow, wide = change if reader == "crawlers" else reversed(change)
    was_fit, is_fit = Draft202012Validator(closed(narrow)), Draft202012Validator(wide)
    if any(was_fit.is_valid(value) and not is_fit.is_valid(value) for value in values):
        assert breaks(*change, reader)

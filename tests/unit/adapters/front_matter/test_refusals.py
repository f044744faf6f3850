"""Front matter that is refused: texts that are not read, records that are not written."""

from typing import Any

import pytest

from newsloom.adapters.front_matter import FrontMatterError, dumps, loads


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        pytest.param("", 1, "no opening '---'", id="empty"),
        pytest.param("title: a\n", 1, "no opening '---'", id="no opening"),
        pytest.param("\n---\na: 1\n---\n", 1, "no opening '---'", id="late opening"),
        pytest.param("---\na: 1\n", 3, "no closing '---'", id="no closing"),
        pytest.param("---\na: 1\n ---\n--- b", 4, "no closing '---'", id="no bare closing"),
        pytest.param("---\n- a\n---\n", 2, "not a mapping", id="list"),
        pytest.param("---\n\na\n---\n", 3, "not a mapping", id="text"),
        pytest.param("---\nnull\n---\n", 2, "not a mapping", id="null"),
        pytest.param("---\na: 1\nb: 1\na: 2\n---\n", 4, "'a' is used twice", id="equal names"),
        pytest.param("---\na:\n  b: 1\n  b: 1\n---\n", 4, "a name is used twice", id="equal deep"),
        pytest.param("---\na: b: c\n---\n", 2, "mapping values", id="colon in plain text"),
        pytest.param('---\na: 1\nb: "c\n---\n', 3, "found unexpected", id="open quotes"),
        pytest.param("---\na: 1\n\tb: 2\n---\n", 3, "a tab character", id="tab"),
        pytest.param("---\na: 1\r\nb: @c\r\n---\n", 3, "cannot start any token", id="at sign"),
        pytest.param("---\na: 1\nb: c\x00d\n---\n", 3, "U+0000", id="control character"),
        pytest.param("---\na: 1\nb: \ud800\n---\n", 3, "U+D800", id="half a surrogate pair"),
        pytest.param("---\na: &x 1\n---\n", 2, "an anchor", id="anchor"),
        pytest.param("---\na: 1\nb: *x\n---\n", 3, "an alias", id="alias"),
        pytest.param("---\n*x : 1\n---\n", 2, "not text", id="alias as name"),
        pytest.param("---\na: !!python/name:os x\n---\n", 2, "a tag", id="tag"),
        pytest.param("---\na: !!set {b}\n---\n", 2, "a tag", id="tag of a mapping"),
        pytest.param("---\n? [a]\n: 1\n---\n", 2, "not text", id="list as name"),
        pytest.param("---\na: 1\n--- b\nc: 1\n---\n", 3, "'---' or '...'", id="second document"),
        pytest.param("---\na: 1\n...\n---\n", 3, "'---' or '...'", id="early end"),
        pytest.param("---\n%YAML 1.2\n--- a\n---\n", 2, "'---' or '...'", id="directive"),
        pytest.param(f"---\n{'a' * 129}: 1\n---\n", 2, "too long", id="long name"),
        pytest.param(f"---\na: {'[' * 64}{']' * 64}\n---\n", 2, "deeper than 64", id="too deep"),
        pytest.param(f"---\na: {'é' * 600_000}\n---\n", 1, "1 MiB", id="too large"),
        pytest.param("---\na: \u2028\nb: \U0001fffe\n---\n", 3, "noncharacter", id="noncharacter"),
    ],
)
def test_a_refusal_names_the_line_and_the_fix(text: str, line: int, problem: str) -> None:
    with pytest.raises(FrontMatterError) as error:
        loads(text)
    message = str(error.value)
    assert message.startswith(f"line {line}: ")
    assert problem in message
    assert "; " in message


@pytest.mark.parametrize("innermost", [[], [1], {}])
def test_a_record_nested_64_deep_is_read_and_written(innermost: Any) -> None:
    record: dict[str, Any] = {"a": innermost}  # The depth is 2.
    for _ in range(62):
        record = {"a": record}
    assert loads(dumps(record)) == record
    with pytest.raises(FrontMatterError, match="deeper than 64"):
        dumps({"a": record})


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        pytest.param({"a": "\ud800"}, "'a' contains half of a surrogate pair", id="surrogate"),
        pytest.param({"\ud800": 1}, "half of a surrogate pair", id="surrogate in a name"),
        pytest.param({1: "a"}, "not text", id="name of another type"),
        pytest.param({"a" * 129: 1}, "too long", id="long name"),
        pytest.param({"a": {"b": float("nan")}}, "'b' is nan", id="not a number"),
        pytest.param({"a": float("inf")}, "'a' is inf", id="infinite"),
        pytest.param({"a": 10**320}, "'a' contains a number", id="long number"),
        pytest.param({"a": {1}}, "'a' contains a set", id="other type"),
        pytest.param({"a": "b" * (1 << 20)}, "1 MiB", id="too large"),
    ],
)
def test_a_record_that_cannot_be_written_is_refused(record: Any, problem: str) -> None:
    with pytest.raises(FrontMatterError, match=problem):
        dumps(record)


def test_a_record_that_contains_itself_is_refused() -> None:
    record: dict[str, Any] = {}
    record["a"] = [record]
    with pytest.raises(FrontMatterError, match="deeper than 64"):
        dumps(record)

"""A file of story weights: its weights override the defaults, and each mistake is reported."""

from pathlib import Path

import pytest

from newsloom.adapters.failures import WeightsError
from newsloom.adapters.story_weights import load_story_weights
from newsloom.rules.evidence import DEFAULT_WEIGHTS, WEIGHTS_FILE, weight_tables


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "own.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_without_a_file_the_bundled_weights_are_used() -> None:
    assert load_story_weights(None) == DEFAULT_WEIGHTS == load_story_weights(WEIGHTS_FILE)


def test_a_weight_that_the_file_lacks_keeps_its_default(tmp_path: Path) -> None:
    own = load_story_weights(_file(tmp_path, "[merge]\nbias = -9000\ntitle = 7\n"))
    expected = weight_tables(DEFAULT_WEIGHTS)
    expected["merge"] |= {"bias": -9000, "title": 7}
    assert weight_tables(own) == expected


MISTAKES = [
    ("an unknown name", "[join]\ncosine = 1\ncosyne = 2\n", ':3: "cosyne" is not a weight'),
    ("a name of the other table", "[join]\n\nrival = 2\n", ':3: "rival" is not a weight of [join]'),
    ("an unknown table", "[join]\n[joins]\n", ':2: "joins" is unknown; write [join] and [merge]'),
    ("a weight outside any table", "cosine = 1\n", ':1: "cosine" is unknown'),
    ("not a number", '[join]\ncosine = "1"\n', ":2: \"cosine\" is '1'; write cosine = "),
    ("not whole", "[join]\ncosine = 1.5\n", ':2: "cosine" is 1.5; write'),
    ("a boolean for a number", "[join]\ncosine = true\n", ':2: "cosine" is True; write'),
    ("out of bounds", "[join]\ntext = 1000001\n", ':2: "text" is 1000001; write'),
    ("the same name in both, wrong in one", "[join]\ntitle=1\n[merge]\ntitle=[]\n", ':4: "title"'),
    ("not TOML", "[join]\ncosine 1\n", ":2: not TOML"),
    ("not TOML at its end", "[join", ":1: not TOML"),
    ("nested too deep", "a=" + "[" * 5000 + "]" * 5000, ":1: not TOML: nested too deep"),
    ("not UTF-8", b"[join]\n# \xff\n", ":2: not UTF-8"),
    ("too large", "#" * 70_000, ": is larger than 64 KiB"),
]


@pytest.mark.parametrize(("reason", "text", "message"), MISTAKES, ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_reported_with_file_line_and_fix(
    tmp_path: Path, reason: str, text: str | bytes, message: str
) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(WeightsError) as caught:
        load_story_weights(path)
    assert f"{path}{message}" in str(caught.value), reason
    assert "\n" not in str(caught.value)
    assert "; " in str(caught.value), "the message names the fix"


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"none\.toml: cannot be read \(No such file"):
        load_story_weights(tmp_path / "none.toml")

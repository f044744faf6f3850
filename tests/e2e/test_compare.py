"""`newsloom compare` as a person runs it: what is told, what is not touched, how it ends."""

from pathlib import Path

import orjson
import pytest

from tests.support.runs import complete, records, run, write_lines

EVENTS = [
    {
        "webUrl": f"https://outlet{number}.example/ferry",
        "title": title,
        "publishedDateTime": f"2026-03-02T1{number}:00:00Z",
        "quality": 80,
    }
    for number, title in enumerate(
        (
            "Ferry Selkie runs aground off Northfield pier",
            "Selkie ferry aground at Northfield",
            "Fennimore dairy recalls soft cheese",
        )
    )
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Events, settings as they are, and settings under which nothing joins."""
    write_lines(tmp_path / "events.jsonl", [orjson.dumps(event) for event in EVENTS])
    (tmp_path / "now.toml").write_text("")
    (tmp_path / "strict.toml").write_text('story_weights = "weights.toml"\n')
    (tmp_path / "weights.toml").write_text("[join]\nbias = -100000\n")
    return tmp_path


def test_a_person_sees_what_would_differ_and_nothing_is_written(folder: Path) -> None:
    before = sorted(folder.iterdir())
    ended = run(
        "events.jsonl",
        "--settings=now.toml",
        "--settings=strict.toml",
        command="compare",
        cwd=folder,
    )
    assert ended.code == 0, ended
    assert "stories that differ: 1, of 2 articles" in ended.out
    assert "  A    2 × Ferry Selkie runs aground off Northfield pier (outlet0.example)" in ended.out
    assert "leads in B only: 1\n  Selkie ferry aground" in ended.out
    assert "Fennimore" not in ended.out, "the same in both"
    assert sorted(folder.iterdir()) == before


def test_as_json_each_difference_is_a_line(folder: Path) -> None:
    arguments = ("events.jsonl", "--settings=now.toml", "--settings=strict.toml", "--json")
    ended = run(*arguments, command="compare", cwd=folder)
    lines = [orjson.loads(line) for line in ended.out.splitlines()]
    assert [line["kind"] for line in lines] == ["counts", "stories", "lead", "published"]
    assert (lines[0]["a"]["stories"], lines[0]["b"]["stories"]) == (2, 3)
    assert (len(lines[1]["a"]), len(lines[1]["b"])) == (1, 2)
    assert lines[2] == lines[3] | {"kind": "lead"}


def test_the_same_settings_differ_in_nothing_whatever_the_environment_says(folder: Path) -> None:
    arguments = ("events.jsonl", "--settings=now.toml", "--settings=now.toml")
    ended = run(
        *arguments,
        command="compare",
        cwd=folder,
        environment={"NEWSLOOM_STORY_WEIGHTS": "weights.toml"},
    )
    assert ended.code == 0
    assert ended.out.endswith("subscribers would hold the same\n")


BAD = [
    ("one file of settings", ["events.jsonl", "--settings=now.toml"], 2, "--settings twice"),
    (
        "no such file of settings",
        ["events.jsonl", *(["--settings=no.toml"] * 2)],
        2,
        "no.toml: cannot",
    ),
    ("no such input", ["none.jsonl", *(["--settings=now.toml"] * 2)], 1, "no input none.jsonl"),
]


@pytest.mark.parametrize(("reason", "arguments", "code", "said"), BAD, ids=[b[0] for b in BAD])
def test_what_cannot_be_done_is_told(
    folder: Path, reason: str, arguments: list[str], code: int, said: str
) -> None:
    ended = run(*arguments, command="compare", cwd=folder)
    assert (ended.code, ended.out) == (code, ""), reason
    assert said in ended.err.splitlines()[-1]


BAD_SETTINGS = [
    ("an unknown setting", "publish_treshold = 3\n", "bad.toml: setting publish_treshold: "),
    ("a setting out of bounds", "publish_threshold = -1\n", "bad.toml: setting publish_threshold"),
    ("not TOML", "images = off\n", "bad.toml: not TOML"),
]


@pytest.mark.parametrize(("reason", "text", "said"), BAD_SETTINGS, ids=[b[0] for b in BAD_SETTINGS])
def test_bad_settings_are_one_line(folder: Path, reason: str, text: str, said: str) -> None:
    (folder / "bad.toml").write_text(text)
    ended = run(
        "events.jsonl", "--settings=now.toml", "--settings=bad.toml", command="compare", cwd=folder
    )
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), reason
    assert f"newsloom: {said}" in ended.err


COMMANDS = {
    "run": ["events.jsonl", "--output=out"],
    "explain": ["https://outlet0.example/ferry", "--output=out"],
    "worker": ["curate"],
    "compare": ["events.jsonl", "--settings=strict.toml", "--settings=now.toml"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_bad_weights_are_one_line_whatever_the_command(folder: Path, command: str) -> None:
    (folder / "weights.toml").write_text("[join]\ncosyne = 3\n")
    (folder / "newsloom.toml").write_text('story_weights = "weights.toml"\n')
    ended = run(*COMMANDS[command], command=command, cwd=folder)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), ended
    assert 'newsloom: weights.toml:2: "cosyne" is no evidence of [join]; write' in ended.err


@pytest.mark.parametrize("way", ["file", "environment"])
def test_a_run_takes_weights_and_threshold_from_settings(folder: Path, way: str) -> None:
    environment: dict[str, str | None] = {}
    if way == "file":
        text = 'story_weights = "weights.toml"\npublish_threshold = 85\n'
        (folder / "newsloom.toml").write_text(text)
    else:
        environment = {
            "NEWSLOOM_STORY_WEIGHTS": "weights.toml",
            "NEWSLOOM_PUBLISH_THRESHOLD": "85",
        }
    events, out = folder / "events.jsonl", folder / "out"
    complete(events, output=out, environment=environment, cwd=folder)
    told = records(out, "curated.jsonl")
    assert len({record["storyId"] for record in told}) == 3
    assert not any(record["published"] for record in told)

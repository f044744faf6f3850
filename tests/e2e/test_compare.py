"""`newsloom compare` as a process: its output, its exit codes, and that it writes nothing."""

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
    """A folder of events, default settings, and settings with which no article joins a story."""
    write_lines(tmp_path / "events.jsonl", [orjson.dumps(event) for event in EVENTS])
    (tmp_path / "now.toml").write_text("")
    (tmp_path / "strict.toml").write_text('story_weights = "weights.toml"\n')
    (tmp_path / "weights.toml").write_text("[join]\nbias = -100000\n")
    return tmp_path


def test_text_output_shows_differences_and_nothing_is_written(folder: Path) -> None:
    before = sorted(folder.iterdir())
    ended = run(
        "events.jsonl",
        "--settings=now.toml",
        "--settings=strict.toml",
        command="compare",
        cwd=folder,
    )
    assert ended.code == 0, ended
    assert "stories that differ: 1 (articles in them: 2)\n" in ended.out
    assert (
        "  A  2 articles:  Ferry Selkie runs aground off Northfield pier (outlet0.example)"
        in ended.out
    )
    assert "leads in B only: 1\n  Selkie ferry aground" in ended.out
    assert "Fennimore" not in ended.out, "a story that is the same in A and B is not shown"
    assert sorted(folder.iterdir()) == before


def test_json_output_has_one_line_for_each_difference(folder: Path) -> None:
    arguments = ("events.jsonl", "--settings=now.toml", "--settings=strict.toml", "--json")
    ended = run(*arguments, command="compare", cwd=folder)
    lines = [orjson.loads(line) for line in ended.out.splitlines()]
    assert [line["kind"] for line in lines] == ["counts", "stories", "lead", "published"]
    assert (lines[0]["a"]["stories"], lines[0]["b"]["stories"]) == (2, 3)
    assert (len(lines[1]["a"]), len(lines[1]["b"])) == (1, 2)
    assert lines[2] == lines[3] | {"kind": "lead"}


def test_same_settings_do_not_differ_and_the_environment_is_ignored(folder: Path) -> None:
    arguments = ("events.jsonl", "--settings=now.toml", "--settings=now.toml")
    ended = run(
        *arguments,
        command="compare",
        cwd=folder,
        environment={"NEWSLOOM_STORY_WEIGHTS": "weights.toml"},
    )
    assert ended.code == 0
    assert ended.out.endswith("no differences in stories, leads and published articles\n")


BAD = [
    ("one settings file", ["events.jsonl", "--settings=now.toml"], 2, "--settings twice"),
    (
        "a settings file that does not exist",
        ["events.jsonl", *(["--settings=no.toml"] * 2)],
        2,
        "no.toml: cannot",
    ),
    (
        "an input that does not exist",
        ["none.jsonl", *(["--settings=now.toml"] * 2)],
        1,
        "no input none.jsonl",
    ),
]


@pytest.mark.parametrize(("reason", "arguments", "code", "message"), BAD, ids=[b[0] for b in BAD])
def test_unusable_arguments_are_reported(
    folder: Path, reason: str, arguments: list[str], code: int, message: str
) -> None:
    ended = run(*arguments, command="compare", cwd=folder)
    assert (ended.code, ended.out) == (code, ""), reason
    assert message in ended.err.splitlines()[-1]


BAD_SETTINGS = [
    ("an unknown setting", "publish_treshold = 3\n", "bad.toml: setting publish_treshold: "),
    ("a setting out of bounds", "publish_threshold = -1\n", "bad.toml: setting publish_threshold"),
    ("not TOML", "images = off\n", "bad.toml: not TOML"),
]


@pytest.mark.parametrize(
    ("reason", "text", "message"), BAD_SETTINGS, ids=[b[0] for b in BAD_SETTINGS]
)
def test_bad_settings_are_reported_in_one_line(
    folder: Path, reason: str, text: str, message: str
) -> None:
    (folder / "bad.toml").write_text(text)
    ended = run(
        "events.jsonl", "--settings=now.toml", "--settings=bad.toml", command="compare", cwd=folder
    )
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), reason
    assert f"newsloom: {message}" in ended.err


COMMANDS = {
    "run": ["events.jsonl", "--output=out"],
    "explain": ["https://outlet0.example/ferry", "--output=out"],
    "worker": ["curate"],
    "compare": ["events.jsonl", "--settings=strict.toml", "--settings=now.toml"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_bad_weights_are_reported_in_one_line_by_every_command(folder: Path, command: str) -> None:
    (folder / "weights.toml").write_text("[join]\ncosyne = 3\n")
    (folder / "newsloom.toml").write_text('story_weights = "weights.toml"\n')
    ended = run(*COMMANDS[command], command=command, cwd=folder)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), ended
    assert 'newsloom: weights.toml:2: "cosyne" is not a weight of [join]; write' in ended.err


@pytest.mark.parametrize("source", ["file", "environment"])
def test_run_uses_weights_and_threshold_of_the_settings(folder: Path, source: str) -> None:
    environment: dict[str, str | None] = {}
    if source == "file":
        text = 'story_weights = "weights.toml"\npublish_threshold = 85\n'
        (folder / "newsloom.toml").write_text(text)
    else:
        environment = {
            "NEWSLOOM_STORY_WEIGHTS": "weights.toml",
            "NEWSLOOM_PUBLISH_THRESHOLD": "85",
        }
    events, out = folder / "events.jsonl", folder / "out"
    complete(events, output=out, environment=environment, cwd=folder)
    curated = records(out, "curated.jsonl")
    assert len({record["storyId"] for record in curated}) == 3
    assert not any(record["published"] for record in curated)

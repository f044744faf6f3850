"""`newsloom lanes rebuild`: other settings, lost inputs, kills, and what the files then hold.

The environment variables E2E_KILLS (number of kills) and E2E_SEED (their moments) allow longer
tests than the default.
"""

import os
import signal
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.runs import (
    Ended,
    assert_failed_in_one_line,
    complete,
    finish,
    noisy_lines,
    outcomes,
    read_outcome,
    records,
    run,
    size,
    start,
    started,
    write_lines,
)
from tests.support.subscriber.rules import RULES
from tests.support.subscriber.view import View

KILLS = int(os.environ.get("E2E_KILLS", "3"))
SEED = int(os.environ.get("E2E_SEED", "20240306"))
STRICT = {"NEWSLOOM_STORY_WEIGHTS": "weights.toml"}
NAMES = ("curated.jsonl", "stories.jsonl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of events, and the output folder of a run that read both."""
    lines = list(noisy_lines(SEED, 600, articles_per_day=60))
    write_lines(tmp_path / "z-first.jsonl", lines[:300])
    write_lines(tmp_path / "a-second.jsonl", lines[300:])
    (tmp_path / "weights.toml").write_text("[join]\nbias = -6000\n")
    complete(tmp_path / "z-first.jsonl", output=tmp_path / "out")
    complete(tmp_path / "z-first.jsonl", tmp_path / "a-second.jsonl", output=tmp_path / "out")
    return tmp_path


def _rebuild(folder: Path, *arguments: object, **options: Any) -> Ended:
    options = {"command": "lanes", "cwd": folder} | options
    return run("rebuild", "--output", folder / "out", *arguments, **options)


def _held(folder: Path) -> dict[str, dict[str, Any]]:
    """The last record of each id that is not withdrawn, without its revision."""
    held = {}
    for name in NAMES:
        for record in records(folder, name):
            held[f"{name} {record['id']}"] = record | {"revision": 0}
    return {key: record for key, record in held.items() if not record.get("withdrawn")}


def _assert_revisions_rise(folder: Path) -> None:
    for name in NAMES:
        revisions = [record["revision"] for record in records(folder, name)]
        assert revisions == sorted(set(revisions))


def test_a_rebuild_with_other_weights_gives_what_a_fresh_run_gives(folder: Path) -> None:
    before = {name: (folder / "out" / name).read_bytes() for name in NAMES}

    ended = _rebuild(folder, environment=STRICT)

    assert ended.code == 0, ended
    assert "articles" in ended.out
    inputs = [folder / "z-first.jsonl", folder / "a-second.jsonl"]
    complete(*inputs, output=folder / "fresh", environment=STRICT, cwd=folder)
    fresh = _held(folder / "fresh")
    held = _held(folder / "out")
    assert {key: held[key] for key in fresh} == fresh
    # Stories that exist only in the former result are merged.
    assert all("mergedInto" in held[key] for key in held.keys() - fresh.keys())
    assert outcomes(folder / "out") == outcomes(folder / "fresh")
    assert read_outcome(folder / "out").inputs == read_outcome(folder / "fresh").inputs
    for name in NAMES:
        published = (folder / "out" / name).read_bytes()
        assert len(published) > len(before[name])
        assert published.startswith(before[name])
    _assert_revisions_rise(folder / "out")
    assert not (folder / "out" / "rebuild").exists()


def test_a_rebuild_with_the_same_settings_publishes_nothing(folder: Path) -> None:
    before = read_outcome(folder / "out")

    ended = _rebuild(folder)

    published = "0 articles, 0 stories and 0 dead letters published"
    lost = "0 articles that no input holds kept as departed"
    assert ended == Ended(0, f"rebuilt: {published}; {lost}\n", ended.err)
    after = read_outcome(folder / "out")
    assert after.files == before.files
    assert after.inputs == before.inputs


def test_articles_of_a_missing_file_are_kept_and_come_back_with_it(folder: Path) -> None:
    before = _held(folder / "out")
    (folder / "z-first.jsonl").rename(folder / "aside")

    ended = _rebuild(folder, "--quiet")

    assert (ended.code, ended.out) == (0, "")
    assert ended.err == f"newsloom: {folder}/z-first.jsonl is missing: its articles depart\n"
    articles = {key for key in before if key.startswith("curated")}
    assert articles <= _held(folder / "out").keys()
    view = View()
    articles_held, stories_held = (records(folder / "out", name) for name in NAMES)
    view.take(articles_held, stories_held)
    view.limit({})
    found = [v for v in view.check() if v.rule in RULES and RULES[v.rule].is_standing]
    assert not found, "\n".join(map(str, found[:10]))

    (folder / "aside").rename(folder / "z-first.jsonl")
    assert _rebuild(folder, "--quiet") == Ended(0, "", "")
    held = _held(folder / "out")
    assert {key: held[key] for key in before} == before


def test_killed_rebuilds_lose_nothing_and_go_on(folder: Path) -> None:
    published = folder / "out" / "curated.jsonl"
    before, chance = size(published), Random(SEED)
    arguments = ["rebuild", "--output", folder / "out", "--quiet"]
    options: dict[str, Any] = {"command": "lanes", "environment": STRICT, "cwd": folder}
    for _ in range(KILLS):
        with started(*arguments, **options) as process:
            time.sleep(chance.uniform(0, 0.6))
            process.kill()
            process.communicate()
    assert finish(start(*arguments, **options)) == Ended(0, "", "")

    # A kill after the state was replaced makes the next rebuild publish nothing.
    inputs = [folder / "z-first.jsonl", folder / "a-second.jsonl"]
    complete(*inputs, output=folder / "fresh", environment=STRICT, cwd=folder)
    fresh, held = _held(folder / "fresh"), _held(folder / "out")
    assert size(published) > before
    assert {key: held[key] for key in fresh} == fresh
    _assert_revisions_rise(folder / "out")


def test_a_stopped_rebuild_leaves_the_folder_as_it_was_and_goes_on(folder: Path) -> None:
    before = read_outcome(folder / "out")
    arguments = ["rebuild", "--output", folder / "out", "--quiet"]
    options: dict[str, Any] = {"command": "lanes", "environment": STRICT, "cwd": folder}
    with started(*arguments, **options) as process:
        while not (folder / "out" / "rebuild" / "newsloom.db-wal").exists():
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode in (143, -signal.SIGTERM)
    assert read_outcome(folder / "out") == before
    assert finish(start(*arguments, **options)) == Ended(0, "", "")


def test_what_cannot_be_rebuilt_is_said_in_one_line(tmp_path: Path) -> None:
    nothing = _rebuild(tmp_path)
    assert_failed_in_one_line(nothing, "contains no newsloom.db")

    source = write_lines(tmp_path / "events.jsonl", list(noisy_lines(SEED, 3)))
    complete(source, output=tmp_path / "out")
    source.unlink()
    assert_failed_in_one_line(_rebuild(tmp_path), "none of the 1 files", str(source))

    write_lines(source, list(noisy_lines(SEED, 3)))
    (tmp_path / "out" / "rebuild").mkdir()
    (tmp_path / "out" / "rebuild" / "mine.txt").write_text("mine")
    assert_failed_in_one_line(_rebuild(tmp_path), "mine.txt", "move it away")

"""Inputs that kill, hang or break an embedded run: set aside after three attempts, or halted.

The command is the real one; `tests.support.deadly` makes inputs with a marker deadly.
"""

import re
import signal
import sys
from pathlib import Path

import orjson
import pytest

from tests.support.deadly import MARKERS
from tests.support.processes import start_process
from tests.support.runs import Ended, finish, records, start, write_lines

ROOT = Path(__file__).parents[2]
LIMIT_S = 3
"""An input that hangs ends a run after this time. Other runs need a small part of it."""


def lines(*titles: str) -> list[bytes]:
    fields = {"locale": "en", "publishedDateTime": "2024-03-04T10:00:00Z"}
    return [
        orjson.dumps({"webUrl": f"https://harbour.example/{number}", "title": title, **fields})
        for number, title in enumerate(titles)
    ]


def run_deadly(stages: str, limits: str, source: Path, folder: Path) -> str:
    """Runs often; returns what the runs printed on standard error, and how each ended."""
    command = [sys.executable, "-m", "tests.support.deadly", stages, limits]
    arguments = ["run", source, "--images", "trust", "--output", folder]
    process = start_process([*command, *map(str, arguments)], cwd=ROOT, stdout=-3, stderr=-1)
    return finish(process).err


def titles(folder: Path) -> list[str]:
    return [record["title"] for record in records(folder, "curated.jsonl")]


@pytest.mark.parametrize(
    ("stage", "action", "code"),
    [("enrich", "hang", -signal.SIGALRM), ("curate", "kill", -signal.SIGKILL)],
)
def test_an_input_that_ends_each_run_is_set_aside_between_its_neighbours(
    tmp_path: Path, stage: str, action: str, code: int
) -> None:
    given = lines("Ferry aground", f"Divers find the {MARKERS[stage]}", "Comet near Saturn")
    source, folder = write_lines(tmp_path / "events.jsonl", given), tmp_path / "out"
    printed = run_deadly(f"{stage}={action}", f"{LIMIT_S}x6", source, folder)
    known = f"newsloom: {source} line 2 ended the process"
    expected = [
        "",  # in a batch with its neighbours, then three times alone
        "",
        f"{known} once\n",
        f"{known} 2 times\n",
    ]
    ends = [before + f"ended: {code}\n" for before in expected]
    assert printed == "".join(ends) + f"{known} 3 times\nended: 0\nended: 0\n"
    assert titles(folder) == ["Ferry aground", "Comet near Saturn"]
    (letter,) = records(folder, "dead-letters.jsonl")
    assert (letter["reason"], letter["stage"], letter["position"]) == ("poison", stage, 2)


def test_a_run_halts_at_the_twentieth_bug_until_it_is_resumed(tmp_path: Path) -> None:
    broken = [f"Number {number} near the {MARKERS['curate']}" for number in range(21)]
    source = write_lines(tmp_path / "events.jsonl", lines("Ferry aground", *broken, "Comet"))
    folder = tmp_path / "out"
    printed = run_deadly("curate=break", "60x2", source, folder).splitlines()
    assert printed[0] == printed[2], "a later run says the same, and processes nothing"
    assert re.match("newsloom: halted: 20 records failed because of a bug", printed[0])
    assert printed[0].endswith(f"run `newsloom resume --output {folder}`")
    assert printed[1] == printed[3] == "ended: 1"
    assert len(records(folder, "dead-letters.jsonl")) == 19
    assert titles(folder) == ["Ferry aground"], "what precedes the twentieth is committed"

    resumed = finish(start("--output", folder, command="resume"))
    assert resumed == Ended(0, f"{folder} is resumed: run `newsloom run` again\n", "")
    assert run_deadly("curate=break", "60x1", source, folder) == "ended: 0\n"
    assert len(records(folder, "dead-letters.jsonl")) == 21, "the count began at 0"
    assert titles(folder) == ["Ferry aground", "Comet"]


def test_only_an_output_folder_can_be_resumed(tmp_path: Path) -> None:
    ended = finish(start("--output", tmp_path, command="resume"))
    assert ended.code == 1
    assert ended.err.startswith(f"newsloom: {tmp_path} contains no newsloom.db")

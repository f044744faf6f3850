"""A run that is killed at any moment and started again gives the same result as one whole run.

The environment variables E2E_KILLS (number of kills) and E2E_SEED (their moments) allow longer
tests than the default.
"""

import gzip
import os
import signal
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from tests.support.runs import assert_same, complete, noisy_lines, size, started, write_lines

KILLS = int(os.environ.get("E2E_KILLS", "3"))
SEED = int(os.environ.get("E2E_SEED", "20240304"))
EVENTS = 2_400
MAX_START_S = 1.0


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kill") / "events.jsonl"
    write_lines(path, noisy_lines(SEED, EVENTS))
    packed = path.with_name("events.jsonl.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return path


def kill_a_run(arguments: list[object], folder: Path, chance: Random) -> bool:
    """Starts a run and kills it, during the writes of a commit or at a random time.

    Returns False if the run ended before the kill.
    """
    with started(*arguments) as process:
        if chance.random() < 0.8:
            if chance.random() < 0.5:
                _await_write(folder / "curated.jsonl", process)
            # Each commit writes at least once to the write-ahead log that is watched here.
            for _ in range(chance.randint(1, 3)):
                _await_write(folder / "newsloom.db-wal", process)
            time.sleep(chance.choice((0, 0, chance.uniform(0, 0.05))))
        else:
            time.sleep(chance.uniform(0, MAX_START_S))
        process.kill()
        assert process.communicate() == (b"", b"")
    assert process.returncode in (0, -signal.SIGKILL)
    return process.returncode != 0


def _await_write(path: Path, process: subprocess.Popen[bytes]) -> None:
    before = _stamp(path)
    while _stamp(path) == before and process.poll() is None:
        time.sleep(0.0005)  # The run needs the processor more than this loop.


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


@pytest.mark.parametrize(
    ("form", "packing"), [("jsonl", ""), ("front-matter", ".gz")], ids=["jsonl", "front-matter"]
)
def test_killed_and_restarted_run_equals_an_undisturbed_run(
    source: Path, tmp_path: Path, form: str, packing: str
) -> None:
    source = source.with_name(source.name + packing)
    undisturbed = tmp_path / "undisturbed"
    complete(source, "--format", form, output=undisturbed, is_fresh=True)
    whole_bytes = size(undisturbed / "curated.jsonl")
    chance = Random(f"{SEED} {form}")

    # A kill counts only if its run had committed some, but not all, of the input.
    counted = 0
    folder = tmp_path / "out"
    for number in range(10 * KILLS):
        before = size(folder / "curated.jsonl")
        if kill_a_run([source, "--format", form, "--output", folder, "--quiet"], folder, chance):
            counted += before < size(folder / "curated.jsonl") < whole_bytes
        else:
            assert_same(folder, undisturbed)
            folder = tmp_path / f"out-{number}"
        if counted == KILLS:
            break
    assert counted == KILLS

    complete(source, "--format", form, output=folder)
    assert_same(folder, undisturbed)

"""Something outside fails: one line says what, and once that is mended the next run completes.

Each outage is made on the file system itself, in ways that bind root as well.
"""

import os
import resource
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.runs import (
    Ended,
    assert_failed_in_one_line,
    assert_same,
    complete,
    finish,
    noisy_lines,
    outcomes,
    run,
    size,
    start,
    write_lines,
)


# Articles that say no language are left out: to tell it, a model is unpacked to a file.
@cache
def lines() -> list[bytes]:
    made = noisy_lines(seed=9, count=1_400)
    return [line for line in made if b'"locale"' in line or b'"excerpt"' not in line]


HALF = 600
FORM = ("--format", "front-matter")


class Stage:
    """An input, a folder that has read half of it, and what an undisturbed run makes of it all."""

    def __init__(self, folder: Path) -> None:
        self.out, self.calm = folder / "out", folder / "calm"
        self.source = write_lines(folder / "events.jsonl", lines()[:HALF])
        complete(self.source, *FORM, output=self.out)
        self.mend_input()
        complete(self.source, *FORM, output=self.calm)

    def mend_input(self) -> None:
        self.source.unlink(missing_ok=True)
        write_lines(self.source, lines())

    def run(self, output: Path | None = None, **options: Any) -> Ended:
        """Goes on with the folder, or begins in another."""
        return run(self.source, *FORM, "--output", output or self.out, "--quiet", **options)

    def assert_goes_on(self, output: Path | None = None) -> None:
        """The next run completes, and the outcome is that of an undisturbed one."""
        complete(self.source, *FORM, output=output or self.out)
        assert_same(output or self.out, self.calm)


@pytest.fixture(scope="module")
def half_way(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("outages"))


@pytest.fixture
def stage(half_way: Stage, tmp_path: Path) -> Iterator[Stage]:
    """The stage, with the folder put back afterwards. The input is known by its path and stays."""
    shutil.copytree(half_way.out, tmp_path / "before")
    yield half_way
    shutil.rmtree(half_way.out)
    shutil.copytree(tmp_path / "before", half_way.out)


# reason: (what is done to the input, words of the line)
INPUTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "there is no input"),
    "shorter than what was read": (lambda p: write_lines(p, lines()[: HALF - 1]), "is shorter"),
}


@pytest.mark.parametrize("reason", INPUTS)
def test_an_input_that_fails(stage: Stage, reason: str) -> None:
    harm, words = INPUTS[reason]
    harm(stage.source)
    ended = stage.run()
    stage.mend_input()
    assert_failed_in_one_line(ended, words, str(stage.source))
    stage.assert_goes_on()


def test_an_input_that_cannot_be_opened(stage: Stage, tmp_path: Path) -> None:
    # A socket cannot be opened by anybody.
    stage.source.unlink()
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(stage.source))
    ended = stage.run(tmp_path / "out")
    stage.mend_input()
    assert_failed_in_one_line(ended, f"cannot read {stage.source}")
    stage.assert_goes_on(tmp_path / "out")


def test_an_input_with_an_endless_name(tmp_path: Path) -> None:
    ended = run("x" * 5_000, "--output", tmp_path / "out")
    assert_failed_in_one_line(ended, "cannot read xxx")


def test_standard_input_that_is_closed(tmp_path: Path) -> None:
    ended = run("-", "--output", tmp_path / "out", preexec_fn=lambda: os.close(0))
    assert_failed_in_one_line(ended, "standard input")


def test_an_output_folder_that_cannot_be_made(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = stage.run(tmp_path / "file/out")
    assert_failed_in_one_line(ended, f"cannot write to {tmp_path / 'file/out'}")
    (tmp_path / "file").unlink()
    stage.assert_goes_on(tmp_path / "file/out")


def _write_noise(path: Path) -> None:
    path.write_bytes(b"not a database. " * 4_096)


def _damage(path: Path) -> None:
    """Overwrites some pages with noise, the first (which says what it is) not among them."""
    pages = path.read_bytes()
    path.write_bytes(pages[:81_920] + b"\xaa" * 409_600 + pages[491_520:])


# reason: (what is done, in the folder, to what, words of the line)
FILES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a database that is none": (_write_noise, "newsloom.db", "not a database"),
    "a damaged database": (_damage, "newsloom.db", "malformed"),
    "a folder for a projection": (Path.mkdir, "stories.jsonl", "Is a directory"),
    "a file for the folder of articles": (Path.touch, "articles", "File exists"),
}


@pytest.mark.parametrize("reason", FILES)
def test_a_file_of_the_folder_that_is_no_good(stage: Stage, tmp_path: Path, reason: str) -> None:
    harm, name, words = FILES[reason]
    path = stage.out / name
    path.rename(tmp_path / "aside")
    if harm is _damage:
        shutil.copy(tmp_path / "aside", path)
    harm(path)
    assert_failed_in_one_line(stage.run(), words, str(stage.out))
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    (tmp_path / "aside").rename(path)
    stage.assert_goes_on()


@pytest.mark.parametrize("name", ["curated.jsonl", "dead-letters.jsonl"])
def test_a_projection_that_is_full(stage: Stage, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).symlink_to("/dev/full")
    assert_failed_in_one_line(stage.run(out), "No space left", name)
    assert sum(outcomes(out).values()) > 0, "committed, though not shown"
    # Now it is what was committed that cannot be shown.
    assert_failed_in_one_line(stage.run(out), "No space left", str(out))
    (out / name).unlink()
    stage.assert_goes_on(out)


def test_a_projection_that_cannot_even_take_a_few_bytes(tmp_path: Path, out: Path) -> None:
    # So few that they wait in a buffer, which is tried again when the file is closed.
    source = write_lines(tmp_path / "events.jsonl", [b'{"title": "Ferry'])
    out.mkdir()
    (out / "dead-letters.jsonl").symlink_to("/dev/full")
    assert_failed_in_one_line(
        run(source, "--output", out), f"cannot write {out / 'dead-letters.jsonl'}: No space left"
    )


# The database is refused at its first commit, or after some.
@pytest.mark.parametrize("max_bytes", [100_000, 2_500_000])
def test_a_file_that_may_not_grow(stage: Stage, tmp_path: Path, max_bytes: int) -> None:
    out = tmp_path / "out"
    ended = stage.run(out, preexec_fn=_limit(max_bytes))
    assert_failed_in_one_line(ended, str(out / "newsloom.db"))
    assert (size(out / "curated.jsonl") > 0) == (max_bytes > 1_000_000)
    stage.assert_goes_on(out)


def _limit(max_bytes: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder on a disk of six megabytes, and options for the run that is to meet its end.

    Only root may have a disk of its own; for others no file may grow beyond 2.5 MB.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    mount: list[str | Path] = ["mount", "-t", "tmpfs", "-o", "size=6m", "newsloom-test", disk]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0:
        yield disk, {}
        subprocess.run(["umount", "--lazy", disk], check=True)
    else:
        yield disk, {"preexec_fn": _limit(2_500_000)}


def test_a_full_disk(stage: Stage, full_disk: tuple[Path, dict[str, Any]]) -> None:
    disk, options = full_disk
    out = disk / "out"
    assert_failed_in_one_line(stage.run(out, **options), str(out))
    assert 0 < size(out / "curated.jsonl") < size(stage.calm / "curated.jsonl")
    if not options:
        subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)
    stage.assert_goes_on(out)


def test_an_output_that_nobody_can_print_to(stage: Stage, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with open("/dev/full", "wb") as full:
        ended = finish(start(stage.source, *FORM, "--output", out, stdout=full))
    # A slow run prints lines of its progress before.
    last = ended.err.splitlines(keepends=True)[-1]
    assert_failed_in_one_line(replace(ended, err=last), "No space left")
    assert_same(out, stage.calm)

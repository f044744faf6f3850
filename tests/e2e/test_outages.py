"""Outages: a failure is reported in one line, and after it is fixed the next run completes.

Each failure is made in the file system itself, in ways that also affect root.
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


# Articles without a language are left out: language detection unpacks a model to a file, and these
# tests limit file sizes.
@cache
def lines() -> list[bytes]:
    generated = noisy_lines(seed=9, count=1_400)
    return [line for line in generated if b'"locale"' in line or b'"excerpt"' not in line]


HALF = 600
FORM = ("--format", "front-matter")


class Scene:
    """An input, a folder that has processed half of it, and the folder of one undisturbed run."""

    def __init__(self, folder: Path) -> None:
        self.out, self.undisturbed = folder / "out", folder / "undisturbed"
        self.source = write_lines(folder / "events.jsonl", lines()[:HALF])
        complete(self.source, *FORM, output=self.out)
        self.restore_input()
        complete(self.source, *FORM, output=self.undisturbed, is_fresh=True)

    def restore_input(self) -> None:
        self.source.unlink(missing_ok=True)
        write_lines(self.source, lines())

    def run(self, output: Path | None = None, **options: Any) -> Ended:
        """Continues in the folder, or starts in the folder `output`."""
        return run(self.source, *FORM, "--output", output or self.out, "--quiet", **options)

    def assert_completes(self, output: Path | None = None) -> None:
        """Asserts that the next run completes, with the same result as the undisturbed run."""
        complete(self.source, *FORM, output=output or self.out)
        assert_same(output or self.out, self.undisturbed)


@pytest.fixture(scope="module")
def half_way(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp("outages"))


@pytest.fixture
def scene(half_way: Scene, tmp_path: Path) -> Iterator[Scene]:
    """The scene. Its folder is restored after the test; its input keeps its path."""
    shutil.copytree(half_way.out, tmp_path / "before")
    yield half_way
    shutil.rmtree(half_way.out)
    shutil.copytree(tmp_path / "before", half_way.out)


# reason: (the damage to the input, words of the message)
INPUTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "there is no input"),
    "shorter than what was read": (lambda p: write_lines(p, lines()[: HALF - 1]), "is shorter"),
}


@pytest.mark.parametrize("reason", INPUTS)
def test_input_is_missing_or_shorter(scene: Scene, reason: str) -> None:
    damage, words = INPUTS[reason]
    damage(scene.source)
    ended = scene.run()
    scene.restore_input()
    assert_failed_in_one_line(ended, words, str(scene.source))
    scene.assert_completes()


def test_input_cannot_be_opened(scene: Scene, tmp_path: Path) -> None:
    # Not even root can open a socket as a file.
    scene.source.unlink()
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(scene.source))
    ended = scene.run(tmp_path / "out")
    scene.restore_input()
    assert_failed_in_one_line(ended, f"cannot read {scene.source}")
    scene.assert_completes(tmp_path / "out")


def test_input_with_a_name_of_5000_characters(tmp_path: Path) -> None:
    ended = run("x" * 5_000, "--output", tmp_path / "out")
    assert_failed_in_one_line(ended, "cannot read xxx")


def test_standard_input_is_closed(tmp_path: Path) -> None:
    ended = run("-", "--output", tmp_path / "out", preexec_fn=lambda: os.close(0))
    assert_failed_in_one_line(ended, "standard input")


def test_output_folder_cannot_be_created(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = scene.run(tmp_path / "file/out")
    assert_failed_in_one_line(ended, f"cannot write to {tmp_path / 'file/out'}")
    (tmp_path / "file").unlink()
    scene.assert_completes(tmp_path / "file/out")


def _write_noise(path: Path) -> None:
    path.write_bytes(b"not a database. " * 4_096)


def _overwrite_pages(path: Path) -> None:
    """Overwrites some pages with noise. The first page stays: it identifies the file as SQLite."""
    pages = path.read_bytes()
    path.write_bytes(pages[:81_920] + b"\xaa" * 409_600 + pages[491_520:])


# reason: (the damage, the name of the damaged file, words of the message)
FILES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a database that is not SQLite": (_write_noise, "newsloom.db", "not a database"),
    "a damaged database": (_overwrite_pages, "newsloom.db", "malformed"),
    "a folder in place of a projection": (Path.mkdir, "stories.jsonl", "Is a directory"),
    "a file in place of the folder of articles": (Path.touch, "articles", "File exists"),
}


@pytest.mark.parametrize("reason", FILES)
def test_file_in_the_output_folder_is_unusable(scene: Scene, tmp_path: Path, reason: str) -> None:
    damage, name, words = FILES[reason]
    path = scene.out / name
    path.rename(tmp_path / "aside")
    if damage is _overwrite_pages:
        shutil.copy(tmp_path / "aside", path)
    damage(path)
    assert_failed_in_one_line(scene.run(), words, str(scene.out))
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    (tmp_path / "aside").rename(path)
    scene.assert_completes()


@pytest.mark.parametrize("name", ["curated.jsonl", "dead-letters.jsonl"])
def test_projection_has_no_space(scene: Scene, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / name).symlink_to("/dev/full")
    assert_failed_in_one_line(scene.run(out), "No space left", name)
    assert sum(outcomes(out).values()) > 0, (
        "the batch is committed, although its lines are not written"
    )
    # Now the lines that are already committed cannot be written.
    assert_failed_in_one_line(scene.run(out), "No space left", str(out))
    (out / name).unlink()
    scene.assert_completes(out)


def test_projection_has_no_space_for_a_few_bytes(tmp_path: Path, out: Path) -> None:
    # The bytes stay in the buffer of the file object, which writes them again when it is closed.
    source = write_lines(tmp_path / "events.jsonl", [b'{"title": "Ferry'])
    out.mkdir()
    (out / "dead-letters.jsonl").symlink_to("/dev/full")
    assert_failed_in_one_line(
        run(source, "--output", out), f"cannot write {out / 'dead-letters.jsonl'}: No space left"
    )


# The first commit of the database fails, or a later one.
@pytest.mark.parametrize("max_bytes", [100_000, 2_500_000])
def test_database_reaches_a_file_size_limit(scene: Scene, tmp_path: Path, max_bytes: int) -> None:
    out = tmp_path / "out"
    ended = scene.run(out, preexec_fn=_limit(max_bytes))
    assert_failed_in_one_line(ended, str(out / "newsloom.db"))
    assert (size(out / "curated.jsonl") > 0) == (max_bytes > 1_000_000)
    scene.assert_completes(out)


def _limit(max_bytes: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder on a file system of 6 MiB, and options for the run that fills it.

    Only root can mount a file system. For other users the options limit each file to 2.5 MB.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    mount: list[str | Path] = ["mount", "-t", "tmpfs", "-o", "size=6m", "newsloom-test", disk]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0:
        yield disk, {}
        subprocess.run(["umount", "--lazy", disk], check=True)
    else:
        yield disk, {"preexec_fn": _limit(2_500_000)}


def test_disk_is_full(scene: Scene, full_disk: tuple[Path, dict[str, Any]]) -> None:
    disk, options = full_disk
    out = disk / "out"
    assert_failed_in_one_line(scene.run(out, **options), str(out))
    assert 0 < size(out / "curated.jsonl") < size(scene.undisturbed / "curated.jsonl")
    if not options:
        subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)
    scene.assert_completes(out)


def test_standard_output_is_full(scene: Scene, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with open("/dev/full", "wb") as full:
        ended = finish(start(scene.source, *FORM, "--output", out, stdout=full))
    # A slow run prints progress lines before the error.
    last = ended.err.splitlines(keepends=True)[-1]
    assert_failed_in_one_line(replace(ended, err=last), "No space left")
    assert_same(out, scene.undisturbed)

"""A file that is followed may be replaced or overwritten, as the rotation of logs does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from newsloom.adapters.failures import InputError
from newsloom.adapters.inputs import lines as lines_module
from newsloom.adapters.inputs.positions import InputRecord, Position
from newsloom.adapters.inputs.reading import read
from newsloom.adapters.inputs.sources import find_sources


class Follower:
    """Follows a file, and acts on it each time that no complete line is left."""

    def __init__(self, path: Path, *actions: Callable[[], object]) -> None:
        self.warnings: list[str] = []
        self._path, self._actions = path, list(actions)

    def records(self) -> list[tuple[int, bytes]]:
        (source,) = find_sources([str(self._path)])
        found = []
        is_stopped = lambda: not self._actions  # noqa: E731
        for item in read(source, Position(), True, is_stopped, lambda: 0.0, self.warnings.append):
            if isinstance(item, InputRecord):
                found.append((item.position, item.payload))
            else:
                self._actions.pop(0)()
        return found


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(lines_module, "PAUSE_S", 0.0)
    (tmp_path / "e.jsonl").write_bytes(b"a1\na2\n")
    return tmp_path / "e.jsonl"


def append(path: Path, text: bytes) -> Callable[[], object]:
    def act() -> None:
        with open(path, "ab") as file:
            file.write(text)

    return act


def nothing() -> None: ...


def test_replaced_file_is_read_to_its_end_and_then_the_new_one(path: Path) -> None:
    old = path.with_name("e.jsonl.1")

    def rotate() -> None:
        path.rename(old)
        path.touch()

    follower = Follower(
        path,
        append(path, b"a3\n"),
        rotate,
        append(old, b"a4\nlast"),
        append(path, b"b1\nb2\n"),
        append(path, b"b3\n"),
        nothing,
    )
    assert follower.records() == [
        *((1, b"a1"), (2, b"a2"), (3, b"a3"), (4, b"a4"), (5, b"last")),
        *((1, b"b1"), (2, b"b2"), (3, b"b3")),
    ]
    (warning,) = follower.warnings
    assert "another file" in warning


def test_overwritten_file_is_read_from_its_beginning(path: Path) -> None:
    follower = Follower(path, lambda: path.write_bytes(b"b1\nb2\nb3\n"), nothing)
    assert [payload for _, payload in follower.records()] == [b"a1", b"a2", b"b1", b"b2", b"b3"]
    assert len(follower.warnings) == 1


def test_file_overwritten_with_a_change_ends_the_run(path: Path) -> None:
    follower = Follower(path, lambda: path.write_bytes(b"a1\nb2\nb3\n"), nothing)
    with pytest.raises(InputError, match="was changed within"):
        follower.records()

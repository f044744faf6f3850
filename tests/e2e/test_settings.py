"""The precedence of settings: flag, then environment, then file. Bad settings are reported."""

from pathlib import Path

import pytest

from tests.support.runs import Ended, complete, records, run, write_lines

EVENT = (
    b'{"title": "Ferry back in service", "webUrl": "https://daily.example/a",'
    b' "publishedDateTime": "2024-03-04T10:00:00Z",'
    b' "images": [{"url": "https://img.daily.example/a.jpg"}]}'
)

# reason: (flag, environment, file, whether the image is kept)
IMAGES = {
    "flag": ("off", None, None, False),
    "file": (None, None, "off", False),
    "environment beats file": (None, "trust", "off", True),
    "flag beats environment and file": ("off", "trust", "trust", False),
}


def _arguments(folder: Path, flag: str | None, file: str | None) -> list[object]:
    if file is not None:
        (folder / "newsloom.toml").write_text(file)
    flags = ["--images", flag] if flag else []
    return [write_lines(folder / "event.jsonl", [EVENT]), *flags]


def _environment(images: str | None) -> dict[str, str | None]:
    return {"NEWSLOOM_IMAGES": images}


@pytest.mark.parametrize("reason", IMAGES)
def test_flag_overrides_environment_and_environment_overrides_file(
    tmp_path: Path, reason: str
) -> None:
    flag, variable, file, is_kept = IMAGES[reason]
    complete(
        *_arguments(tmp_path, flag, file and f'images = "{file}"\n'),
        output=tmp_path / "out",
        environment=_environment(variable),
        cwd=tmp_path,
    )
    (record,) = records(tmp_path / "out", "curated.jsonl")
    assert ("images" in record) == is_kept


# reason: (environment, file, the word that the message must contain)
BAD = {
    "a value in the environment": ("maybe", None, "images"),
    "a value in the file": (None, 'images = "maybe"\n', "images"),
    "an unknown name in the file": (None, 'imagse = "off"\n', "imagse"),
    "a file that is not TOML": (None, "images = off\n", "newsloom.toml"),
}


@pytest.mark.parametrize("reason", BAD)
def test_bad_setting_is_named_in_one_line(tmp_path: Path, reason: str) -> None:
    variable, file, word = BAD[reason]
    ended = run(
        *_arguments(tmp_path, None, file),
        "--output",
        tmp_path / "out",
        environment=_environment(variable),
        cwd=tmp_path,
    )
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1), ended
    assert ended.err.startswith("newsloom: ")
    assert word in ended.err
    assert not (tmp_path / "out").exists()


def test_bad_flag_is_named(tmp_path: Path) -> None:
    ended = run(*_arguments(tmp_path, "maybe", None), "--output", tmp_path / "out")
    assert isinstance(ended, Ended)
    assert (ended.code, ended.out) == (2, "")
    assert "--images" in ended.err.splitlines()[-1]

"""Lists of feeds that are read, and files of events that are extended."""

from pathlib import Path

import pytest

from newsloom.adapters.failures import OutageError, UnusableInputError
from newsloom.feeds.crawling.outputs import FileOutput
from newsloom.feeds.crawling.subscriptions import read_subscriptions

ONE, TWO = "https://harbour.example/rss", "https://gull.example/atom"
OPML = (
    "<?xml version='1.0'?><opml version='2.0'><body><outline text='Ports'>"
    f"<outline type='rss' text='H' xmlUrl='{ONE}'/></outline><outline xmlurl='{TWO}'/>"
    f"<outline text='again' xmlUrl='{ONE}'/></body></opml>"
)


@pytest.mark.parametrize(
    "text",
    [OPML, "\ufeff" + OPML, f"# ports\n{ONE}\n\n  {TWO}  \n{ONE}\n", f"{ONE}\r\n{TWO}"],
    ids=["opml", "opml-with-a-mark", "list", "list-of-windows"],
)
def test_the_feeds_of_a_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "feeds"
    path.write_text(text, encoding="utf-8")
    assert read_subscriptions(str(path)) == [ONE, TWO]


def test_a_url_stands_for_itself() -> None:
    assert read_subscriptions(ONE) == [ONE]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no feed"),
        (f"{ONE}\nharbour", ":2: 'harbour' is no http or https URL"),
        ("<opml><body><outline xmlUrl='ftp://x/'/></body></opml>", ":1: 'ftp://x/' is no"),
        ("<opml><body>", "not OPML"),
        ("<rss version='2.0'/>", "give the URL of a feed"),
    ],
    ids=["nothing", "a-word", "ftp", "broken", "a-feed"],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "feeds"
    path.write_text(text)
    with pytest.raises(UnusableInputError) as caught:
        read_subscriptions(str(path))
    assert message in str(caught.value)


def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(UnusableInputError, match="nowhere: cannot be read"):
        read_subscriptions("nowhere")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b'{"a":1}\n', b'{"a":1}\n'),
        (b'{"a":1}\n{"b":', b'{"a":1}\n'),
        (b'{"b":', b""),
        (b'{"a":1}', b'{"a":1}\n'),
        (b'{"a":1}\n"' + b"x" * 200_000, b'{"a":1}\n'),
    ],
    ids=["empty", "whole", "cut", "only-cut", "no-line-end", "long-cut"],
)
def test_a_line_that_a_kill_left_is_cut_off(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(before)
    output = FileOutput(path)
    output.write([{"c": 1}])
    output.close()
    assert path.read_bytes() == after + b'{"c":1}\n'


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutageError, match="cannot be written"):
        FileOutput(tmp_path / "no" / "events.jsonl")

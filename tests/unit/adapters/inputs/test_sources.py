"""Inputs are found in order; what holds no article events is named and refused before a run."""

import gzip
import os
from pathlib import Path

import orjson
import pytest

from newsloom.adapters.failures import OutageError, UnusableInputError
from newsloom.adapters.inputs.reading import read_all
from newsloom.adapters.inputs.sources import Source, find_sources, total_bytes

EVENT = b'{"webUrl": "https://daily.example/a", "title": "a, b", "published": true}\n'
RSS = b'<?xml version="1.0"?>\n<!-- a feed --><rss version="2.0"><channel/></rss>'
CURATED = (
    b'{"category":"news","title":"Ferry","webUrl":"https://daily.example/a","type":"article",'
    b'"quality":60,"heat":-1,"published":false}\n'
)
STORY_ID = b"0123456789abcdef" * 2

UNUSABLE = {
    "UTF-16": ('{"title": "Fähre"}'.encode("utf-16"), "UTF-16 .*iconv"),
    "UTF-16 without a mark": (EVENT.decode().encode("utf-16-le"), "UTF-16"),
    "UTF-32": (EVENT.decode().encode("utf-32"), "UTF-32"),
    "RSS": (RSS, "RSS feed"),
    "RSS after a byte order mark": (b"\xef\xbb\xbf \n<rss>", "RSS feed"),
    "Atom": (b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>', "Atom feed"),
    "RDF": (b'<?xml version="1.0"?><rdf:RDF></rdf:RDF>', "RSS 1.0 feed"),
    "HTML": (b"<!DOCTYPE html>\n<html><body>not found", "web page"),
    "other XML": (b'<?xml version="1.0"?><urlset/>', "is XML"),
    "JSON Feed": (b'{\n "version": "https://jsonfeed.org/version/1.1", "items": []}', "JSON Feed"),
    "JSON object over lines": (b'{\n  "title": "Ferry"\n}\n', "over several lines"),
    "CSV": (b'"webUrl","title","publishedDateTime"\n"https://a.example",a,b\n', "CSV"),
    "CSV with semicolons": (b"Headline;Link\r\na;b\r\n", "CSV"),
    "front matter": (b"---\ntitle: Ferry\n---\n", "must end with .md"),
    "bzip2": (b"BZh91AY&SY", "bzip2"),
    "xz": (b"\xfd7zXZ\x00\x00", "xz"),
    "ZIP": (b"PK\x03\x04\x14\x00", "ZIP archive"),
    "gzip in gzip": (gzip.compress(gzip.compress(EVENT)), "packed twice"),
    "RSS in gzip": (gzip.compress(RSS), "RSS feed"),
    "SQLite": (b"SQLite format 3\x00", "a database"),
    "curated articles": (CURATED, "records that Newsloom published"),
    "stories": (b'{"id":"%b","lead":"%b"}\n' % (STORY_ID, STORY_ID), "that Newsloom published"),
    "a tombstone": (b'{"id":"%b","revision":3,"withdrawn":true}' % STORY_ID, "that Newsloom"),
    "dead letters": (b'{"reason":"blank","stage":"decode","field":"title"}', "that Newsloom"),
}


@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
@pytest.mark.parametrize("name", UNUSABLE)
def test_what_holds_no_events_is_named(tmp_path: Path, name: str, folder: bool) -> None:
    content, words = UNUSABLE[name]
    (tmp_path / "a.jsonl").write_bytes(EVENT)
    path = tmp_path / "b.jsonl"
    path.write_bytes(content)
    with pytest.raises(UnusableInputError, match=f"^{path} .*{words}"):
        find_sources([str(tmp_path if folder else path)])


def test_standard_input_that_holds_no_events_is_named(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    descriptor = os.open(pipe, os.O_RDWR)
    os.write(descriptor, RSS)
    (source,) = find_sources([str(pipe)])
    with pytest.raises(UnusableInputError, match=f"{pipe} is an RSS feed"):
        list(read_all(source))
    os.close(descriptor)


# A line that is no event becomes a dead letter of its own: it does not condemn the file.
LINES = {
    "nothing": b"",
    "one event": EVENT,
    "half an event": b'{"title": "Ferry',
    "not JSON": b"garbage, and more\n" + EVENT,
    "a name that holds a comma": b"Ferry, link\n" + EVENT,
    "markup": b"<p>Ferry</p>\n",
    "an event about a JSON Feed": b'{"title": "\\"version\\": \\"https://jsonfeed.org/version/1"}',
    "NUL characters": b"\x00\x00\x00\n",
}


@pytest.mark.parametrize("name", LINES)
def test_faulty_line_does_not_condemn_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "e.jsonl").write_bytes(LINES[name])
    (source,) = find_sources([str(tmp_path / "e.jsonl")])
    expected = [line for line in LINES[name].split(b"\n") if line]
    assert [record.payload for record in read_all(source)] == expected


def test_folder_gives_packed_files_and_arrays_in_path_order(tmp_path: Path) -> None:
    texts = {
        "a.jsonl.gz": gzip.compress(EVENT),
        "b/a.json": b" [" + EVENT + b"]",
        "b/package.json": b'{\n"name": "x"}',
        "c.ndjson": EVENT,
        "d.md": b"---\ntitle: Ferry\n---\n",
        "e.txt": EVENT,
    }
    (tmp_path / "b").mkdir()
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
    sources = find_sources([str(tmp_path)])
    found = [os.path.relpath(source.path, tmp_path) for source in sources]
    assert found == ["a.jsonl.gz", "b/a.json", "c.ndjson", "d.md"]
    assert [source.is_packed for source in sources] == [True, False, False, False]
    assert total_bytes(sources) is None
    assert total_bytes(sources[1:]) == sum(len(texts[name]) for name in found[1:])


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The output folder of a run, beside an input."""
    out = tmp_path / "all/out"
    (out / "articles").mkdir(parents=True)
    for name in ("newsloom.db", "curated.jsonl", "stories.jsonl", "articles/0a.md"):
        (out / name).touch()
    (tmp_path / "all/events.jsonl").write_bytes(EVENT)
    return out


@pytest.mark.parametrize(
    "name", [".", "..", "articles", "curated.jsonl", "stories.jsonl", "articles/0a.md"]
)
def test_output_of_another_run_is_refused(out: Path, name: str) -> None:
    with pytest.raises(UnusableInputError, match="is the output"):
        find_sources([str(out / name)], out.parent / "other")


def test_own_output_folder_is_left_out(out: Path) -> None:
    (source,) = find_sources([str(out.parent)], out)
    assert source == Source(str(out.parent / "events.jsonl"), len(EVENT))


def test_folder_without_inputs_and_missing_input_are_outages(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(OutageError, match=r"contains no \.jsonl"):
        find_sources([str(tmp_path)])
    with pytest.raises(OutageError, match="there is no input"):
        find_sources([str(tmp_path / "x.jsonl")])


def test_unused_fields_of_events_do_not_look_like_output(tmp_path: Path) -> None:
    event = {"title": "a", "category": "news", "quality": 3, "id": "x", "revision": 1}
    (tmp_path / "e.jsonl").write_bytes(orjson.dumps(event))
    assert len(find_sources([str(tmp_path / "e.jsonl")])) == 1

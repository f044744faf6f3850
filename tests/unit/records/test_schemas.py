"""The published schemas: valid, committed, consistent with decode, and protected from breaks."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from newsloom.adapters.schema_files import check, export
from newsloom.commands.schemas import schemas
from newsloom.pipeline.decode import Decoded
from newsloom.records.schemas import DIALECT, READERS, published_schema
from tests.support.pipeline import decode_bytes

SCHEMAS = Path(__file__).parents[3] / "schemas"
COMMITTED = SCHEMAS / "json"
TOPICS = {
    "news.article-events.v1": "article-event",
    "news.curated-articles.v1": "curated-article",
    "news.stories.v1": "story",
    "news.dead-letters.v1": "dead-letter",
}
FAULTY = {"09-faulty-optional-fields.json", "10-missing-title.json"}
EXAMPLES = [
    path for topic in TOPICS for path in sorted((SCHEMAS / "examples" / topic).glob("*.json"))
]

EVENT = Draft202012Validator(published_schema("article-event"))
PLAIN = {
    "webUrl": "https://daily.example/a",
    "title": "Ferry back in service",
    "publishedDateTime": "2026-03-02T10:00:00+01:00",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the committed files, which the test may change."""
    shutil.copytree(COMMITTED, tmp_path / "json")
    return tmp_path / "json"


def change(folder: Path, name: str, change: Callable[[dict[str, Any]], object]) -> Path:
    path = folder / f"{name}.v1.schema.json"
    schema = json.loads(path.read_text())
    change(schema)
    path.write_text(json.dumps(schema, indent=2))
    return path


@pytest.mark.parametrize("name", READERS)
def test_a_schema_is_valid_2020_12_with_title_and_description(name: str) -> None:
    schema = published_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert schema["$id"] == f"urn:newsloom:schema:{name}:v1"
    assert schema["title"]
    for described in (schema, *schema.get("$defs", {}).values()):
        assert described["description"]
        assert "\n" not in described["description"]


def test_each_field_that_a_crawler_writes_has_a_description() -> None:
    fields: dict[str, Any] = published_schema("article-event")["$defs"]["ArticleEvent"][
        "properties"
    ]
    assert [name for name, field in fields.items() if not field.get("description")] == []


@pytest.mark.parametrize("name", READERS)
def test_a_schema_is_the_same_text_each_time(name: str) -> None:
    assert json.dumps(published_schema(name)) == json.dumps(published_schema(name))


def test_committed_files_are_current() -> None:
    assert check(COMMITTED) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_each_example_is_valid_by_the_schema_of_its_topic(path: Path) -> None:
    schema = json.loads((COMMITTED / f"{TOPICS[path.parent.name]}.v1.schema.json").read_text())
    errors = list(Draft202012Validator(schema).iter_errors(json.loads(path.read_text())))
    is_faulty = path.parent.name == "news.article-events.v1" and path.name in FAULTY
    assert bool(errors) == is_faulty, errors


# reason: (fields changed in or added to a plain event, whether the schema accepts it)
EVENTS: dict[str, tuple[dict[str, Any], bool]] = {
    "the required fields": ({}, True),
    "an unknown field": ({"colour": "red"}, True),
    "null for a field that may be absent": ({"locale": None, "images": None, "type": None}, True),
    "null for a required field": ({"title": None}, False),
    "a blank title": ({"title": " \t"}, False),
    "a title too long": ({"title": "x" * 1001}, False),
    "a URL without http": ({"webUrl": "ftp://daily.example/a"}, False),
    "a URL too long": ({"webUrl": "https://daily.example/" + "x" * 2048}, False),
    "a time in seconds": ({"publishedDateTime": 1772445600}, False),
    "a time without an offset": ({"publishedDateTime": "2026-03-02T10:00:00"}, False),
    "a time in small letters, with fractions": (
        {"publishedDateTime": "2026-03-02t10:00:00.25z"},
        True,
    ),
    "a quality out of bounds": ({"quality": 201}, False),
    "a locale with an underscore": ({"locale": "pt_BR"}, True),
    "the name of a language for a locale": ({"locale": "British English"}, False),
    "an image without a URL": ({"images": [{"width": 4}]}, False),
    "an image of unknown size": ({"images": [{"url": "http://a.example", "width": None}]}, True),
    "a withdrawal of a whole article": ({"withdrawn": True}, True),
    "a withdrawal with nulls": ({"withdrawn": True, "title": None, "excerpt": None}, True),
    "a withdrawal without a URL": ({"withdrawn": True, "webUrl": None}, False),
    "no withdrawal, without a title": ({"withdrawn": False, "title": None}, False),
}


@pytest.mark.parametrize("reason", EVENTS)
def test_the_schema_accepts_the_events_that_decode_accepts(reason: str) -> None:
    changes, is_taken = EVENTS[reason]
    event = PLAIN | changes
    decoded = decode_bytes(json.dumps(event).encode())
    assert EVENT.is_valid(event) == is_taken
    assert (isinstance(decoded, Decoded) and not decoded.faulty_fields) == is_taken


_URLS = ("https://daily.example/a b", "HTTP://[::1]:80", "https:///a")
_TIMES = ("2026-03-02 10:00:00Z", "2026-03-02T10:00:00.5+01:00", "2026-13-02T10:00:00Z")
_texts = st.sampled_from([*_URLS, *_TIMES, "a", "été", "x" * 1001, "en-gb", "und"])
_parts = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 201),
    _texts,
    st.lists(_texts, max_size=2),
    st.fixed_dictionaries({"url": _texts, "width": st.sampled_from([None, 0, 9, "9"])}),
    st.lists(st.fixed_dictionaries({"url": _texts}), max_size=2),
)
_names = st.sampled_from(
    sorted(published_schema("article-event")["$defs"]["ArticleEvent"]["properties"])
)


@given(st.dictionaries(_names, _parts, max_size=4))
def test_an_event_without_faults_in_decode_is_valid_by_the_schema(changes: dict[str, Any]) -> None:
    event = PLAIN | changes
    decoded = decode_bytes(json.dumps(event).encode())
    if isinstance(decoded, Decoded) and not decoded.faulty_fields:
        EVENT.validate(event)


def _remove(*path: str) -> Callable[[dict[str, Any]], object]:
    def remove(schema: dict[str, Any]) -> None:
        for step in path[:-1]:
            schema = schema[step]
        del schema[path[-1]]

    return remove


def _add(field: str, *path: str) -> Callable[[dict[str, Any]], object]:
    def add(schema: dict[str, Any]) -> None:
        for step in path:
            schema = schema[step]
        schema[field] = {"type": "string"}

    return add


# reason: (schema, the difference of the published file, field, words of the problem)
BREAKS: dict[str, tuple[str, Callable[[dict[str, Any]], object], str, str]] = {
    "subscribers lose a field": (
        "curated-article",
        _add("colour", "$defs", "CuratedArticle", "properties"),
        "colour",
        "is no longer published, which breaks subscribers",
    ),
    "subscribers lose a field deep inside": (
        "curated-article",
        _add("colour", "$defs", "Image", "properties"),
        "related[].images[].colour",
        "is no longer published, which breaks subscribers",
    ),
    "crawlers lose a field": (
        "article-event",
        _add("colour", "$defs", "ImageCandidate", "properties"),
        "images[].colour",
        "is no longer read, which breaks crawlers",
    ),
    "crawlers must write a field": (
        "article-event",
        lambda schema: schema["$defs"]["ArticleEvent"]["required"].remove("title"),
        "title",
        "is now required, which breaks crawlers",
    ),
    "crawlers must keep to a bound": (
        "article-event",
        _remove("$defs", "ArticleEvent", "properties", "title", "maxLength"),
        "title",
        "maxLength was none, is now 1000, which breaks crawlers",
    ),
    "subscribers meet a new relation": (
        "curated-article",
        lambda schema: schema["$defs"]["RelatedArticle"]["properties"]["relation"]["enum"].remove(
            "related"
        ),
        "related[].relation",
        'may now be "related", which breaks subscribers',
    ),
    "subscribers meet a new form": (
        "story",
        lambda schema: schema["anyOf"].pop(1),
        "(record)",
        "may now be MergedStory, which breaks subscribers",
    ),
}


@pytest.mark.parametrize("reason", BREAKS)
def test_an_incompatible_change_is_reported_and_not_written(folder: Path, reason: str) -> None:
    name, harm, field, words = BREAKS[reason]
    path = change(folder, name, harm)
    before = {file: file.read_bytes() for file in folder.iterdir()}

    problems = check(folder)
    exported = export(folder)

    assert any(p.startswith(f"{path}: {field}: {words}: keep the field") for p in problems)
    assert exported.problems == tuple(problems)
    assert exported.written == ()
    assert {file: file.read_bytes() for file in folder.iterdir()} == before


def test_export_writes_a_compatible_change(folder: Path) -> None:
    removed = _remove("$defs", "CuratedArticle", "properties", "source")
    path = change(folder, "curated-article", removed)
    assert check(folder) == [f"{path}: out of date: run `newsloom schemas export`"]
    assert export(folder).written == (path,)
    assert check(folder) == []
    assert export(folder).written == ()


def test_export_writes_a_missing_file(folder: Path) -> None:
    path = folder / "story.v1.schema.json"
    path.unlink()
    assert check(folder) == [f"{path}: missing: run `newsloom schemas export`"]
    assert export(folder).written == (path,)
    assert path.read_bytes() == (COMMITTED / path.name).read_bytes()


def test_no_schema_is_written_if_one_would_break(folder: Path) -> None:
    (folder / "article-event.v1.schema.json").unlink()
    change(folder, "story", _add("colour", "$defs", "Story", "properties"))
    assert export(folder).problems
    assert not (folder / "article-event.v1.schema.json").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_file_that_is_not_a_schema_is_not_overwritten(folder: Path, content: bytes) -> None:
    path = folder / "story.v1.schema.json"
    path.write_bytes(content)
    problem = f"{path}: not a JSON schema: restore the published file"
    assert check(folder) == [problem]
    assert export(folder).problems == (problem,)
    assert path.read_bytes() == content


def test_a_new_version_is_a_new_file_and_the_old_one_stays(folder: Path) -> None:
    harmed = change(folder, "story", _add("colour", "$defs", "Story", "properties")).read_bytes()
    assert len(check(folder, version=2)) == len(READERS)
    assert len(export(folder, version=2).written) == len(READERS)
    assert (folder / "story.v1.schema.json").read_bytes() == harmed
    assert json.loads((folder / "story.v2.schema.json").read_text())["$id"].endswith(":v2")
    assert check(folder, version=2) == []

    path = folder / "story.v1.schema.json"
    path.unlink()
    assert check(folder, version=2) == [f"{path}: a published version is missing: restore it"]


def _run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(schemas, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_commands_report_what_they_did(tmp_path: Path) -> None:
    code, output = _run("check", "--folder", tmp_path)
    assert (code, output.count("missing")) == (1, len(READERS))
    code, output = _run("export", "--folder", tmp_path)
    assert (code, output.count("wrote ")) == (0, len(READERS))
    assert _run("export", "--folder", tmp_path) == (0, f"{tmp_path}: all schemas are current\n")
    assert _run("check", "--folder", tmp_path) == (0, f"{tmp_path}: all schemas are current\n")


def test_commands_fail_on_an_incompatible_change(folder: Path) -> None:
    change(folder, "story", _add("colour", "$defs", "Story", "properties"))
    for command in ("check", "export"):
        code, output = _run(command, "--folder", folder)
        assert code == 1
        assert "colour" in output


@pytest.mark.parametrize("command", ["check", "export"])
def test_commands_refuse_a_missing_folder(tmp_path: Path, command: str) -> None:
    assert _run(command, "--folder", tmp_path / "nowhere")[0] == 2

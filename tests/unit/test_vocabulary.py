"""Old names and metaphors must not come back: docs/glossary.md has the words to use.

Python names are compared as tokens, so a word in a string or a comment does not count as a name.
Phrases are searched in every text that a person reads, in comments and strings too.
"""

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("services", "tests", "benchmarks", "deploy", "examples", "docs", "schemas")
THIS_FILE = "tests/unit/test_vocabulary.py"

OLD_NAMES = {
    "Register": "article table",
    "Shelf": "spill file",
    "shelf": "spill file",
    "ShelvedRows": "row cache",
    "StorySums": "centroid cache",
    "posting_lists": "postings",
    "Shown": "fragment",
    "is_cut": "fragment",
    "shown_by": "fragment",
    "Departures": "expiry queue",
    "departures": "expiry queue",
    "Draft": "changeset",
    "Gist": "term vector",
    "gist": "term vector",
    "gist_of": "term vector",
    "Matter": "centroid",
    "MatterIndex": "`SearchIndex`",
    "find_same_matter": "`find_story_to_merge`",
    "NearStory": "`NearbyStory`",
    "tenure": "assignment epoch",
    "BatchTaker": "`BatchHandler`",
    "taker": "`handler`",
    "TransactionMark": "`AbortCounter`",
    "leash": "`exit_with_parent`",
    "Declared": "`MetricDefinition`",
    "declared": "`MetricDefinition`",
    "told_lead": "`published_lead`",
    "told_count": "`published_count`",
    "told_published": "`was_published`",
    "told_duplicates": "`published_duplicates`",
    "outages_told": "`translate_outages`",
    "recipe": "`process`",
    "Telling": "view",
    "tellings": "view",
    "Preparation": "`Enricher`",
    "preparation": "`enricher`",
    "Prepared": "`Enriched`",
    "Begun": "`AwaitingImages`",
    "comparison_title": "`title_without_outlet`",
}
"""Old Python names, each with the glossary's term, or with the new name in backticks where the
glossary has none."""

OLD_FILES = {
    "register.py": "article table",
    "shelf.py": "row cache",
    "spill.py": "spill file",
    "sums.py": "centroid cache",
    "near.py": "`ranking_kernels.py`",
    "posting_lists.py": "`posting_kernels.py`",
    "shown.py": "fragment",
    "departures.py": "expiry queue",
    "draft.py": "changeset",
    "batches.py": "`consumer.py`",
    "transactions.py": "`shared_memory.py`",
    "recipe.py": "`process.py`",
    "leash.py": "`exit_with_parent.py`",
    "declared.py": "`definitions.py`",
}

OLD_PHRASES = {
    "leash": "`exit_with_parent`",
    "tenure": "assignment epoch",
    "gist": "term vector",
    "went up in": "merge",
    "departures": "expiry queue",
    "recipe": "stage",
    "told_lead": "`published_lead`",
    "told_count": "`published_count`",
    "told_published": "`was_published`",
    "told_duplicates": "`published_duplicates`",
}

READ_BY_ENDING = {".py", ".md", ".yaml", ".yml", ".sh"}
READ_BY_NAME = {"Makefile", "Dockerfile"}
EARLIER_NAMES = "## Earlier names\n"
"""The heading of the glossary's last section, which lists old words on purpose."""
NOT_READ = ("docs/adr/", "CHANGELOG.md", "tests/golden/front_matter/", "examples/events/")
"""Decisions and history keep their old words; the last two folders hold data."""

EXEMPT = {
    # The title of a test article.
    ("tests/unit/pipeline/curation/test_related.py", "recipe"),
    # The names of stored row fields.
    ("services/newsloom/pipeline/lane/rows.py", "told_lead"),
    ("services/newsloom/pipeline/lane/rows.py", "told_count"),
    ("services/newsloom/pipeline/lane/rows.py", "told_published"),
    ("services/newsloom/pipeline/lane/rows.py", "told_duplicates"),
    ("tests/support/form_1.py", "told_lead"),
    ("tests/support/form_1.py", "told_count"),
    ("tests/support/form_1.py", "told_published"),
    ("tests/support/form_1.py", "told_duplicates"),
}
"""Files with a phrase that must stay, because stored or computed results depend on it."""

# Between two words of a phrase there may be an underscore, or a line end and a `#`.
_GAP = r"[\s#_-]+"
_PHRASES = {
    phrase: re.compile(rf"(?<![a-z]){_GAP.join(phrase.split())}(?![a-z])", re.IGNORECASE)
    for phrase in OLD_PHRASES
}


def _files() -> Iterator[tuple[str, Path]]:
    """The files of the repository with their paths from its root, without hidden ones."""
    paths = [path for path in ROOT.iterdir() if path.is_file()]
    for folder in FOLDERS:
        paths += (ROOT / folder).rglob("*")
    for path in sorted(paths):
        name = path.relative_to(ROOT).as_posix()
        is_hidden = any(part.startswith((".", "__pycache__")) for part in name.split("/"))
        if path.is_file() and not is_hidden and name != THIS_FILE:
            yield name, path


def _python_files() -> list[tuple[str, Path]]:
    return [(name, path) for name, path in _files() if path.suffix == ".py"]


def _read_text(path: Path) -> str | None:
    """The text of a file, of TOML only the comments; None if the file is not read."""
    if path.suffix == ".toml":
        lines = path.read_text(encoding="utf-8").split("\n")
        return "\n".join(line.partition("#")[2] for line in lines)
    if path.suffix in READ_BY_ENDING or path.name in READ_BY_NAME:
        return path.read_text(encoding="utf-8").partition(EARLIER_NAMES)[0]
    return None


def _complaint(name: str, line: int, old: str, new: str) -> str:
    return f"{name}:{line}: '{old}' is an old word; use {new} (see docs/glossary.md)"


def _old_names(name: str, path: Path) -> Iterator[str]:
    with path.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if token.type == tokenize.NAME and token.string in OLD_NAMES:
                yield _complaint(name, token.start[0], token.string, OLD_NAMES[token.string])


def _old_phrases(name: str, path: Path) -> Iterator[str]:
    text = None if name.startswith(NOT_READ) else _read_text(path)
    for phrase, pattern in _PHRASES.items():
        if text is not None and (name, phrase) not in EXEMPT:
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                yield _complaint(name, line, phrase, OLD_PHRASES[phrase])


def _assert_empty(complaints: list[str]) -> None:
    assert not complaints, "\n" + "\n".join(complaints)


def test_no_python_file_uses_an_old_name() -> None:
    _assert_empty([found for name, path in _python_files() for found in _old_names(name, path)])


def test_no_python_file_has_an_old_file_name() -> None:
    _assert_empty(
        [
            _complaint(name, 1, path.name, OLD_FILES[path.name])
            for name, path in _python_files()
            if path.name in OLD_FILES
        ]
    )


def test_no_text_uses_an_old_phrase() -> None:
    _assert_empty([found for name, path in _files() for found in _old_phrases(name, path)])


def test_every_replacement_is_a_term_of_the_glossary() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    terms = set(re.findall(r"^- \*\*(.+?)\*\*:", glossary, re.MULTILINE))
    replacements = {*OLD_NAMES.values(), *OLD_FILES.values(), *OLD_PHRASES.values()}
    assert {new for new in replacements if not new.startswith("`")} <= terms


def test_every_exception_is_still_needed() -> None:
    for name, phrase in EXEMPT:
        assert _PHRASES[phrase].search((ROOT / name).read_text(encoding="utf-8")), (name, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("One story went up in another.", "went up in"),
        ("# one that went up\n# in another", "went up in"),
        ("Went  up In", "went up in"),
        ("def test_the_gist_of_it", "gist"),
        ("recipe_", "recipe"),
    ],
)
def test_a_phrase_is_found_in_any_spelling(text: str, phrase: str) -> None:
    assert _PHRASES[phrase].search(text)


@pytest.mark.parametrize("text", ["registry", "recipes", "unleashed", "it went up, in a way"])
def test_a_longer_word_is_not_an_old_phrase(text: str) -> None:
    assert not any(pattern.search(text) for pattern in _PHRASES.values())

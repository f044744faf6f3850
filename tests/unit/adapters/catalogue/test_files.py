"""The catalogue files: the bundled ones, and own files that add to them and can change."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from newsloom.adapters.catalogue.files import BUNDLED, CatalogueFiles, load_catalogue
from newsloom.adapters.catalogue.reader import CatalogueError
from newsloom.pipeline.arrival import ArticleArrival
from newsloom.pipeline.process import Enricher
from newsloom.rules.addresses.domains import registrable_domain
from newsloom.rules.provider import Outlet, bare_title, name_key, resolve_provider
from newsloom.rules.scoring import KNOWN_STANDING
from newsloom.rules.topics import is_short
from newsloom.rules.words.text import title_without_outlet, words
from tests.support.catalogue_files import PROVIDER, TAKEN_BY, TOPIC, folder_of, load
from tests.support.pipeline import raw_input

EXAMPLES = Path(__file__).parents[4] / "examples"


def bundled_tables(table: str) -> list[dict[str, Any]]:
    texts = [tomllib.loads(file.read_text("utf-8")) for file in BUNDLED]
    return next(text[table] for text in texts if table in text)


def test_the_bundled_catalogue_loads_completely() -> None:
    catalogue = load_catalogue()
    providers = bundled_tables("provider")
    assert list(catalogue.outlets) == [provider["domain"] for provider in providers]
    for topic in bundled_tables("topic"):
        for phrase in [*topic.get("keywords", ()), *topic.get("phrases", ())]:
            is_enough = not is_short(phrase) or phrase in topic.get("phrases", ())
            assert (topic["name"] in catalogue.topics.match(words(phrase), [])) is is_enough, phrase
        for hashtag in topic.get("hashtags", ()):
            assert topic["name"] in catalogue.topics.match([], [], f"so #{hashtag}!")


def test_the_bundled_catalogue_has_its_documented_size() -> None:
    real = [p for p in bundled_tables("provider") if not p["domain"].endswith(".example")]
    assert len(real) >= 400
    assert len({provider["country"] for provider in real}) >= 100
    assert {provider["kind"] for provider in real} == {
        "newspaper",
        "agency",
        "broadcaster",
        "magazine",
        "blog",
        "aggregator",
        "press-release",
    }
    assert not [p for p in real if not p.get("languages") and p["kind"] != "aggregator"]
    assert not [p for p in real if "standing" in p], "only operators set `standing`"
    topics = bundled_tables("topic")
    assert len(topics) >= 40
    assert len([topic for topic in topics if "parent" in topic]) >= 20


def test_a_title_is_compared_without_the_names_of_its_outlet() -> None:
    catalogue = load_catalogue()
    for outlet in catalogue.outlets.values():
        for name in (outlet.name, outlet.domain, *outlet.also):
            bare = title_without_outlet(f"Aground - {name}", outlet.name, outlet.domain)
            if name_key(name) in catalogue.names:
                assert bare_title(bare, catalogue.names, is_from_carrier=True) == "Aground", name


def test_the_bundled_files_are_sorted_with_the_invented_outlets_last() -> None:
    domains = [provider["domain"] for provider in bundled_tables("provider")]
    assert domains == sorted(domains, key=lambda domain: (domain.endswith(".example"), domain))
    ids = [topic["id"] for topic in bundled_tables("topic")]
    assert ids == sorted(ids)


def test_the_examples_resolve_outlets_by_catalogue_hint_and_domain() -> None:
    catalogue = load_catalogue()
    outlets = catalogue.outlets
    found_by: set[str] = set()
    for line in (EXAMPLES / "fortnight.jsonl").read_bytes().splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if not isinstance(event, dict) or "webUrl" not in event or event.get("withdrawn"):
            continue
        domain = registrable_domain(urlsplit(event["webUrl"]).hostname or "")
        hint = event.get("provider")
        found_by.add("catalogue" if domain in outlets else "hint" if hint else "domain")
        if domain in outlets and hint and hint["domain"] == domain:
            found = resolve_provider(event["webUrl"], event["title"], outlets, catalogue.names)
            assert found.outlet.name == hint["name"]
    assert found_by == {"catalogue", "hint", "domain"}


def test_each_key_of_a_provider_is_read_into_the_outlet(tmp_path: Path) -> None:
    providers = (
        '[[provider]]\ndomain = "sky.com"\nname = "Sky"\nstanding = 0\n'
        'images = [{ url = "https://sky.com/logo.png", width = 50, height = 50 }]\n'
        '[provider.hosts]\n"news.sky.com" = "Sky News"\n'
    )
    catalogue = load(folder_of(tmp_path, providers))
    logo = {"url": "https://sky.com/logo.png", "width": 50, "height": 50}
    outlet = Outlet("sky.com", "Sky", {"news.sky.com": "Sky News"}, (logo,), 0)
    assert catalogue.outlets == {"sky.com": outlet}
    assert load(folder_of(tmp_path, PROVIDER)).outlets == {
        "bbc.co.uk": Outlet("bbc.co.uk", "BBC")  # neutral standing, no logos
    }


def test_the_version_depends_on_the_bytes_of_both_files(tmp_path: Path) -> None:
    contents = [("", ""), (PROVIDER, ""), (PROVIDER, TOPIC), (PROVIDER + "#", TOPIC), ("#", "")]
    contents.append(("", "#"))  # the same bytes in the other file
    versions = [load(folder_of(tmp_path, *pair)).version for pair in contents]
    assert len(set(versions)) == len(contents)
    assert all(re.fullmatch("[0-9a-f]{12}", version) for version in versions)
    assert load(folder_of(tmp_path, PROVIDER, TOPIC)).version == versions[2]


def own_file(path: Path, content: str) -> Path:
    path.write_text(content, "utf-8")
    return path


def test_an_own_file_adds_providers_and_topics_and_overrides_key_by_key(tmp_path: Path) -> None:
    own = own_file(
        tmp_path / "own.toml",
        '[[provider]]\ndomain = "bbc.co.uk"\nstanding = 55\n'
        '[[provider]]\ndomain = "ledger.example"\nname = "Ledger"\nkind = "blog"\n'
        '[[topic]]\nid = "railways"\nkeywords = ["funicular"]\n'
        '[[topic]]\nid = "ferries"\nname = "Ferries"\nkeywords = ["ferries"]\n'
        'parent = "shipping"\n',
    )
    former, catalogue = load_catalogue(), load_catalogue([own])
    bbc = catalogue.outlets["bbc.co.uk"]
    assert (bbc.name, bbc.standing, bbc.kind, bbc.country) == ("BBC", 55, "broadcaster", "GB")
    assert former.outlets["bbc.co.uk"].standing == KNOWN_STANDING
    assert catalogue.outlets["ledger.example"].kind == "blog"
    assert len(catalogue.outlets) == len(former.outlets) + 1
    match = catalogue.topics.match
    assert match(["ferries"], []) == ["Ferries", "Shipping", "Transport"]
    assert match(["funicular"], []) == ["Railways", "Transport"]
    assert "Railways" not in match(["locomotive"], []), "the own file overrides the keywords"
    assert "Railways" in match(["train", "drivers"], []), "the phrases are kept"


def test_the_last_file_wins_and_its_bytes_are_part_of_the_version(tmp_path: Path) -> None:
    one = own_file(tmp_path / "one.toml", PROVIDER + "standing = 1\n")
    two = own_file(tmp_path / "two.toml", PROVIDER + "standing = 2\n")
    both, reversed_order = load_catalogue([one, two]), load_catalogue([two, one])
    assert both.outlets["bbc.co.uk"].standing == 2
    assert reversed_order.outlets["bbc.co.uk"].standing == 1
    versions = {c.version for c in (both, reversed_order, load_catalogue([one]), load_catalogue())}
    assert len(versions) == 4


OWN_MISTAKES = {
    "an unknown provider without a name": (
        '\n[[provider]]\ndomain = "ledger.example"\n',
        2,
        '"name" is missing',
    ),
    "an unknown topic without a name": ('[[topic]]\nid = "x"\nkeywords = ["y"]\n', 1, '"name" is'),
    "the name of a bundled topic": (
        '# ours\n[[topic]]\nid = "trains"\nname = "Railways"\nkeywords = ["sleeper train"]\n',
        4,
        f'{TAKEN_BY} "railways"',
    ),
    "a circle through a bundled topic": (
        '[[topic]]\nid = "transport"\nparent = "railways"\n',
        3,
        'lead back to "transport"',
    ),
    "a block after one of the other kind": (
        PROVIDER + TOPIC.replace('"rail"', '"trains"') + PROVIDER.replace("co.uk", "com") + "x = 1",
        11,
        '"x" is unknown',
    ),
}


@pytest.mark.parametrize(("content", "line", "problem"), OWN_MISTAKES.values(), ids=OWN_MISTAKES)
def test_a_mistake_in_an_own_file_is_reported_with_its_path(
    tmp_path: Path, content: str, line: int, problem: str
) -> None:
    own = own_file(tmp_path / "own.toml", content)
    with pytest.raises(CatalogueError) as caught:
        load_catalogue([own])
    message = str(caught.value)
    assert message.startswith(f"{own}:{line}: ")
    assert problem in message
    assert "\n" not in message


def test_changed_files_are_read_again_and_a_mistake_keeps_the_last_good_catalogue(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = own_file(tmp_path / "own.toml", PROVIDER + "standing = 1\n")
    files = CatalogueFiles([own])
    first = files.current
    assert files.reload_if_changed() is first, "an unchanged file is not read again"
    own_file(own, PROVIDER + "standing = 22\n")
    second = files.reload_if_changed()
    assert second.version != first.version
    assert second.outlets["bbc.co.uk"].standing == 22
    own_file(own, PROVIDER + "standing = 999\n")
    assert [files.reload_if_changed(), files.reload_if_changed()] == [second, second]
    own.unlink()
    assert [files.reload_if_changed(), files.reload_if_changed()] == [second, second]
    invalid, missing = caplog.messages
    assert invalid.startswith(f"the former catalogue is kept: {own}:4: "), "logged once"
    assert missing.startswith(f"the former catalogue is kept: {own}: cannot be read")
    own_file(own, PROVIDER + "standing = 1\n")
    assert files.reload_if_changed().version == first.version, (
        "the same bytes give the same version"
    )


def test_without_own_files_the_catalogue_is_not_read_again() -> None:
    files = CatalogueFiles()
    assert files.reload_if_changed() is files.current


def test_an_enricher_uses_a_changed_catalogue_after_renew_catalogue(tmp_path: Path) -> None:
    own = own_file(tmp_path / "own.toml", PROVIDER)
    files = CatalogueFiles([own])
    enricher = Enricher(files.current, "off", find_catalogue=files.reload_if_changed)
    event = {"webUrl": "https://bbc.co.uk/1", "title": "Aground"}
    event["publishedDateTime"] = "2026-03-02T10:00:00Z"

    def provider_and_version() -> tuple[str, str]:
        arrival = enricher.enrich(raw_input(dict(event)), 1_772_445_600).arrival
        assert isinstance(arrival, ArticleArrival)
        return arrival.article["provider"]["name"], arrival.article["catalogueVersion"]

    first = provider_and_version()
    own_file(own, PROVIDER.replace('"BBC"', '"The BBC"'))
    assert provider_and_version() == first, "the version changes only between batches"
    enricher.renew_catalogue()
    assert provider_and_version() == ("The BBC", files.current.version)
    assert files.current.version != first[1]

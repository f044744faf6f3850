"""The catalogue files: the bundled ones load, and each mistake is reported with line and fix."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from newsloom.adapters.catalogue.files import BUNDLED, CatalogueFiles, load_catalogue
from newsloom.adapters.catalogue.reader import MAX_FILE_BYTES, CatalogueError
from newsloom.pipeline.arrival import ArticleArrival
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.process import Enricher
from newsloom.rules.addresses.domains import registrable_domain
from newsloom.rules.provider import Outlet, bare_title, name_key, resolve_provider
from newsloom.rules.scoring import KNOWN_STANDING
from newsloom.rules.topics import is_short
from newsloom.rules.words.text import title_without_outlet, words

EXAMPLES = Path(__file__).parents[4] / "examples"
PROVIDER = '[[provider]]\ndomain = "bbc.co.uk"\nname = "BBC"\n'
TOPIC = '[[topic]]\nid = "rail"\nname = "Railways"\nkeywords = ["rail strike"]\n'
TAKEN_BY = "is that of the topic"


def folder_of(path: Path, providers: str | bytes = "", topics: str | bytes = "") -> Path:
    for name, content in (("providers.toml", providers), ("topics.toml", topics)):
        data = content if isinstance(content, bytes) else content.encode()
        (path / name).write_bytes(data)
    return path


def load(folder: Path) -> Catalogue:
    """The catalogue of the two files of a folder, without the bundled ones."""
    return load_catalogue([folder / "providers.toml", folder / "topics.toml"], bundled=())


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
                assert bare_title(bare, catalogue.names, is_vouched=True) == "Aground", name


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


HOSTS = PROVIDER + "[provider.hosts]\n"
# The name of each mistake: the content of the file, the line, what is wrong, the fix.
PROVIDER_MISTAKES: dict[str, tuple[str | bytes, int, str, str]] = {
    "a broken string": ('# x\n[[provider]]\nname = "BBC\n', 3, "not TOML", 'write key = "value"'),
    "a string broken at the end": ('[[provider]]\nname = """BBC', 2, "not TOML", "write key ="),
    "a key twice in a block": (PROVIDER + 'name = "B"\n', 4, "not TOML", "each key once"),
    "an old encoding": (b'[[provider]]\nname = "Clar\xedn"\n', 2, "not UTF-8", "save the file"),
    "a misspelt header": ('\n[[providers]]\nname = "BBC"\n', 2, '"providers" is', "of provider"),
    "a header of one bracket": ('[provider]\nname = "BBC"\n', 1, '"provider" is', "[[provider]]"),
    "a misspelt key": (
        PROVIDER + '\n[[provider]]\ndomain = "rt.com"\nnmae = "RT"\n',
        7,
        'the key "nmae" is unknown',
        "write one of domain, name, also, kind, country, languages, hosts, images, standing",
    ),
    "no name": (PROVIDER + '[[provider]]\ndomain = "rt.com"', 4, '"name" is missing', "add name ="),
    "no domain": ('\n[[provider]]\nname = "RT"', 2, '"domain" is missing', "add domain ="),
    "a blank name": ('[[provider]]\ndomain = "rt.com"\nname = " "', 3, "\"name\" is ' '", "name ="),
    "a padded name": ('[[provider]]\ndomain = "rt.com"\nname = "RT "', 3, "'RT '", "write name ="),
    "a name that is not text": ('[[provider]]\ndomain = "rt.com"\nname = 3', 3, "is 3", "name ="),
    "standing in quotes": (PROVIDER + 'standing = "30"\n', 4, "is '30'", "write standing = 30"),
    "standing out of range": (PROVIDER + "standing = 201\n", 4, "is 201", "write standing = 30"),
    "an unknown kind": (
        PROVIDER + 'kind = "tabloid"\n',
        4,
        "is 'tabloid'",
        '"newspaper", "agency"',
    ),
    "a country by its name": (PROVIDER + 'country = "UK "\n', 4, "is 'UK '", 'country = "GB"'),
    "a language by its name": (
        PROVIDER + 'languages = ["English"]\n',
        4,
        "is 'English'",
        'languages = ["en"]',
    ),
    "another name that is blank": (PROVIDER + 'also = [""]\n', 4, "is ''", "also = ["),
    "nested too deep": (PROVIDER + "images = " + "[" * 9_999, 1, "nested too deep", "plain"),
    "a domain in capitals": (
        '[[provider]]\ndomain = "BBC.co.uk"\nname = "BBC"\n',
        2,
        '"BBC.co.uk" is not a registrable domain',
        'write "bbc.co.uk"',
    ),
    "a domain outside ASCII": (
        '[[provider]]\ndomain = "zürich.ch"\nname = "Zürich"\n',
        2,
        '"zürich.ch" is not',
        'write "xn--zrich-kva.ch"',
    ),
    "a host instead of a domain": (
        '[[provider]]\ndomain = "www.bbc.co.uk"\nname = "BBC"\n',
        2,
        '"www.bbc.co.uk" is not',
        'write "bbc.co.uk"',
    ),
    "a URL instead of a domain": (
        '[[provider]]\nname = "BBC"\ndomain = "https://bbc.co.uk/"\n',
        3,
        '"https://bbc.co.uk/" is not',
        "write a public suffix plus one label",
    ),
    "a domain written with an escape, and without one below": (
        '[[provider]]\ndomain = "z\\u00fcrich.ch"\nname = "A"\n'
        '[[provider]]\ndomain = "rt.com"\nname = "zürich.ch"\n',
        1,
        '"zürich.ch" is not',
        'write "xn--zrich-kva.ch"',
    ),
    "a path after a domain": (
        '[[provider]]\ndomain = "bbc.co.uk/news"\nname = "BBC"\n',
        2,
        '"bbc.co.uk/news" is not',
        'write "bbc.co.uk"',
    ),
    "a public suffix instead of a domain": (
        '[[provider]]\ndomain = "co.uk"\nname = "BBC"\n',
        2,
        '"co.uk" is not',
        "plus one label",
    ),
    "an IP address instead of a domain": (
        '[[provider]]\ndomain = "192.0.2.7"\nname = "BBC"\n',
        2,
        '"192.0.2.7" is not',
        "plus one label",
    ),
    "an empty domain": ('[[provider]]\ndomain = ""\nname = "B"', 1, '"" is not', "plus one label"),
    "a domain twice": (
        PROVIDER + PROVIDER.replace("]]\n", "]]\n# bbc.co.uk again\n"),
        6,
        'the domain "bbc.co.uk" stands on line 2 already',
        "make one block of the two",
    ),
    "hosts that are not a table": (
        PROVIDER + 'hosts = ["x"]\n',
        4,
        "\"hosts\" is ['x']",
        "hosts = {",
    ),
    "a host's name that is not text": (HOSTS + '"m.bbc.co.uk" = 1\n', 5, "is 1", "write hosts = {"),
    "a host below another domain": (
        HOSTS + '"bbc.com.bbc.co.uk" = "BBC News"\n"bbc.com" = "BBC"\n',
        6,
        'the host "bbc.com" is not below bbc.co.uk',
        "a [[provider]] of its own",
    ),
    "a host with the same ending": (
        HOSTS + '"notbbc.co.uk" = "Not BBC"\n',
        5,
        '"notbbc.co.uk" is not below bbc.co.uk',
        "a [[provider]] of its own",
    ),
    "a host that publishes for itself": (
        '[[provider]]\ndomain = "substack.com"\nname = "Substack"\n'
        'hosts = { "desk.substack.com" = "The Desk" }\n',
        4,
        '"desk.substack.com" is not below substack.com',
        "a [[provider]] of its own",
    ),
    "a host in capitals": (
        HOSTS + '"News.BBC.co.uk" = "BBC News"\n',
        5,
        '"News.BBC.co.uk" is not in lower-case',
        'write "news.bbc.co.uk"',
    ),
    "a misspelt key of a logo": (
        PROVIDER + 'images = [\n  { uri = "https://bbc.co.uk/l.png" },\n]\n',
        5,
        'the key "uri" is unknown',
        "write one of url, width, height",
    ),
    "a logo without its site": (
        PROVIDER + 'images = [\n  { url = "/l.png" },\n]\n',
        5,
        'the image "/l.png" is not a URL',
        "write it with https://",
    ),
    "blocks as an array": (
        'provider = [\n  { domain = "rt.com", name = "RT" },\n'
        '  { domain = "UN.org", name = "UN" },\n]',
        3,
        '"UN.org" is not',
        'write "un.org"',
    ),
    "a separator that is not a line end": (
        "# one\u2028line\n" + PROVIDER + "standing = -1\n",
        5,
        "is -1",
        "write standing = 30",
    ),
    "Windows line ends": (
        PROVIDER.replace("\n", "\r\n") + "standing = -1\r\n",
        4,
        "is -1",
        "write standing = 30",
    ),
}
TOPIC_MISTAKES: dict[str, tuple[str, int, str, str]] = {
    "a misspelt key": (TOPIC + "words = []\n", 5, '"words" is unknown', "of id, name, keywords"),
    "no keywords": (
        '[[topic]]\nid = "a"\nname = "A"\n',
        1,
        'nothing finds the topic "a"',
        "add keywords",
    ),
    "an empty list": ('[[topic]]\nid = "a"\nname = "A"\nkeywords = []', 1, "nothing finds", "add"),
    "no name": ('\n[[topic]]\nid = "a"\nkeywords = ["b"]', 2, '"name" is missing', "add name ="),
    "a hashtag with its sign": (
        TOPIC + 'hashtags = ["#Rail"]\n',
        5,
        "is '#Rail'",
        "without the #",
    ),
    "an unknown parent": (
        TOPIC + 'parent = "transport"\n',
        5,
        'there is no topic "transport"',
        "the id of another topic",
    ),
    "a parent by its name": (TOPIC + 'parent = "Transport"\n', 5, "is 'Transport'", "the id of"),
    "its own parent": (
        TOPIC + 'parent = "rail"\n',
        5,
        'lead back to "rail"',
        "take one parent out",
    ),
    "parents in a circle": (
        TOPIC
        + 'parent = "bus"\n[[topic]]\nid = "bus"\nname = "Buses"\nkeywords = ["bus lane"]\n'
        + 'parent = "rail"\n',
        10,
        'the parents of "bus" lead back to "bus"',
        "take one parent out",
    ),
    "keywords as text": (
        '[[topic]]\nid = "rail"\nname = "Railways"\nkeywords = "rail strike"\n',
        4,
        "is 'rail strike'",
        'write keywords = ["',
    ),
    "a keyword that is not text": (
        '[[topic]]\nid = "a"\nname = "A"\nkeywords = [\n  "rail",\n  7,\n]\n',
        4,
        '"keywords" is 7',
        'write keywords = ["',
    ),
    "an id in capitals": (
        '[[topic]]\nid = "Rail"\nname = "Railways"\nkeywords = ["rail strike"]\n',
        2,
        "\"id\" is 'Rail'",
        "of lower-case letters, digits and hyphens",
    ),
    "an id twice": (
        TOPIC + TOPIC.replace("Railways", "Trains"),
        6,
        'the id "rail" stands on line 2 already',
        "make one block of the two",
    ),
    "a name twice": (
        TOPIC + TOPIC.replace('"rail"', '"trains"'),
        7,
        f'the name "Railways" {TAKEN_BY} "rail" already',
        'override that one by id = "rail"',
    ),
    "a keyword of nine words": (
        '[[topic]]\nid = "a"\nname = "A"\n'
        'keywords = [\n  "rail",\n  "one of the train drivers of the northern line",\n]\n',
        6,
        '"one of the train drivers of the northern line" has 9 words',
        "write 1 to 8",
    ),
    "a phrase without words": (
        TOPIC + 'phrases = ["…"]\n',
        5,
        'the phrase "…" has 0 words',
        "write 1 to 8",
    ),
    "a keyword without words": (
        TOPIC.replace("rail strike", "!?"),
        4,
        'the keyword "!?" has 0 words',
        "write 1 to 8",
    ),
}


def refusal(folder: Path) -> str:
    with pytest.raises(CatalogueError) as caught:
        load(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "line", "problem", "fix"), PROVIDER_MISTAKES.values(), ids=PROVIDER_MISTAKES
)
def test_a_mistake_in_the_providers_is_reported(
    tmp_path: Path, content: str | bytes, line: int, problem: str, fix: str
) -> None:
    message = refusal(folder_of(tmp_path, providers=content))
    place, _, rest = message.partition(": ")
    stated_problem, _, stated_fix = rest.rpartition("; ")
    assert place == f"{tmp_path / 'providers.toml'}:{line}"
    assert problem in stated_problem
    assert fix in stated_fix


@pytest.mark.parametrize(
    ("content", "line", "problem", "fix"), TOPIC_MISTAKES.values(), ids=TOPIC_MISTAKES
)
def test_a_mistake_in_the_topics_is_reported(
    tmp_path: Path, content: str, line: int, problem: str, fix: str
) -> None:
    message = refusal(folder_of(tmp_path, providers=PROVIDER, topics=content))
    place, _, rest = message.partition(": ")
    stated_problem, _, stated_fix = rest.rpartition("; ")
    assert place == f"{tmp_path / 'topics.toml'}:{line}"
    assert problem in stated_problem
    assert fix in stated_fix


@pytest.mark.parametrize("missing", ["providers.toml", "topics.toml"])
def test_a_missing_file_is_reported(tmp_path: Path, missing: str) -> None:
    (folder_of(tmp_path) / missing).unlink()
    message = refusal(tmp_path)
    assert message.startswith(f"{tmp_path / missing}: cannot be read (No such file or directory)")
    assert message.endswith("name a TOML file of providers or topics that is there")


def test_a_file_above_the_size_limit_is_refused(tmp_path: Path) -> None:
    assert "larger than 16 MiB" in refusal(folder_of(tmp_path, b"#" * (MAX_FILE_BYTES + 1)))


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
        f'{TAKEN_BY} "railways" already',
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
    assert files.renewed() is first, "an unchanged file is not read again"
    own_file(own, PROVIDER + "standing = 22\n")
    second = files.renewed()
    assert second.version != first.version
    assert second.outlets["bbc.co.uk"].standing == 22
    own_file(own, PROVIDER + "standing = 999\n")
    assert [files.renewed(), files.renewed()] == [second, second]
    own.unlink()
    assert [files.renewed(), files.renewed()] == [second, second]
    invalid, missing = caplog.messages
    assert invalid.startswith(f"the catalogue stays as it was: {own}:4: "), "logged once"
    assert missing.startswith(f"the catalogue stays as it was: {own}: cannot be read")
    own_file(own, PROVIDER + "standing = 1\n")
    assert files.renewed().version == first.version, "the same bytes give the same version"


def test_without_own_files_the_catalogue_is_not_read_again() -> None:
    files = CatalogueFiles()
    assert files.renewed() is files.current


def test_an_enricher_uses_a_changed_catalogue_after_renew_catalogue(tmp_path: Path) -> None:
    own = own_file(tmp_path / "own.toml", PROVIDER)
    files = CatalogueFiles([own])
    enricher = Enricher(files.current, "off", find_catalogue=files.renewed)
    event = {"webUrl": "https://bbc.co.uk/1", "title": "Aground"}
    event["publishedDateTime"] = "2026-03-02T10:00:00Z"

    def provider_and_version() -> tuple[str, str]:
        arrival = enricher.prepare(dict(event), 1_772_445_600).arrival
        assert isinstance(arrival, ArticleArrival)
        return arrival.article["provider"]["name"], arrival.article["catalogueVersion"]

    first = provider_and_version()
    own_file(own, PROVIDER.replace('"BBC"', '"The BBC"'))
    assert provider_and_version() == first, "the version changes only between batches"
    enricher.renew_catalogue()
    assert provider_and_version() == ("The BBC", files.current.version)
    assert files.current.version != first[1]

"""The catalogue's files: the bundled ones load, and every mistake is told by line and mend."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from newsloom.adapters.catalogue_files import BUNDLED, CatalogueError, load_catalogue
from newsloom.rules.domains import registrable_domain
from newsloom.rules.provider import Outlet, resolve_provider
from newsloom.rules.text import words

EXAMPLES = Path(__file__).parents[2] / "examples"
PROVIDER = '[[provider]]\ndomain = "bbc.co.uk"\nname = "BBC"\n'
TOPIC = '[[topic]]\nid = "rail"\nname = "Railways"\nkeywords = ["rail strike"]\n'


def folder_of(path: Path, providers: str | bytes = "", topics: str | bytes = "") -> Path:
    for name, content in (("providers.toml", providers), ("topics.toml", topics)):
        data = content if isinstance(content, bytes) else content.encode()
        (path / name).write_bytes(data)
    return path


def bundled_tables(name: str, table: str) -> list[dict[str, Any]]:
    tables: list[dict[str, Any]] = tomllib.loads((BUNDLED / name).read_text("utf-8"))[table]
    return tables


def test_the_bundled_catalogue_loads_whole() -> None:
    catalogue = load_catalogue()
    providers = bundled_tables("providers.toml", "provider")
    assert list(catalogue.outlets) == [provider["domain"] for provider in providers]
    for topic in bundled_tables("topics.toml", "topic"):
        for keyword in topic["keywords"]:
            assert topic["name"] in catalogue.topics.match(words(keyword), [])


def test_the_bundled_files_are_in_order_with_the_invented_outlets_last() -> None:
    domains = [provider["domain"] for provider in bundled_tables("providers.toml", "provider")]
    assert domains == sorted(domains, key=lambda domain: (domain.endswith(".example"), domain))
    ids = [topic["id"] for topic in bundled_tables("topics.toml", "topic")]
    assert ids == sorted(ids)


def test_the_examples_name_outlets_by_catalogue_by_hint_and_by_domain() -> None:
    outlets = load_catalogue().outlets
    told: set[str] = set()
    for line in (EXAMPLES / "fortnight.jsonl").read_bytes().splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if not isinstance(event, dict) or "webUrl" not in event or event.get("withdrawn"):
            continue
        domain = registrable_domain(urlsplit(event["webUrl"]).hostname or "")
        hint = event.get("provider")
        told.add("catalogue" if domain in outlets else "hint" if hint else "domain")
        if domain in outlets and hint and hint["domain"] == domain:
            assert resolve_provider(event["webUrl"], outlets).name == hint["name"]
    assert told == {"catalogue", "hint", "domain"}


def test_every_key_reaches_the_outlet(tmp_path: Path) -> None:
    providers = (
        '[[provider]]\ndomain = "sky.com"\nname = "Sky"\nstanding = 0\n'
        'images = [{ url = "https://sky.com/logo.png", width = 50, height = 50 }]\n'
        '[provider.hosts]\n"news.sky.com" = "Sky News"\n'
    )
    catalogue = load_catalogue(folder_of(tmp_path, providers))
    logo = {"url": "https://sky.com/logo.png", "width": 50, "height": 50}
    outlet = Outlet("sky.com", "Sky", {"news.sky.com": "Sky News"}, (logo,), 0)
    assert catalogue.outlets == {"sky.com": outlet}
    assert load_catalogue(folder_of(tmp_path, PROVIDER)).outlets == {
        "bbc.co.uk": Outlet("bbc.co.uk", "BBC")  # neutral standing, no logos
    }


def test_the_version_follows_the_bytes_of_both_files(tmp_path: Path) -> None:
    contents = [("", ""), (PROVIDER, ""), (PROVIDER, TOPIC), (PROVIDER + "#", TOPIC), ("#", "")]
    contents.append(("", "#"))  # the same bytes in the other file
    versions = [load_catalogue(folder_of(tmp_path, *pair)).version for pair in contents]
    assert len(set(versions)) == len(contents)
    assert all(re.fullmatch("[0-9a-f]{12}", version) for version in versions)
    assert load_catalogue(folder_of(tmp_path, PROVIDER, TOPIC)).version == versions[2]


HOSTS = PROVIDER + "[provider.hosts]\n"
# A name for each mistake: the file's content, the line, what is wrong, the mend.
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
        "write one of domain, name, hosts, images, standing",
    ),
    "no name": (PROVIDER + '[[provider]]\ndomain = "rt.com"', 4, '"name" is missing', "add name ="),
    "no domain": ('\n[[provider]]\nname = "RT"', 2, '"domain" is missing', "add domain ="),
    "a blank name": ('[[provider]]\ndomain = "rt.com"\nname = " "', 3, "\"name\" is ' '", "name ="),
    "a padded name": ('[[provider]]\ndomain = "rt.com"\nname = "RT "', 3, "'RT '", "write name ="),
    "a name that is no text": ('[[provider]]\ndomain = "rt.com"\nname = 3', 3, "is 3", "name ="),
    "standing in quotes": (PROVIDER + 'standing = "30"\n', 4, "is '30'", "write standing = 30"),
    "standing out of range": (PROVIDER + "standing = 201\n", 4, "is 201", "write standing = 30"),
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
    "a host for a domain": (
        '[[provider]]\ndomain = "www.bbc.co.uk"\nname = "BBC"\n',
        2,
        '"www.bbc.co.uk" is not',
        'write "bbc.co.uk"',
    ),
    "a URL for a domain": (
        '[[provider]]\nname = "BBC"\ndomain = "https://bbc.co.uk/"\n',
        3,
        '"https://bbc.co.uk/" is not',
        "write a public suffix plus one label",
    ),
    "a domain written with an escape, and plainly below": (
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
    "a public suffix for a domain": (
        '[[provider]]\ndomain = "co.uk"\nname = "BBC"\n',
        2,
        '"co.uk" is not',
        "plus one label",
    ),
    "an address for a domain": (
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
    "hosts that are no table": (PROVIDER + 'hosts = ["x"]\n', 4, "\"hosts\" is ['x']", "hosts = {"),
    "a host's name that is no text": (HOSTS + '"m.bbc.co.uk" = 1\n', 5, "is 1", "write hosts = {"),
    "a host elsewhere": (
        HOSTS + '"bbc.com.bbc.co.uk" = "BBC News"\n"bbc.com" = "BBC"\n',
        6,
        'the host "bbc.com" is not below bbc.co.uk',
        "a [[provider]] of its own",
    ),
    "a host that only ends alike": (
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
    "a separator that ends no line": (
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
        '"keywords" is missing',
        "add keywords",
    ),
    "an empty list": ('[[topic]]\nid = "a"\nname = "A"\nkeywords = []', 4, "is []", "keywords = ["),
    "keywords as text": (
        '[[topic]]\nid = "rail"\nname = "Railways"\nkeywords = "rail strike"\n',
        4,
        "is 'rail strike'",
        'write keywords = ["',
    ),
    "a keyword that is no text": (
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
        'the name "Railways" stands on line 3 already',
        "make one block of the two",
    ),
    "a keyword of five words": (
        '[[topic]]\nid = "a"\nname = "A"\n'
        'keywords = [\n  "rail",\n  "one of the train drivers",\n]\n',
        6,
        '"one of the train drivers" has 5 words',
        "write 1 to 4",
    ),
    "a keyword without words": (
        TOPIC.replace("rail strike", "!?"),
        4,
        'the keyword "!?" has 0 words',
        "write 1 to 4",
    ),
}


def refusal(folder: Path) -> str:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "line", "what", "mend"), PROVIDER_MISTAKES.values(), ids=PROVIDER_MISTAKES
)
def test_a_mistake_about_providers_is_told(
    tmp_path: Path, content: str | bytes, line: int, what: str, mend: str
) -> None:
    message = refusal(folder_of(tmp_path, providers=content))
    place, _, rest = message.partition(": ")
    said, _, told_mend = rest.rpartition("; ")
    assert place == f"{tmp_path / 'providers.toml'}:{line}"
    assert what in said
    assert mend in told_mend


@pytest.mark.parametrize(
    ("content", "line", "what", "mend"), TOPIC_MISTAKES.values(), ids=TOPIC_MISTAKES
)
def test_a_mistake_about_topics_is_told(
    tmp_path: Path, content: str, line: int, what: str, mend: str
) -> None:
    message = refusal(folder_of(tmp_path, providers=PROVIDER, topics=content))
    place, _, rest = message.partition(": ")
    said, _, told_mend = rest.rpartition("; ")
    assert place == f"{tmp_path / 'topics.toml'}:{line}"
    assert what in said
    assert mend in told_mend


@pytest.mark.parametrize("missing", ["providers.toml", "topics.toml"])
def test_a_missing_file_is_told(tmp_path: Path, missing: str) -> None:
    (folder_of(tmp_path) / missing).unlink()
    message = refusal(tmp_path)
    assert message.startswith(f"{tmp_path / missing}: cannot be read (No such file or directory)")
    assert "a folder with both providers.toml and topics.toml" in message

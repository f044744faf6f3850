"""Mistakes in catalogue files: each is reported with file, line and fix."""

from pathlib import Path

import pytest

from newsloom.adapters.catalogue.reader import MAX_FILE_BYTES, CatalogueError
from tests.support.catalogue_files import PROVIDER, TAKEN_BY, TOPIC, folder_of, load

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
        'the domain "bbc.co.uk" is already on line 2',
        "merge the two blocks",
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
        "a separate [[provider]] block",
    ),
    "a host with the same ending": (
        HOSTS + '"notbbc.co.uk" = "Not BBC"\n',
        5,
        '"notbbc.co.uk" is not below bbc.co.uk',
        "a separate [[provider]] block",
    ),
    "a host that publishes for itself": (
        '[[provider]]\ndomain = "substack.com"\nname = "Substack"\n'
        'hosts = { "desk.substack.com" = "The Desk" }\n',
        4,
        '"desk.substack.com" is not below substack.com',
        "a separate [[provider]] block",
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
        'no keyword, phrase or hashtag finds the topic "a"',
        "add keywords",
    ),
    "an empty list": ('[[topic]]\nid = "a"\nname = "A"\nkeywords=[]', 1, "finds the topic", "add"),
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
        "remove one parent",
    ),
    "parents in a circle": (
        TOPIC
        + 'parent = "bus"\n[[topic]]\nid = "bus"\nname = "Buses"\nkeywords = ["bus lane"]\n'
        + 'parent = "rail"\n',
        10,
        'the parents of "bus" lead back to "bus"',
        "remove one parent",
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
        'the id "rail" is already on line 2',
        "merge the two blocks",
    ),
    "a name twice": (
        TOPIC + TOPIC.replace('"rail"', '"trains"'),
        7,
        f'the name "Railways" {TAKEN_BY} "rail"',
        'override that topic with id = "rail"',
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
    assert message.endswith("name an existing TOML file of providers or topics")


def test_a_file_above_the_size_limit_is_refused(tmp_path: Path) -> None:
    assert "larger than 16 MiB" in refusal(folder_of(tmp_path, b"#" * (MAX_FILE_BYTES + 1)))

"""Builds the catalogue from TOML files of providers and topics.

In: the bundled files, then an operator's own files, in order. Out: a Catalogue. A later file adds
entries, or overrides earlier ones key by key. A mistake raises CatalogueError with the file, the
line and the fix. It never writes a file. It checks the form of the entries, not their facts.
"""

import logging
import os
from collections.abc import Iterable, Sequence
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from newsloom.adapters.catalogue.reader import CatalogueError, CatalogueFile
from newsloom.pipeline.catalogue import Catalogue
from newsloom.records.curated import Image
from newsloom.rules.addresses.domains import registrable_domain
from newsloom.rules.addresses.urls import host_of, url_fault
from newsloom.rules.provider import KINDS, Kind, Outlet
from newsloom.rules.scoring import KNOWN_STANDING, MAX_QUALITY
from newsloom.rules.topics import MAX_PHRASE_WORDS, TopicEntry, TopicIndex
from newsloom.rules.words.text import words

log = logging.getLogger(__name__)

_FOLDER = resources.files("newsloom.catalogue")
BUNDLED = (_FOLDER / "providers.toml", _FOLDER / "topics.toml")
VERSION_DIGITS = 12
"""Hexadecimal digits."""

# How each key is written: the fix in the message if it is missing or has a wrong value.
_FORMS = {
    "provider": "[[provider]] above each provider",
    "domain": 'domain = "bbc.co.uk"',
    "name": 'name = "BBC"',
    "also": 'also = ["BBC News"]',
    "kind": "kind as one of " + ", ".join(f'"{kind}"' for kind in KINDS),
    "country": 'country = "GB", two capitals of ISO 3166-1',
    "languages": 'languages = ["en"], tags of BCP 47',
    "hosts": 'hosts = { "news.sky.com" = "Sky News" }',
    "images": 'images = [{ url = "https://bbc.co.uk/logo.png", width = 50, height = 50 }]',
    "standing": f"standing = {KNOWN_STANDING}, or another of 0 to {MAX_QUALITY}",
    "topic": "[[topic]] above each topic",
    "id": 'id = "drinking-water", of lower-case letters, digits and hyphens',
    "keywords": 'keywords = ["desalination"]',
    "phrases": 'phrases = ["tap water"]',
    "hashtags": 'hashtags = ["TapWater"], without the #',
    "parent": 'parent = "environment", the id of another topic',
}


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


_Name = Annotated[str, Field(pattern=r"^\S(.*\S)?$")]
_Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class _Provider(_Table):
    domain: str
    name: _Name = ""
    also: list[_Name] = []
    kind: Kind | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    languages: list[Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]] = []
    hosts: dict[str, _Name] = {}
    images: list[Image] = []
    standing: Annotated[int, Field(ge=0, le=MAX_QUALITY)] = KNOWN_STANDING


class _Topic(_Table):
    id: _Id
    name: _Name = ""
    keywords: list[str] = []
    phrases: list[str] = []
    hashtags: list[Annotated[str, Field(pattern=r"^\w+$")]] = []
    parent: _Id | None = None


class _Tables(_Table):
    provider: list[_Provider] = []
    topic: list[_Topic] = []


_KEYS = {
    "provider": list(_Provider.model_fields),
    "images": list(Image.__annotations__),
    "topic": list(_Topic.model_fields),
}


def load_catalogue(
    own: Sequence[Path] = (), bundled: Sequence[Traversable | Path] = BUNDLED
) -> Catalogue:
    """Loads the bundled catalogue, then an operator's `own` files, in order.

    The version is the first 48 bits, in hex, of the SHA-256 of the SHA-256 digests of all files: it
    differs whenever a file differs. Raises CatalogueError at the first mistake.
    """
    files = [CatalogueFile(file, _FORMS, _KEYS) for file in (*bundled, *own)]
    digests = b"".join(sha256(file.content).digest() for file in files)
    tables = [(file, file.read(_Tables)) for file in files]
    return Catalogue(
        outlets=_read_outlets([(file, content.provider) for file, content in tables]),
        topics=_read_topics([(file, content.topic) for file, content in tables]),
        version=sha256(digests).hexdigest()[:VERSION_DIGITS],
    )


class CatalogueFiles:
    """The `current` catalogue. It is loaded again when an operator's own files change."""

    def __init__(self, own: Sequence[Path] = ()) -> None:
        """Loads the catalogue. Raises CatalogueError at the first mistake."""
        self._own = own
        self._seen = self._stamps()
        self.current = load_catalogue(own)

    def reload_if_changed(self) -> Catalogue:
        """The catalogue of the current files. They are read again only if one has changed.

        After a change with a mistake the former catalogue is kept, and the mistake is logged once.
        """
        if self._own and (stamps := self._stamps()) != self._seen:
            self._seen = stamps
            try:
                self.current = load_catalogue(self._own)
            except CatalogueError as error:
                log.error("the former catalogue is kept: %s", error)
        return self.current

    def _stamps(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(file) for file in self._own]


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read_outlets(files: Iterable[tuple[CatalogueFile, list[_Provider]]]) -> dict[str, Outlet]:
    merged: dict[str, dict[str, Any]] = {}
    for file, providers in files:
        file.refuse_repeats("provider", "domain", [provider.domain for provider in providers])
        for entry, provider in enumerate(providers):
            _check_provider(file, entry, provider)
            given = provider.model_dump(exclude_unset=True)
            if "name" not in given and provider.domain not in merged:
                raise file.missing("provider", entry, "name")
            merged.setdefault(provider.domain, {}).update(given)
    return {domain: _outlet(_Provider(**given)) for domain, given in merged.items()}


def _outlet(provider: _Provider) -> Outlet:
    return Outlet(
        domain=provider.domain,
        name=provider.name,
        hosts=provider.hosts,
        images=tuple(dict(image) for image in provider.images),
        standing=provider.standing,
        kind=provider.kind,
        country=provider.country,
        languages=tuple(provider.languages),
        also=tuple(provider.also),
    )


def _read_topics(files: Iterable[tuple[CatalogueFile, list[_Topic]]]) -> TopicIndex:
    merged: dict[str, dict[str, Any]] = {}
    places: dict[str, tuple[CatalogueFile, int]] = {}
    for file, topics in files:
        file.refuse_repeats("topic", "id", [topic.id for topic in topics])
        for entry, topic in enumerate(topics):
            _check_phrases(file, entry, topic)
            given = topic.model_dump(exclude_unset=True)
            if "name" not in given and topic.id not in merged:
                raise file.missing("topic", entry, "name")
            merged.setdefault(topic.id, {}).update(given)
            places.pop(topic.id, None)
            places[topic.id] = file, entry
    topics_by_id = {topic_id: _Topic(**given) for topic_id, given in merged.items()}
    _check_names(topics_by_id, places)
    _check_parents(topics_by_id, places)
    return TopicIndex(_topic_entry(topic, topics_by_id) for topic in topics_by_id.values())


def _topic_entry(topic: _Topic, topics_by_id: dict[str, _Topic]) -> TopicEntry:
    return TopicEntry(
        name=topic.name,
        keywords=tuple(topic.keywords),
        phrases=tuple(topic.phrases),
        hashtags=tuple(topic.hashtags),
        parent=topics_by_id[topic.parent].name if topic.parent else None,
    )


def _check_phrases(file: CatalogueFile, entry: int, topic: _Topic) -> None:
    for kind, phrases in (("keyword", topic.keywords), ("phrase", topic.phrases)):
        for phrase in phrases:
            if not 1 <= (count := len(words(phrase))) <= MAX_PHRASE_WORDS:
                problem = f'the {kind} "{phrase}" has {count} words (a pair of ideographs is one)'
                fix = f"write 1 to {MAX_PHRASE_WORDS} words"
                raise file.mistake("topic", entry, phrase, problem, fix)


def _check_names(topics: dict[str, _Topic], places: dict[str, tuple[CatalogueFile, int]]) -> None:
    first: dict[str, str] = {}
    for topic_id, topic in topics.items():
        if (other := first.setdefault(topic.name, topic_id)) != topic_id:
            file, entry = places[topic_id]
            problem = f'the name "{topic.name}" is already used by the topic "{other}"'
            fix = f'choose another name, or override that topic with id = "{other}"'
            raise file.mistake("topic", entry, topic.name, problem, fix)


def _check_parents(topics: dict[str, _Topic], places: dict[str, tuple[CatalogueFile, int]]) -> None:
    parents = {topic.parent for topic in topics.values()}
    # In reverse order of the entries, so that a cycle is reported at the entry that closes it.
    for topic_id, (file, entry) in reversed(places.items()):
        topic = topics[topic_id]
        if not (topic.keywords or topic.phrases or topic.hashtags or topic_id in parents):
            problem = f'no keyword, phrase or hashtag finds the topic "{topic_id}"'
            raise file.mistake("topic", entry, "", problem, f"add {_FORMS['keywords']}")
        if fault := _parent_fault(topic_id, topics):
            raise file.mistake("topic", entry, "parent", *fault)


def _parent_fault(topic_id: str, topics: dict[str, _Topic]) -> tuple[str, str] | None:
    """The problem of the parents of a topic, and the fix: one is missing, or they form a cycle."""
    above, parent = {topic_id}, topics[topic_id].parent
    while parent is not None:
        if parent not in topics:
            return f'there is no topic "{parent}"', f"write {_FORMS['parent']}"
        if parent in above:
            return f'the parents of "{topic_id}" lead back to "{parent}"', "remove one parent"
        above.add(parent)
        parent = topics[parent].parent
    return None


def _check_provider(file: CatalogueFile, entry: int, provider: _Provider) -> None:
    domain = provider.domain
    if (expected := _domain_of(domain)) != domain:
        problem = f'"{domain}" is not a registrable domain in lower-case ASCII'
        example = 'write a public suffix plus one label: "bbc.co.uk"'
        fix = f'write "{expected}"' if expected else example
        raise file.mistake("provider", entry, domain, problem, fix)
    for host in provider.hosts:
        _check_host(file, entry, host, domain)
    for image in provider.images:
        if url_fault(image["url"]):
            problem = f'the image "{image["url"]}" is not a URL'
            fix = "write it with https:// and its host"
            raise file.mistake("provider", entry, image["url"], problem, fix)


def _check_host(file: CatalogueFile, entry: int, host: str, domain: str) -> None:
    if _domain_of(host) != domain:
        problem = f'the host "{host}" is not below {domain}'
        fix = "give it a separate [[provider]] block"
        raise file.mistake("provider", entry, host, problem, fix)
    if (expected := _host_in(host)) != host:
        problem = f'the host "{host}" is not in lower-case ASCII'
        raise file.mistake("provider", entry, host, problem, f'write "{expected}"')


def _host_in(text: str) -> str | None:
    """The host in a text, in lower-case ASCII; None if the text is not a host."""
    try:
        return host_of(f"https://{text}/")
    except ValueError:
        return None


def _domain_of(text: str) -> str | None:
    """The registrable domain of the host in a text; None if there is none."""
    if (host := _host_in(text)) is None:
        return None
    # `www.<host>` comes back whole if the host is a public suffix or an IP address.
    domain = registrable_domain(f"www.{host}")
    return None if domain == f"www.{host}" else domain

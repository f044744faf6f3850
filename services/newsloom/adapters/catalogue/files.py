"""The catalogue as files a person edits: providers and topics in TOML in, a Catalogue out.

Later files add to what earlier ones say, or override it key by key. A mistake is refused, and told
by file, line and mend. It never writes a file, and it checks how the files say it, not whether it
is true.
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

# How each key is written: the mend where one is missing or of the wrong kind.
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
    """The bundled catalogue with an operator's `own` files upon it, in order.

    Its version is the first 48 bits of a SHA-256 over the bytes of all files, in hex: it tells
    where they differ, not what else they are. Raises CatalogueError at the first mistake.
    """
    files = [CatalogueFile(file, _FORMS, _KEYS) for file in (*bundled, *own)]
    digests = b"".join(sha256(file.content).digest() for file in files)
    tables = [(file, file.read(_Tables)) for file in files]
    return Catalogue(
        outlets=_read_outlets([(file, each.provider) for file, each in tables]),
        topics=_read_topics([(file, each.topic) for file, each in tables]),
        version=sha256(digests).hexdigest()[:VERSION_DIGITS],
    )


class CatalogueFiles:
    """The `current` catalogue, which follows an operator's own files as they change."""

    def __init__(self, own: Sequence[Path] = ()) -> None:
        """Raises CatalogueError at the first mistake."""
        self._own = own
        self._seen = self._stamps()
        self.current = load_catalogue(own)

    def renewed(self) -> Catalogue:
        """The catalogue as the files stand now; they are read again only if they changed.

        A mistake is logged, once for each change, and leaves the former catalogue in force.
        """
        if self._own and (stamps := self._stamps()) != self._seen:
            self._seen = stamps
            try:
                self.current = load_catalogue(self._own)
            except CatalogueError as error:
                log.error("the catalogue stays as it was: %s", error)
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
            told = provider.model_dump(exclude_unset=True)
            if "name" not in told and provider.domain not in merged:
                raise file.missing("provider", entry, "name")
            merged.setdefault(provider.domain, {}).update(told)
    return {domain: _outlet(_Provider(**told)) for domain, told in merged.items()}


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
            told = topic.model_dump(exclude_unset=True)
            if "name" not in told and topic.id not in merged:
                raise file.missing("topic", entry, "name")
            merged.setdefault(topic.id, {}).update(told)
            places.pop(topic.id, None)
            places[topic.id] = file, entry
    topics_by_id = {ident: _Topic(**told) for ident, told in merged.items()}
    _check_names(topics_by_id, places)
    _check_parents(topics_by_id, places)
    return TopicIndex(
        TopicEntry(
            name=topic.name,
            keywords=tuple(topic.keywords),
            phrases=tuple(topic.phrases),
            hashtags=tuple(topic.hashtags),
            parent=topics_by_id[topic.parent].name if topic.parent else None,
        )
        for topic in topics_by_id.values()
    )


def _check_phrases(file: CatalogueFile, entry: int, topic: _Topic) -> None:
    for kind, phrases in (("keyword", topic.keywords), ("phrase", topic.phrases)):
        for phrase in phrases:
            if not 1 <= (count := len(words(phrase))) <= MAX_PHRASE_WORDS:
                what = f'the {kind} "{phrase}" has {count} words (a pair of ideographs is one)'
                mend = f"write 1 to {MAX_PHRASE_WORDS}"
                raise file.mistake("topic", entry, phrase, what, mend)


def _check_names(topics: dict[str, _Topic], places: dict[str, tuple[CatalogueFile, int]]) -> None:
    first: dict[str, str] = {}
    for ident, topic in topics.items():
        if (other := first.setdefault(topic.name, ident)) != ident:
            file, entry = places[ident]
            what = f'the name "{topic.name}" is that of the topic "{other}" already'
            mend = f'choose another, or override that one by id = "{other}"'
            raise file.mistake("topic", entry, topic.name, what, mend)


def _check_parents(topics: dict[str, _Topic], places: dict[str, tuple[CatalogueFile, int]]) -> None:
    parents = {topic.parent for topic in topics.values()}
    # The last written first: who closes a circle is to blame for it.
    for ident, (file, entry) in reversed(places.items()):
        topic = topics[ident]
        if not (topic.keywords or topic.phrases or topic.hashtags or ident in parents):
            what = f'nothing finds the topic "{ident}"'
            raise file.mistake("topic", entry, "", what, f"add {_FORMS['keywords']}")
        above, parent = {ident}, topic.parent
        while parent is not None:
            if parent not in topics:
                what = f'there is no topic "{parent}"'
                raise file.mistake("topic", entry, "parent", what, f"write {_FORMS['parent']}")
            if parent in above:
                what = f'the parents of "{ident}" lead back to "{parent}"'
                raise file.mistake("topic", entry, "parent", what, "take one parent out")
            above.add(parent)
            parent = topics[parent].parent


def _check_provider(file: CatalogueFile, entry: int, provider: _Provider) -> None:
    domain = provider.domain
    if (own := _domain_of(domain)) != domain:
        what = f'"{domain}" is not a registrable domain in lower-case ASCII'
        mend = f'write "{own}"' if own else 'write a public suffix plus one label: "bbc.co.uk"'
        raise file.mistake("provider", entry, domain, what, mend)
    for host in provider.hosts:
        if _domain_of(host) != domain:
            mend = "give it a [[provider]] of its own"
            raise file.mistake(
                "provider", entry, host, f'the host "{host}" is not below {domain}', mend
            )
        if (own := _host_in(host)) != host:
            what = f'the host "{host}" is not in lower-case ASCII'
            raise file.mistake("provider", entry, host, what, f'write "{own}"')
    for image in provider.images:
        if url_fault(image["url"]):
            what = f'the image "{image["url"]}" is not a URL'
            raise file.mistake(
                "provider", entry, image["url"], what, "write it with https:// and its host"
            )


def _host_in(text: str) -> str | None:
    """The host that a text means, in lower-case ASCII; None for what is no host."""
    try:
        return host_of(f"https://{text}/")
    except ValueError:
        return None


def _domain_of(text: str) -> str | None:
    """The registrable domain of the host that a text means; None for what has none."""
    if (host := _host_in(text)) is None:
        return None
    # Below a public suffix `www` is a domain of its own, and below an IP address is nothing.
    domain = registrable_domain(f"www.{host}")
    return None if domain == f"www.{host}" else domain

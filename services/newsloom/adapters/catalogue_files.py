"""The catalogue as files a person edits: `providers.toml` and `topics.toml` in, a Catalogue out.

A mistake is refused, and told by file, line and mend. It never writes a file, and it checks how
the files say it, not whether it is true.
"""

import re
import tomllib
from collections.abc import Sequence
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from reprlib import repr as short_repr
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from newsloom.pipeline.catalogue import Catalogue
from newsloom.records.curated import Image
from newsloom.rules.domains import registrable_domain
from newsloom.rules.provider import Outlet
from newsloom.rules.scoring import KNOWN_STANDING, MAX_QUALITY
from newsloom.rules.text import words
from newsloom.rules.topics import MAX_PHRASE_WORDS, TopicEntry, TopicIndex
from newsloom.rules.urls import host_of, url_fault

BUNDLED = resources.files("newsloom.catalogue")
VERSION_DIGITS = 12

_SYNTAX_ERROR = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)

# How each key is written: the mend where one is missing or of the wrong kind.
_FORMS = {
    "provider": "[[provider]] above each provider",
    "domain": 'domain = "bbc.co.uk"',
    "name": 'name = "BBC"',
    "hosts": 'hosts = { "news.sky.com" = "Sky News" }',
    "images": 'images = [{ url = "https://bbc.co.uk/logo.png", width = 50, height = 50 }]',
    "standing": f"standing = {KNOWN_STANDING}, or another of 0 to {MAX_QUALITY}",
    "topic": "[[topic]] above each topic",
    "id": 'id = "drinking-water", of lower-case letters, digits and hyphens',
    "keywords": 'keywords = ["tap water", "desalination plant"]',
}


class CatalogueError(ValueError):
    """A catalogue that cannot be used. The message names the file, the line and the mend."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


_Name = Annotated[str, Field(pattern=r"^\S(.*\S)?$")]


class _Provider(_Table):
    domain: str
    name: _Name
    hosts: dict[str, _Name] = {}
    images: list[Image] = []
    standing: Annotated[int, Field(ge=0, le=MAX_QUALITY)] = KNOWN_STANDING


class _Topic(_Table):
    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    name: _Name
    keywords: Annotated[list[str], Field(min_length=1)]


class _Providers(_Table):
    provider: list[_Provider] = []


class _Topics(_Table):
    topic: list[_Topic] = []


_KEYS = {
    "provider": list(_Provider.model_fields),
    "images": list(Image.__annotations__),
    "topic": list(_Topic.model_fields),
}
_Shape = TypeVar("_Shape", _Providers, _Topics)


def load_catalogue(folder: Traversable | Path = BUNDLED) -> Catalogue:
    """The catalogue of a folder that holds `providers.toml` and `topics.toml`.

    Its version is the first 48 bits of a SHA-256 over both files' bytes, in hex. Raises
    CatalogueError at the first mistake.
    """
    providers = _TomlFile(folder / "providers.toml", "provider")
    topics = _TomlFile(folder / "topics.toml", "topic")
    digests = (sha256(file.content).digest() for file in (providers, topics))
    return Catalogue(
        outlets=_read_outlets(providers),
        topics=_read_topics(topics),
        version=sha256(b"".join(digests)).hexdigest()[:VERSION_DIGITS],
    )


class _TomlFile:
    """A file of the catalogue: its bytes, its blocks, and on which line something stands."""

    def __init__(self, file: Traversable | Path, table: str) -> None:
        self._file = file
        self._header = re.compile(rf"\s*\[\[\s*{table}\s*\]\]")
        try:
            self.content = file.read_bytes()
        except OSError as error:
            raise CatalogueError(
                f"{file}: cannot be read ({error.strerror}); a catalogue is a folder with both "
                "providers.toml and topics.toml, though either may be empty"
            ) from error
        # Nothing else ends a line in TOML; `splitlines` would part at a U+2028 too.
        self._lines = self.content.decode(errors="replace").split("\n")

    def read(self, shape: type[_Shape]) -> _Shape:
        """The blocks of the file, each of the right shape; raises CatalogueError."""
        try:
            return shape.model_validate(tomllib.loads(self.content.decode()))
        except UnicodeDecodeError as error:
            line = self.content.count(b"\n", 0, error.start) + 1
            raise self._mistake(line, "not UTF-8", "save the file as UTF-8") from error
        except tomllib.TOMLDecodeError as error:
            told = _SYNTAX_ERROR.fullmatch(str(error))
            line = int(told[2]) if told and told[2] else len(self._lines)
            mend = 'write key = "value", one a line, each key once in its block'
            raise self._mistake(line, f"not TOML: {told[1] if told else error}", mend) from error
        except ValidationError as error:
            raise self._shape_mistake(shape, error) from error

    def mistake(self, entry: int, said: str, what: str, mend: str) -> CatalogueError:
        """The error for what is `said` in the block of that number, counted from 0."""
        return self._mistake(self.line_of(entry, said), what, mend)

    def line_of(self, entry: int | None, said: str = "") -> int:
        """The line, from 1, where a block first says it, else where the block begins."""
        headers = [n for n, line in enumerate(self._lines, 1) if self._header.match(line)]
        start, end = 1, len(self._lines) + 1
        # An array needs no headers, and a stray key is in no block: then the file is searched.
        if entry is not None and entry < len(headers):
            start, end = (*headers, end)[entry : entry + 2]
        mention = re.compile(rf"(?<![\w.-]){re.escape(said)}(?![\w.-])")
        for number in range(start, end):
            line = self._lines[number - 1]
            if said and mention.search(line) and not line.lstrip().startswith("#"):
                return number
        return start

    def _mistake(self, line: int, what: str, mend: str) -> CatalogueError:
        return CatalogueError(f"{self._file}:{line}: {what}; {mend}")

    def _shape_mistake(self, shape: type[_Table], error: ValidationError) -> CatalogueError:
        # A misspelt key is also a missing one; the misspelling is what to mend.
        faults = error.errors(include_url=False)
        fault = min(faults, key=lambda fault: fault["type"] != "extra_forbidden")
        entry = next((part for part in fault["loc"] if isinstance(part, int)), None)
        *outer, key = [part for part in fault["loc"] if isinstance(part, str)]
        if fault["type"] == "extra_forbidden":
            known = _KEYS[outer[-1]] if outer else shape.model_fields
            mend = f"write one of {', '.join(known)}"
            return self._mistake(self.line_of(entry, key), f'the key "{key}" is unknown', mend)
        form = next(_FORMS[part] for part in (key, *reversed(outer)) if part in _FORMS)
        if fault["type"] == "missing":
            return self._mistake(self.line_of(entry), f'"{key}" is missing', f"add {form}")
        what = f'"{key}" is {short_repr(fault["input"])}'
        return self._mistake(self.line_of(entry, key), what, f"write {form}")


def _read_outlets(file: _TomlFile) -> dict[str, Outlet]:
    providers = file.read(_Providers).provider
    _refuse_repeats(file, "domain", [provider.domain for provider in providers])
    for entry, provider in enumerate(providers):
        _check_provider(file, entry, provider)
    return {
        provider.domain: Outlet(
            domain=provider.domain,
            name=provider.name,
            hosts=provider.hosts,
            images=tuple(dict(image) for image in provider.images),
            standing=provider.standing,
        )
        for provider in providers
    }


def _read_topics(file: _TomlFile) -> TopicIndex:
    topics = file.read(_Topics).topic
    _refuse_repeats(file, "id", [topic.id for topic in topics])
    _refuse_repeats(file, "name", [topic.name for topic in topics])
    for entry, topic in enumerate(topics):
        for keyword in topic.keywords:
            # The index would search the first words of a longer one, and find too much.
            if not 1 <= (count := len(words(keyword))) <= MAX_PHRASE_WORDS:
                what = f'the keyword "{keyword}" has {count} words (a pair of ideographs is one)'
                mend = f"write 1 to {MAX_PHRASE_WORDS}"
                raise file.mistake(entry, keyword, what, mend)
    return TopicIndex(TopicEntry(topic.name, tuple(topic.keywords)) for topic in topics)


def _refuse_repeats(file: _TomlFile, key: str, values: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for entry, value in enumerate(values):
        if first.setdefault(value, entry) != entry:
            what = f'the {key} "{value}" stands on line {file.line_of(first[value], value)} already'
            raise file.mistake(entry, value, what, "make one block of the two")


def _check_provider(file: _TomlFile, entry: int, provider: _Provider) -> None:
    domain = provider.domain
    if (own := _domain_of(domain)) != domain:
        what = f'"{domain}" is not a registrable domain in lower-case ASCII'
        mend = f'write "{own}"' if own else 'write a public suffix plus one label: "bbc.co.uk"'
        raise file.mistake(entry, domain, what, mend)
    for host in provider.hosts:
        if _domain_of(host) != domain:
            mend = "give it a [[provider]] of its own"
            raise file.mistake(entry, host, f'the host "{host}" is not below {domain}', mend)
        if (own := _host_in(host)) != host:
            what = f'the host "{host}" is not in lower-case ASCII'
            raise file.mistake(entry, host, what, f'write "{own}"')
    for image in provider.images:
        if url_fault(image["url"]):
            what = f'the image "{image["url"]}" is not a URL'
            raise file.mistake(entry, image["url"], what, "write it with https:// and its host")


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

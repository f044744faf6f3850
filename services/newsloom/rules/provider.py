"""The provider of an article: found by its URL, the catalogue, its title and the crawler's hint.

In: a URL, a title and a hint. Out: the provider's name and registrable domain, and how they were
found. The catalogue has priority over the hint; an unknown outlet is named by its domain. A carrier
is the provider only if nothing names the publisher. It never follows a URL.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

from newsloom.rules.addresses.carriers import publisher_host
from newsloom.rules.addresses.domains import is_account, is_address, registrable_domain
from newsloom.rules.addresses.urls import host_of
from newsloom.rules.scoring import KNOWN_STANDING, UNKNOWN_STANDING
from newsloom.rules.words.terms import is_common
from newsloom.rules.words.text import clean_text, title_tails, words

Kind = Literal[
    "newspaper", "agency", "broadcaster", "magazine", "blog", "aggregator", "press-release"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
_CARRIERS = ("aggregator", "press-release")
_LAST_SEPARATOR = re.compile(r"\s+\S+\s+$")

Evidence = Literal["host", "domain", "title", "hint", "unknown", "carrier"]
"""How the provider was found: by a host or a domain of the catalogue, the end of the title, or the
crawler's hint. `unknown`: only by the domain of the URL. `carrier`: only the carrier is known."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """A provider as the catalogue describes it.

    `hosts` maps those of its hosts that have another name to that name; `also` are other names of
    the outlet; `images` are its logos, in the form of a record's images; `country` is ISO 3166-1,
    `languages` are BCP 47.
    """

    domain: str
    name: str
    hosts: Mapping[str, str] = field(default_factory=dict)
    images: tuple[Mapping[str, Any], ...] = ()
    standing: int = KNOWN_STANDING
    kind: Kind | None = None
    country: str | None = None
    languages: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def is_carrier(self) -> bool:
        """Whether it publishes the work of others."""
        return self.kind in _CARRIERS

    def at(self, host: str) -> "Outlet":
        """The outlet with the name that it has at `host`."""
        return replace(self, name=self.hosts[host]) if host in self.hosts else self


class Hint(NamedTuple):
    """The provider as a crawler named it."""

    name: str | None = None
    domain: str | None = None


NO_HINT = Hint()


class Resolution(NamedTuple):
    """The provider of an article, how it was found, and the carrier's domain if there is one."""

    outlet: Outlet
    evidence: Evidence
    carried_by: str | None = None


def name_key(name: str) -> str:
    """The form in which names of outlets are compared: `suntimes` for `The Sun-Times`."""
    return "".join(words(name)).removeprefix("the")


def index_names(outlets: Iterable[Outlet]) -> dict[str, Outlet]:
    """Outlets by the keys of their names, host names and domains, without carriers.

    A key of several outlets is left out, unless exactly one of them has it in `also`.
    """
    explicit: dict[str, dict[str, Outlet]] = {}
    implied: dict[str, dict[str, Outlet]] = {}
    for outlet in outlets:
        if outlet.is_carrier:
            continue
        for name in outlet.also:
            explicit.setdefault(name_key(name), {})[outlet.domain] = outlet
        for host, name in outlet.hosts.items():
            implied.setdefault(name_key(name), {})[outlet.domain] = outlet.at(host)
        for name in (outlet.name, outlet.domain):
            implied.setdefault(name_key(name), {})[outlet.domain] = outlet
    by_key = implied | explicit
    return {key: next(iter(o.values())) for key, o in by_key.items() if key and len(o) == 1}


def resolve_provider(
    url: str,
    title: str,
    outlets: Mapping[str, Outlet],
    names: Mapping[str, Outlet],
    hint: Hint = NO_HINT,
) -> Resolution:
    """The outlet that published the article at `url`, with the name that it has there.

    `outlets` are the catalogue's by registrable domain, `names` is `index_names` of them, `title`
    is clean text. These are tried in order: the catalogue by the domain of the URL, or of the URL
    within it; the catalogue by the domain of the hint; for a carrier, `_behind_carrier`, else the
    name of the hint; the catalogue by the end of the title; the domain of the URL. Raises
    ValueError for a URL that `url_fault` rejects as bad.
    """
    host, carried_by = _find_host(url, outlets)
    domain = registrable_domain(host)
    found = outlets.get(domain)
    if found is not None and not found.is_carrier:
        return Resolution(found.at(host), "host" if host in found.hosts else "domain", carried_by)
    hinted = _named_host(hint.domain) if hint.domain else None
    known = outlets.get(registrable_domain(hinted)) if hinted else None
    if known is not None and not known.is_carrier:
        return Resolution(known.at(hinted or ""), "hint", carried_by)
    name = clean_text(hint.name) if hint.name else ""
    if found is not None:
        outlet, evidence = _behind_carrier(found.at(host), title, names, name, hinted)
    else:
        outlet, evidence = _unlisted(host, domain, title, names, name, hinted)
    return Resolution(outlet, evidence, carried_by)


def _find_host(url: str, outlets: Mapping[str, Outlet]) -> tuple[str, str | None]:
    """The host of the publisher in a URL, else of the URL; and the carrier's domain, if known."""
    host = host_of(url)
    domain = registrable_domain(host)
    found = outlets.get(domain)
    if found is not None and not found.is_carrier:
        return host, None
    publisher = publisher_host(url, domain, is_carrier=found is not None)
    if publisher is not None:
        return publisher, domain
    return host, domain if found is not None else None


def _unlisted(
    host: str, domain: str, title: str, names: Mapping[str, Outlet], name: str, hinted: str | None
) -> tuple[Outlet, Evidence]:
    """The publisher at a domain that is not in the catalogue."""
    if hinted and is_address(host):
        domain = registrable_domain(hinted)
        name = name or domain
    if name:
        return Outlet(domain, name, standing=UNKNOWN_STANDING), "hint"
    in_title = _outlet_in_title(title, names, is_from_carrier=False)
    if in_title is not None and not is_account(domain):
        # Any site can end a title with any name, so the outlet's standing does not apply.
        return replace(in_title, standing=UNKNOWN_STANDING), "title"
    return Outlet(domain, domain, standing=UNKNOWN_STANDING), "unknown"


def _behind_carrier(
    carrier: Outlet, title: str, names: Mapping[str, Outlet], name: str, hinted: str | None
) -> tuple[Outlet, Evidence]:
    """The publisher by the hint's name, the title's end, or the hint's domain; else the carrier."""
    if (known := names.get(name_key(name))) is not None:
        return known, "hint"
    if (known := _outlet_in_title(title, names, is_from_carrier=True)) is not None:
        return known, "title"
    domain = registrable_domain(hinted) if hinted else carrier.domain
    if domain != carrier.domain:
        return Outlet(domain, name or domain, standing=UNKNOWN_STANDING), "hint"
    return carrier, "carrier"


def bare_title(title: str, names: Mapping[str, Outlet], is_from_carrier: bool) -> str:
    """`title` without an outlet's name at its end, never empty.

    `is_from_carrier` says that an aggregator put the name there.
    """
    for tail in _outlet_tails(title, names, is_from_carrier):
        return _LAST_SEPARATOR.sub("", title.removesuffix(tail)) or title
    return title


def _outlet_in_title(
    title: str, names: Mapping[str, Outlet], is_from_carrier: bool
) -> Outlet | None:
    """The outlet that the end of a title names."""
    return next((names[name_key(t)] for t in _outlet_tails(title, names, is_from_carrier)), None)


def _outlet_tails(title: str, names: Mapping[str, Outlet], is_from_carrier: bool) -> Iterator[str]:
    """The ends of a title that name an outlet, the shortest first.

    `is_from_carrier` is true for aggregators. Elsewhere a common word is a section (`| Science`).
    """
    for tail in title_tails(title):
        if name_key(tail) in names and (
            is_from_carrier or " " in tail or not is_common(tail.lower())
        ):
            yield tail


@lru_cache(maxsize=4096)
def _named_host(domain: str) -> str | None:
    """The host in a hint, if it is a valid host name of two or more labels."""
    try:
        host = host_of(f"https://{domain}/")
    except ValueError:
        return None
    return host if "." in host and not is_address(host) else None

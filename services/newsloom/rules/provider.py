"""Who published it: a name and a registrable domain, from the URL, the catalogue, title and hints.

The catalogue wins over what a crawler hints; an unknown outlet is named by its domain. What only
carries the work of others (aggregators, press-release wires, AMP caches) is the publisher only
where nothing tells who is. It never follows a URL.
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
"""What told who published: a host or a domain that the catalogue knows, the end of the title, the
crawler's hint, nothing but the URL itself, or nothing at all behind one that carries others."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """A provider as the catalogue knows it; `hosts` names those of its hosts that differ.

    `also` are other names it goes by, `images` its logos in the shape of a record's images,
    `country` is ISO 3166-1, `languages` are BCP 47.
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
        """Whether it carries what others publish."""
        return self.kind in _CARRIERS

    def at(self, host: str) -> "Outlet":
        """The outlet under the name it bears at `host`."""
        return replace(self, name=self.hosts[host]) if host in self.hosts else self


class Hint(NamedTuple):
    """What a crawler believes of the publisher."""

    name: str | None = None
    domain: str | None = None


NO_HINT = Hint()


class Resolution(NamedTuple):
    """Who published an article, and what told so; `carried_by` is the domain that carried it."""

    outlet: Outlet
    evidence: Evidence
    carried_by: str | None = None


def name_key(name: str) -> str:
    """The form in which names of outlets are compared: `The Sun-Times` as `suntimes`."""
    return "".join(words(name)).removeprefix("the")


def index_names(outlets: Iterable[Outlet]) -> dict[str, Outlet]:
    """Outlets by the keys of their names, but for carriers; under a host's name as it is there.

    A key that two claim belongs to neither, unless one claims it by `also`.
    """
    told: dict[str, dict[str, Outlet]] = {}
    implied: dict[str, dict[str, Outlet]] = {}
    for outlet in outlets:
        if outlet.is_carrier:
            continue
        for name in outlet.also:
            told.setdefault(name_key(name), {})[outlet.domain] = outlet
        for host, name in outlet.hosts.items():
            implied.setdefault(name_key(name), {})[outlet.domain] = outlet.at(host)
        for name in (outlet.name, outlet.domain):
            implied.setdefault(name_key(name), {})[outlet.domain] = outlet
    claims = implied | told
    return {key: next(iter(c.values())) for key, c in claims.items() if key and len(c) == 1}


def resolve_provider(
    url: str,
    title: str,
    outlets: Mapping[str, Outlet],
    names: Mapping[str, Outlet],
    hint: Hint = NO_HINT,
) -> Resolution:
    """The outlet that published the article at `url`, under the name it bears there.

    `outlets` is keyed by registrable domain, `names` is what `index_names` makes of them. In turn:
    the catalogue by the domain of the URL or of the one within it; the catalogue by the hint; by
    the end of the title; the hint alone; the domain alone. `title` is clean text.
    """
    host = host_of(url)
    domain = registrable_domain(host)
    found = outlets.get(domain)
    carried_by = None
    if found is None or found.is_carrier:
        behind = publisher_host(url, domain, is_carrier=found is not None)
        if behind is not None:
            carried_by, host, domain = domain, behind, registrable_domain(behind)
            found = outlets.get(domain)
        elif found is not None:
            carried_by = domain
    if found is not None and not found.is_carrier:
        return Resolution(found.at(host), "host" if host in found.hosts else "domain", carried_by)
    hinted = _named_host(hint.domain) if hint.domain else None
    known = outlets.get(registrable_domain(hinted)) if hinted else None
    if known is not None and not known.is_carrier:
        return Resolution(known.at(hinted or ""), "hint", carried_by)
    name = clean_text(hint.name) if hint.name else ""
    if found is not None:
        return Resolution(*_behind(found.at(host), title, names, name, hinted), carried_by)
    if hinted and is_address(host):
        domain = registrable_domain(hinted)
        name = name or domain
    if name:
        return Resolution(Outlet(domain, name, standing=UNKNOWN_STANDING), "hint", carried_by)
    titled = _titled(title, names, is_vouched=False)
    if titled is not None and not is_account(domain):
        # Any site can end a title so: it tells a name, and earns no standing.
        return Resolution(replace(titled, standing=UNKNOWN_STANDING), "title", carried_by)
    return Resolution(Outlet(domain, domain, standing=UNKNOWN_STANDING), "unknown", carried_by)


def _behind(
    carrier: Outlet, title: str, names: Mapping[str, Outlet], name: str, hinted: str | None
) -> tuple[Outlet, Evidence]:
    """Who published what `carrier` carries, by the rest of the hint and the end of the title."""
    if (known := names.get(name_key(name))) is not None:
        return known, "hint"
    if (known := _titled(title, names, is_vouched=True)) is not None:
        return known, "title"
    domain = registrable_domain(hinted) if hinted else carrier.domain
    if domain != carrier.domain:
        return Outlet(domain, name or domain, standing=UNKNOWN_STANDING), "hint"
    return carrier, "carrier"


def bare_title(title: str, names: Mapping[str, Outlet], is_vouched: bool) -> str:
    """`title` without the outlet that its end names, whoever published it. Never empties it."""
    for tail in _telling_tails(title, names, is_vouched):
        return _LAST_SEPARATOR.sub("", title.removesuffix(tail)) or title
    return title


def _titled(title: str, names: Mapping[str, Outlet], is_vouched: bool) -> Outlet | None:
    """The outlet that the end of a title names."""
    return next((names[name_key(t)] for t in _telling_tails(title, names, is_vouched)), None)


def _telling_tails(title: str, names: Mapping[str, Outlet], is_vouched: bool) -> Iterator[str]:
    """The ends of a title that name an outlet.

    Aggregators vouch for them. Elsewhere a lone common word is rather a section (`| Science`).
    """
    for tail in title_tails(title):
        if name_key(tail) in names and (is_vouched or " " in tail or not is_common(tail.lower())):
            yield tail


@lru_cache(maxsize=4096)
def _named_host(domain: str) -> str | None:
    """The host that a hint names, if it is a name of several labels."""
    try:
        host = host_of(f"https://{domain}/")
    except ValueError:
        return None
    return host if "." in host and not is_address(host) else None

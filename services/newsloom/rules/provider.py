"""Who published it: a name and a registrable domain, from the URL, the catalogue and hints.

The catalogue wins over the crawler's hint; an unknown outlet is named by its domain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from newsloom.rules.domains import registrable_domain
from newsloom.rules.scoring import KNOWN_STANDING, UNKNOWN_STANDING
from newsloom.rules.text import clean_text
from newsloom.rules.urls import host_of


@dataclass(frozen=True, slots=True)
class Outlet:
    """A provider as the catalogue knows it; `hosts` names those of its hosts that differ.

    `images` are its logos, in the shape of a record's images.
    """

    domain: str
    name: str
    hosts: Mapping[str, str] = field(default_factory=dict)
    images: tuple[Mapping[str, Any], ...] = ()
    standing: int = KNOWN_STANDING


def resolve_provider(
    url: str, outlets: Mapping[str, Outlet], hinted_name: str | None = None
) -> Outlet:
    """The outlet that published the article at `url`, under the name it bears there.

    `outlets` is keyed by registrable domain. The name is the catalogue's for the host, else its
    for the domain, else the hint, else the domain itself.
    """
    host = host_of(url)
    domain = registrable_domain(host)
    outlet = outlets.get(domain)
    if outlet is None:
        name = clean_text(hinted_name) if hinted_name else ""
        return Outlet(domain, name or domain, standing=UNKNOWN_STANDING)
    return replace(outlet, name=outlet.hosts[host]) if host in outlet.hosts else outlet

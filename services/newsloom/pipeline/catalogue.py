"""What enrichment knows beforehand: outlets by domain and name, and topics by their keywords."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from newsloom.rules.provider import Outlet, index_names
from newsloom.rules.topics import TopicIndex


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Outlets keyed by registrable domain, and the topic index; never changed once made.

    `version` tells one catalogue from another: the same version enriches the same. `names` are
    the same outlets by the names they go by.
    """

    outlets: Mapping[str, Outlet]
    topics: TopicIndex
    version: str
    names: Mapping[str, Outlet] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", index_names(self.outlets.values()))

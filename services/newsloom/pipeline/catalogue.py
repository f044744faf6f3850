"""The catalogue as enrichment uses it: outlets by domain and name, and topics by keyword."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from newsloom.rules.provider import Outlet, index_names
from newsloom.rules.topics import TopicIndex


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Outlets by registrable domain, and the topic index. It is never changed.

    Two catalogues of the same `version` enrich in the same way. `names` maps each name of an outlet
    to that outlet.
    """

    outlets: Mapping[str, Outlet]
    topics: TopicIndex
    version: str
    names: Mapping[str, Outlet] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", index_names(self.outlets.values()))

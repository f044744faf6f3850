"""What enrichment knows beforehand: outlets by domain, and topics by their keywords."""

from collections.abc import Mapping
from dataclasses import dataclass

from newsloom.rules.provider import Outlet
from newsloom.rules.topics import TopicIndex


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Outlets keyed by registrable domain, and the topic index; never changed once made.

    `version` tells one catalogue from another: the same version enriches the same.
    """

    outlets: Mapping[str, Outlet]
    topics: TopicIndex
    version: str

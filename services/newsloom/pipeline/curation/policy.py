"""The policy: what an operator can set about curation.

Each decision takes it as an argument; it changes no row by itself. A decision made under another
policy stays until an event changes it.
"""

from typing import NamedTuple

from newsloom.rules.evidence import DEFAULT_WEIGHTS, StoryWeights
from newsloom.rules.scoring import PUBLISH_THRESHOLD


class Policy(NamedTuple):
    """The weights of the story evidence, and the lowest heat at which a lead is published."""

    weights: StoryWeights = DEFAULT_WEIGHTS
    publish_threshold: int = PUBLISH_THRESHOLD


DEFAULT_POLICY = Policy()

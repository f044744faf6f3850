"""Policy: what an operator may set of how a lane is curated.

A value that goes along with each decision. It changes no row by itself: what was decided under
another policy stands until an event touches it.
"""

from typing import NamedTuple

from newsloom.rules.evidence import DEFAULT_WEIGHTS, StoryWeights
from newsloom.rules.scoring import PUBLISH_THRESHOLD


class Policy(NamedTuple):
    """How the evidence for stories weighs, and from which heat on a lead is published."""

    weights: StoryWeights = DEFAULT_WEIGHTS
    publish_threshold: int = PUBLISH_THRESHOLD


DEFAULT_POLICY = Policy()

"""Evidence: what speaks for and against an article's joining a story, or two stories' being one.

Every kind of evidence is a whole number in thousandths; its weight stands in story_weights.toml,
which `benchmarks/tune_stories.py` writes. What adds up to 0 or more convinces.
"""

import tomllib
from operator import mul
from pathlib import Path
from typing import NamedTuple

from newsloom.rules.terms import Vector

_BORNE_BY = 4
"""A term that every fourth article of a story holds is its own; rarer ones count in part."""
_DAY_S = 24 * 3600
LONE_TERM_COSINE = 240
"""From here on a single word in common can make a story."""
_ONE_TERM = 1000  # doublings(1 + 1)


class JoinEvidence(NamedTuple):
    """What an article has in common with a story. Counts and sizes as `doublings`."""

    cosine: int
    """To the sum of the story's articles."""
    title: int
    """How much of the title's weight the story bears out."""
    text: int
    """The same of the whole text."""
    shared: int
    """How many of its terms the story has."""
    rarest: int
    """The heaviest of those: a name, a number, a rare word."""
    nearest: int
    """Cosine to the nearest of the story's articles."""
    votes: int
    """Which share of the articles nearest to it, by their cosines, is the story's."""
    size: int
    terms: int
    """How many terms it has in all."""
    bare: int
    """1000 if it has no excerpt."""
    bare_cosine: int
    size_cosine: int
    """A great story is near to much."""
    silence: int
    """Days between it and the story."""


class MergeEvidence(NamedTuple):
    """What two stories have in common, and an article that belongs to the one with the other."""

    cosine: int
    """Of the two sums."""
    rival: int
    """Cosine of the article to the other story."""
    own: int
    """Cosine of the article to its own story as it was before."""
    smaller: int
    larger: int
    smaller_cosine: int
    """As the smaller of two stories grows, it shows better what it is about."""
    title: int
    """Of the article, in the other story."""
    text: int


class Matter(NamedTuple):
    """A story as an article meets it: its centroid, and of how many articles it is the sum."""

    centroid: Vector
    size: int


def doublings(count: int) -> int:
    """How often 1 is to be doubled to make `count` (1 or more), in thousandths.

    Between powers of two it rises in a straight line: no logarithm, so the same on any machine.
    """
    whole = count.bit_length() - 1
    return 1000 * whole + (1000 * count >> whole) - 1000


def common_terms(
    vector: Vector, title: frozenset[str], matter: Matter
) -> tuple[int, int, int, int]:
    """How much of the title and of the text a story bears out, how many terms it shares with
    the article, and the weight of the heaviest: `title`, `text`, `shared`, `rarest`.

    `title` holds the terms of `vector` that stand in the title.
    """
    centroid, size = matter
    in_text = in_title = rarest = shared = 0
    for term, weight in vector.items():
        held = centroid.get(term)
        if held:
            borne = _BORNE_BY * held // size
            if borne > weight:
                borne = weight
            shared += 1
            in_text += borne * weight
            if term in title:
                in_title += borne * weight
            if borne > rarest:
                rarest = borne
    return in_title, in_text, shared, rarest


def days(seconds: int) -> int:
    """Seconds as thousandths of a day; none for less than nothing."""
    return max(0, seconds) * 1000 // _DAY_S


def _read_weights(kind: str, names: tuple[str, ...]) -> tuple[tuple[int, ...], int]:
    path = Path(__file__).with_name("story_weights.toml")
    table = tomllib.loads(path.read_text("utf-8"))[kind]
    return tuple(int(table[name]) for name in names), 1000 * int(table["bias"])


JOIN_WEIGHTS, JOIN_BIAS = _read_weights("join", JoinEvidence._fields)
MERGE_WEIGHTS, MERGE_BIAS = _read_weights("merge", MergeEvidence._fields)


def weigh_join(evidence: JoinEvidence) -> int:
    """How well an article goes with a story: the higher the better, from 0 on it may join.

    One word in common is not enough, however little else there is, but for nearly all of a title.
    """
    score: int = sum(map(mul, JOIN_WEIGHTS, evidence), JOIN_BIAS) // 1000
    is_slight = evidence.shared <= _ONE_TERM and evidence.cosine < LONE_TERM_COSINE
    return min(score, -1) if is_slight else score


def weigh_merge(evidence: MergeEvidence) -> int:
    """How surely two stories are one: from 0 on they merge."""
    score: int = sum(map(mul, MERGE_WEIGHTS, evidence), MERGE_BIAS) // 1000
    return score


def join_parts(evidence: JoinEvidence) -> dict[str, int]:
    """What each kind of evidence adds to or takes from the score of `weigh_join`, by name."""
    parts = map(mul, JOIN_WEIGHTS, evidence)
    return {name: part // 1000 for name, part in zip(evidence._fields, parts, strict=True)}

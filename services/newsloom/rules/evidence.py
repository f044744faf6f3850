"""Evidence: what speaks for and against an article's joining a story, or two stories' being one.

Every kind of evidence is a whole number in thousandths; its weight stands in story_weights.toml,
which `benchmarks/tune_stories.py` writes. What adds up to 0 or more convinces.
"""

import tomllib
from collections.abc import Collection, Mapping
from itertools import islice
from operator import mul
from pathlib import Path
from typing import NamedTuple

from newsloom.rules.words.terms import Vector, square_of

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
    two_nearest: int
    """Mean cosine to the two nearest of the story's articles; to the nearest if there is one."""
    votes: int
    """Which share of the articles nearest to it, by their cosines, is the story's."""
    heaviest: int
    """The share of a single term in the likeness."""
    size: int
    terms: int
    """How many terms it has in all."""
    bare: int
    """1000 if it has no excerpt."""
    bare_cosine: int
    bare_terms: int
    size_cosine: int
    """A great story is near to much."""
    size_votes: int
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
    votes: int
    """Which share of the articles nearest to it is the other story's."""
    own_votes: int
    own_text: int
    """How much of the article its own story bears out."""
    lone: int
    """1000 if one of the two held a single article: that one is looked at again, for news of its
    matter may have come meanwhile. What follows is 0 if not.
    """
    lone_cosine: int
    lone_title: int
    """How much of the lone article's title the greater story bears out."""
    lone_text: int
    lone_rarest: int
    """The heaviest of the terms that they share."""
    lone_nearest: int
    """Cosine of the lone article and the one that came now, if that is of the greater story."""


class Centroid(NamedTuple):
    """A story as an article meets it: its centroid, and of how many articles it is the sum."""

    terms: Vector
    size: int


class ArticleVector(NamedTuple):
    """An article as a story meets it: its terms, which of them stand in its title, and the sums
    of the squared weights of those and of all.
    """

    vector: Vector
    title: Collection[str]
    whole_title: int
    whole: int


class CommonTerms(NamedTuple):
    """How much of an article's title and text a story bears out, in thousandths; how many terms
    they share, and the weight of the heaviest; the dot product of article and centroid, and the
    greatest share of one term in it, in thousandths.
    """

    title: int
    text: int
    shared: int
    rarest: int
    dot: int
    heaviest: int


def doublings(count: int) -> int:
    """How often 1 is to be doubled to make `count` (1 or more), in thousandths.

    Between powers of two it rises in a straight line: no logarithm, so the same on any machine.
    """
    whole = count.bit_length() - 1
    return 1000 * whole + (1000 * count >> whole) - 1000


def article_vector(vector: Vector, title_terms: int) -> ArticleVector:
    """The gist of an article; so many of the terms of `vector`, the first, stand in the title."""
    title = frozenset(islice(vector, title_terms))
    in_title = sum([weight * weight for weight in islice(vector.values(), title_terms)])
    return ArticleVector(vector, title, in_title or 1, square_of(vector) or 1)


def common_terms(article: ArticleVector, centroid: Centroid) -> CommonTerms:
    """What of an article a story bears out."""
    vector, title, (sums, size) = article.vector, article.title, centroid
    in_text = in_title = rarest = dot = most = 0
    shared = vector.keys() & sums.keys()
    for term in shared:
        weight, held = vector[term], sums[term]
        product = held * weight
        dot += product
        if product > most:
            most = product
        borne = _BORNE_BY * held // size
        if borne > weight:
            borne = weight
        in_text += borne * weight
        if term in title:
            in_title += borne * weight
        if borne > rarest:
            rarest = borne
    return CommonTerms(
        1000 * in_title // article.whole_title,
        1000 * in_text // article.whole,
        len(shared),
        rarest,
        dot,
        1000 * most // (dot or 1),
    )


def standing(near: Collection[int], total: int) -> tuple[int, int, int]:
    """`nearest`, `two_nearest` and `votes` of JoinEvidence, of a story whose articles are `near` by
    their cosines, where those of all that are nearest add up to `total`.
    """
    best = sorted(near)[-2:] or [0]
    return best[-1], sum(best) // len(best), 1000 * sum(near) // (total or 1)


def days(seconds: int) -> int:
    """Seconds as thousandths of a day; none for less than nothing."""
    return max(0, seconds) * 1000 // _DAY_S


class StoryWeights(NamedTuple):
    """What each kind of evidence weighs, in thousandths, in the order of the fields.

    Where the evidence weighed and the bias add up to 0 or more, it convinces.
    """

    join: tuple[int, ...]
    join_bias: int
    merge: tuple[int, ...]
    merge_bias: int


def story_weights(tables: Mapping[str, Mapping[str, int]]) -> StoryWeights:
    """The weights that tables of the form of story_weights.toml hold, all of them."""
    join, merge = tables["join"], tables["merge"]
    return StoryWeights(
        tuple(join[name] for name in JoinEvidence._fields),
        join["bias"],
        tuple(merge[name] for name in MergeEvidence._fields),
        merge["bias"],
    )


def weight_tables(weights: StoryWeights) -> dict[str, dict[str, int]]:
    """The tables that hold those weights, each by its name."""
    join = dict(zip(JoinEvidence._fields, weights.join, strict=True))
    merge = dict(zip(MergeEvidence._fields, weights.merge, strict=True))
    return {
        "join": {"bias": weights.join_bias, **join},
        "merge": {"bias": weights.merge_bias, **merge},
    }


WEIGHTS_FILE = Path(__file__).with_name("story_weights.toml")
DEFAULT_WEIGHTS = story_weights(tomllib.loads(WEIGHTS_FILE.read_text("utf-8")))


def weigh_join(evidence: JoinEvidence, weights: StoryWeights) -> int:
    """How well an article goes with a story: the higher the better, from 0 on it may join.

    One word in common is not enough, however little else there is, but for nearly all of a title.
    """
    score: int = sum(map(mul, weights.join, evidence), 1000 * weights.join_bias) // 1000
    is_slight = evidence.shared <= _ONE_TERM and evidence.cosine < LONE_TERM_COSINE
    return min(score, -1) if is_slight else score


def weigh_merge(evidence: MergeEvidence, weights: StoryWeights) -> int:
    """How surely two stories are one: from 0 on they merge."""
    score: int = sum(map(mul, weights.merge, evidence), 1000 * weights.merge_bias) // 1000
    return score


def join_parts(evidence: JoinEvidence, weights: StoryWeights) -> dict[str, int]:
    """What each kind of evidence adds to or takes from the score of `weigh_join`, by name."""
    parts = map(mul, weights.join, evidence)
    return {name: part // 1000 for name, part in zip(evidence._fields, parts, strict=True)}


def merge_parts(evidence: MergeEvidence, weights: StoryWeights) -> dict[str, int]:
    """The same of `weigh_merge`."""
    parts = map(mul, weights.merge, evidence)
    return {name: part // 1000 for name, part in zip(evidence._fields, parts, strict=True)}

"""Evidence: the figures for or against adding an article to a story, or merging two stories.

Each kind of evidence is an integer; its weight is in `story_weights.toml`, which
`benchmarks/tune_stories.py` writes. A weighted sum of 0 or more, bias included, is a yes.
"""

import tomllib
from collections.abc import Collection, Mapping
from itertools import islice
from operator import mul
from pathlib import Path
from typing import NamedTuple

from newsloom.rules.words.terms import Vector, square_of

_FULL_SUPPORT = 4
"""A story supports a term fully if a quarter of its articles hold it, rarer terms in proportion."""
_DAY_S = 24 * 3600
LONE_TERM_COSINE = 240
"""The least cosine, in thousandths, at which an article may join by a single shared term."""
_ONE_TERM = 1000
"""`JoinEvidence.shared` of one shared term: doublings(1 + 1)."""


class JoinEvidence(NamedTuple):
    """The evidence for adding an article to a story. The field names are keys of the weights file.

    Cosines, shares and term weights are in thousandths. Logarithms are those of `doublings`. A
    story supports a term as `common_terms` defines it.
    """

    cosine: int
    """Cosine of the article and the story's centroid."""
    title: int
    """Share of the title's squared term weights that the story supports."""
    text: int
    """The same share of the whole text."""
    shared: int
    """Logarithm of 1 + the number of terms that the article shares with the story."""
    rarest: int
    """The greatest supported weight of a shared term: of a name, a number or a rare word."""
    nearest: int
    """Cosine of the article and the nearest article of the story, 0 if none is a neighbour."""
    two_nearest: int
    """Mean cosine of the article and the story's two nearest articles; `nearest` if only one is a
    neighbour.
    """
    votes: int
    """The story's share of the sum of the cosines of all the article's neighbours."""
    heaviest: int
    """The greatest share of one term in the dot product of the article and the centroid."""
    size: int
    """Logarithm of the number of articles in the story."""
    terms: int
    """Logarithm of 1 + the number of terms in the article's vector."""
    bare: int
    """1000 if the article has no excerpt, else 0."""
    bare_cosine: int
    """`cosine` if the article has no excerpt, else 0."""
    bare_terms: int
    """`terms` if the article has no excerpt, else 0."""
    size_cosine: int
    """`size` times `cosine`: many articles are similar to the centroid of a large story."""
    size_votes: int
    """`size` times `votes`."""
    silence: int
    """Thousandths of a day between the article and the story's time span; 0 within the span."""


class MergeEvidence(NamedTuple):
    """The evidence for merging two stories. The field names are keys of the weights file.

    The article is the one that arrived: `own` names its story, `rival` the other one. Units are
    those of JoinEvidence.
    """

    cosine: int
    """Cosine of the two centroids, the article's own one with the article."""
    rival: int
    """Cosine of the article and the other story."""
    own: int
    """Cosine of the article and its own story without the article; 0 if it was no candidate."""
    smaller: int
    """Logarithm of the number of articles in the smaller story, without the article."""
    larger: int
    """Logarithm of the number of articles in the larger story, without the article."""
    smaller_cosine: int
    """`smaller` times `cosine`: a centroid of more articles represents its subject better."""
    title: int
    """Share of the article's title that the other story supports."""
    text: int
    """Share of the article's text that the other story supports."""
    votes: int
    """The other story's share of the sum of the cosines of the article's neighbours."""
    own_votes: int
    """The same share of the article's own story; 0 if it was no candidate."""
    own_text: int
    """Share of the article's text that its own story supports; 0 if it was no candidate."""
    lone: int
    """1000 if one story had only one article, the lone article, before the arrival; else this and
    all fields below are 0. The lone article is compared again, because the other story may have
    gained articles about the same occurrence since then.
    """
    lone_cosine: int
    """The same as `cosine`."""
    lone_title: int
    """Share of the lone article's title that the other story supports."""
    lone_text: int
    """Share of the lone article's text that the other story supports."""
    lone_rarest: int
    """The greatest supported weight of a term that the lone article shares with the other story."""
    lone_nearest: int
    """Cosine of the lone article and the article, if these are in different stories; else 0."""


class Centroid(NamedTuple):
    """A story's centroid: the sum of the term vectors of its `size` articles."""

    terms: Vector
    size: int


class ArticleVector(NamedTuple):
    """An article's term vector, the terms in its title, and the sums of the squared weights of the
    title's terms and of all terms (at least 1).
    """

    vector: Vector
    title: Collection[str]
    title_square: int
    square: int


class CommonTerms(NamedTuple):
    """What an article and a centroid have in common, see `common_terms`.

    The supported shares of the article's title and text, in thousandths; the number of shared terms
    and the greatest supported weight of one; the dot product, and the greatest share of one term in
    it, in thousandths.
    """

    title: int
    text: int
    shared: int
    rarest: int
    dot: int
    heaviest: int


def doublings(count: int) -> int:
    """The binary logarithm of `count` (at least 1) in thousandths, linear between powers of two."""
    # Integer arithmetic only: the result is the same on every machine.
    square = count.bit_length() - 1
    return 1000 * square + (1000 * count >> square) - 1000


def article_vector(vector: Vector, title_terms: int) -> ArticleVector:
    """The ArticleVector of a term vector whose first `title_terms` terms are in the title."""
    title = frozenset(islice(vector, title_terms))
    in_title = sum([weight * weight for weight in islice(vector.values(), title_terms)])
    return ArticleVector(vector, title, in_title or 1, square_of(vector) or 1)


def common_terms(article: ArticleVector, centroid: Centroid) -> CommonTerms:
    """What an article has in common with a story. The supported weight of a term is 4 times its
    mean weight over the story's articles, at most its weight in the article.
    """
    vector, title, (sums, size) = article.vector, article.title, centroid
    in_text = in_title = rarest = dot = greatest = 0
    shared = vector.keys() & sums.keys()
    for term in shared:
        weight, total = vector[term], sums[term]
        product = total * weight
        dot += product
        if product > greatest:
            greatest = product
        supported = _FULL_SUPPORT * total // size
        if supported > weight:
            supported = weight
        in_text += supported * weight
        if term in title:
            in_title += supported * weight
        if supported > rarest:
            rarest = supported
    return CommonTerms(
        1000 * in_title // article.title_square,
        1000 * in_text // article.square,
        len(shared),
        rarest,
        dot,
        1000 * greatest // (dot or 1),
    )


def neighbour_evidence(cosines: Collection[int], total: int) -> tuple[int, int, int]:
    """`nearest`, `two_nearest` and `votes` of JoinEvidence.

    `cosines` are those of the neighbours in the story; `total` is the sum over all neighbours.
    """
    best = sorted(cosines)[-2:] or [0]
    return best[-1], sum(best) // len(best), 1000 * sum(cosines) // (total or 1)


def days(seconds: int) -> int:
    """Seconds in thousandths of a day; 0 for a negative value."""
    return max(0, seconds) * 1000 // _DAY_S


class StoryWeights(NamedTuple):
    """The weight of each kind of evidence, in thousandths, in the order of the fields.

    The article joins, or the stories merge, if the weighted evidence plus the bias is 0 or more.
    """

    join: tuple[int, ...]
    join_bias: int
    merge: tuple[int, ...]
    merge_bias: int


def story_weights(tables: Mapping[str, Mapping[str, int]]) -> StoryWeights:
    """The weights in the tables of story_weights.toml. Raises KeyError if one is missing."""
    join, merge = tables["join"], tables["merge"]
    return StoryWeights(
        tuple(join[name] for name in JoinEvidence._fields),
        join["bias"],
        tuple(merge[name] for name in MergeEvidence._fields),
        merge["bias"],
    )


def weight_tables(weights: StoryWeights) -> dict[str, dict[str, int]]:
    """The weights as the tables of story_weights.toml."""
    join = dict(zip(JoinEvidence._fields, weights.join, strict=True))
    merge = dict(zip(MergeEvidence._fields, weights.merge, strict=True))
    return {
        "join": {"bias": weights.join_bias, **join},
        "merge": {"bias": weights.merge_bias, **merge},
    }


WEIGHTS_FILE = Path(__file__).with_name("story_weights.toml")
DEFAULT_WEIGHTS = story_weights(tomllib.loads(WEIGHTS_FILE.read_text("utf-8")))


def weigh_join(evidence: JoinEvidence, weights: StoryWeights) -> int:
    """The score of adding an article to a story: from 0 on it may join, the highest score wins.

    At most -1 if the two share one term or none and the cosine is below LONE_TERM_COSINE.
    """
    score = _score(evidence, weights.join, weights.join_bias)
    is_too_little = evidence.shared <= _ONE_TERM and evidence.cosine < LONE_TERM_COSINE
    return min(score, -1) if is_too_little else score


def weigh_merge(evidence: MergeEvidence, weights: StoryWeights) -> int:
    """The score of merging two stories: from 0 on they may merge, the highest score wins."""
    return _score(evidence, weights.merge, weights.merge_bias)


def _score(evidence: tuple[int, ...], weights: tuple[int, ...], bias: int) -> int:
    score: int = sum(map(mul, weights, evidence), 1000 * bias) // 1000
    return score


def join_parts(evidence: JoinEvidence, weights: StoryWeights) -> dict[str, int]:
    """What each kind of evidence adds to or subtracts from the score of `weigh_join`, by name."""
    return _parts(evidence, weights.join)


def merge_parts(evidence: MergeEvidence, weights: StoryWeights) -> dict[str, int]:
    """What each kind of evidence adds to or subtracts from the score of `weigh_merge`, by name."""
    return _parts(evidence, weights.merge)


def _parts(evidence: JoinEvidence | MergeEvidence, weights: tuple[int, ...]) -> dict[str, int]:
    parts = map(mul, weights, evidence)
    return {name: part // 1000 for name, part in zip(evidence._fields, parts, strict=True)}

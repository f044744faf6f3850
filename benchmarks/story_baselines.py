"""Usual methods to group a news stream, as baselines for Newsloom. Each has one threshold.

In: the articles of a stream in order of arrival. Out: the group of each article. The baselines use
the same term vectors as Newsloom (MinHash: the same words). They ignore time and provider.
"""

import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from math import exp, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from newsloom.pipeline.arrival import ArticleArrival, compared_title
from newsloom.pipeline.search.postings import Postings, hash_terms
from newsloom.rules.words.language import primary_language
from newsloom.rules.words.terms import UNIT, add_to, square_of, table_weights
from newsloom.rules.words.text import words

_PERMUTATIONS = 128
_ROWS = 2
"""Rows of a MinHash band. With 2 rows, most pairs with a similarity of 0.2 are still found."""
_MAX_BUCKET = 64
"""The most articles stored in one bucket of a band."""
_PRIME = (1 << 31) - 1
LANE_TABLE_TEXTS = 3_000


class Link(NamedTuple):
    """The most similar earlier article of an article, and their similarity, 0 to 1."""

    number: int
    similarity: float


def group_by_links(links: Sequence[Link | None], threshold: float) -> list[int]:
    """The group of each article: that of its link if similar enough, else a new group."""
    groups: list[int] = []
    for number, link in enumerate(links):
        is_near = link is not None and link.similarity >= threshold
        groups.append(groups[link.number] if is_near and link else number)
    return groups


def nearest_articles(arrivals: Sequence[ArticleArrival]) -> list[Link | None]:
    """The link of each article, by the cosine of the term vectors."""
    postings, links = Postings(max_read=len(arrivals)), list[Link | None]()
    for number, arrival in enumerate(arrivals):
        terms = hash_terms(arrival.vector)
        dots = dict(postings.search(terms, least=1).pairs())
        best = max(dots, key=lambda other: (dots[other], -other), default=None)
        links.append(None if best is None else Link(best, dots[best] / UNIT**2))
        postings.add(number, terms)
    return links


def minhash(arrivals: Sequence[ArticleArrival]) -> list[Link | None]:
    """The link of each article, by Jaccard similarity of words, estimated from 128 MinHashes."""
    random = np.random.default_rng(1)
    factors = random.integers(1, _PRIME, (_PERMUTATIONS, 1), dtype=np.int64)
    offsets = random.integers(0, _PRIME, (_PERMUTATIONS, 1), dtype=np.int64)
    signatures = np.zeros((len(arrivals), _PERMUTATIONS), dtype=np.int64)
    buckets: dict[tuple[int, bytes], list[int]] = {}
    links = list[Link | None]()
    for number, arrival in enumerate(arrivals):
        hashes = _hashes(arrival)
        own = ((hashes * factors + offsets) % _PRIME).min(axis=1)
        signatures[number] = own
        found: set[int] = set()
        for band in range(0, _PERMUTATIONS, _ROWS):
            bucket = buckets.setdefault((band, own[band : band + _ROWS].tobytes()), [])
            found.update(bucket)
            if len(bucket) < _MAX_BUCKET:
                bucket.append(number)
        links.append(_most_similar(signatures, own, sorted(found)))
    return links


def _hashes(arrival: ArticleArrival) -> NDArray[np.int64]:
    text = f"{compared_title(arrival.article)} {arrival.article.get('excerpt', '')}"
    found = sorted({zlib.crc32(word.encode()) & 0x7FFFFFFF for word in words(text)})
    return np.array(found or [0], dtype=np.int64)


def _most_similar(
    signatures: NDArray[np.int64], own: NDArray[np.int64], candidates: list[int]
) -> Link | None:
    if not candidates:
        return None
    shares = (signatures[candidates] == own).mean(axis=1)
    best = int(shares.argmax())
    return Link(candidates[best], float(shares[best]))


def single_pass(arrivals: Sequence[ArticleArrival], threshold: float) -> list[int]:
    """The group of each article: the nearest by cosine to the centroid, else a new group."""
    postings = Postings(max_read=len(arrivals))
    groups: list[int] = []
    centroids: dict[int, dict[str, int]] = {}
    lengths: dict[int, float] = {}
    for number, arrival in enumerate(arrivals):
        terms = hash_terms(arrival.vector)
        cosines: dict[int, float] = {}
        for other, dot in postings.search(terms, least=1).pairs():
            story = groups[other]
            cosines[story] = cosines.get(story, 0) + dot / UNIT / lengths[story]
        nearest = max(cosines, key=lambda story: (cosines[story], -story), default=None)
        is_near = nearest is not None and cosines[nearest] >= threshold
        story = nearest if nearest is not None and is_near else number
        groups.append(story)
        centroid = centroids.setdefault(story, {})
        add_to(centroid, arrival.vector)
        lengths[story] = sqrt(square_of(centroid))
        postings.add(number, terms)
    return groups


def single_pass_in_lane(arrivals: Sequence[ArticleArrival], threshold: float) -> list[int]:
    """The group of each article: the one with the greatest mean cosine, else a new group.

    Words are weighed by the table of the language, which counts as LANE_TABLE_TEXTS texts, and by
    all texts of the language so far. It is the plain rule for a lane about one subject.
    """
    postings = Postings(max_read=len(arrivals))
    counts: Counter[tuple[str, str]] = Counter()
    texts: Counter[str] = Counter()
    groups: list[int] = []
    sizes: Counter[int] = Counter()
    for number, arrival in enumerate(arrivals):
        language = primary_language(arrival.article["locale"])
        known = table_weights(arrival.vector, language)
        raw = {}
        for (term, value), weight in zip(arrival.vector.items(), known, strict=True):
            expected = LANE_TABLE_TEXTS * exp(-weight / 100) + counts[language, term]
            in_lane = -100 * log(min(1.0, expected / (LANE_TABLE_TEXTS + texts[language])))
            raw[term] = value * in_lane / weight
        length = sqrt(sum(value * value for value in raw.values())) or 1
        scaled = ((term, int(value * UNIT / length)) for term, value in raw.items())
        terms = hash_terms({term: value for term, value in scaled if value > 0})
        sums: Counter[int] = Counter()
        for other, dot in postings.search(terms, least=1).pairs():
            sums[groups[other]] += dot
        means = {story: dot / sizes[story] / UNIT**2 for story, dot in sums.items()}
        nearest = max(means, key=lambda story: (means[story], -story), default=None)
        is_near = nearest is not None and means[nearest] >= threshold
        groups.append(nearest if nearest is not None and is_near else number)
        sizes[groups[-1]] += 1
        postings.add(number, terms)
        texts[language] += 1
        counts.update((language, term) for term in arrival.vector)
    return groups


LINKERS: dict[str, Callable[[Sequence[ArticleArrival]], list[Link | None]]] = {
    "MinHash": minhash,
    "nearest article": nearest_articles,
}

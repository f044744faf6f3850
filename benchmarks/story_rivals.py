"""The usual ways to group news online, to hold ours against: each with one constant threshold.

Each takes the articles of a stream in order of arrival and gives the group of each. They see the
same vectors as ours (MinHash the same words), and neither time nor provider.
"""

import zlib
from collections.abc import Callable, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from newsloom.pipeline.arrival import ArticleArrival, compared_title
from newsloom.pipeline.search.postings import Postings, hash_terms
from newsloom.rules.words.terms import UNIT, add_to, square_of
from newsloom.rules.words.text import words

_PERMUTATIONS = 128
_ROWS = 2
"""Of a band: so few that pairs alike by a fifth are still mostly found."""
_MAX_BUCKET = 64
_PRIME = (1 << 31) - 1


class Link(NamedTuple):
    """The earlier article that one is most alike, and by how much (0 to 1)."""

    number: int
    similarity: float


def group_by_links(links: Sequence[Link | None], threshold: float) -> list[int]:
    """Each article in the group of the one it is linked to, or in one of its own."""
    groups: list[int] = []
    for number, link in enumerate(links):
        is_near = link is not None and link.similarity >= threshold
        groups.append(groups[link.number] if is_near and link else number)
    return groups


def nearest_articles(arrivals: Sequence[ArticleArrival]) -> list[Link | None]:
    """By the cosine of two articles' vectors."""
    postings, links = Postings(max_read=len(arrivals)), list[Link | None]()
    for number, arrival in enumerate(arrivals):
        terms = hash_terms(arrival.vector)
        dots = dict(postings.search(terms, least=1).pairs())
        best = max(dots, key=lambda other: (dots[other], -other), default=None)
        links.append(None if best is None else Link(best, dots[best] / UNIT**2))
        postings.add(number, terms)
    return links


def minhash(arrivals: Sequence[ArticleArrival]) -> list[Link | None]:
    """By the Jaccard similarity of two articles' words, as 128 least hashes estimate it."""
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
        links.append(_most_alike(signatures, own, sorted(found)))
    return links


def _hashes(arrival: ArticleArrival) -> NDArray[np.int64]:
    text = f"{compared_title(arrival.article)} {arrival.article.get('excerpt', '')}"
    found = sorted({zlib.crc32(word.encode()) & 0x7FFFFFFF for word in words(text)})
    return np.array(found or [0], dtype=np.int64)


def _most_alike(
    signatures: NDArray[np.int64], own: NDArray[np.int64], candidates: list[int]
) -> Link | None:
    if not candidates:
        return None
    shares = (signatures[candidates] == own).mean(axis=1)
    best = int(shares.argmax())
    return Link(candidates[best], float(shares[best]))


def single_pass(arrivals: Sequence[ArticleArrival], threshold: float) -> list[int]:
    """Each article joins the nearest story by cosine to its centroid, or opens its own."""
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


LINKED: dict[str, Callable[[Sequence[ArticleArrival]], list[Link | None]]] = {
    "MinHash": minhash,
    "nearest article": nearest_articles,
}

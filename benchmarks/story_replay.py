"""A labelled stream grouped again and again under other weights, quickly.

Weights change neither what is near an article nor which is its original: that is found once, by
the real thing. The grouping itself is done here anew, in few steps, and what an article and a
story have in common is remembered by the story's articles. It groups as the product does (see
tests/unit/test_story_replay.py) as long as all the articles of a stream stay in the window.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from math import isqrt
from operator import mul
from random import Random
from typing import NamedTuple

from benchmarks.stories import Stream
from newsloom.pipeline.curation.decide import decide
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.search_index import MIN_LENGTH_RATIO, SearchIndex, SearchResult
from newsloom.pipeline.lane.state import State
from newsloom.rules.evidence import (
    LONE_TERM_COSINE,
    ArticleVector,
    Centroid,
    JoinEvidence,
    MergeEvidence,
    StoryWeights,
    article_vector,
    common_terms,
    days,
    doublings,
    neighbour_evidence,
)
from newsloom.rules.stories import (
    MAX_CANDIDATES,
    MIN_CANDIDATE_COSINE,
    MIN_RIVAL_SCORE,
    centroid_similarity,
    is_within_reach,
    story_similarity,
)
from newsloom.rules.words.terms import UNIT, Vector, add_to, dot_product, square_of

_ONE_TERM = doublings(1 + 1)
_LEAST = MIN_CANDIDATE_COSINE * UNIT * MIN_LENGTH_RATIO
_MAX_REMEMBERED = 1_500_000
_NO_LONE = (0,) * sum(name.startswith("lone") for name in MergeEvidence._fields)


class Heard(NamedTuple):
    """What evidence was met: of which article, what it was, and how right to heed it, 0 to 1."""

    article: int
    evidence: JoinEvidence | MergeEvidence
    right: float


class _Met(NamedTuple):
    """An article, by its place in the stream, and what it meets whatever the weights."""

    vector: Vector
    gist: ArticleVector
    is_bare: bool
    time: int
    original: int | None
    dots: list[tuple[int, int]]
    """The articles near it, each with the dot product."""
    nearest: dict[int, int]
    """The nearest of them, which vote, by their cosines."""


class _Story:
    """A story as it stands. `key` is the same for stories of the same articles."""

    def __init__(self, founder: int, rank: int, time: int) -> None:
        self.founder, self.rank = founder, rank
        self.first_at = self.last_at = time
        self.members: list[int] = []
        self.key = 0
        self.square = 0
        self.centroid: dict[str, int] | None = None


class _Candidate(NamedTuple):
    minus_score: int
    rank: int
    story: _Story
    evidence: JoinEvidence


class _Recorder(SearchIndex):
    """Keeps what the last text was compared with."""

    last: SearchResult

    def search(self, live: LiveArticle, without: Collection[str] = ()) -> SearchResult:
        self.last = super().search(live, without)
        return self.last


class Replay:
    """A stream to be grouped many times."""

    def __init__(self, stream: Stream) -> None:
        self.gold = stream.gold
        self._met = _meet(stream)
        random = Random(len(self._met))
        self._keys = [random.getrandbits(62) for _ in self._met]
        ids = [arrival.article["id"] for arrival in stream.arrivals]
        ranks = {article_id: rank for rank, article_id in enumerate(sorted(ids))}
        self._ranks = [ranks[article_id] for article_id in ids]
        self._forget()

    def _forget(self) -> None:
        self._joins: list[dict[int, JoinEvidence]] = [{} for _ in self._met]
        self._merges: list[dict[tuple[int, int, bool], MergeEvidence]] = [{} for _ in self._met]
        self._squares: dict[int, int] = {}
        self._remembered = 0

    def group(
        self, weights: StoryWeights, hear: Callable[[Heard], None] | None = None
    ) -> list[int]:
        """The story of each article in the end; `hear` is told of all evidence on the way."""
        if self._remembered > _MAX_REMEMBERED:
            self._forget()
        story_of: list[_Story] = []
        join, join_bias = weights.join, 1000 * weights.join_bias
        for n, met in enumerate(self._met):
            candidates = []
            for story in self._near(met, story_of):
                evidence = self._joins[n].get(story.key) or self._weigh(n, story)
                score = (sum(map(mul, join, evidence)) + join_bias) // 1000
                if score >= 0 and evidence[3] <= _ONE_TERM and evidence[0] < LONE_TERM_COSINE:
                    score = -1
                candidates.append(_Candidate(-score, story.rank, story, evidence))
                if hear:
                    hear(Heard(n, evidence, self._agreement(n, story)))
            candidates.sort(key=_order)
            own = None
            if met.original is not None:
                own = story_of[met.original]
            elif candidates and candidates[0].minus_score <= 0:
                own = candidates[0].story
            rival = self._find_rival(n, own, candidates, weights, hear) if own else None
            if own is None:
                own = _Story(n, self._ranks[n], met.time)
            self._add(n, own)
            story_of.append(own)
            if rival is not None:
                survivor, ended = (own, rival) if own.founder < rival.founder else (rival, own)
                self._merge(survivor, ended)
                for member in ended.members:
                    story_of[member] = survivor
        return [story.founder for story in story_of]

    def _near(self, met: _Met, story_of: Sequence[_Story]) -> list[_Story]:
        sums: dict[_Story, int] = {}
        for other, dot in met.dots:
            story = story_of[other]
            sums[story] = sums.get(story, 0) + dot
        ranked = [
            (-(dot // (isqrt(story.square) or 1)), story.rank, story)
            for story, dot in sums.items()
            if dot >= _LEAST and is_within_reach(met.time, story.first_at, story.last_at)
        ]
        ranked.sort()
        return [story for _, _, story in ranked[:MAX_CANDIDATES]]

    def _weigh(self, n: int, story: _Story) -> JoinEvidence:
        met = self._met[n]
        size = doublings(len(story.members))
        common = common_terms(met.gist, self._matter(story))
        cosine = story_similarity(common.dot, story.square)
        members = set(story.members)
        near = [cosine for other, cosine in met.nearest.items() if other in members]
        nearest, two_nearest, votes = neighbour_evidence(near, sum(met.nearest.values()))
        terms = doublings(1 + len(met.vector))
        evidence = JoinEvidence(
            cosine=cosine,
            title=common.title,
            text=common.text,
            shared=doublings(1 + common.shared),
            rarest=common.rarest,
            nearest=nearest,
            two_nearest=two_nearest,
            votes=votes,
            heaviest=common.heaviest,
            size=size,
            terms=terms,
            bare=1000 if met.is_bare else 0,
            bare_cosine=cosine if met.is_bare else 0,
            bare_terms=terms if met.is_bare else 0,
            size_cosine=size * cosine // 1000,
            size_votes=size * votes // 1000,
            silence=days(max(met.time - story.last_at, story.first_at - met.time)),
        )
        self._joins[n][story.key] = evidence
        self._remembered += 1
        return evidence

    def _find_rival(
        self,
        n: int,
        own: _Story,
        candidates: Sequence[_Candidate],
        weights: StoryWeights,
        hear: Callable[[Heard], None] | None,
    ) -> _Story | None:
        rivals = [c for c in candidates if c.story is not own and c.minus_score <= -MIN_RIVAL_SCORE]
        if not rivals:
            return None
        before = next((c.evidence for c in candidates if c.story is own), None)
        best, found = -1, None
        for candidate in rivals:
            rival = candidate.story
            key = own.key, rival.key, before is not None
            evidence = self._merges[n].get(key)
            if evidence is None:
                evidence = self._weigh_rival(n, own, before, candidate)
                self._merges[n][key] = evidence
                self._remembered += 1
            score = (sum(map(mul, weights.merge, evidence)) + 1000 * weights.merge_bias) // 1000
            if hear:
                hear(Heard(n, evidence, self._agreement_of(own, rival)))
            is_surer = score == best and found is not None and rival.rank < found.rank
            if score > best or is_surer:
                best, found = score, rival
        return found

    def _weigh_rival(
        self, n: int, own: _Story, before: JoinEvidence | None, candidate: _Candidate
    ) -> MergeEvidence:
        vector, rival = self._met[n].vector, candidate.story
        ours, theirs = self._matter(own), self._matter(rival)
        square = own.square + 2 * dot_product(vector, ours.terms) + square_of(vector)
        dot = dot_product(ours.terms, theirs.terms) + dot_product(vector, theirs.terms)
        cosine = centroid_similarity(dot, square, rival.square)
        smaller = doublings(min(ours.size, theirs.size))
        return MergeEvidence(
            cosine,
            candidate.evidence.cosine,
            before.cosine if before else 0,
            smaller,
            doublings(max(ours.size, theirs.size)),
            smaller * cosine // 1000,
            candidate.evidence.title,
            candidate.evidence.text,
            candidate.evidence.votes,
            before.votes if before else 0,
            before.text if before else 0,
            *self._lone_evidence(n, own, rival, cosine),
        )

    def _lone_evidence(self, n: int, own: _Story, rival: _Story, cosine: int) -> tuple[int, ...]:
        vector, nearest = self._met[n].vector, 0
        if len(rival.members) == 1:
            lone = self._met[rival.members[0]]
            nearest = dot_product(lone.vector, vector) // UNIT
            centroid, size = self._matter(own)
            sums = ((t, centroid.get(t, 0) + vector.get(t, 0)) for t in lone.vector)
            greater = Centroid({term: weight for term, weight in sums if weight}, size + 1)
        elif len(own.members) == 1:
            lone, greater = self._met[own.members[0]], self._matter(rival)
        else:
            return _NO_LONE
        common = common_terms(lone.gist, greater)
        return 1000, cosine, common.title, common.text, common.rarest, nearest

    def _matter(self, story: _Story) -> Centroid:
        if story.centroid is None:
            if len(story.members) == 1:
                return Centroid(self._met[story.members[0]].vector, 1)
            story.centroid = {}
            for member in story.members:
                add_to(story.centroid, self._met[member].vector)
        return Centroid(story.centroid, len(story.members))

    def _add(self, n: int, story: _Story) -> None:
        met = self._met[n]
        key = story.key + self._keys[n]
        square = self._squares.get(key)
        if square is None:
            square = square_of(met.vector)
            if story.members:
                square += story.square + 2 * dot_product(met.vector, self._matter(story).terms)
            self._squares[key] = square
        story.key, story.square = key, square
        story.members.append(n)
        if story.centroid is not None:
            add_to(story.centroid, met.vector)
        story.first_at = min(story.first_at, met.time)
        story.last_at = max(story.last_at, met.time)

    def _merge(self, survivor: _Story, ended: _Story) -> None:
        key = survivor.key + ended.key
        square = self._squares.get(key)
        if square is None:
            both = dot_product(self._matter(survivor).terms, self._matter(ended).terms)
            square = self._squares[key] = survivor.square + ended.square + 2 * both
        survivor.key, survivor.square = key, square
        survivor.members += ended.members
        survivor.centroid = None
        survivor.first_at = min(survivor.first_at, ended.first_at)
        survivor.last_at = max(survivor.last_at, ended.last_at)

    def _agreement(self, n: int, story: _Story) -> float:
        """Which part of a story is of the same matter as an article."""
        labels = Counter(self.gold[member] for member in story.members)
        return labels[self.gold[n]] / labels.total()

    def _agreement_of(self, own: _Story, rival: _Story) -> float:
        """How pure both are of one label; 0 where they are mostly of two."""
        ours = Counter(self.gold[member] for member in own.members)
        theirs = Counter(self.gold[member] for member in rival.members)
        (label, most), (other, most_of_other) = ours.most_common(1)[0], theirs.most_common(1)[0]
        if label != other:
            return 0.0
        return min(most / ours.total(), most_of_other / theirs.total())


def _order(candidate: _Candidate) -> tuple[int, int]:
    return candidate.minus_score, candidate.rank


def _meet(stream: Stream) -> list[_Met]:
    """What each article meets, as the product finds it."""
    state = State()
    state.index = index = _Recorder(state.articles, state.stories, state.index.centroids)
    place = {arrival.article["id"]: n for n, arrival in enumerate(stream.arrivals)}
    met = []
    for arrival in stream.arrivals:
        changes = decide(state, arrival)
        live = changes.articles[arrival.article["id"]]
        near = index.last.nearest()
        met.append(
            _Met(
                vector=live.vector,
                gist=article_vector(live.vector, live.title_terms),
                is_bare="excerpt" not in live.article,
                time=live.event_at,
                original=place[live.duplicate_of] if live.duplicate_of else None,
                dots=[(number - 1, dot) for number, dot in index.last.found.pairs()],
                nearest={place[i]: cosine for i, cosine in near.items()},
            )
        )
        changes.apply()
        assert live.placed == len(state.articles) == len(met), "each comes once, and stays"
    return met

"""Group one labelled stream many times under different story weights, quickly.

In: a stream; weights. Out: the story of each article, and the evidence that was weighed. Weights
change neither the neighbours of an article nor its root, so the real pipeline finds those once. The
grouping itself is repeated here, and evidence is cached by the articles of a story. The result
equals that of the pipeline (tests/unit/benchmarks/test_story_replay.py).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from math import isqrt
from operator import mul
from random import Random
from typing import NamedTuple

from benchmarks.stories import Stream
from benchmarks.story_facts import Facts, find_facts
from newsloom.pipeline.lane.search_index import MIN_LENGTH_RATIO
from newsloom.rules.evidence import (
    LONE_TERM_COSINE,
    Centroid,
    JoinEvidence,
    MergeEvidence,
    StoryWeights,
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
from newsloom.rules.words.terms import UNIT, add_to, dot_product, square_of

_ONE_TERM = doublings(1 + 1)
_MIN_DOT = MIN_CANDIDATE_COSINE * UNIT * MIN_LENGTH_RATIO
_MAX_CACHED = 1_500_000
"""Pieces of evidence in the caches. Beyond that, the caches are emptied before the next run."""
_Lone = tuple[int, int, int, int, int, int]
_NO_LONE: _Lone = (0, 0, 0, 0, 0, 0)


class WeighedEvidence(NamedTuple):
    """Evidence that was weighed for one article, and whether to join or merge fits the labels.

    `article` is the article's number in the stream. `right` is 1 for full agreement, 0 for none.
    """

    article: int
    evidence: JoinEvidence | MergeEvidence
    right: float


class _Story:
    """A story during the replay. `members` are its articles in the window, and `key` depends on
    the set of these alone.
    """

    def __init__(self, founder: int, rank: int, time: int) -> None:
        self.founder, self.rank = founder, rank
        self.merged_into: _Story | None = None
        self.first_at = self.last_at = time
        self.members: list[int] = []
        self.key = 0
        self.square = 0
        self.centroid: dict[str, int] | None = None

    @property
    def last(self) -> "_Story":
        """The story that it was merged into, at any depth; itself if it was not."""
        story = self
        while story.merged_into is not None:
            story = story.merged_into
        return story


class _Candidate(NamedTuple):
    """A story that an article could join. Candidates are sorted by the negated score."""

    minus_score: int
    rank: int
    story: _Story
    evidence: JoinEvidence


class Replay:
    """A stream that can be grouped many times under different weights."""

    def __init__(self, stream: Stream) -> None:
        self.gold = stream.gold
        self._articles = find_facts(stream)
        random = Random(len(self._articles))
        self._keys = [random.getrandbits(62) for _ in self._articles]
        ids = [arrival.article["id"] for arrival in stream.arrivals]
        ranks = {article_id: rank for rank, article_id in enumerate(sorted(ids))}
        self._ranks = [ranks[article_id] for article_id in ids]
        self._clear_caches()

    def _clear_caches(self) -> None:
        self._joins: list[dict[tuple[int, int], JoinEvidence]] = [{} for _ in self._articles]
        self._merges: list[dict[tuple[int, int, bool], MergeEvidence]] = [
            {} for _ in self._articles
        ]
        self._squares: dict[int, int] = {}
        self._cached = 0

    def group(
        self,
        weights: StoryWeights,
        on_evidence: Callable[[WeighedEvidence], None] | None = None,
    ) -> list[int]:
        """The final story of each article, as the number of the article that opened the story.

        `on_evidence` is called with every piece of evidence that is weighed.
        """
        if self._cached > _MAX_CACHED:
            self._clear_caches()
        story_of: list[_Story] = []
        join, join_bias = weights.join, 1000 * weights.join_bias
        for number, article in enumerate(self._articles):
            candidates = []
            for leaving in article.leaving:
                self._take(leaving, story_of[leaving])
            for story in self._near(article, story_of):
                key = story.key, _silence_s(article, story)
                evidence = self._joins[number].get(key) or self._weigh(number, story)
                score = (sum(map(mul, join, evidence)) + join_bias) // 1000
                if score >= 0 and evidence[3] <= _ONE_TERM and evidence[0] < LONE_TERM_COSINE:
                    score = -1
                candidates.append(_Candidate(-score, story.rank, story, evidence))
                if on_evidence:
                    on_evidence(WeighedEvidence(number, evidence, self._agreement(number, story)))
            candidates.sort(key=_order)
            own = None
            if article.root is not None and story_of[article.root].members:
                own = story_of[article.root]
            elif candidates and candidates[0].minus_score <= 0:
                own = candidates[0].story
            rival = self._find_rival(number, own, candidates, weights, on_evidence) if own else None
            if own is None:
                own = _Story(number, self._ranks[number], article.time)
            self._add(number, own)
            story_of.append(own)
            if rival is not None:
                survivor, ended = (own, rival) if own.founder < rival.founder else (rival, own)
                self._merge(survivor, ended)
                for member in ended.members:
                    story_of[member] = survivor
        return [story.last.founder for story in story_of]

    def _near(self, article: Facts, story_of: Sequence[_Story]) -> list[_Story]:
        sums: dict[_Story, int] = {}
        for other, dot in article.dots:
            story = story_of[other]
            sums[story] = sums.get(story, 0) + dot
        ranked = [
            (-(dot // (isqrt(story.square) or 1)), story.rank, story)
            for story, dot in sums.items()
            if dot >= _MIN_DOT and is_within_reach(article.time, story.first_at, story.last_at)
        ]
        ranked.sort()
        return [story for _, _, story in ranked[:MAX_CANDIDATES]]

    def _weigh(self, number: int, story: _Story) -> JoinEvidence:
        article = self._articles[number]
        size = doublings(len(story.members))
        common = common_terms(article.compared, self._centroid(story))
        cosine = story_similarity(common.dot, story.square)
        members = set(story.members)
        near = [cosine for other, cosine in article.nearest.items() if other in members]
        nearest, two_nearest, votes = neighbour_evidence(near, sum(article.nearest.values()))
        terms = doublings(1 + len(article.vector))
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
            bare=1000 if article.is_bare else 0,
            bare_cosine=cosine if article.is_bare else 0,
            bare_terms=terms if article.is_bare else 0,
            size_cosine=size * cosine // 1000,
            size_votes=size * votes // 1000,
            silence=days(_silence_s(article, story)),
        )
        self._joins[number][story.key, _silence_s(article, story)] = evidence
        self._cached += 1
        return evidence

    def _find_rival(
        self,
        number: int,
        own: _Story,
        candidates: Sequence[_Candidate],
        weights: StoryWeights,
        on_evidence: Callable[[WeighedEvidence], None] | None,
    ) -> _Story | None:
        rivals = [c for c in candidates if c.story is not own and c.minus_score <= -MIN_RIVAL_SCORE]
        if not rivals:
            return None
        before = next((c.evidence for c in candidates if c.story is own), None)
        best, found = -1, None
        for candidate in rivals:
            rival = candidate.story
            key = own.key, rival.key, before is not None
            evidence = self._merges[number].get(key)
            if evidence is None:
                evidence = self._weigh_rival(number, own, before, candidate)
                self._merges[number][key] = evidence
                self._cached += 1
            score = (sum(map(mul, weights.merge, evidence)) + 1000 * weights.merge_bias) // 1000
            if on_evidence:
                on_evidence(WeighedEvidence(number, evidence, self._merge_agreement(own, rival)))
            is_tie_break = score == best and found is not None and rival.rank < found.rank
            if score > best or is_tie_break:
                best, found = score, rival
        return found

    def _weigh_rival(
        self, number: int, own: _Story, before: JoinEvidence | None, candidate: _Candidate
    ) -> MergeEvidence:
        vector, rival = self._articles[number].vector, candidate.story
        own_sum, rival_sum = self._centroid(own), self._centroid(rival)
        square = own.square + 2 * dot_product(vector, own_sum.terms) + square_of(vector)
        dot = dot_product(own_sum.terms, rival_sum.terms) + dot_product(vector, rival_sum.terms)
        cosine = centroid_similarity(dot, square, rival.square)
        smaller = doublings(min(own_sum.size, rival_sum.size))
        return MergeEvidence(
            cosine,
            candidate.evidence.cosine,
            before.cosine if before else 0,
            smaller,
            doublings(max(own_sum.size, rival_sum.size)),
            smaller * cosine // 1000,
            candidate.evidence.title,
            candidate.evidence.text,
            candidate.evidence.votes,
            before.votes if before else 0,
            before.text if before else 0,
            *self._lone_evidence(number, own, rival, cosine),
        )

    def _lone_evidence(self, number: int, own: _Story, rival: _Story, cosine: int) -> _Lone:
        vector, nearest = self._articles[number].vector, 0
        if len(rival.members) == 1:
            lone = self._articles[rival.members[0]]
            nearest = dot_product(lone.vector, vector) // UNIT
            centroid, size = self._centroid(own)
            sums = ((t, centroid.get(t, 0) + vector.get(t, 0)) for t in lone.vector)
            greater = Centroid({term: weight for term, weight in sums if weight}, size + 1)
        elif len(own.members) == 1:
            lone, greater = self._articles[own.members[0]], self._centroid(rival)
        else:
            return _NO_LONE
        common = common_terms(lone.compared, greater)
        return 1000, cosine, common.title, common.text, common.rarest, nearest

    def _centroid(self, story: _Story) -> Centroid:
        if story.centroid is None:
            if len(story.members) == 1:
                return Centroid(self._articles[story.members[0]].vector, 1)
            story.centroid = {}
            for member in story.members:
                add_to(story.centroid, self._articles[member].vector)
        return Centroid(story.centroid, len(story.members))

    def _add(self, number: int, story: _Story) -> None:
        article = self._articles[number]
        key = story.key + self._keys[number]
        square = self._squares.get(key)
        if square is None:
            square = square_of(article.vector)
            if story.members:
                square += story.square + 2 * dot_product(
                    article.vector, self._centroid(story).terms
                )
            self._squares[key] = square
        story.key, story.square = key, square
        story.members.append(number)
        if story.centroid is not None:
            add_to(story.centroid, article.vector)
        story.first_at = min(story.first_at, article.time)
        story.last_at = max(story.last_at, article.time)

    def _merge(self, survivor: _Story, ended: _Story) -> None:
        key = survivor.key + ended.key
        square = self._squares.get(key)
        if square is None:
            both = dot_product(self._centroid(survivor).terms, self._centroid(ended).terms)
            square = self._squares[key] = survivor.square + ended.square + 2 * both
        survivor.key, survivor.square = key, square
        survivor.members += ended.members
        survivor.centroid = None
        survivor.first_at = min(survivor.first_at, ended.first_at)
        survivor.last_at = max(survivor.last_at, ended.last_at)
        ended.merged_into = survivor

    def _take(self, number: int, story: _Story) -> None:
        """Takes an article that leaves the window from its story."""
        story.members.remove(number)
        story.key -= self._keys[number]
        story.centroid = None
        square = self._squares.get(story.key)
        if square is None:
            square = square_of(self._centroid(story).terms) if story.members else 0
            self._squares[story.key] = square
        story.square = square

    def _agreement(self, number: int, story: _Story) -> float:
        """The share of a story's articles that have the same label as an article."""
        labels = Counter(self.gold[member] for member in story.members)
        return labels[self.gold[number]] / labels.total()

    def _merge_agreement(self, own: _Story, rival: _Story) -> float:
        """The smaller share of the main label in two stories; 0 if their main labels differ."""
        own_labels = Counter(self.gold[member] for member in own.members)
        rival_labels = Counter(self.gold[member] for member in rival.members)
        own_label, own_count = own_labels.most_common(1)[0]
        rival_label, rival_count = rival_labels.most_common(1)[0]
        if own_label != rival_label:
            return 0.0
        return min(own_count / own_labels.total(), rival_count / rival_labels.total())


def _silence_s(article: Facts, story: _Story) -> int:
    return max(0, article.time - story.last_at, story.first_at - article.time)


def _order(candidate: _Candidate) -> tuple[int, int]:
    return candidate.minus_score, candidate.rank

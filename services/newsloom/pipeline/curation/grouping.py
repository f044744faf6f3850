"""Grouping: which story a new article joins, and which other story is then seen to be the same.

Reads the state as it was before the article; candidates come from the index, and the few nearest
are weighed with all the evidence. Decides nothing else, and changes nothing.
"""

from typing import NamedTuple

from newsloom.pipeline.curation.changeset import Changeset
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.search_index import SearchResult
from newsloom.rules.evidence import (
    ArticleVector,
    Centroid,
    JoinEvidence,
    MergeEvidence,
    StoryWeights,
    article_vector,
    common_terms,
    days,
    doublings,
    weigh_join,
    weigh_merge,
)
from newsloom.rules.stories import (
    MAX_CANDIDATES,
    MIN_CANDIDATE_COSINE,
    MIN_RIVAL_SCORE,
    centroid_similarity,
    story_similarity,
)
from newsloom.rules.words.terms import UNIT, dot_product, square_of

_NO_LONE = {name: 0 for name in MergeEvidence._fields if name.startswith("lone")}


class Candidate(NamedTuple):
    """A story an article may join: what it adds up to, and of what."""

    story_id: str
    score: int
    evidence: JoinEvidence
    centroid: Centroid


def weigh_stories(
    changes: Changeset, live: LiveArticle, result: SearchResult, weights: StoryWeights
) -> list[Candidate]:
    """The stories nearest to an article, weighed; the best first, ties by lowest id.

    A story the article is in already (when `explain` asks) is weighed as it is, with it.
    """
    near = result.stories(MIN_CANDIDATE_COSINE, MAX_CANDIDATES)
    if not near:
        return []
    gist = _article_vector(live)
    is_bare = "excerpt" not in live.article
    terms = doublings(1 + len(live.vector))
    candidates = []
    for story_id, centroid, square, first_at, last_at, nearest, two_nearest, votes in near:
        size = doublings(centroid.size)
        common = common_terms(gist, centroid)
        cosine = story_similarity(common.dot, square)
        # By place, for speed: this is done for every article several times.
        evidence = JoinEvidence(
            cosine,
            common.title,
            common.text,
            doublings(1 + common.shared),
            common.rarest,
            nearest,
            two_nearest,
            votes,
            common.heaviest,
            size,
            terms,
            1000 if is_bare else 0,
            cosine if is_bare else 0,
            terms if is_bare else 0,
            size * cosine // 1000,
            size * votes // 1000,
            days(max(live.event_at - last_at, first_at - live.event_at)),
        )
        candidates.append(Candidate(story_id, weigh_join(evidence, weights), evidence, centroid))
    candidates.sort(key=lambda candidate: (-candidate.score, candidate.story_id))
    return candidates


def _article_vector(live: LiveArticle) -> ArticleVector:
    return article_vector(live.vector, live.title_terms)


def choose_story(
    changes: Changeset, live: LiveArticle, original: LiveArticle | None, candidates: list[Candidate]
) -> str:
    """The id of the story a new article joins: its own id, to open one."""
    article_id = live.article["id"]
    named = changes.story(article_id)
    if named is not None:
        return named.id
    if original is not None:
        return original.story_id
    if candidates and candidates[0].score >= 0:
        return candidates[0].story_id
    return article_id


class Rival(NamedTuple):
    """A story that may be one with the article's own: what it adds up to, and the evidence."""

    score: int
    story_id: str
    evidence: MergeEvidence


def find_story_to_merge(
    changes: Changeset, live: LiveArticle, candidates: list[Candidate], weights: StoryWeights
) -> str | None:
    """The story that is surest to be one with the article's own, which others held before it."""
    if live.story_id not in changes.state.stories:
        return None
    rivals = weigh_rivals(changes, live, candidates, weights)
    return rivals[0].story_id if rivals and rivals[0].score >= 0 else None


def weigh_rivals(
    changes: Changeset, live: LiveArticle, candidates: list[Candidate], weights: StoryWeights
) -> list[Rival]:
    """The other stories an article goes with, weighed against its own; surest first, then by id.

    Its own is to be one that others held before it.
    """
    index, number_of = changes.state.index, changes.state.stories.number
    own_id, vector = live.story_id, live.vector
    near = [c for c in candidates if c.story_id != own_id and c.score >= MIN_RIVAL_SCORE]
    if not near:
        return []
    before = next((c for c in candidates if c.story_id == own_id), None)
    own = before.centroid if before else index.centroid(number_of(own_id))
    square = index.square(number_of(own_id)) + 2 * dot_product(vector, own.terms)
    square += square_of(vector)
    rivals = []
    for candidate in near:
        other = candidate.centroid
        cosine = centroid_similarity(
            dot_product(own.terms, other.terms) + dot_product(vector, other.terms),
            square,
            index.square(number_of(candidate.story_id)),
        )
        smaller = doublings(min(own.size, other.size))
        evidence = MergeEvidence(
            cosine=cosine,
            rival=candidate.evidence.cosine,
            own=before.evidence.cosine if before else 0,
            smaller=smaller,
            larger=doublings(max(own.size, other.size)),
            smaller_cosine=smaller * cosine // 1000,
            title=candidate.evidence.title,
            text=candidate.evidence.text,
            votes=candidate.evidence.votes,
            own_votes=before.evidence.votes if before else 0,
            own_text=before.evidence.text if before else 0,
            **_lone_evidence(changes, live, own, candidate, cosine),
        )
        rivals.append(Rival(weigh_merge(evidence, weights), candidate.story_id, evidence))
    return sorted(rivals, key=lambda rival: (-rival.score, rival.story_id))


def _lone_evidence(
    changes: Changeset, live: LiveArticle, own: Centroid, rival: Candidate, cosine: int
) -> dict[str, int]:
    """What of MergeEvidence begins with `lone`: a story's only article, held against the other."""
    vector, nearest = live.vector, 0
    if rival.centroid.size == 1:
        (lone_id,) = changes.state.stories.members(rival.story_id)
        lone = changes.live(lone_id)
        nearest = dot_product(lone.vector, vector) // UNIT
        sums = ((t, own.terms.get(t, 0) + vector.get(t, 0)) for t in lone.vector)
        greater = Centroid({term: weight for term, weight in sums if weight}, own.size + 1)
    elif own.size == 1:
        (lone_id,) = changes.state.stories.members(live.story_id)
        lone, greater = changes.live(lone_id), rival.centroid
    else:
        return _NO_LONE
    common = common_terms(_article_vector(lone), greater)
    return {
        "lone": 1000,
        "lone_cosine": cosine,
        "lone_title": common.title,
        "lone_text": common.text,
        "lone_rarest": common.rarest,
        "lone_nearest": nearest,
    }

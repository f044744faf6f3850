"""Grouping: which story a new article joins, and which other story is then seen to be the same.

Reads the state as it was before the article; candidates come from the index, and the few nearest
are weighed with all the evidence. Decides nothing else, and changes nothing.
"""

from typing import NamedTuple

from newsloom.pipeline.curation.draft import Draft
from newsloom.pipeline.curation.index import Comparison
from newsloom.pipeline.curation.rows import LiveArticle
from newsloom.rules.evidence import (
    Gist,
    JoinEvidence,
    Matter,
    MergeEvidence,
    StoryWeights,
    common_terms,
    days,
    doublings,
    gist_of,
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
from newsloom.rules.terms import UNIT, dot_product, square_of

_NO_LONE = {name: 0 for name in MergeEvidence._fields if name.startswith("lone")}


class Candidate(NamedTuple):
    """A story an article may join: what it adds up to, and of what."""

    story_id: str
    score: int
    evidence: JoinEvidence
    matter: Matter


def weigh_stories(
    draft: Draft, live: LiveArticle, comparison: Comparison, weights: StoryWeights
) -> list[Candidate]:
    """The stories nearest to an article, weighed; the best first, ties by lowest id.

    A story the article is in already (when `explain` asks) is weighed as it is, with it.
    """
    near = comparison.stories(MIN_CANDIDATE_COSINE, MAX_CANDIDATES)
    if not near:
        return []
    gist = _gist_of(live)
    is_bare = "excerpt" not in live.article
    terms = doublings(1 + len(live.vector))
    candidates = []
    for story_id, matter, square, first_at, last_at, nearest, two_nearest, votes in near:
        size = doublings(matter.size)
        common = common_terms(gist, matter)
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
        candidates.append(Candidate(story_id, weigh_join(evidence, weights), evidence, matter))
    candidates.sort(key=lambda candidate: (-candidate.score, candidate.story_id))
    return candidates


def _gist_of(live: LiveArticle) -> Gist:
    return gist_of(live.vector, live.title_terms)


def choose_story(
    draft: Draft, live: LiveArticle, original: LiveArticle | None, candidates: list[Candidate]
) -> str:
    """The id of the story a new article joins: its own id, to open one."""
    article_id = live.article["id"]
    named = draft.story(article_id)
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


def find_same_matter(
    draft: Draft, live: LiveArticle, candidates: list[Candidate], weights: StoryWeights
) -> str | None:
    """The story that is surest to be one with the article's own, which others held before it."""
    if live.story_id not in draft.state.stories:
        return None
    rivals = weigh_rivals(draft, live, candidates, weights)
    return rivals[0].story_id if rivals and rivals[0].score >= 0 else None


def weigh_rivals(
    draft: Draft, live: LiveArticle, candidates: list[Candidate], weights: StoryWeights
) -> list[Rival]:
    """The other stories an article goes with, weighed against its own; surest first, then by id.

    Its own is to be one that others held before it.
    """
    index, number_of = draft.state.index, draft.state.stories.number
    own_id, vector = live.story_id, live.vector
    near = [c for c in candidates if c.story_id != own_id and c.score >= MIN_RIVAL_SCORE]
    if not near:
        return []
    before = next((c for c in candidates if c.story_id == own_id), None)
    own = before.matter if before else index.matter(number_of(own_id))
    square = index.square(number_of(own_id)) + 2 * dot_product(vector, own.centroid)
    square += square_of(vector)
    rivals = []
    for candidate in near:
        other = candidate.matter
        cosine = centroid_similarity(
            dot_product(own.centroid, other.centroid) + dot_product(vector, other.centroid),
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
            **_look_again(draft, live, own, candidate, cosine),
        )
        rivals.append(Rival(weigh_merge(evidence, weights), candidate.story_id, evidence))
    return sorted(rivals, key=lambda rival: (-rival.score, rival.story_id))


def _look_again(
    draft: Draft, live: LiveArticle, own: Matter, rival: Candidate, cosine: int
) -> dict[str, int]:
    """What of MergeEvidence begins with `lone`: a story's only article, held against the other."""
    vector, nearest = live.vector, 0
    if rival.matter.size == 1:
        (lone_id,) = draft.state.stories.members(rival.story_id)
        lone = draft.live(lone_id)
        nearest = dot_product(lone.vector, vector) // UNIT
        sums = ((t, own.centroid.get(t, 0) + vector.get(t, 0)) for t in lone.vector)
        greater = Matter({term: weight for term, weight in sums if weight}, own.size + 1)
    elif own.size == 1:
        (lone_id,) = draft.state.stories.members(live.story_id)
        lone, greater = draft.live(lone_id), rival.matter
    else:
        return _NO_LONE
    common = common_terms(_gist_of(lone), greater)
    return {
        "lone": 1000,
        "lone_cosine": cosine,
        "lone_title": common.title,
        "lone_text": common.text,
        "lone_rarest": common.rarest,
        "lone_nearest": nearest,
    }

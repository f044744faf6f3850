"""Grouping: which story a new article joins, and which other story is about the same occurrence.

The search result lists the nearest stories in the state before the arrival. For each of them all
evidence is computed and weighed. Nothing is changed here.
"""

from typing import NamedTuple

from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.search_index import NearbyStory, SearchResult
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
    """A story that an article may join, with its score and the evidence for it."""

    story_id: str
    score: int
    evidence: JoinEvidence
    centroid: Centroid


class Rival(NamedTuple):
    """A story that may be merged with the article's own, with its score and the evidence for it."""

    score: int
    story_id: str
    evidence: MergeEvidence


def weigh_stories(live: LiveArticle, found: SearchResult, weights: StoryWeights) -> list[Candidate]:
    """The stories nearest to an article, weighed; the highest score first, ties by lowest id."""
    nearby = found.stories(MIN_CANDIDATE_COSINE, MAX_CANDIDATES)
    if not nearby:
        return []
    vector = _vector_of(live)
    candidates = [_weigh_story(live, vector, story, weights) for story in nearby]
    return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.story_id))


def _vector_of(live: LiveArticle) -> ArticleVector:
    return article_vector(live.vector, live.title_terms)


def _weigh_story(
    live: LiveArticle, vector: ArticleVector, story: NearbyStory, weights: StoryWeights
) -> Candidate:
    size = doublings(story.centroid.size)
    common = common_terms(vector, story.centroid)
    cosine = story_similarity(common.dot, story.square)
    terms = doublings(1 + len(live.vector))
    is_bare = "excerpt" not in live.article
    silence_s = max(live.event_at - story.last_at, story.first_at - live.event_at)
    # By position, in the order of the fields: keywords take twice as long, and this runs several
    # times for each article.
    evidence = JoinEvidence(
        cosine,
        common.title,
        common.text,
        doublings(1 + common.shared),
        common.rarest,
        story.nearest,
        story.two_nearest,
        story.votes,
        common.heaviest,
        size,
        terms,
        1000 if is_bare else 0,
        cosine if is_bare else 0,
        terms if is_bare else 0,
        size * cosine // 1000,
        size * story.votes // 1000,
        days(silence_s),
    )
    return Candidate(story.id, weigh_join(evidence, weights), evidence, story.centroid)


def choose_story(
    changes: Changeset, live: LiveArticle, original: LiveArticle | None, candidates: list[Candidate]
) -> str:
    """The id of the story that a new article joins; its own id if it opens a story.

    An article whose id is the id of a live story, or of an alias of one, joins that story. A
    duplicate joins the story of its original. Any other article joins the best candidate whose
    score is 0 or more.
    """
    article_id = live.article["id"]
    named = changes.stories.resolve(article_id)
    if named is not None:
        return named.id
    if original is not None:
        return original.story_id
    if candidates and candidates[0].score >= 0:
        return candidates[0].story_id
    return article_id


def find_story_to_merge(
    changes: Changeset, live: LiveArticle, candidates: list[Candidate], weights: StoryWeights
) -> str | None:
    """The rival with the highest score of 0 or more. None if the article opened its own story.

    It opens the story of its own id again if the last other article leaves with this arrival.
    """
    if live.story_id not in changes.state.stories or changes.stories.size(live.story_id) == 1:
        return None
    rivals = weigh_rivals(changes, live, candidates, weights)
    return rivals[0].story_id if rivals and rivals[0].score >= 0 else None


def weigh_rivals(
    changes: Changeset, live: LiveArticle, candidates: list[Candidate], weights: StoryWeights
) -> list[Rival]:
    """The candidates other than the article's own story, weighed for merging with that story.

    The highest score comes first, ties by id. The article's own story must be in the state.
    """
    own_id = live.story_id
    nearby = [c for c in candidates if c.story_id != own_id and c.score >= MIN_RIVAL_SCORE]
    if not nearby:
        return []
    joined = next((c for c in candidates if c.story_id == own_id), None)
    own, square = _own_centroid(changes, live, joined)
    rivals = []
    for candidate in nearby:
        other_square = changes.state.index.square(changes.state.stories.number(candidate.story_id))
        dot = dot_product(own.terms, candidate.centroid.terms)
        dot += dot_product(live.vector, candidate.centroid.terms)
        cosine = centroid_similarity(dot, square, other_square)
        lone_fields = _lone_evidence(changes, live, own, candidate, cosine)
        evidence = _merge_evidence(joined, own.size, candidate, cosine, lone_fields)
        rivals.append(Rival(weigh_merge(evidence, weights), candidate.story_id, evidence))
    return sorted(rivals, key=lambda rival: (-rival.score, rival.story_id))


def _own_centroid(
    changes: Changeset, live: LiveArticle, joined: Candidate | None
) -> tuple[Centroid, int]:
    """The centroid of the article's story, and its squared length after adding the article."""
    index, number = changes.state.index, changes.state.stories.number(live.story_id)
    own = joined.centroid if joined else index.centroid(number)
    square = index.square(number) + 2 * dot_product(live.vector, own.terms)
    return own, square + square_of(live.vector)


def _merge_evidence(
    joined: Candidate | None,
    own_size: int,
    rival: Candidate,
    cosine: int,
    lone_fields: dict[str, int],
) -> MergeEvidence:
    size = rival.centroid.size
    smaller = doublings(min(own_size, size))
    return MergeEvidence(
        cosine=cosine,
        rival=rival.evidence.cosine,
        own=joined.evidence.cosine if joined else 0,
        smaller=smaller,
        larger=doublings(max(own_size, size)),
        smaller_cosine=smaller * cosine // 1000,
        title=rival.evidence.title,
        text=rival.evidence.text,
        votes=rival.evidence.votes,
        own_votes=joined.evidence.votes if joined else 0,
        own_text=joined.evidence.text if joined else 0,
        **lone_fields,
    )


def _lone_evidence(
    changes: Changeset, live: LiveArticle, own: Centroid, rival: Candidate, cosine: int
) -> dict[str, int]:
    """The `lone` fields of MergeEvidence: all 0 if both stories have several articles."""
    vector, nearest = live.vector, 0
    rival_ids = changes.stories.latest_members(rival.story_id, 2)
    own_ids = changes.stories.latest_members(live.story_id, 3)
    if len(rival_ids) == 1:
        lone = changes.articles[rival_ids[0]]
        nearest = dot_product(lone.vector, vector) // UNIT
        sums = ((t, own.terms.get(t, 0) + vector.get(t, 0)) for t in lone.vector)
        larger = Centroid({term: weight for term, weight in sums if weight}, own.size + 1)
    elif len(own_ids := [i for i in own_ids if i != live.article["id"]]) == 1:
        lone, larger = changes.articles[own_ids[0]], rival.centroid
    else:
        return _NO_LONE
    common = common_terms(_vector_of(lone), larger)
    return {
        "lone": 1000,
        "lone_cosine": cosine,
        "lone_title": common.title,
        "lone_text": common.text,
        "lone_rarest": common.rarest,
        "lone_nearest": nearest,
    }

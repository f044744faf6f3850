"""Grouping: which story a new article joins, and which other story is then seen to be the same.

Reads the state as it was before the article; candidates come from the index, and the few nearest
are weighed with all the evidence. Decides nothing else, and changes nothing.
"""

from typing import NamedTuple

from newsloom.pipeline.arrival import compared_title
from newsloom.pipeline.curation.draft import Draft
from newsloom.pipeline.curation.index import Comparison
from newsloom.pipeline.curation.rows import LiveArticle
from newsloom.rules.evidence import (
    JoinEvidence,
    Matter,
    MergeEvidence,
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
)
from newsloom.rules.terms import dot_product, title_terms


class Candidate(NamedTuple):
    """A story an article may join: the evidence, and what it adds up to."""

    story_id: str
    score: int
    evidence: JoinEvidence


def weigh_stories(draft: Draft, live: LiveArticle, comparison: Comparison) -> list[Candidate]:
    """The stories nearest to an article, weighed; the best first, ties by lowest id.

    A story the article is in already (when `explain` asks) is weighed as it is, with it.
    """
    near = comparison.stories(MIN_CANDIDATE_COSINE, MAX_CANDIDATES)
    if not near:
        return []
    title = title_terms(compared_title(live.article), live.vector)
    whole = dot_product(live.vector, live.vector) or 1
    whole_title = sum([live.vector[term] ** 2 for term in title]) or 1
    is_bare = "excerpt" not in live.article
    terms = doublings(1 + len(live.vector))
    candidates = []
    for story in near:
        matter = _matter(draft, story.id)
        size = doublings(matter.size)
        in_title, in_text, shared, rarest = common_terms(live.vector, title, matter)
        evidence = JoinEvidence(
            cosine=story.cosine,
            title=1000 * in_title // whole_title,
            text=1000 * in_text // whole,
            shared=doublings(1 + shared),
            rarest=rarest,
            nearest=story.nearest,
            votes=story.votes,
            size=size,
            terms=terms,
            bare=1000 if is_bare else 0,
            bare_cosine=story.cosine if is_bare else 0,
            size_cosine=size * story.cosine // 1000,
            silence=days(max(live.event_at - story.last_at, story.first_at - live.event_at)),
        )
        candidates.append(Candidate(story.id, weigh_join(evidence), evidence))
    candidates.sort(key=lambda candidate: (-candidate.score, candidate.story_id))
    return candidates


def _matter(draft: Draft, story_id: str) -> Matter:
    stories = draft.state.stories
    number = stories.number(story_id)
    return Matter(draft.state.index.centroid(number), stories.size[number])


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


def find_same_matter(draft: Draft, live: LiveArticle, candidates: list[Candidate]) -> str | None:
    """The story that is surest to be one with the article's own, which others held before it."""
    own_id, vector, stories = live.story_id, live.vector, draft.state.stories
    rivals = [c for c in candidates if c.story_id != own_id and c.score >= MIN_RIVAL_SCORE]
    if not rivals or own_id not in draft.state.stories:
        return None
    own, size = _matter(draft, own_id)
    square = stories.squared(own_id) + 2 * dot_product(vector, own) + dot_product(vector, vector)
    own_cosine = next((c.evidence.cosine for c in candidates if c.story_id == own_id), 0)
    verdicts = []
    for rival in rivals:
        centroid, rival_size = _matter(draft, rival.story_id)
        cosine = centroid_similarity(
            dot_product(own, centroid) + dot_product(vector, centroid),
            square,
            stories.squared(rival.story_id),
        )
        smaller = doublings(min(size, rival_size))
        evidence = MergeEvidence(
            cosine=cosine,
            rival=rival.evidence.cosine,
            own=own_cosine,
            smaller=smaller,
            larger=doublings(max(size, rival_size)),
            smaller_cosine=smaller * cosine // 1000,
            title=rival.evidence.title,
            text=rival.evidence.text,
        )
        verdicts.append((-weigh_merge(evidence), rival.story_id))
    minus_score, rival_id = min(verdicts, default=(1, ""))
    return rival_id if minus_score <= 0 else None

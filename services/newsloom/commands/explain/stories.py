"""The part of `newsloom explain` about stories: the evidence for and against each story.

In: a lane, one of its articles, and the weights of the policy. Out: lines for a person. The article
is compared with the stories as they are now, as if it arrived last; the lane does not keep what the
article was compared with when it arrived.
"""

from collections.abc import Callable, Iterator, Mapping

from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.curation.grouping import Candidate, weigh_rivals, weigh_stories
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import State
from newsloom.records.faults import Outcome
from newsloom.rules.evidence import (
    LONE_TERM_COSINE,
    StoryWeights,
    join_parts,
    merge_parts,
)
from newsloom.rules.words.terms import Vector

MAX_SHARED_TERMS = 6
MAX_COMMON_TERMS = 8


def _decimal(thousandths: int) -> str:
    return f"{thousandths / 1000:.2f}"


def _percent(thousandths: int) -> str:
    return f"{thousandths // 10} %"


def _count(doublings: int) -> str:
    """The count whose `doublings` (see evidence.py) are given."""
    whole, rest = divmod(doublings, 1000)
    return f"{(1000 + rest << whole) / 1000:.0f}"


def _count_less_one(doublings: int) -> str:
    """As `_count`, for evidence that adds one to a count before it takes the doublings."""
    return f"{int(_count(doublings)) - 1}"


def _days(thousandths: int) -> str:
    return f"{thousandths / 1000:.1f} days"


_Labels = Mapping[str, Mapping[str, tuple[str, Callable[[int], str]]]]
"""The label of each kind of evidence, with {} for its figure and the function that formats the
figure, grouped by what the evidence is about. A label without {} shows no figure."""
_JOIN: _Labels = {
    "similarity": {
        "cosine": ("similarity to the story as a whole {}", _decimal),
        "title": ("{} of its title occurs in the story", _percent),
        "text": ("{} of its text occurs in the story", _percent),
        "nearest": ("similarity to the story's nearest article {}", _decimal),
        "two_nearest": ("average similarity to the story's two nearest articles {}", _decimal),
        "bare_cosine": ("similarity, counted again because it has no excerpt: {}", _decimal),
        "size_cosine": ("similarity, adjusted for the story's size", str),
    },
    "words": {
        "shared": ("words that it shares with the story: {}", _count_less_one),
        "rarest": ("weight of the heaviest shared word {}", _decimal),
        "heaviest": ("{} of the similarity comes from one word", _percent),
        "terms": ("words in the article, without common ones: {}", _count_less_one),
        "bare": ("it has no excerpt", str),
        "bare_terms": ("words, counted again because it has no excerpt: {}", _count_less_one),
    },
    "nearest articles and size": {
        "votes": ("the story's share of the nearest articles {}", _percent),
        "size": ("other articles in the story: {}", _count),
        "size_votes": ("share of the nearest articles, adjusted for the story's size", str),
    },
    "time": {"silence": ("{} between it and the story", _days)},
}
_MERGE: _Labels = {
    "the two stories": {
        "cosine": ("similarity of the stories {}", _decimal),
        "smaller": ("articles in the smaller story: {}", _count),
        "larger": ("articles in the larger story: {}", _count),
        "smaller_cosine": ("similarity, adjusted for the size of the smaller story", str),
    },
    "this article": {
        "rival": ("its similarity to the other story {}", _decimal),
        "own": ("its similarity to its own story {}", _decimal),
        "title": ("{} of its title occurs in the other story", _percent),
        "text": ("{} of its text occurs in the other story", _percent),
        "own_text": ("{} of its text occurs in its own story", _percent),
    },
    "nearest articles": {
        "votes": ("the other story's share of the nearest articles {}", _percent),
        "own_votes": ("its own story's share of the nearest articles {}", _percent),
    },
    "a story of one article": {
        "lone": ("one of the stories has only one article", str),
        "lone_cosine": ("similarity of the stories, counted again: {}", _decimal),
        "lone_title": ("{} of that article's title occurs in the larger story", _percent),
        "lone_text": ("{} of that article's text occurs in the larger story", _percent),
        "lone_rarest": ("weight of the heaviest word that they share {}", _decimal),
        "lone_nearest": ("similarity of that article and this one {}", _decimal),
    },
}


def story_lines(
    state: State, live: LiveArticle, weights: StoryWeights, titles: Mapping[str, str]
) -> Iterator[str]:
    """The words that tell little in this lane; the stories nearest to an article, best first, each
    with its score and the evidence; then the stories that were weighed for a merge with the
    article's own story.

    `state` must not contain the article. `titles` maps story ids to the printed names of stories.
    """
    common = state.words.common_here(live.vector, live.article["locale"])
    if common:
        words = ", ".join(common[:MAX_COMMON_TERMS])
        yield f"  words that count little here, because the lane is full of them: {words}"
    changes = Changeset(state, Outcome.UNCHANGED)
    candidates = weigh_stories(live, changes.search(live), weights)
    if not candidates:
        yield "  no story is near enough to be weighed: the article would open a new story"
    for candidate in candidates:
        own = "its own story: " if candidate.story_id == live.story_id else ""
        yield f"  {candidate.score:+,}  {own}{titles[candidate.story_id]}"
        yield from _candidate_lines(candidate, weights)
        shared = _shared_terms(live.vector, candidate.centroid.terms)
        yield f"      shared words: {', '.join(shared)}"
    if live.story_id not in state.stories:
        return
    for score, rival_id, evidence in weigh_rivals(changes, live, candidates, weights):
        result = "high enough" if score >= 0 else "too low"
        yield f"  {score:+,}  {result} to merge with its own story: {titles[rival_id]}"
        parts = merge_parts(evidence, weights)
        yield from _evidence_lines(parts, evidence._asdict(), weights.merge_bias, _MERGE)


def _candidate_lines(candidate: Candidate, weights: StoryWeights) -> Iterator[str]:
    parts, values = join_parts(candidate.evidence, weights), candidate.evidence._asdict()
    yield from _evidence_lines(parts, values, weights.join_bias, _JOIN)
    if candidate.score == -1 < sum(parts.values()) + weights.join_bias:
        limit = _decimal(LONE_TERM_COSINE)
        yield f"      lowered to -1: at most one shared word, and a similarity below {limit}"


def _evidence_lines(
    parts: Mapping[str, int], values: Mapping[str, int], bias: int, labels: _Labels
) -> Iterator[str]:
    """One line for the base score and for each group of labels: whether it counts for or against,
    its sum, and the kinds of evidence in it, weightiest first. Lines that count for come first.

    `parts` are the kinds' contributions to the score, in thousandths, `values` their figures.
    """
    groups = [(bias, "base score", "")]
    for about, kinds in labels.items():
        names = sorted((n for n in kinds if parts[n]), key=lambda n: (-abs(parts[n]), n))
        if names:
            details = "; ".join([f"{_label(values[n], *kinds[n])} ({parts[n]:+,})" for n in names])
            groups.append((sum(parts[n] for n in names), about, f" = {details}"))
    for total, about, details in sorted(groups, key=lambda group: (group[0] < 0, -abs(group[0]))):
        yield f"      {'for' if total >= 0 else 'against'}: {about} {total:+,}{details}"


def _label(value: int, label: str, show: Callable[[int], str]) -> str:
    return label.format(show(value))


def _shared_terms(vector: Vector, centroid: Vector) -> list[str]:
    products = {term: vector[term] * centroid[term] for term in vector if term in centroid}
    return sorted(products, key=lambda term: (-products[term], term))[:MAX_SHARED_TERMS]

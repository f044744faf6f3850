"""The part of `newsloom explain` about stories: which it was held against, and what spoke.

In: a lane, one of its articles, and the policy it is curated by. Out: lines for a person. What is
weighed is the lane as it is now, as if the article came last: what it met when it came is not kept.
"""

from collections.abc import Callable, Iterator, Mapping

from newsloom.pipeline.curation.draft import Draft
from newsloom.pipeline.curation.grouping import Candidate, weigh_rivals, weigh_stories
from newsloom.pipeline.curation.rows import LiveArticle
from newsloom.pipeline.curation.state import State
from newsloom.records.faults import Outcome
from newsloom.rules.evidence import StoryWeights, join_parts, merge_parts
from newsloom.rules.terms import Vector

MAX_SHARED_TERMS = 6


def _thousandths(value: int) -> str:
    return f"{value / 1000:.2f}"


def _share(value: int) -> str:
    return f"{value // 10} %"


def _count(value: int) -> str:
    whole, rest = divmod(value, 1000)
    return f"{(1000 + rest << whole) / 1000:.0f}"


def _terms(value: int) -> str:
    """Of a count to which one was added before its doublings were taken."""
    return f"{int(_count(value)) - 1}"


def _days(value: int) -> str:
    return f"{value / 1000:.1f} days"


def _nothing(value: int) -> str:
    return ""


_Told = Mapping[str, tuple[str, Callable[[int], str]]]
_JOIN: _Told = {
    "cosine": ("alike to the story as a whole", _thousandths),
    "title": ("of its title is borne out", _share),
    "text": ("of its text is borne out", _share),
    "shared": ("words in common:", _terms),
    "rarest": ("the heaviest of them weighs", _thousandths),
    "nearest": ("alike to the story's nearest article", _thousandths),
    "two_nearest": ("alike to the story's two nearest", _thousandths),
    "votes": ("of what is near it is of the story", _share),
    "heaviest": ("of the likeness is a single word", _share),
    "size": ("articles in the story:", _count),
    "terms": ("telling words in all:", _terms),
    "bare": ("it has no excerpt", _nothing),
    "bare_cosine": ("alike, without an excerpt", _thousandths),
    "bare_terms": ("telling words, without an excerpt:", _terms),
    "size_cosine": ("alike to a story of that size", _nothing),
    "size_votes": ("near to it in a story of that size", _nothing),
    "silence": ("between it and the story", _days),
}
_MERGE: _Told = {
    "cosine": ("the stories are alike", _thousandths),
    "rival": ("it is alike to that story", _thousandths),
    "own": ("it is alike to its own", _thousandths),
    "smaller": ("articles in the smaller:", _count),
    "larger": ("articles in the larger:", _count),
    "smaller_cosine": ("alike at that size", _nothing),
    "title": ("of its title is borne out there", _share),
    "text": ("of its text is borne out there", _share),
    "votes": ("of what is near it is of that story", _share),
    "own_votes": ("of what is near it is of its own", _share),
    "own_text": ("of its text is borne out by its own", _share),
    "lone": ("one of them was a single article", _nothing),
    "lone_cosine": ("alike, though a single article", _thousandths),
    "lone_title": ("of the single one's title is borne out", _share),
    "lone_text": ("of the single one's text is borne out", _share),
    "lone_rarest": ("the heaviest word that it shares weighs", _thousandths),
    "lone_nearest": ("the single one is alike to this article", _thousandths),
}
_BEHIND = (_share, _days)
"""Their figures stand before the words."""


def story_lines(
    state: State, live: LiveArticle, weights: StoryWeights, titles: Mapping[str, str]
) -> Iterator[str]:
    """The stories nearest to an article, best first, each with what speaks for it and against.

    `state` is to be without the article; `titles` says how to call a story.
    """
    draft = Draft(state, Outcome.UNCHANGED)
    candidates = weigh_stories(draft, live, draft.compare(live), weights)
    if not candidates:
        yield "  none is near enough to be weighed: it would open a story of its own"
    for candidate in candidates:
        own = "its own, " if candidate.story_id == live.story_id else ""
        yield f"  {candidate.score:+,}  {own}{titles[candidate.story_id]}"
        yield from _evidence_lines(candidate, weights)
        shared = _shared_terms(live.vector, candidate.matter.centroid)
        yield f"      in common: {', '.join(shared)}"
    if live.story_id in state.stories:
        for score, rival_id, evidence in weigh_rivals(draft, live, candidates, weights):
            word = "would be one with its own" if score >= 0 else "is not one with its own"
            yield f"  {score:+,}  {titles[rival_id]} {word}"
            parts = merge_parts(evidence, weights)
            yield from _parts(parts, evidence._asdict(), weights.merge_bias, _MERGE)


def _evidence_lines(candidate: Candidate, weights: StoryWeights) -> Iterator[str]:
    parts, values = join_parts(candidate.evidence, weights), candidate.evidence._asdict()
    yield from _parts(parts, values, weights.join_bias, _JOIN)
    if candidate.score == -1 < sum(parts.values()) + weights.join_bias:
        yield "      one word in common is not enough, whatever else speaks for it"


def _parts(
    parts: Mapping[str, int], values: Mapping[str, int], bias: int, told: _Told
) -> Iterator[str]:
    """A line of what speaks for it and one of what speaks against, the weightiest first."""
    ranked = sorted(parts, key=lambda name: (-abs(parts[name]), name))
    said = {name: _say(name, values[name], told) for name in ranked}
    spoken_for = [f"{said[name]} {parts[name]:+,}" for name in ranked if parts[name] > 0]
    against = [f"{said[name]} {parts[name]:+,}" for name in ranked if parts[name] < 0]
    (spoken_for if bias > 0 else against).insert(0, f"to begin with {bias:+,}")
    yield f"      for: {'; '.join(spoken_for) or 'nothing'}"
    yield f"      against: {'; '.join(against) or 'nothing'}"


def _say(name: str, value: int, told: _Told) -> str:
    words, show = told[name]
    figure = show(value)
    return " ".join(filter(None, (figure, words) if show in _BEHIND else (words, figure)))


def _shared_terms(vector: Vector, centroid: Vector) -> list[str]:
    products = {term: vector[term] * centroid[term] for term in vector if term in centroid}
    return sorted(products, key=lambda term: (-products[term], term))[:MAX_SHARED_TERMS]

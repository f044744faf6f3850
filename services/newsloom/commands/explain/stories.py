"""The part of `newsloom explain` about stories: which it was held against, and what spoke.

In: a lane, one of its articles, and the policy it is curated by. Out: lines for a person. What is
weighed is the lane as it is now, as if the article came last: what it met when it came is not kept.
"""

from collections.abc import Callable, Iterator, Mapping

from newsloom.pipeline.curation.changeset import Changeset
from newsloom.pipeline.curation.grouping import Candidate, weigh_rivals, weigh_stories
from newsloom.pipeline.lane.rows import LiveArticle
from newsloom.pipeline.lane.state import State
from newsloom.records.faults import Outcome
from newsloom.rules.evidence import StoryWeights, join_parts, merge_parts
from newsloom.rules.words.terms import Vector

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


def _nothing(_value: int) -> str:
    return ""


_Told = Mapping[str, Mapping[str, tuple[str, Callable[[int], str]]]]
"""What to say of each kind of evidence, by what it is about."""
_JOIN: _Told = {
    "likeness": {
        "cosine": ("alike to the story as a whole", _thousandths),
        "title": ("of its title is borne out", _share),
        "text": ("of its text is borne out", _share),
        "nearest": ("alike to the story's nearest article", _thousandths),
        "two_nearest": ("alike to the story's two nearest", _thousandths),
        "bare_cosine": ("alike, without an excerpt", _thousandths),
        "size_cosine": ("alike to a story of that size", _nothing),
    },
    "words": {
        "shared": ("words in common:", _terms),
        "rarest": ("the heaviest of them weighs", _thousandths),
        "heaviest": ("of the likeness is a single word", _share),
        "terms": ("telling words in all:", _terms),
        "bare": ("it has no excerpt", _nothing),
        "bare_terms": ("telling words, without an excerpt:", _terms),
    },
    "company": {
        "votes": ("of what is near it is of the story", _share),
        "size": ("articles in the story:", _count),
        "size_votes": ("near to it in a story of that size", _nothing),
    },
    "time": {"silence": ("between it and the story", _days)},
}
_MERGE: _Told = {
    "the stories": {
        "cosine": ("alike", _thousandths),
        "smaller": ("articles in the smaller:", _count),
        "larger": ("articles in the larger:", _count),
        "smaller_cosine": ("alike at that size", _nothing),
    },
    "the article": {
        "rival": ("alike to that story", _thousandths),
        "own": ("alike to its own", _thousandths),
        "title": ("of its title is borne out there", _share),
        "text": ("of its text is borne out there", _share),
        "own_text": ("of its text is borne out by its own", _share),
    },
    "company": {
        "votes": ("of what is near it is of that story", _share),
        "own_votes": ("of what is near it is of its own", _share),
    },
    "a single article": {
        "lone": ("one of the stories was one", _nothing),
        "lone_cosine": ("alike, though single", _thousandths),
        "lone_title": ("of its title is borne out", _share),
        "lone_text": ("of its text is borne out", _share),
        "lone_rarest": ("the heaviest word that it shares weighs", _thousandths),
        "lone_nearest": ("alike to this article", _thousandths),
    },
}
_BEHIND = (_share, _days)
"""Their figures stand before the words."""


def story_lines(
    state: State, live: LiveArticle, weights: StoryWeights, titles: Mapping[str, str]
) -> Iterator[str]:
    """The stories nearest to an article, best first, each with what speaks for it and against.

    `state` is to be without the article; `titles` says how to call a story.
    """
    changes = Changeset(state, Outcome.UNCHANGED)
    candidates = weigh_stories(live, changes.search(live), weights)
    if not candidates:
        yield "  none is near enough to be weighed: it would open a story of its own"
    for candidate in candidates:
        own = "its own, " if candidate.story_id == live.story_id else ""
        yield f"  {candidate.score:+,}  {own}{titles[candidate.story_id]}"
        yield from _evidence_lines(candidate, weights)
        shared = _shared_terms(live.vector, candidate.centroid.terms)
        yield f"      in common: {', '.join(shared)}"
    if live.story_id in state.stories:
        for score, rival_id, evidence in weigh_rivals(changes, live, candidates, weights):
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
    """A line for each thing that the evidence is about: whether it speaks for it or against in sum,
    and of what that is made, the weightiest first. What speaks for it comes first.
    """
    groups = [(bias, "to begin with", "")]
    for about, kinds in told.items():
        spoken = sorted((n for n in kinds if parts[n]), key=lambda n: (-abs(parts[n]), n))
        if spoken:
            said = "; ".join([f"{_say(values[n], *kinds[n])} {parts[n]:+,}" for n in spoken])
            groups.append((sum(parts[n] for n in spoken), about, f": {said}"))
    for score, about, made_of in sorted(groups, key=lambda group: (group[0] < 0, -abs(group[0]))):
        yield f"      {'for' if score >= 0 else 'against'}: {about} {score:+,}{made_of}"


def _say(value: int, words: str, show: Callable[[int], str]) -> str:
    figure = show(value)
    return " ".join(filter(None, (figure, words) if show in _BEHIND else (words, figure)))


def _shared_terms(vector: Vector, centroid: Vector) -> list[str]:
    products = {term: vector[term] * centroid[term] for term in vector if term in centroid}
    return sorted(products, key=lambda term: (-products[term], term))[:MAX_SHARED_TERMS]

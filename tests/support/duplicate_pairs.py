"""Pairs of articles that are duplicates, and pairs that only resemble duplicates.

The texts are hand-written and have gaps for a number, a day, a place and a name, so that the same
words can report another event. The pairs are the same in every run.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from newsloom.rules.duplicates import Text

HOUR_S, DAY_S = 3600, 24 * 3600


class Pair(NamedTuple):
    """Two articles, whether they are duplicates, and how the second was made from the first."""

    how: str
    a: Text
    b: Text
    is_duplicate: bool


class Story(NamedTuple):
    """A text with gaps: its title, another title for it, and its excerpt."""

    title: str
    other_title: str
    excerpt: str


_FIRST = {"n": "312", "day": "Monday", "place": "Northfield", "name": "Ingrid Moen"}
_OTHER = {"n": "480", "day": "Thursday", "place": "Skarra", "name": "Tomas Halloran"}
_LEADS = {"day": "On {day}, ", "name": "{name} told reporters: "}

STORIES = [
    Story(
        "Ferry runs aground off {place} pier",
        "Passengers wait hours for rescue after {place} ferry grounding",
        "A car ferry with {n} people aboard struck the disused coal pier at {place} on {day} "
        "evening. Harbour master {name} closed the eastern channel, and divers found a gash of "
        "nine metres below the vehicle deck. Nobody was hurt, but crossings stay cancelled "
        "until the hull has been surveyed.",
    ),
    Story(
        "Fire destroys furniture warehouse in {place}",
        "Warehouse blaze in {place}: smoke keeps windows shut across town",
        "Firefighters needed nine hours to put out a blaze that destroyed a furniture warehouse"
        " in {place} early on {day}. Some {n} residents were told to keep their windows shut, "
        "fire chief {name} said, adding that an electrical fault in the sprinkler pump was the "
        "likely cause of the damage.",
    ),
    Story(
        "Council in {place} approves tramway budget",
        "Tramway extension to go ahead as {place} council votes yes",
        "After a debate that ran past midnight, councillors in {place} approved a budget of {n}"
        " million crowns for the tramway extension on {day}. Mayor {name} called the vote a "
        "gift to commuters, while shopkeepers along the route fear three years of torn "
        "pavements and lost trade.",
    ),
    Story(
        "Thieves take bronze statues from {place} museum",
        "Police hunt van after museum in {place} loses its bronzes",
        "Burglars broke through a skylight of the maritime museum at {place} on {day} night and"
        " carried off bronze figures valued at {n} thousand crowns. Curator {name} said the "
        "alarm had been switched off for repairs, and asked anyone who saw a white van near the"
        " quay to call the police.",
    ),
    Story(
        "Nurses at {place} hospital to strike over night shifts",
        "Hospital in {place} cancels operations ahead of walkout by nurses",
        "About {n} nurses at the regional hospital in {place} will walk out from {day}, their "
        "union announced after talks on night shifts collapsed. Negotiator {name} accused the "
        "board of breaking its word, and the hospital said that planned operations would be "
        "postponed but emergency wards kept open.",
    ),
    Story(
        "Storm cuts power to villages around {place}",
        "Gale fells pylons near {place} and leaves villages dark",
        "A gale that swept in from the sea on {day} brought down pylons and left {n} households"
        " around {place} without electricity. Engineer {name} of the grid company said repairs "
        "could take until the weekend because fallen spruce blocks the only road to the broken "
        "line.",
    ),
    Story(
        "Court in {place} jails accountant for pension fraud",
        "Pension fund fraud: accountant sentenced in {place}",
        "An accountant who diverted {n} thousand crowns from a pension fund was sent to prison "
        "by a court in {place} on {day}. Judge {name} spoke of a cold betrayal of retired "
        "dockers; the defence had argued that the money was only borrowed to save a failing "
        "bakery and would appeal.",
    ),
    Story(
        "Archaeologists uncover Viking harbour at {place}",
        "Oak jetties show {place} was a Viking port, dig finds",
        "Beneath a car park in {place}, archaeologists have uncovered oak jetties that they "
        "date to the age of the Vikings. Some {n} wooden objects came to light by {day}, among "
        "them a child's sledge and weights of lead, said excavation leader {name}, who expects "
        "the dig to go on all summer.",
    ),
    Story(
        "School in {place} closes after mould is found",
        "Pupils sent home as mould shuts school in {place}",
        "Pupils of the grammar school at {place} were sent home on {day} after inspectors found"
        " black mould behind the panels of {n} classrooms. Headteacher {name} promised lessons "
        "in the town's sports hall from next week, and parents demanded to know why a leaking "
        "roof had been ignored.",
    ),
    Story(
        "Salmon farm off {place} loses fish to jellyfish",
        "Jellyfish swarm kills salmon in pens near {place}",
        "A swarm of jellyfish has killed {n} tonnes of salmon in the pens of a fish farm off "
        "{place}. Workers found the first dead fish on {day} morning, manager {name} reported, "
        "and biologists blame unusually warm water for the swarm, which drifted into the fjord "
        "within a single tide.",
    ),
    Story(
        "Runner from {place} wins mountain marathon in snow",
        "Snow, fog and a record: mountain marathon goes to {place}",
        "In fog and fresh snow {name} of {place} won the mountain marathon on {day}, the first "
        "local winner in two decades. Of {n} starters barely half reached the finish at the "
        "glacier hut, where rescuers handed out blankets and hot soup to runners who had lost "
        "the marked path.",
    ),
    Story(
        "Bank branch in {place} to close for good",
        "Last bank leaves {place}; customers sent to post office",
        "The last bank branch in {place} shuts its doors on {day}, leaving {n} customers "
        "without a counter in town. Spokeswoman {name} pointed to falling visits and said that "
        "the post office will pay out cash, yet pensioners have collected signatures and plan "
        "to queue outside in protest.",
    ),
    Story(
        "Wolf pack kills sheep above {place}",
        "Farmers near {place} demand cull after wolves take sheep",
        "Shepherds above {place} found {n} sheep torn to death on {day}, the worst attack since"
        " wolves returned to the valley. Farmer {name} wants the pack shot; the nature agency "
        "offers fences and dogs instead and reminds owners that animals must be penned at dusk "
        "to be insured.",
    ),
    Story(
        "Startup in {place} makes bricks from sewage ash",
        "From sewage to bricks: {place} company opens kiln",
        "A young company in {place} has begun to bake bricks from the ash of burnt sewage "
        "sludge. Founder {name} showed the first {n} pallets to builders on {day} and claims "
        "that they store more heat than clay, while the town hopes to save the fees it pays for"
        " dumping the ash in a landfill.",
    ),
    Story(
        "Bridge at {place} shut to lorries after cracks appear",
        "Cracks close {place} bridge to heavy traffic",
        "Engineers have barred lorries from the steel bridge at {place} after cracks were seen "
        "in two girders during an inspection on {day}. Hauliers face a detour of {n} "
        "kilometres, warned {name} of the carriers' association, who called for a temporary "
        "army bridge before the harvest begins.",
    ),
    Story(
        "Choir from {place} sings lost mass by unknown monk",
        "Lost mass found in attic sounds again in {place}",
        "Four centuries after it was written, a mass by an unknown monk was sung in {place} on "
        "{day}. Conductor {name} had found the parts in the attic of a vicarage, wrapped around"
        " candles; {n} listeners filled the abbey, and a recording is to follow before the "
        "leaves fall.",
    ),
]

_BRIEF = "Share prices in brief: how the exchange in {place} closed"
_EDITS = [
    ("a dropped word", " only ", " "),
    ("another conjunction", ", while ", ", and "),
    ("another verb", "said", "told us"),
    ("another adverb", "Some ", "About "),
]
_LIVE = "Follow our live coverage for all the latest from the region, with reports and pictures."


def pairs() -> Iterator[Pair]:
    """All pairs: first the duplicates, then the others."""
    for story in STORIES:
        yield from _copies(story)
    for number, story in enumerate(STORIES):
        yield from _others(story, number)
    for one, other in combinations(range(len(STORIES)), 2):
        if (one + other) % 3 == 0:
            a, b = (Text(_fill(STORIES[n].title), _LIVE, "tide.example", 0) for n in (one, other))
            yield Pair("one outlet's boilerplate under two titles", a, b, False)


def _fill(text: str, **gaps: str) -> str:
    return text.format_map({**_FIRST, **gaps})


def _text(story: Story, at: str = "ledger.example", time: int = 0, **gaps: str) -> Text:
    return Text(_fill(story.title, **gaps), _fill(story.excerpt, **gaps), at, time)


def _copies(story: Story) -> Iterator[Pair]:
    """Duplicates of one text: the same text with small changes."""
    a = _text(story)
    other_outlet = a._replace(domain="post.example", time=2 * HOUR_S)
    text, words = a.excerpt, a.excerpt.split()
    yield Pair("syndicated", a, other_outlet, True)
    yield Pair("moved URL", a, a._replace(time=HOUR_S), True)
    yield Pair("moved URL, a day later", a, a._replace(time=DAY_S), True)
    other_title = _fill(story.other_title)
    yield Pair("changed headline", a, a._replace(title=other_title, time=HOUR_S), True)
    yield Pair(
        "another headline at another outlet", a, other_outlet._replace(title=other_title), True
    )
    cut_title = other_outlet._replace(title=other_title, excerpt=" ".join(words[:38]) + " ...")
    yield Pair("another headline over a shorter text", a, cut_title, True)
    for percent in (80, 65, 50):
        cut = " ".join(words[: len(words) * percent // 100]) + " ..."
        yield Pair(f"cut to {percent} %", a, other_outlet._replace(excerpt=cut), True)
    dated = f"{_FIRST['place'].upper()} (AFP) - {text}"
    yield Pair("with a dateline", a, other_outlet._replace(excerpt=dated), True)
    yield Pair("a sentence added", a, other_outlet._replace(excerpt=f"{text} More follows."), True)
    for how, old, new in _EDITS:
        if old in text:
            yield Pair(how, a, other_outlet._replace(excerpt=text.replace(old, new, 1)), True)
    without = " ".join(word for at, word in enumerate(words) if at % 17 != 9 or word[0].isupper())
    yield Pair("a few words lost", a, other_outlet._replace(excerpt=without), True)
    yield Pair("a title all in capitals", a, other_outlet._replace(title=a.title.upper()), True)
    yield Pair("a title with a label", a, other_outlet._replace(title=f"Update: {a.title}"), True)
    bare = a._replace(excerpt="")
    yield Pair(
        "only the title, at another outlet", bare, bare._replace(domain="post.example"), True
    )


def _others(story: Story, number: int) -> Iterator[Pair]:
    """Pairs that are not duplicates: another event in the same words, or other words."""
    a = _text(story)
    for gap, value in _OTHER.items():
        other_event = _text(story, "post.example", DAY_S, **{gap: value})
        yield Pair(f"another {gap}", a, other_event, False)
        cut = " ".join(other_event.excerpt.split()[:40]) + " ..."
        if _fill(value) in cut:
            yield Pair(f"another {gap}, cut short", a, other_event._replace(excerpt=cut), False)
    month = f"In {{}} {2020 + number}, as every year: {a.excerpt}"
    yield Pair(
        "another month",
        a._replace(excerpt=month.format("March")),
        a._replace(excerpt=month.format("April"), time=3 * DAY_S),
        False,
    )
    bare = a._replace(excerpt="")
    yield Pair("a bare title of one outlet", bare, bare._replace(time=DAY_S), False)
    yield Pair(
        "a bare title much later", bare, bare._replace(domain="post.example", time=3 * DAY_S), False
    )
    yield Pair(
        "bare, another place",
        bare,
        bare._replace(title=_fill(story.title, place="Skarra"), domain="post.example"),
        False,
    )
    follow_up = f"A day after the news, little is settled in {_FIRST['place']}. {a.excerpt[:70]}"
    yield Pair(
        "a follow-up that repeats part of the text",
        a,
        Text(_fill(story.other_title), follow_up, "post.example", DAY_S),
        False,
    )
    for day in (1, 2, 3):
        brief = _fill(_BRIEF, place=STORIES[number].title.split()[0])
        sentence = f"The exchange closed {{}} points higher, led by banks. {_fill(_LEADS['day'])}"
        yield Pair(
            "a market report of another day",
            Text(brief, sentence.format(100 + number), "tide.example", 0),
            Text(brief, sentence.format(120 + number * day), "tide.example", day * DAY_S),
            False,
        )
        yield Pair(
            "a recurring item without a date",
            Text(brief, "How the exchange closed, and what moved it.", "tide.example", 0),
            Text(brief, "How the exchange closed, and what moved it.", "tide.example", day * DAY_S),
            False,
        )

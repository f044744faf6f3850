"""Work that may take several steps: copies, members, aliases, expiry, and what they publish."""

from itertools import pairwise
from random import Random

import orjson
import pytest

from newsloom.pipeline.curation.changes.changeset import Changeset
from newsloom.pipeline.curation.stories import end_story
from newsloom.pipeline.lane.pending import Pending, Task, TaskKind
from newsloom.pipeline.lane.rows import StoryAlias
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Curator, Result
from newsloom.records.faults import Outcome
from newsloom.rules.clock import format_time
from tests.support.generator_languages import LANGUAGES, invent_word
from tests.support.lanes import DAY_S, HOUR_S, START_S, event, new_pipeline
from tests.support.newsstand import Newsstand, ident
from tests.support.pipeline import raw_input

FERRY = "Selkie ferry runs aground off Northfield pier"
FERRY_TEXT = (
    "The car ferry struck the disused coal pier on Monday evening with 312 passengers aboard, "
    "and divers found a gash of nine metres below the vehicle deck, the harbour master said."
)
COMET = "Comet Wrenfield brightens as it nears Saturn"
COMET_TEXT = "Astronomers at the mountain observatory photographed it through a gap in the clouds."
OTHERS = (COMET, "Skarra council approves tramway budget", "Heather ale wins medal of brewers")
MAX_STEP = 60


def _copied(count: int, max_step: int = MAX_STEP) -> Newsstand:
    """The ferry's text at the ledger and at `count` outlets."""
    stand = Newsstand(new_pipeline(max_step=max_step))
    for name in ("ledger.example/1", *map(_outlet, range(count))):
        stand.report(name, FERRY, excerpt=FERRY_TEXT, quality=60)
    return stand


def _outlet(number: int) -> str:
    return f"outlet{number}.example/1"


def _advance_clock(stand: Newsstand, at_s: int) -> None:
    for number, title in enumerate(OTHERS):
        stand.report(f"clock.example/{at_s}-{number}", title, at_s)


def _size(step: Result) -> int:
    return len(step.rows) + len(step.curated) + len(step.stories)


@pytest.mark.parametrize("order", ["of arrival", "of ids", "reversed"])
def test_taking_down_a_syndicated_text_publishes_a_bounded_number_of_records_each(
    order: str,
) -> None:
    published = {}
    for count in (40, 160):
        pipeline = new_pipeline()
        names = [_outlet(number) for number in range(count)]
        for name in names:
            record = event(name, FERRY, excerpt=FERRY_TEXT, quality=60)
            pipeline.take(record, START_S)
        if order == "of ids":
            names.sort(key=ident)
        elif order == "reversed":
            names.reverse()
        withdrawals = [{"webUrl": f"https://{name}", "withdrawn": True} for name in names]
        published[count] = sum(len(pipeline.take(w, START_S).curated) for w in withdrawals)
    assert published[160] < 7 * published[40], "in proportion it is 4 times as many"


def test_the_copies_of_a_withdrawn_root_follow_in_steps() -> None:
    stand = _copied(60)
    event_ = {"webUrl": "https://ledger.example/1", "withdrawn": True}
    steps = list(stand.pipeline.process(raw_input(event_), START_S))
    assert len(steps) > 3
    assert max(map(_size, steps)) <= MAX_STEP
    first = [publication.id for publication in steps[0].curated]
    assert steps[0].outcome is Outcome.WITHDRAWN
    assert {step.outcome for step in steps[1:]} == {None}
    (root_id,) = {live.duplicate_of for live in stand.pipeline.state.articles.values()} - {None}
    assert root_id in first, "the new root is in the first step"
    last = {p.id: orjson.loads(p.value) for step in steps for p in step.curated}
    assert len(last[root_id]["duplicates"]) == 50, "the root is published with all its copies"


def test_a_root_that_becomes_a_copy_is_published_after_its_copies() -> None:
    stand = Newsstand(new_pipeline(max_step=MAX_STEP))
    stand.report("first.example/1", FERRY, excerpt=FERRY_TEXT)
    stand.report("ledger.example/1", COMET, excerpt=COMET_TEXT)
    for number in range(40):
        stand.report(_outlet(number), COMET, excerpt=COMET_TEXT, quality=number)
    rewritten = event("ledger.example/1", FERRY, 60, excerpt=FERRY_TEXT)
    steps = _with_roots(stand, rewritten)
    assert len(steps) > 3
    own_id, state = ident("ledger.example/1"), stand.pipeline.state
    published = [publication for step in steps for publication in step.curated]
    ids = [publication.id for publication in published]
    is_copy = [p.id == own_id and b"duplicateOf" in p.value for p in published]
    assert is_copy.index(True) > max(ids.index(ident(_outlet(number))) for number in range(40))
    roots = {state.articles[ident(_outlet(number))].duplicate_of for number in range(1, 40)}
    assert roots == {ident(_outlet(0))}, "the copies of its former text have a root of their own"


def _with_roots(stand: Newsstand, record: dict[str, object]) -> list[Result]:
    """The steps of a record, after each of which no root is a duplicate."""
    articles, steps = stand.pipeline.state.articles, []
    for step in stand.pipeline.process(raw_input(record), START_S + DAY_S):
        steps.append(step)
        roots = {live.duplicate_of for live in articles.values()} - {None}
        assert all(articles[root].duplicate_of is None for root in roots if root)
    return steps


def test_a_root_that_returns_as_a_copy_takes_its_copies_along() -> None:
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, 0, excerpt=FERRY_TEXT)
    stand.report("post.example/1", FERRY, 3 * DAY_S, excerpt=FERRY_TEXT)
    stand.report("other.example/1", COMET, 9 * DAY_S, excerpt=COMET_TEXT)
    _advance_clock(stand, 11 * DAY_S)
    assert stand.article("post.example/1")["duplicateOf"] == ident("ledger.example/1")
    stand.report("ledger.example/1", COMET, 11 * DAY_S, excerpt=COMET_TEXT)
    assert stand.article("ledger.example/1")["duplicateOf"] == ident("other.example/1")
    assert "duplicateOf" not in stand.article("post.example/1"), "its text is another one"


@pytest.mark.parametrize("in_one_step", [False, True], ids=["before it returns", "in that step"])
def test_a_root_stays_one_when_a_copy_of_it_has_departed(in_one_step: bool) -> None:
    """The record of the copy names it, and cannot be published again."""
    stand = Newsstand()
    stand.report("ledger.example/1", FERRY, 0, excerpt=FERRY_TEXT)
    stand.report("post.example/1", FERRY, HOUR_S, excerpt=FERRY_TEXT)
    stand.report("other.example/1", COMET, 9 * DAY_S, excerpt=COMET_TEXT)
    stand.report("choir.example/1", "Choir tours the villages", 10 * DAY_S + HOUR_S)
    stand.report("comet.example/2", "Orchard sold to beekeepers", 10 * DAY_S + HOUR_S)
    if not in_one_step:
        stand.report("clock.example/3", "Tramway budget approved", 10 * DAY_S + HOUR_S)
    is_live = ident("post.example/1") in stand.pipeline.state.articles
    assert is_live is in_one_step
    stand.report("ledger.example/1", COMET, 10 * DAY_S + HOUR_S, excerpt=COMET_TEXT)
    assert ident("post.example/1") not in stand.pipeline.state.articles
    assert "duplicateOf" not in stand.article("ledger.example/1")


@pytest.mark.parametrize("is_large", [False, True], ids=["in one step", "in several steps"])
def test_a_record_relates_articles_by_their_story_after_a_merge(is_large: bool) -> None:
    stand = Newsstand(new_pipeline(max_step=40 if is_large else 500))
    for number in range(24):
        word = "witness" + chr(97 + number) + "k"
        stand.report(f"ledger.example/{number}", f"{FERRY}, {word} says", number, quality=90)
    # It opens too long after the story of the ferry to join it; a late article then bridges them.
    stand.report("post.example/1", f"{FERRY}, minister says", 5 * DAY_S, quality=10)
    stand.report("ledger.example/0", f"{FERRY}, minister says: video", 60, quality=90)
    assert stand.related("ledger.example/0")["post.example/1"] == "related"
    stand.report("ledger.example/99", f"{FERRY}, mayor says", 3 * DAY_S, quality=10)
    assert stand.stories[ident("post.example/1")].get("mergedInto") == ident("ledger.example/0")
    assert set(stand.related("ledger.example/0").values()) == {"same-story"}


def test_a_long_chain_of_aliases_is_deleted_in_steps() -> None:
    state = State()
    ids = [f"{number:032x}" for number in range(1, 1_201)]
    for merged_into, alias_id in pairwise(ids):
        state.put_story(StoryAlias(alias_id, merged_into))
    changes = Changeset(state, None)
    end_story(changes, ids[0])
    assert 0 < len(changes.encode_rows()) <= 510
    changes.apply()
    remaining = len(state.aliases)
    assert 0 < remaining < 1_199
    assert all(f"{number:032x}" in state.aliases for number in range(2, 2 + remaining))
    steps = list(Curator(state).continue_pending())
    assert max(map(_size, steps)) <= 510
    assert not state.aliases
    assert not state.pending.tasks


def test_many_articles_leave_the_window_in_steps_before_the_input() -> None:
    pipeline = new_pipeline(max_step=100)
    for number in range(150):
        pipeline.take(event(_outlet(number), f"{FERRY} {number}", number), START_S)
    steps: list[Result] = []
    for number in range(3):
        later = event(f"later.example/{number}", OTHERS[number], 20 * DAY_S)
        steps = list(pipeline.process(raw_input(later), START_S + 20 * DAY_S))
    outcomes = [step.outcome for step in steps]
    assert outcomes[-1] is Outcome.CURATED
    assert len(outcomes) > 2
    assert set(outcomes[:-1]) == {None}
    assert max(map(_size, steps)) <= 100
    assert not [record for step in steps[:-1] for record in (*step.curated, *step.stories)]
    assert len(pipeline.state.articles) == 3
    assert format_time(pipeline.state.lane.clock or 0) == format_time(START_S + 20 * DAY_S)


def test_the_successor_of_many_that_leave_is_published_once_and_names_none_of_them() -> None:
    pipeline = new_pipeline(max_step=100)
    for number in range(150):
        pipeline.take(event(_outlet(number), f"{FERRY} {number}", number, quality=90), START_S)
    last = event("last.example/1", FERRY, 3 * DAY_S, quality=10)
    story_id = pipeline.take(last, START_S + 3 * DAY_S).curated[0]["storyId"]
    assert story_id != ident("last.example/1")
    steps = []
    for number in range(3):
        later = event(f"later.example/{number}", OTHERS[number], 12 * DAY_S)
        steps = list(pipeline.process(raw_input(later), START_S + 12 * DAY_S))
    assert len(steps) > 2
    published = [orjson.loads(record.value) for step in steps[:-1] for record in step.curated]
    former, successor = published
    assert (former["storyId"], former["heat"]) == (story_id, -1)
    assert (successor["id"], successor["storyId"]) == (ident("last.example/1"), story_id)
    assert successor["heat"] > 0
    assert "related" not in successor
    assert len([record for step in steps[:-1] for record in step.stories]) == 1


def test_a_bug_in_pending_work_ends_only_the_task_that_it_is_in() -> None:
    pipeline = new_pipeline()
    pipeline.state.pending = Pending(
        [
            Task(TaskKind.REVIEW, ident("unknown.example/1")),
            Task(TaskKind.NAMED, ident("a.example")),
        ]
    )
    steps = list(pipeline.process(raw_input(event("a.example/1", FERRY)), START_S))
    assert [step.outcome for step in steps] == [None, None, Outcome.CURATED]
    assert steps[0].fault is not None
    assert steps[0].fault.reason == "internal-error"
    assert [step.fault for step in steps[1:]] == [None, None]
    assert steps[1].rows["pending"] is None, "no work is left"


def test_many_leads_that_leave_together_leave_in_steps_of_bounded_size() -> None:
    pipeline, random = new_pipeline(max_step=MAX_STEP), Random(1)
    titles = [
        " ".join(invent_word(random, LANGUAGES["en"], 3) for _ in range(5)) for _ in range(60)
    ]
    for days, quality in ((0, 90), (3, 10)):
        for number, title in enumerate(titles):
            name = f"outlet{number}-{days}.example/1"
            pipeline.take(event(name, title, days * DAY_S, quality=quality), START_S + 9 * DAY_S)
    assert len(pipeline.state.stories) == len(titles)
    steps: list[Result] = []
    for number, title in enumerate(OTHERS):
        record = event(f"clock.example/{number}", title, 11 * DAY_S)
        steps += pipeline.process(raw_input(record), START_S + 11 * DAY_S)
    assert sum(len(step.curated) for step in steps) > 2 * len(titles), "leads and their successors"
    assert max(map(_size, steps)) <= MAX_STEP

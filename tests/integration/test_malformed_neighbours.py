"""A stream in which each malformed event is between two good ones.

Every malformed event has the outcome that its case states. The good events have the same results as
without the malformed ones.
"""

from collections import Counter
from pathlib import Path

import orjson
import pytest

from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.parse_json import parse_json
from newsloom.records.faults import Outcome
from tests.support.generator import DEFAULT_START, generate
from tests.support.malformed import Case, cases
from tests.support.pipeline import Pipeline, Taken
from tests.support.runs import (
    complete,
    outcomes,
    payloads,
    read_outcome,
    records,
    write_lines,
)

CASES = cases()
# A record that contains a line feed cannot be a line of a file, but a broker can deliver it.
AS_LINES = [case for case in CASES if b"\n" not in case.payload]
ACCEPTED = sum(case.reason is None for case in AS_LINES)
ARRIVED_AT = int(DEFAULT_START.timestamp()) + 24 * 3600
# Articles of the same days as the malformed events, so that all are in the window together. There
# are no updates, copies, withdrawals, repeats or late events.
GOOD = [
    orjson.dumps(event)
    for event in generate(
        seed=3,
        count=len(CASES) + 1,
        update_share=0,
        copy_share=0,
        withdrawal_share=0,
        late_share=0,
        repeat_share=0,
    )
]


def new_pipeline() -> Pipeline:
    return Pipeline(State(), load_catalogue(), images="trust")


def process(pipeline: Pipeline, payload: bytes) -> Taken:
    return pipeline.take(parse_json(payload), ARRIVED_AT)


def article_bytes(pipeline: Pipeline) -> dict[str, bytes]:
    """By article id: the part of each row that does not depend on other articles."""
    return {key: orjson.dumps(live.article) for key, live in pipeline.state.articles.items()}


@pytest.fixture(scope="module")
def good_only() -> dict[str, bytes]:
    """The articles of the good events when there are no malformed ones, by article id."""
    pipeline = new_pipeline()
    for line in GOOD:
        assert process(pipeline, line).outcome is Outcome.CURATED
    return article_bytes(pipeline)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run over all cases that can be lines, each between two good events."""
    folder = tmp_path_factory.mktemp("malformed")
    lines = [GOOD[0]]
    for case, neighbour in zip(AS_LINES, GOOD[1:], strict=False):
        lines += [case.payload, neighbour]
    complete(write_lines(folder / "events.jsonl", lines), output=folder / "out")
    return folder / "out"


def test_every_input_of_a_file_has_one_outcome(folder: Path) -> None:
    counts = outcomes(folder)
    assert sum(counts.values()) == 2 * len(AS_LINES) + 1
    assert counts["dead-lettered"] == len(AS_LINES) - ACCEPTED
    accepted = counts["curated"] + counts["unchanged"] + counts.get("withdrawn", 0)
    assert accepted == len(AS_LINES) + 1 + ACCEPTED


def test_dead_letters_contain_the_exact_bytes_and_the_reason(folder: Path) -> None:
    letters = records(folder, "dead-letters.jsonl")
    expected = [
        (2 * number, case.reason, case.field)
        for number, case in enumerate(AS_LINES, start=1)
        if case.reason is not None
    ]
    assert [
        (letter["position"], letter["reason"], letter.get("field")) for letter in letters
    ] == expected
    assert {letter["stage"] for letter in letters} == {"decode"}
    # Compared one by one, because a difference of megabytes is unreadable.
    rejected = [case for case in AS_LINES if case.reason is not None]
    for case, payload in zip(rejected, payloads(folder), strict=True):
        assert payload == case.payload, case.name


def test_good_events_in_a_file_are_unaffected_by_malformed_ones(
    folder: Path, good_only: dict[str, bytes]
) -> None:
    rows = read_outcome(folder).rows
    for article_id in list(good_only)[: len(AS_LINES) + 1]:
        row = orjson.loads(rows[f"article/{article_id}"])
        assert orjson.dumps(row["article"]) == good_only[article_id]


def test_every_case_has_its_stated_outcome_and_good_events_are_unaffected(
    good_only: dict[str, bytes],
) -> None:
    pipeline = new_pipeline()
    process(pipeline, GOOD[0])
    for case, neighbour in zip(CASES, GOOD[1:], strict=True):
        _assert_outcome(case, process(pipeline, case.payload))
        assert process(pipeline, neighbour).outcome is Outcome.CURATED
    articles = article_bytes(pipeline)
    assert {article_id: articles[article_id] for article_id in good_only} == good_only
    accepted = Counter(case.reason is None for case in CASES)
    assert pipeline.state.lane.outcomes["dead-lettered"] == accepted[False]


def _assert_outcome(case: Case, result: Taken) -> None:
    if case.reason is None:
        assert result.outcome is not Outcome.DEAD_LETTERED, (case.name, result.fault)
        assert tuple(sorted(result.result.faulty_fields)) == case.faulty_fields, case.name
    else:
        assert result.fault is not None, case.name
        assert (result.fault.reason, result.fault.field) == (case.reason, case.field), case.name
        assert result.curated == result.stories == (), case.name

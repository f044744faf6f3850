"""What an output folder keeps about attempts: only for the same input, and only until it passes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsloom.adapters.inputs.positions import InputRecord, Position
from newsloom.adapters.inputs.sources import STANDARD_INPUT, Source
from newsloom.adapters.storage.store import Batch, Store
from newsloom.records.faults import Reason, Stage
from newsloom.runtimes.embedded_attempts import AttemptNotes, Input, encode_halt, resume


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def inputs(count: int, path: str = "/events.jsonl", width: int = 10) -> list[Input]:
    return [
        (
            Source(path, 0, is_pipe=path == STANDARD_INPUT),
            InputRecord(b"", n + 1, Position(bytes=width * (n + 1))),
        )
        for n in range(count)
    ]


def test_the_inputs_of_a_batch_that_did_not_end_are_alone_in_the_next_run(store: Store) -> None:
    AttemptNotes(store).begin(inputs(3), Stage.ENRICH)
    following = AttemptNotes(store)
    alone = []
    for one in inputs(4):
        alone.append(following.is_alone(one))
        following.passed(1, [], Stage.ENRICH)
    assert alone == [True, True, True, False]


def test_an_input_is_set_aside_after_three_runs_with_the_stage_of_the_last(store: Store) -> None:
    first, *_ = inputs(1)
    for stage in (Stage.ENRICH, Stage.ENRICH, Stage.CURATE):
        notes = AttemptNotes(store)
        notes.is_alone(first)
        assert notes.poison() is None
        notes.begin([first], stage)
    notes = AttemptNotes(store)
    assert notes.warning() == "/events.jsonl line 1 ended the process 3 times"
    assert notes.is_alone(first)
    fault = notes.poison()
    assert fault is not None
    assert (fault.reason, fault.stage) == (Reason.POISON, Stage.CURATE)


def test_another_input_at_the_same_line_is_not_suspect(store: Store) -> None:
    AttemptNotes(store).begin(inputs(1), Stage.ENRICH)
    assert not AttemptNotes(store).is_alone(inputs(1, width=11)[0])
    assert not AttemptNotes(store).is_alone(inputs(1, path="/other.jsonl")[0])


def test_an_attempt_that_is_taken_back_leaves_what_was_known_before(store: Store) -> None:
    AttemptNotes(store).begin(inputs(1), Stage.ENRICH)
    before = store.attempts()
    notes = AttemptNotes(store)
    notes.is_alone(inputs(1)[0])
    notes.begin(inputs(1), Stage.ENRICH)
    assert store.attempts() != before
    notes.take_back()
    assert store.attempts() == before


def test_a_commit_keeps_an_attempt_only_at_inputs_still_in_work(store: Store) -> None:
    notes = AttemptNotes(store)
    notes.begin(inputs(3), Stage.ENRICH)
    store.commit(Batch(attempts=notes.passed(1, inputs(3)[1:], Stage.ENRICH)))
    assert AttemptNotes(store).is_alone(inputs(3)[1])
    store.commit(Batch(attempts=notes.passed(2, [], Stage.ENRICH)))
    assert store.attempts() == ""


def test_nothing_is_kept_about_standard_input(store: Store) -> None:
    AttemptNotes(store).begin(inputs(1, STANDARD_INPUT), Stage.ENRICH)
    assert store.attempts() == ""


def test_a_halted_folder_can_be_resumed_once(store: Store) -> None:
    store.commit(Batch(attempts=encode_halt("halted: 20 records")))
    assert AttemptNotes(store).halted == "halted: 20 records"
    assert [resume(store), resume(store)] == [True, False]
    assert AttemptNotes(store).halted == ""

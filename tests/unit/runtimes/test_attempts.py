"""Attempts at inputs: what each process commits, and what the next one makes of it."""

from dataclasses import replace

import orjson
import pytest

from newsloom.records.faults import Reason, Stage
from newsloom.runtimes.attempts import Attempts, decode_attempts, poison
from newsloom.runtimes.stops import Stop, StopReason


def _next_process(attempts: Attempts) -> Attempts:
    return decode_attempts(attempts.encode())


def test_a_death_during_a_batch_makes_all_its_inputs_suspect() -> None:
    after = _next_process(Attempts().begin(3))
    assert (after.inputs, after.attempts, after.is_suspect) == (3, 0, True)


def test_only_deaths_alone_count_and_three_of_them_are_enough() -> None:
    attempts = _next_process(Attempts().begin(3))
    for died in range(3):
        assert (attempts.attempts, attempts.is_poison) == (died, False)
        attempts = _next_process(attempts.begin(1))
    assert attempts.is_poison


def test_a_batch_of_one_input_is_an_attempt_alone() -> None:
    assert Attempts().begin(1).attempts == 1


def test_work_that_returned_clears_the_input_but_not_the_others() -> None:
    attempts = Attempts(3, 2)
    assert attempts.end() == Attempts(3)
    assert attempts.after(1) == Attempts(2)
    assert Attempts(1, 2).after(1) == Attempts()


def test_nothing_is_committed_when_nothing_is_suspect() -> None:
    assert Attempts().encode() == ""


@pytest.mark.parametrize(
    "text",
    [None, "", "set by a tool", "[1]", '"x"', '{"attempts": "many"}', '{"inputs": null}', "\x00"],
    ids=["none", "empty", "words", "a list", "a string", "not a number", "null", "a control"],
)
def test_what_other_tools_commit_means_nothing(text: str | None) -> None:
    assert decode_attempts(text) == Attempts()


def test_a_halt_survives_and_fits_beside_an_offset() -> None:
    stop = Stop(StopReason.LOG_BEHIND, "é" * 10_000)
    moved = Attempts(5, 1, form=2, moved_from=1 << 62, passing=1 << 62, passed=1 << 62)
    stopped = moved.stopped(stop)
    assert len(stopped.encode().encode()) < 4_096
    read = _next_process(stopped)
    assert read == stopped
    assert read.stop is not None
    assert read.stop.reason is StopReason.LOG_BEHIND
    assert read.stop.why.startswith("éé")


def test_a_halt_of_a_former_release_is_read_and_it_reads_any_stop() -> None:
    halted = decode_attempts('{"halted":"halted: 20 records"}')
    assert halted.stop == Stop(StopReason.HALTED, "halted: 20 records")
    text = Attempts().stopped(Stop(StopReason.MISSING_OFFSETS, "missing-offsets: 5")).encode()
    assert orjson.loads(text)["halted"] == "missing-offsets: 5"


def test_a_move_is_known_until_it_is_accounted_for_and_its_offsets_for_ever() -> None:
    stopped = Attempts(form=2, passed=3).stopped(Stop(StopReason.MISSING_OFFSETS, "gone"))
    moved = _next_process(stopped.moved(100, 50))
    assert moved == Attempts(form=2, moved_from=100, passing=50, passed=3)
    again = _next_process(moved.stopped(Stop(StopReason.MISSING_OFFSETS, "gone")).moved(150, 7))
    assert (again.moved_from, again.passing) == (100, 57), "the first was not accounted for"
    assert _next_process(again.begin(4).end()) == replace(again, inputs=4)
    accounted = _next_process(again.after(0))
    assert (accounted.is_moved, accounted.passing, accounted.passed) == (False, 0, 60)
    assert _next_process(accounted.begin(2).end().after(2)).passed == 60
    assert Attempts().moved(0, 0).is_moved, "from the beginning"
    assert _next_process(Attempts().moved(0, 0)).is_moved


def test_the_dead_letter_states_the_stage_and_the_attempts() -> None:
    fault = poison(Stage.CURATE)
    assert (fault.reason, fault.stage) == (Reason.POISON, Stage.CURATE)
    assert fault.detail.startswith("3 attempts ")


def test_a_rebuild_is_known_until_an_input_has_passed() -> None:
    rebuilt = _next_process(Attempts(is_rebuilt=True))
    assert rebuilt.is_rebuilt
    assert _next_process(rebuilt.begin(5)).is_rebuilt
    assert _next_process(rebuilt.begin(5).end()).is_rebuilt
    assert not rebuilt.begin(5).after(1).is_rebuilt

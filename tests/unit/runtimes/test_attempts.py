"""Attempts at inputs: what each process commits, and what the next one makes of it."""

import pytest

from newsloom.records.faults import Reason, Stage
from newsloom.runtimes.attempts import Attempts, decode_attempts, halt, poison


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
    assert attempts.passed(1) == Attempts(2)
    assert Attempts(1, 2).passed(1) == Attempts()


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
    halted = _next_process(halt("é" * 10_000))
    assert halted.halted.startswith("éé")
    assert not halted.is_suspect
    assert len(halt("é" * 10_000).encode().encode()) < 4_096


def test_the_dead_letter_states_the_stage_and_the_attempts() -> None:
    fault = poison(Stage.CURATE)
    assert (fault.reason, fault.stage) == (Reason.POISON, Stage.CURATE)
    assert fault.detail.startswith("3 attempts ")


def test_a_rebuild_is_known_until_an_input_has_passed() -> None:
    rebuilt = _next_process(Attempts(is_rebuilt=True))
    assert rebuilt.is_rebuilt
    assert _next_process(rebuilt.begin(5)).is_rebuilt
    assert _next_process(rebuilt.begin(5).end()).is_rebuilt
    assert not rebuilt.begin(5).passed(1).is_rebuilt

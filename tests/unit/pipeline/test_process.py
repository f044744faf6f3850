"""How the pipeline handles failures: a bug in its own code, or a failure of the environment."""

from collections.abc import Sequence

import pytest

from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.lane.state import State, state_digest
from newsloom.records.faults import Outcome, Reason, Stage
from newsloom.rules.topics import TopicIndex
from tests.support.lanes import START_S, event
from tests.support.pipeline import Pipeline


class _FailingTopics(TopicIndex):
    """A topic index that raises `error` for one word of a title."""

    def __init__(self, error: Exception) -> None:
        super().__init__([])
        self._error = error

    def match(self, tokens: Sequence[str], given: Sequence[str], _text: str = "") -> list[str]:
        if "failing" in tokens:
            raise self._error
        return list(given)


def _pipeline(error: Exception) -> Pipeline:
    return Pipeline(State(), Catalogue({}, _FailingTopics(error), "fake"), images="off")


def test_a_bug_makes_one_dead_letter_and_other_inputs_are_curated() -> None:
    pipeline = _pipeline(ValueError("an oversight"))
    assert pipeline.take(event("a.example/1", "Ferry aground"), START_S).fault is None
    before = state_digest(pipeline.state)
    failed = pipeline.take(event("a.example/2", "A failing one"), START_S)
    assert failed.outcome is Outcome.DEAD_LETTERED
    assert failed.fault is not None
    assert (failed.fault.reason, failed.fault.stage) == (Reason.INTERNAL_ERROR, Stage.ENRICH)
    assert failed.fault.detail == "ValueError: an oversight"
    pipeline.state.lane.outcomes.pop(Outcome.DEAD_LETTERED.value)
    assert state_digest(pipeline.state) == before, "only the counter of the lane changed"
    assert pipeline.take(event("a.example/3", "Comet seen"), START_S).fault is None


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError()])
def test_a_failure_of_the_environment_is_raised_and_not_a_dead_letter(error: Exception) -> None:
    pipeline = _pipeline(error)
    before = state_digest(pipeline.state)
    with pytest.raises(type(error)):
        pipeline.take(event("a.example/1", "A failing one"), START_S)
    assert state_digest(pipeline.state) == before

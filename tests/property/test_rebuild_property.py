"""For any stream, what a subscriber holds is right after a rebuild and consistent from then on.

The lane is rebuilt after two thirds of a stream: with the same settings or others, from all inputs
or from a part of them. Then the stream goes on.
"""

from collections.abc import Callable
from random import Random

import pytest

from newsloom.pipeline.curation.policy import DEFAULT_POLICY, Policy
from tests.support.lanes import assert_sound
from tests.support.long_streams import Step, long_stream
from tests.support.rebuilds import RecordedLane, rebuild
from tests.support.subscriber.inputs import Inputs
from tests.support.subscriber.rules import RULES
from tests.support.subscriber.view import View, Violation

WEIGHTS = DEFAULT_POLICY.weights
STRICT = Policy(WEIGHTS._replace(join_bias=WEIGHTS.join_bias - 1_500))
LENIENT = Policy(
    WEIGHTS._replace(join_bias=WEIGHTS.join_bias + 1_500, merge_bias=WEIGHTS.merge_bias + 1_500)
)


def _all(steps: list[Step]) -> list[Step]:
    return steps


def _without_first_half(steps: list[Step]) -> list[Step]:
    return steps[len(steps) // 2 :]


def _without_last_third(steps: list[Step]) -> list[Step]:
    return steps[: len(steps) * 2 // 3]


def _without_three_in_ten(steps: list[Step]) -> list[Step]:
    chance = Random(len(steps))
    return [step for step in steps if chance.random() < 0.7]


@pytest.mark.parametrize(
    ("seed", "policy", "lose"),
    [
        (1, STRICT, _all),
        (2, LENIENT, _all),
        (1, DEFAULT_POLICY, _without_first_half),
        (4, LENIENT, _without_last_third),
        (5, STRICT, _without_three_in_ten),
    ],
    ids=["strict", "lenient", "first half lost", "last third lost", "three in ten lost"],
)
def test_what_a_subscriber_holds_is_right_after_a_rebuild(
    seed: int, policy: Policy, lose: Callable[[list[Step]], list[Step]]
) -> None:
    steps = list(long_stream(seed, days=45, per_day=12, troubled=0.2))
    begin, rest = steps[: len(steps) * 2 // 3], steps[len(steps) * 2 // 3 :]
    lane, view, inputs = RecordedLane(), View(), Inputs()
    for step in begin:
        inputs.take(step.truth)
        view.take(*lane.take(step), step.arrived_at)
    view.check()

    anew = rebuild(lane, lose(begin), policy)

    assert_sound(anew.lane.curator.state)
    view.take(*anew.published)
    view.limit(anew.leaves_at())
    _assert_none([violation for violation in view.check() if _is_about_now(violation)])
    _assert_none(inputs.check_all([view]))
    if not anew.lost:
        assert _without_revisions(anew.lane) == _without_revisions(_fresh(begin, policy))
    for step in rest:
        inputs.take(step.truth)
        view.take(*anew.lane.take(step), step.arrived_at)
        _assert_none(view.check())
    view.check_all()


def test_a_rebuild_of_the_same_inputs_with_the_same_settings_publishes_nothing() -> None:
    steps = list(long_stream(3, days=20, per_day=12, troubled=0.2))
    lane = _fresh(steps, DEFAULT_POLICY)

    anew = rebuild(lane, steps, DEFAULT_POLICY)

    assert anew.published == ([], [])
    assert anew.lost == []


def _fresh(steps: list[Step], policy: Policy) -> RecordedLane:
    lane = RecordedLane(policy)
    for step in steps:
        lane.take(step)
    return lane


def _is_about_now(violation: Violation) -> bool:
    """Whether a rule is about what is held, and not only about the moment of a publication.

    A rebuild holds a record back until all inputs are curated: an article that it names may have
    left the window since, as in any record that is read later.
    """
    return violation.rule not in RULES or RULES[violation.rule].is_standing


def _without_revisions(lane: RecordedLane) -> dict[str, dict[str, object]]:
    """What a subscriber holds of a lane, without what is withdrawn or merged."""
    return {
        f"{kind} {ident}": {**record, "revision": 0}
        for kind, records in lane.records.items()
        for ident, record in records.items()
        if not (record.get("withdrawn") or "mergedInto" in record)
    }


def _assert_none(violations: list[Violation]) -> None:
    assert not violations, "\n".join(map(str, violations[:20]))

"""Each rule about inputs is seen to fail, and the outcome of each kind of input is known."""

from collections import Counter

import pytest

from tests.support.subscriber.inputs import INPUT_RULES, Inputs, Truth
from tests.support.subscriber.made import Maker, moment, tombstone
from tests.support.subscriber.view import View


def _version(version: int, title: str = "a") -> Truth:
    return Truth("article", "a", version, title, title, (moment(0), None))


_WITHDRAWAL = Truth("withdrawal", "a")


@pytest.mark.parametrize(
    ("truths", "outcomes"),
    [
        pytest.param([_version(1)], ["curated"], id="first sight"),
        pytest.param([_version(1), _version(2)], ["curated"] * 2, id="a newer version"),
        pytest.param([_version(2), _version(1)], ["curated", "unchanged"], id="an older version"),
        pytest.param([_version(1), _version(1)], ["curated", "unchanged"], id="a repeat"),
        pytest.param([_version(1), _version(1, "b")], ["curated"] * 2, id="other content"),
        pytest.param([_WITHDRAWAL], ["unchanged"], id="an unknown article"),
        pytest.param(
            [_version(1), _WITHDRAWAL, _version(1), _version(2), _WITHDRAWAL, _WITHDRAWAL],
            ["curated", "withdrawn", "unchanged", "curated", "withdrawn", "unchanged"],
            id="only a newer version brings a withdrawn article back",
        ),
        pytest.param([Truth("faulty")], ["dead-lettered"], id="a faulty input"),
    ],
)
def test_each_input_has_an_expected_outcome(truths: list[Truth], outcomes: list[str]) -> None:
    inputs = Inputs()
    assert [inputs.take(truth) for truth in truths] == outcomes


class _Lane:
    """An article a, which was reported and is held."""

    def __init__(self) -> None:
        self.maker, self.inputs = Maker(), Inputs()
        self.views = [View(), View()]
        self.a = self.maker.article("a", "a", heat=50)
        self.totals: Counter[str] = Counter()
        self.views[0].take([self.a], [self.maker.story("a", self.a, [self.a])])
        assert self.follow(_version(1), "curated") == []

    def follow(self, truth: Truth, outcome: str) -> list[str]:
        """The rules that an input breaks."""
        self.totals[outcome] += 1
        expected = self.inputs.take(truth)
        found = self.inputs.check(truth, expected, outcome, self.totals, self.views)
        return [violation.rule for violation in found]


def test_every_rule_is_seen_to_fail() -> None:
    found: set[str] = set()

    lane = _Lane()
    found |= (wrong := set(lane.follow(_WITHDRAWAL, "unchanged")))
    assert wrong == {"outcome", "withdrawn-held"}

    lane = _Lane()
    lane.totals["curated"] -= 1
    found |= (wrong := set(lane.follow(_version(1), "unchanged")))
    assert wrong == {"accounting"}

    lane = _Lane()
    lane.totals += Counter({"withdrawn": 1})
    lane.totals["unchanged"] = -2
    assert set(lane.follow(_version(1), "unchanged")) == {"accounting"}

    lane = _Lane()
    found |= (wrong := set(lane.follow(_version(2, "b"), "curated")))
    assert wrong == {"version-missed"}

    lane = _Lane()
    lane.views[0].take([lane.maker.again(lane.a, title="old")], [])
    found |= (wrong := set(lane.follow(_version(0, "old"), "unchanged")))
    assert wrong == {"older-version"}

    lane = _Lane()
    lane.views[0].take([tombstone("a")], [tombstone("a")])
    found |= (wrong := set(lane.follow(_version(1), "unchanged")))
    assert wrong == {"article-lost"}

    lane = _Lane()
    lane.views[1].take([lane.maker.again(lane.a, title="b")], [])
    found |= (wrong := set(lane.follow(_version(2, "b"), "curated")))
    assert wrong == {"one-lane"}

    assert found == INPUT_RULES.keys()


def test_an_article_that_nobody_reported_is_not_held() -> None:
    lane = _Lane()
    b = lane.maker.article("b", "b", heat=50)
    lane.views[0].take([b], [lane.maker.story("b", b, [b])])
    assert lane.follow(_version(1), "unchanged") == ["withdrawn-held"]


def test_a_late_withdrawal_may_be_unchanged_but_must_have_its_effect() -> None:
    lane = _Lane()
    late = Truth("withdrawal", "a", is_late=True)
    assert lane.follow(late, "unchanged") == ["withdrawn-held"]
    lane.views[0].take([tombstone("a")], [])
    assert lane.follow(late, "unchanged") == []


def test_the_last_check_finds_what_no_input_is_about() -> None:
    lane = _Lane()
    lane.views[0].take([tombstone("a")], [tombstone("a")])
    assert lane.follow(Truth("faulty"), "dead-lettered") == []
    assert [violation.rule for violation in lane.inputs.check_all(lane.views)] == ["article-lost"]

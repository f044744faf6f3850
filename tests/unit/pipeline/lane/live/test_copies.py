"""The copies by root, compared with a simple model."""

from hypothesis import given
from hypothesis import strategies as st

from newsloom.pipeline.lane.live.copies import Copies

ROOT = "root"


@given(st.sets(st.integers(1, 40)), st.sets(st.integers(1, 40)), st.integers(0, 40))
def test_copies_are_listed_in_the_order_of_first_sight(
    added: set[int], removed: set[int], after: int
) -> None:
    copies = Copies()
    for sequence in sorted(added, key=lambda n: n * 7 % 41):
        copies.add(ROOT, sequence, f"{-sequence}")
    for sequence in sorted(removed & added):
        copies.discard(ROOT, sequence, f"{-sequence}")
    expected = sorted(added - removed)
    assert (ROOT in copies) == bool(expected)
    assert copies.count(ROOT) == len(expected)
    assert copies.latest(ROOT, 3) == [f"{-n}" for n in expected[-3:]]
    assert copies.after(ROOT, after, 2) == [(n, f"{-n}") for n in expected if n > after][:2]
    assert [n for n in range(1, 41) if copies.has(ROOT, n, f"{-n}")] == expected

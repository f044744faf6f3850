"""For any stream, what a subscriber holds is consistent after every transaction.

The streams have 60 days: articles leave the window, and many are withdrawn, corrected or reported
again before and after that. `make soak` follows fifty larger ones.
"""

import pytest

from newsloom.rules.lanes import LaneTable
from tests.support.long_streams import long_stream
from tests.support.subscriber.following import ONE_LANE, TWO_LANES, follow


@pytest.mark.parametrize(
    ("seed", "table"), [(1, ONE_LANE), (2, ONE_LANE), (3, TWO_LANES)], ids=["1", "2", "two lanes"]
)
def test_what_a_subscriber_holds_is_consistent_after_every_transaction(
    seed: int, table: LaneTable
) -> None:
    followed = follow(long_stream(seed, per_day=20, troubled=0.2), table)
    assert not followed.violations, "\n".join(map(str, followed.violations[:20]))

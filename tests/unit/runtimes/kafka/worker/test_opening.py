"""The position of a partition, compared with its log."""

import pytest
from aiokafka import TopicPartition

from newsloom.runtimes.kafka.clients.group_offsets import Bounds
from newsloom.runtimes.kafka.worker.opening import StoppedPartition, check_position
from newsloom.runtimes.stops import StopError, StopReason, stop_of

SOURCE = TopicPartition("news.article-events.v1", 3)


@pytest.mark.parametrize(
    ("offset", "bounds"),
    [(0, Bounds(0, 0)), (5, Bounds(5, 9)), (9, Bounds(5, 9)), (7, Bounds(7, 7))],
    ids=["no records", "all unread", "all read", "all read and deleted"],
)
def test_a_log_that_goes_on_at_the_position(offset: int, bounds: Bounds) -> None:
    check_position("enrich", SOURCE, offset, bounds)


@pytest.mark.parametrize(
    ("offset", "bounds", "said"),
    [
        (4, Bounds(5, 9), "missing-offsets: the log begins at 5: offsets 4 to 4 are gone"),
        (0, Bounds(7, 7), "missing-offsets: the log begins at 7: offsets 0 to 6 are gone"),
        (10, Bounds(5, 9), "log-behind: the log only has offsets 5 to 8: records were lost"),
        (1, Bounds(0, 0), "log-behind: the log ends at 0: records were lost"),
    ],
    ids=["an offset is gone", "all are gone", "the log is shorter", "the log is empty"],
)
def test_a_log_that_does_not(offset: int, bounds: Bounds, said: str) -> None:
    with pytest.raises(StopError) as caught:
        check_position("enrich", SOURCE, offset, bounds)
    stopped = StoppedPartition(SOURCE, offset, stop_of(caught.value), 0)
    place = f"news.article-events.v1 partition 3 is stopped at offset {offset}: "
    assert str(stopped).startswith(place + said)
    mend = f"`newsloom resume --stage enrich --partition 3 --from {bounds.begin}`"
    assert mend in str(stopped)
    assert StopReason(str(caught.value).partition(":")[0]) is caught.value.reason

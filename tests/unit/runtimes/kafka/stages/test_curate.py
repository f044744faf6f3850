"""The transactions of a batch: their size, and the input offset that goes with each."""

import asyncio
from dataclasses import dataclass
from itertools import count

import orjson
import pytest

from newsloom.adapters.failures import NewerFormError
from newsloom.observability.definitions import INPUTS
from newsloom.observability.metrics import Metrics, totals
from newsloom.pipeline.catalogue import Catalogue
from newsloom.pipeline.curation.policy import DEFAULT_POLICY
from newsloom.pipeline.lane.pending import Pending, Task, TaskKind
from newsloom.pipeline.lane.rows import FORM, FORMER_FORM, form_of_lane
from newsloom.pipeline.lane.state import State
from newsloom.pipeline.process import Enricher
from newsloom.records.faults import Fault, Reason
from newsloom.rules.topics import TopicIndex
from newsloom.runtimes.bug_limit import MAX_BUGS, BugLimit
from newsloom.runtimes.kafka.clients.messages import Headers
from newsloom.runtimes.kafka.stages.curate import FULL_TRANSACTION_S, CurateLane
from newsloom.runtimes.kafka.stages.enriched_records import encode_arrival
from newsloom.runtimes.kafka.stages.lane_reader import LanePosition
from newsloom.runtimes.kafka.topics.definitions import KafkaTopics
from newsloom.runtimes.lane import Lane
from newsloom.runtimes.stops import StopError, StopReason
from tests.support.lanes import START_S, event
from tests.support.pipeline import raw_input

TITLE = "Selkie ferry runs aground off Northfield pier"
TEXT = "The car ferry struck the disused coal pier on Monday evening with passengers aboard."
COPIES = 800


@dataclass
class Record:
    offset: int
    key: bytes | None
    value: bytes | None
    topic: str = "news.enriched-articles.v1"
    partition: int = 0
    timestamp: int = START_S * 1000
    headers: Headers = ()


def _records() -> list[Record]:
    """The copies of one text, then the withdrawal of the first."""
    enricher = Enricher(Catalogue({}, TopicIndex([]), "none"), "trust")
    events = [event(f"outlet{n}.example/1", TITLE, excerpt=TEXT) for n in range(COPIES)]
    events.append({"webUrl": "https://outlet0.example/1", "withdrawn": True})
    records = []
    for offset, given in enumerate(events):
        arrival = enricher.enrich(raw_input(given), START_S).arrival
        assert not isinstance(arrival, Fault)
        records.append(Record(offset, *encode_arrival(arrival)))
    return records


def test_a_batch_is_committed_in_transactions_of_bounded_size_with_its_offsets() -> None:
    lane = Lane(0, State(), DEFAULT_POLICY, Metrics("curate"))
    curating = CurateLane(
        KafkaTopics("news."), 0, 0, lane, LanePosition(0, "news.curate"), BugLimit()
    )

    async def process() -> list[tuple[int, int, int]]:
        """The records of each transaction, and the offsets in its last row and of the lane."""
        transactions = []
        remaining = _records()
        while remaining or curating.is_pending:
            batch = await curating.process(remaining)
            stored = orjson.loads(batch[-1].value or b"")["next_offset"]
            transactions.append((len(batch), stored, curating.next_offset))
            remaining = [record for record in remaining if record.offset >= curating.next_offset]
        return transactions

    transactions = asyncio.run(process())
    assert len(transactions) > 1
    assert max(size for size, _, _ in transactions) <= 2_000
    assert all(stored == committed for _, stored, committed in transactions)
    offsets = [offset for _, offset, _ in transactions]
    assert offsets == sorted(offsets)
    assert offsets[-1] == COPIES + 1


def test_a_transaction_ends_when_its_work_has_taken_long() -> None:
    seconds = count(0, FULL_TRANSACTION_S / 2)  # each step takes half of it
    lane = Lane(0, State(), DEFAULT_POLICY, Metrics("curate"))
    curating = CurateLane(
        KafkaTopics("news."), 0, 0, lane, LanePosition(), BugLimit(), lambda: next(seconds)
    )
    records = _records()
    for offset in (2, 4):
        asyncio.run(curating.process(records[curating.next_offset :]))
        assert curating.next_offset == offset


def test_a_bug_in_work_that_was_left_is_logged_and_ends_that_work(
    caplog: pytest.LogCaptureFixture,
) -> None:
    state = State()
    state.pending = Pending([Task(TaskKind.REVIEW, "0" * 32)])
    lane = Lane(0, state, DEFAULT_POLICY, Metrics("curate"))
    curating = CurateLane(
        KafkaTopics("news."), 0, 0, lane, LanePosition(7, "news.curate"), BugLimit()
    )
    outgoing = asyncio.run(curating.process(()))
    assert not curating.is_pending
    assert [record.key for record in outgoing] == [b"lane", b"pending", b"position"]
    (line,) = caplog.records
    assert line.message == "gave up work of earlier records"
    assert line.levelname == "ERROR"


def _curating(state: State) -> CurateLane:
    lane = Lane(0, state, DEFAULT_POLICY, Metrics("curate"))
    return CurateLane(KafkaTopics("news."), 0, 0, lane, LanePosition(0, "news.curate"), BugLimit())


def test_a_record_of_a_newer_form_waits_and_is_no_dead_letter() -> None:
    curating, records = _curating(State()), _records()[:3]
    records[1].value = b'{"form":3}'
    outgoing = asyncio.run(curating.process(records))
    assert curating.next_offset == 1, "what precedes it is processed"
    assert isinstance(curating.halted, NewerFormError)
    assert "offset 1 of news.enriched-articles.v1 partition 0 (form 3" in str(curating.halted)
    assert "update this worker" in str(curating.halted)
    assert not [sent for sent in outgoing if "dead-letters" in sent.topic]


def test_an_upgrade_is_committed_without_an_input() -> None:
    state = State()
    state.lane.form = FORMER_FORM
    curating = _curating(state)
    asyncio.run(curating.process(_records()[:1]))
    assert (curating.form, curating.is_pending) == (FORMER_FORM, False)
    curating.upgrade()
    assert curating.is_pending
    lane, position = asyncio.run(curating.process(()))
    assert form_of_lane(lane.value or b"") == curating.form == FORM
    assert orjson.loads(position.value or b"") == {"next_offset": 1, "group": "news.curate"}
    assert not curating.is_pending


def test_a_bug_too_many_halts_its_lane_alone_and_is_not_counted() -> None:
    metrics, bugs, topics = Metrics("curate"), BugLimit(), KafkaTopics("news.")
    broken, sound = (
        CurateLane(topics, n, 0, Lane(n, State(), DEFAULT_POLICY, metrics), LanePosition(), bugs)
        for n in range(2)
    )
    bug = Fault(Reason.INTERNAL_ERROR, None, "an oversight")
    for offset in range(MAX_BUGS):
        assert broken.halted is None
        broken.set_aside(Record(offset, None, None), bug)
    assert isinstance(broken.halted, StopError)
    assert broken.halted.reason is StopReason.HALTED
    assert str(broken.halted).startswith("halted: 20 records failed because of a bug")
    assert broken.next_offset == MAX_BUGS - 1
    asyncio.run(sound.process(_records()[:3]))
    assert (sound.halted, sound.next_offset) == (None, 3)
    sound.note_commit()
    assert totals(metrics[INPUTS]) == {"curated": 3, "dead-lettered": MAX_BUGS - 1}
    sound.set_aside(Record(3, None, None), bug)
    assert sound.halted is not None, "the process has met more bugs than it may"


def test_passed_offsets_are_counted_in_the_next_transaction() -> None:
    state, metrics = State(), Metrics("curate")
    lane = Lane(0, state, DEFAULT_POLICY, metrics)
    curating = CurateLane(KafkaTopics("news."), 0, 0, lane, LanePosition(7), BugLimit())
    asyncio.run(curating.process(_records()[7:9]))
    curating.next_offset = 50
    curating.pass_over(41)
    assert curating.is_pending
    lane_row, position = asyncio.run(curating.process(()))
    assert orjson.loads(lane_row.value or b"")["outcomes"] == {"curated": 2, "passed": 41}
    assert orjson.loads(position.value or b"") == {"next_offset": 50, "group": ""}
    assert not curating.is_pending
    curating.note_commit()
    assert totals(metrics[INPUTS]) == {"curated": 2, "passed": 41}
    value = metrics.registry.get_sample_value
    assert value("newsloom_unaccounted_inputs", {"lane": "0"}) == 0
    counted = {"lane": "0", "outcome": "passed"}
    assert value("newsloom_committed_inputs", counted) == 41

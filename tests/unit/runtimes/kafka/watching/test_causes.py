"""What a worker waits for: the reason and the fix, from its progress and a view of the brokers."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest

from newsloom.observability.waiting import WaitReason
from newsloom.runtimes.kafka.watching.causes import (
    Cause,
    Ends,
    Lasting,
    Needs,
    Partition,
    Phase,
    Progress,
    Topic,
    View,
    find_causes,
)

READ, WRITE = frozenset({"Read"}), frozenset({"Write"})
NEEDS = Needs("host:9092", "news.enrich", "in", {"in": READ, "out": WRITE}, 6)
WORKING = Progress(Phase.WORKING, 0, read_to={0: 7})
TOPIC = Topic(b"1", {0: Partition(1, 1)}, READ | WRITE)
VIEW = View(answered=True, brokers=1, topics={"in": TOPIC, "out": TOPIC}, ends={0: Ends(7, 7)})


def view(**changes: Any) -> View:
    return replace(VIEW, **changes)


def topics(**changes: Topic) -> Mapping[str, Topic]:
    return {"in": TOPIC, "out": TOPIC, **changes}


def reasons(progress: Progress, seen: View) -> list[str]:
    return [cause.reason.value for cause in find_causes(NEEDS, progress, seen)]


def test_a_worker_that_works_waits_for_nothing() -> None:
    assert find_causes(NEEDS, WORKING, VIEW) == []
    busy = view(ends={0: Ends(20, 25), 1: Ends(3, 9)})
    assert reasons(WORKING, busy) == [], "records before a transaction can be read; 1 is not ours"


@pytest.mark.parametrize(
    ("progress", "seen", "reason", "words"),
    [
        (WORKING, View(False), "no-broker", "no answer from Kafka at host:9092"),
        (WORKING, View(False, addresses="a:1"), "no-broker", "names its brokers a:1"),
        (
            WORKING,
            view(topics=topics(out=replace(TOPIC, allowed=READ))),
            "not-authorized",
            "Kafka denies Write on topic out: allow it",
        ),
        (
            WORKING,
            view(topics={"out": TOPIC}, hidden=frozenset({"in"})),
            "not-authorized",
            "Kafka denies Describe on topic in: allow it",
        ),
        (
            replace(WORKING, group_error="GroupAuthorizationFailed: news.enrich"),
            VIEW,
            "not-authorized",
            "denies Read on group news.enrich:",
        ),
        (WORKING, view(group="GroupAuthorizationFailed"), "not-authorized", "Read on group"),
        (
            WORKING,
            view(transactions="TransactionalIdAuthorizationFailed"),
            "not-authorized",
            "transactional ids news.enrich.*",
        ),
        (WORKING, view(topics={"in": TOPIC}), "no-topic", "there is no topic out: run `newsloom"),
        (
            WORKING,
            view(transactions="CoordinatorNotAvailable", replication={"__transaction_state": 3}),
            "no-coordinator",
            "transaction.state.log.replication.factor is 3, and there is 1 broker: set it and "
            "transaction.state.log.min.isr to at most 1",
        ),
        (
            WORKING,
            view(group="CoordinatorNotAvailable", replication={"__consumer_offsets": 1}),
            "no-coordinator",
            "no coordinator for the group: check that all brokers run",
        ),
        (
            replace(WORKING, group_error="InconsistentGroupProtocol"),
            view(strangers="client c at 10.0.0.1"),
            "group-refused",
            "has members that are no workers of this release (client c at 10.0.0.1): stop them",
        ),
        (
            replace(WORKING, group_error="InvalidSessionTimeout"),
            VIEW,
            "group-refused",
            "set group.min.session.timeout.ms to at most 6000",
        ),
        (
            replace(WORKING, group_error="InvalidGroupId: bad"),
            VIEW,
            "group-refused",
            "refuses this worker in the group news.enrich: InvalidGroupId: bad",
        ),
        (
            WORKING,
            view(topics=topics(**{"in": replace(TOPIC, partitions={3: Partition(-1, 0)})})),
            "too-few-replicas",
            "no leader for in-3:",
        ),
        (
            WORKING,
            view(topics=topics(out=replace(TOPIC, required_in_sync=2))),
            "too-few-replicas",
            "out-0 has 1 of the 2 replicas in sync that a write needs",
        ),
        (
            WORKING,
            view(topics=topics(__transaction_state=replace(TOPIC, required_in_sync=2))),
            "too-few-replicas",
            "--entity-name __transaction_state --add-config min.insync.replicas=1",
        ),
        (
            WORKING,
            view(ends={0: Ends(7, 9)}),
            "open-transaction",
            "2 records of in-0 wait behind a transaction that is open since offset 7: let its "
            "producer end it, or run kafka-transactions.sh --bootstrap-server host:9092 abort "
            "--topic in --partition 0 --start-offset 7",
        ),
        (Progress(Phase.JOINING, 0), VIEW, "no-answer", "the group news.enrich does not complete"),
        (Progress(Phase.FENCING, 0), VIEW, "no-answer", "does not end the transactions"),
        (Progress(Phase.RESTORING, 0), VIEW, "restoring", "are being restored"),
        (replace(WORKING, committing_since=0), VIEW, "no-answer", "not complete a transaction"),
    ],
)
def test_a_cause_names_the_reason_and_the_fix(
    progress: Progress, seen: View, reason: str, words: str
) -> None:
    causes = find_causes(NEEDS, progress, seen)
    assert [cause.reason.value for cause in causes] == [reason]
    assert words in causes[0].text
    assert "\n" not in causes[0].text


def test_too_few_replicas_in_sync_do_not_matter_for_what_is_only_read() -> None:
    seen = view(topics=topics(**{"in": replace(TOPIC, required_in_sync=2)}))
    assert find_causes(NEEDS, WORKING, seen) == []


def test_the_most_fundamental_cause_comes_first() -> None:
    progress = Progress(Phase.JOINING, 0, group_error="InvalidSessionTimeout", committing_since=1)
    missing = view(topics={"in": replace(TOPIC, allowed=frozenset())}, group="NotCoordinator")
    assert reasons(progress, missing) == [
        "not-authorized",
        "no-topic",
        "no-coordinator",
        "group-refused",
        "no-answer",
        "no-answer",
    ]


def test_a_worker_that_ends_waits_for_no_transaction_and_no_group() -> None:
    progress = Progress(Phase.ENDING, 0, read_to={0: 7})
    assert reasons(progress, view(ends={0: Ends(7, 9)})) == []


def last(lasting: Lasting, causes: list[Cause], start: int, end: int) -> list[Cause | None]:
    """What is told at the looks of every second, at each change."""
    told = [lasting.first(causes, second, second) for second in range(start, end)]
    return [cause for cause, _ in groupby(told)]


def test_a_cause_must_last_and_a_new_transaction_is_a_new_cause() -> None:
    lasting = Lasting(12)
    first = find_causes(NEEDS, WORKING, view(ends={0: Ends(7, 9)}))
    other = find_causes(NEEDS, replace(WORKING, read_to={0: 8}), view(ends={0: Ends(8, 9)}))
    assert last(lasting, first, 100, 112) == [None]
    assert last(lasting, first, 112, 130) == [first[0]]
    assert last(lasting, other, 130, 141) == [None], "another transaction has just begun to wait"
    assert last(lasting, [], 141, 142) == [None]
    assert last(lasting, other, 142, 153) == [None], "it was gone in between"


def test_a_cause_lasts_from_the_beginning_of_the_look_that_found_it() -> None:
    gone = find_causes(NEEDS, WORKING, View(False))
    assert Lasting(12).first(gone, 100, 111) is None
    assert Lasting(12).first(gone, 100, 112) == gone[0]


def test_a_process_that_was_frozen_has_not_waited_meanwhile() -> None:
    lasting = Lasting(12)
    gone = find_causes(NEEDS, WORKING, View(False))
    assert lasting.first(gone, 100, 101) is None
    assert lasting.first(gone, 113, 114) is None
    assert last(lasting, gone, 114, 130) == [None, gone[0]]


def test_a_cause_that_lasts_is_told_before_a_more_fundamental_one_that_just_began() -> None:
    lasting = Lasting(12)
    slow = find_causes(NEEDS, Progress(Phase.JOINING, 5), VIEW)
    both = find_causes(NEEDS, Progress(Phase.JOINING, 5), view(group="NotCoordinator"))
    assert {cause.reason for cause in both} == {WaitReason.NO_COORDINATOR, WaitReason.NO_ANSWER}
    assert last(lasting, slow, 100, 112) == [None]
    assert last(lasting, both, 112, 130) == [slow[0], both[0]]

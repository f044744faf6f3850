"""Why a worker waits: the closed list of reasons, in metrics, `/readyz` and logs.

In: nothing. Out: the reasons, in order of precedence: if several hold, the first one is reported.
"""

from enum import StrEnum


class WaitReason(StrEnum):
    """What keeps a worker from processing the records of some partition."""

    NO_BROKER = "no-broker"
    NOT_AUTHORIZED = "not-authorized"
    NO_TOPIC = "no-topic"
    WRONG_TOPICS = "wrong-topics"
    NO_COORDINATOR = "no-coordinator"
    GROUP_REFUSED = "group-refused"
    TOO_FEW_REPLICAS = "too-few-replicas"
    OPEN_TRANSACTION = "open-transaction"
    NO_ANSWER = "no-answer"
    RESTORING = "restoring"


MEANINGS = {
    WaitReason.NO_BROKER: "no broker answers",
    WaitReason.NOT_AUTHORIZED: "an access list of Kafka denies what the worker needs",
    WaitReason.NO_TOPIC: "a topic does not exist",
    WaitReason.WRONG_TOPICS: "a topic has other partitions or settings than the worker needs",
    WaitReason.NO_COORDINATOR: "Kafka has no coordinator for the group or for transactions",
    WaitReason.GROUP_REFUSED: "the group does not accept the worker",
    WaitReason.TOO_FEW_REPLICAS: "a partition has no leader, or too few replicas for a write",
    WaitReason.OPEN_TRANSACTION: "an open transaction of another program holds records back",
    WaitReason.NO_ANSWER: "brokers answer, but have left one request open for long",
    WaitReason.RESTORING: "partitions are being restored",
}
"""What each reason says to an operator."""

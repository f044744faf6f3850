"""What a worker waits for: a pure decision from what it knows and what the brokers say.

In: the needs of the worker, its progress, and a view of the brokers. Out: causes, each with a
closed reason and a line for a person that names the fix. It asks nobody and reads no clock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from newsloom.observability.waiting import WaitReason

TRANSACTIONS, OFFSETS = "__transaction_state", "__consumer_offsets"
INTERNAL = {TRANSACTIONS: "transaction.state.log", OFFSETS: "offsets.topic"}
"""Kafka's own topics, and what the names of the brokers' settings for them begin with."""


class Phase(Enum):
    """What the worker does."""

    STARTING = auto()
    JOINING = auto()
    FENCING = auto()
    RESTORING = auto()
    WORKING = auto()
    ENDING = auto()


@dataclass(frozen=True, slots=True)
class Needs:
    """What a worker needs of Kafka. `access` has the operations by topic, as in `Write`."""

    servers: str
    group: str
    input_topic: str
    access: Mapping[str, frozenset[str]]
    session_timeout_s: float


@dataclass(frozen=True, slots=True)
class Progress:
    """What the worker knows. Times are those of a monotonic clock, in seconds.

    `group_error` is the error by which the group refused the worker, as the client names it.
    `read_to` is the offset from which records may wait, by ready partition of the input.
    """

    phase: Phase
    since: float
    committing_since: float | None = None
    group_error: str | None = None
    read_to: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Partition:
    """The replicas of a partition. `leader` is -1 if it has none."""

    leader: int
    in_sync: int


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as a broker describes it. `allowed` are the operations that this client may do."""

    id: bytes
    partitions: Mapping[int, Partition]
    allowed: frozenset[str]
    required_in_sync: int = 1


@dataclass(frozen=True, slots=True)
class Ends:
    """The end of the committed records of a partition, and the end of all its records."""

    stable: int
    high: int


@dataclass(frozen=True, slots=True)
class View:
    """What the brokers said at one moment.

    `answered` is False if none answered in time; `addresses` are then those by which the brokers
    call themselves, if that is known. `hidden` are topics that may not be described. `group` and
    `transactions` are the errors of the search for a coordinator, empty if there is one.
    `replication` has the replication factors that brokers want for INTERNAL topics that are
    missing, and `strangers` the members of the group, if they were asked.
    """

    answered: bool
    addresses: str = ""
    brokers: int = 0
    topics: Mapping[str, Topic] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    group: str = ""
    transactions: str = ""
    ends: Mapping[int, Ends] = field(default_factory=dict)
    replication: Mapping[str, int] = field(default_factory=dict)
    strangers: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that keeps the worker from its work. It lasts while its `key` stays the same."""

    reason: WaitReason
    text: str
    key: object = None


def find_causes(needs: Needs, progress: Progress, view: View) -> list[Cause]:
    """All causes, the most fundamental first. Those that just began may be no fault at all."""
    if not view.answered:
        return [Cause(WaitReason.NO_BROKER, _no_broker(needs, view))]
    found = [
        *_denials(needs, progress, view),
        *_missing_topics(needs, view),
        *_missing_coordinators(view),
        *_refusals(needs, progress, view),
        *_missing_replicas(needs, view),
        *_open_transactions(needs, progress, view),
        *_pending(needs, progress),
    ]
    return sorted(found, key=lambda cause: _ORDER[cause.reason])


_ORDER = {reason: number for number, reason in enumerate(WaitReason)}


def _no_broker(needs: Needs, view: View) -> str:
    if view.addresses:
        return (
            f"Kafka at {needs.servers} names its brokers {view.addresses}, and none answers there: "
            "check that they run, and `advertised.listeners` of the brokers"
        )
    return (
        f"no answer from Kafka at {needs.servers}: check that a broker runs there, or name another "
        "with NEWSLOOM_KAFKA_BOOTSTRAP_SERVERS=host:port"
    )


def _denials(needs: Needs, progress: Progress, view: View) -> Iterator[Cause]:
    denied = [f"Describe on topic {name}" for name in needs.access if name in view.hidden]
    for name, wanted in needs.access.items():
        if name in view.topics:
            missing = sorted(wanted - view.topics[name].allowed)
            denied += [f"{operation} on topic {name}" for operation in missing]
    if _is_denial(view.group) or _is_denial(progress.group_error):
        denied.append(f"Read on group {needs.group}")
    if _is_denial(view.transactions):
        denied.append(f"Describe and Write on transactional ids {needs.group}.*")
    if denied:
        yield Cause(
            WaitReason.NOT_AUTHORIZED,
            f"Kafka denies {', '.join(denied)}: allow it to the principal of this worker "
            "(kafka-acls.sh)",
        )


def _missing_topics(needs: Needs, view: View) -> Iterator[Cause]:
    missing = [n for n in needs.access if n not in view.topics and n not in view.hidden]
    if missing:
        names = ", ".join(missing)
        text = f"there is no topic {names}: run `newsloom topics create`"
        yield Cause(WaitReason.NO_TOPIC, text)


def _missing_coordinators(view: View) -> Iterator[Cause]:
    errors = {OFFSETS: ("the group", view.group), TRANSACTIONS: ("transactions", view.transactions)}
    for topic, (what, error) in errors.items():
        if error and not _is_denial(error):
            fix = _fix_of_internal_topic(topic, view)
            text = f"Kafka has no coordinator for {what}: {fix}"
            yield Cause(WaitReason.NO_COORDINATOR, text, topic)


def _fix_of_internal_topic(topic: str, view: View) -> str:
    setting = f"{INTERNAL[topic]}.replication.factor"
    wanted = view.replication.get(topic, 0)
    if wanted > view.brokers:
        few = "there is 1 broker" if view.brokers == 1 else f"there are {view.brokers} brokers"
        in_sync = f" and {INTERNAL[topic]}.min.isr" if topic == TRANSACTIONS else ""
        return (
            f"{setting} is {wanted}, and {few}: set it{in_sync} to at most {view.brokers} on the "
            "brokers and restart them, or start more brokers"
        )
    return f"check that all brokers run; their logs say whether {topic} can be created ({setting})"


def _refusals(needs: Needs, progress: Progress, view: View) -> Iterator[Cause]:
    error, group = progress.group_error, needs.group
    if error is None or _is_denial(error):
        return
    if error.startswith("InconsistentGroupProtocol"):
        who = f" ({view.strangers})" if view.strangers else ""
        text = f"the group {group} has members that are no workers of this release{who}: stop them"
    elif error.startswith("InvalidSessionTimeout"):
        least_ms = f"{1000 * needs.session_timeout_s:.0f}"
        text = (
            f"the brokers refuse the session timeout of a worker, {least_ms} ms: set "
            f"group.min.session.timeout.ms to at most {least_ms} on the brokers and restart them"
        )
    else:
        text = f"Kafka refuses this worker in the group {group}: {error}"
    yield Cause(WaitReason.GROUP_REFUSED, text)


def _missing_replicas(needs: Needs, view: View) -> Iterator[Cause]:
    for name, topic in view.topics.items():
        is_written = "Write" in needs.access.get(name, frozenset({"Write"}))
        places = [f"{name}-{n}" for n, p in topic.partitions.items() if p.leader < 0]
        if places:
            text = f"no leader for {_listed(places)}: start the brokers that hold its replicas"
            yield Cause(WaitReason.TOO_FEW_REPLICAS, text, name)
            continue
        needed = topic.required_in_sync
        low = {n: p.in_sync for n, p in topic.partitions.items() if p.in_sync < needed}
        if low and is_written:
            number, count = next(iter(low.items()))
            text = (
                f"{name}-{number} has {count} of the {needed} replicas in sync that a write needs: "
                f"start the brokers that are down, or run kafka-configs.sh --bootstrap-server "
                f"{needs.servers} --alter --entity-type topics --entity-name {name} --add-config "
                f"min.insync.replicas={max(1, count)}"
            )
            yield Cause(WaitReason.TOO_FEW_REPLICAS, text, name)


def _open_transactions(needs: Needs, progress: Progress, view: View) -> Iterator[Cause]:
    for number, ends in view.ends.items() if progress.phase is Phase.WORKING else ():
        read_to = progress.read_to.get(number)
        if read_to is not None and read_to >= ends.stable < ends.high:
            topic = needs.input_topic
            text = (
                f"{ends.high - ends.stable} records of {topic}-{number} wait behind a transaction "
                f"that is open since offset {ends.stable}: let its producer end it, or run "
                f"kafka-transactions.sh --bootstrap-server {needs.servers} abort --topic {topic} "
                f"--partition {number} --start-offset {ends.stable}"
            )
            yield Cause(WaitReason.OPEN_TRANSACTION, text, (number, ends.stable))


def _pending(needs: Needs, progress: Progress) -> Iterator[Cause]:
    phase, key = progress.phase, (progress.phase, progress.since)
    if progress.committing_since is not None:
        text = "Kafka does not complete a transaction: see the logs of the brokers"
        yield Cause(WaitReason.NO_ANSWER, text, progress.committing_since)
    if phase is Phase.JOINING:
        text = (
            f"the group {needs.group} does not complete sharing out its partitions: a member may "
            f"hang (kafka-consumer-groups.sh --describe --members --group {needs.group})"
        )
        yield Cause(WaitReason.NO_ANSWER, text, key)
    elif phase is Phase.FENCING:
        text = "Kafka does not end the transactions of the former worker: see the brokers' logs"
        yield Cause(WaitReason.NO_ANSWER, text, key)
    elif phase is Phase.RESTORING:
        text = "the partitions assigned are being restored: newsloom_restore_progress_ratio rises"
        yield Cause(WaitReason.RESTORING, text, key)


def _is_denial(error: str | None) -> bool:
    return "AuthorizationFailed" in (error or "")


def _listed(places: list[str], most: int = 3) -> str:
    more = f" and {len(places) - most} more" if len(places) > most else ""
    return ", ".join(places[:most]) + more


class Lasting:
    """Which causes have lasted for some time. It remembers when each began."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._since: dict[object, float] = {}
        self._looked_at = 0.0

    def first(self, causes: list[Cause], looked_at: float, now: float) -> Cause | None:
        """The first of `causes` that has lasted for the patience; None if none has.

        `looked_at` is when the look began that found them: it may take seconds to find nothing.
        """
        if looked_at - self._looked_at > self._patience_s:
            self._since = {}  # the process was frozen, and nothing is known of that time
        self._looked_at = looked_at
        keys = [(cause.reason, cause.key) for cause in causes]
        self._since = {key: self._since.get(key, looked_at) for key in keys}
        lasting = (
            cause
            for cause, key in zip(causes, keys, strict=True)
            if now - self._since[key] >= self._patience_s
        )
        return next(lasting, None)

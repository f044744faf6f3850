"""Verifies what Kafka workers committed. It shares no code with the workers.

In: the committed records of all topics of one prefix. Out: how every input ended, and which
records were lost, repeated, backward (out of order) or differing, and where what a subscriber holds
after a transaction was inconsistent. It never writes to Kafka.

    python -m tests.support.verifier SERVERS PREFIX [FOLDER]

With FOLDER, `newsloom run` also processes the inputs of each lane there, in the order in which the
lane received them. It must publish the same records, byte for byte.
"""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from tests.support.account import Account
from tests.support.subscriber.committed import Committed
from tests.support.subscriber.inputs import Truth, truth_of
from tests.support.subscriber.on_kafka import check_lane

COMMAND = Path(sys.executable).with_name("newsloom")
EVENTS, ENRICHED, CURATED = "article-events.v1", "enriched-articles.v1", "curated-articles.v1"
PUBLISHED = {CURATED: "curated.jsonl", "stories.v1": "stories.jsonl"}
LANE_STATE, LETTERS = "lane-state.v1", "dead-letters.v1"
TOPICS = (EVENTS, ENRICHED, *PUBLISHED, LANE_STATE, LETTERS)
PATIENCE_S = 60.0

Identity = tuple[str, ...]
Place = tuple[int, int]
"""A partition and an offset of the topic of article events."""


class Published(NamedTuple):
    """A publication with a digest instead of its value, to save memory."""

    key: bytes
    revision: int | None
    digest: bytes


def _nearest(places: Iterable[Place], reached: dict[int, int]) -> Place:
    """Of places with equal inputs the one that is next in its partition.

    They are in several partitions if some were added between the inputs.
    """
    gaps = [
        (offset - reached.get(partition, 0), (partition, offset)) for partition, offset in places
    ]
    return min([gap for gap in gaps if gap[0] >= 0] or gaps)[1]


@dataclass(slots=True)
class _Inputs:
    """The article events by place, and the places of events with equal identity, in order."""

    values: dict[Place, tuple[bytes | None, bytes | None]] = field(default_factory=dict)
    letters: Counter[Place] = field(default_factory=Counter)
    articles: dict[Identity, deque[Place]] = field(default_factory=lambda: defaultdict(deque))
    withdrawals: dict[str, deque[Place]] = field(default_factory=lambda: defaultdict(deque))
    """The places of withdrawals, by the URL or article id that they name."""


class _Arrival(NamedTuple):
    """The identity of an enriched article, or the article ids that a withdrawal may name."""

    identity: Identity | None
    withdrawn: tuple[str, ...]


class Verifier:
    """Reads all topics and fills in `account`."""

    def __init__(self, servers: str, prefix: str) -> None:
        self._servers, self._prefix = servers, prefix
        self._inputs = _Inputs()
        self._partitions: dict[str, list[int]] = {}
        self._addresses: dict[str, str] = {}
        """The article by the id that its webUrl gives, where that is not its own."""
        self._ids: dict[str, str] = {}
        self._curate_letters = 0
        self._orders: dict[int, list[Place]] = defaultdict(list)
        self._publications: dict[tuple[str, int], list[Published]] = {}
        self._committed: dict[tuple[str, int], list[Committed]] = defaultdict(list)
        self._commits: dict[int, list[int]] = defaultdict(list)
        self._unsettled: dict[int, set[int]] = defaultdict(set)
        """The revisions of each lane at which it committed and left work of its last input."""
        self.account = Account()

    async def verify(self, folder: Path | None = None) -> Account:
        """Returns the account; with a `folder` it also compares with an embedded run."""
        names = [self._prefix + topic for topic in TOPICS]
        # A consumer that is created with topic names fetches their metadata when it starts.
        async with self._reader(*names) as reader:
            for topic, name in zip(TOPICS, names, strict=True):
                self._partitions[topic] = sorted(reader.partitions_for_topic(name) or ())
        async with self._reader() as reader:
            await self._read_inputs(reader)
            await self._read_letters(reader)
            self._sort_inputs()
            lanes = await self._check_enriched(reader)
            await self._check_lanes(reader, lanes)
            for topic in PUBLISHED:
                await self._check_order(reader, topic)
        for lane in lanes:
            self._check_view(lane)
        if folder is not None:
            for lane in lanes:
                self._compare(lane, folder / f"lane-{lane}")
        return self.account

    async def _read_inputs(self, reader: AIOKafkaConsumer) -> None:
        async for record in self._read(reader, EVENTS):
            self._inputs.values[record.partition, record.offset] = (record.key, record.value)
        self.account.inputs = len(self._inputs.values)

    async def _read_letters(self, reader: AIOKafkaConsumer) -> None:
        """Counts dead letters: by input for those of enrich workers, in total for the others.

        An input with a dead letter of an enrich worker has no enriched record.
        """
        async for record in self._read(reader, LETTERS):
            headers = {name: value.decode() for name, value in record.headers}
            if headers["__streams.errors.topic"] != self._prefix + EVENTS:
                self._curate_letters += 1
                continue
            errors = "__streams.errors."
            place = (int(headers[errors + "partition"]), int(headers[errors + "offset"]))
            self._inputs.letters[place] += 1
            if self._inputs.values.get(place) != (record.key, record.value):
                self.account.note(
                    "differing", f"the dead letter of {place} does not equal its input"
                )
        for place, count in self._inputs.letters.items():
            self.account.ends["dead-lettered"] += 1
            if count > 1:
                self.account.note("repeated", f"dead letter of {place}, {count} times", count - 1)

    def _sort_inputs(self) -> None:
        for place, (key, value) in sorted(self._inputs.values.items()):
            if place in self._inputs.letters:
                continue
            if value is None:
                self._inputs.withdrawals[(key or b"").decode()].append(place)
                continue
            try:
                event = json.loads(value)
            except ValueError:
                self.account.note("lost", f"{place} is not JSON, and has no dead letter")
                continue
            if event.get("withdrawn"):
                self._inputs.withdrawals[event["webUrl"]].append(place)
            else:
                self._inputs.articles[_identity(event)].append(place)

    async def _check_enriched(self, reader: AIOKafkaConsumer) -> dict[int, int]:
        """Checks that each input was enriched once, in the order of its partition.

        A withdrawal must be in each lane once. Returns the offset after each lane's last record.
        """
        arrivals: dict[int, list[_Arrival]] = {lane: [] for lane in self._partitions[ENRICHED]}
        ends = dict.fromkeys(arrivals, 0)
        async for record in self._read(reader, ENRICHED):
            ends[record.partition] = record.offset + 1
            fields = json.loads(record.value)
            if "movedVersion" in fields:
                continue  # an article of another lane
            if "withdrawn" in fields:
                named = fields["withdrawn"]  # one id in records of form 1
                ids = (named,) if isinstance(named, str) else tuple(named)
                arrivals[record.partition].append(_Arrival(None, ids))
                continue
            article = fields["article"]
            self._addresses[fields.get("address", "")] = article["id"]
            for name in ("webUrl", "originalUrl"):
                self._ids[article.get(name, "")] = article["id"]
            arrivals[record.partition].append(_Arrival(_identity(article), ()))
        for lane, lane_arrivals in arrivals.items():
            self._check_arrivals(lane, lane_arrivals)
        for identity, places in self._inputs.articles.items():
            for place in places:
                self.account.note("lost", f"{identity} at {place} was not enriched")
        return ends

    def _check_arrivals(self, lane: int, arrivals: Iterable[_Arrival]) -> None:
        withdrawals: dict[str, deque[Place]] = defaultdict(deque)
        named = [(p, name) for name, places in self._inputs.withdrawals.items() for p in places]
        ids = set(self._ids.values())
        for place, name in sorted(named):
            ident = self._ids.get(name, name)
            # The id of an article that was never enriched is unknown here: only the rules of the
            # product can compute it. Such withdrawals are matched in order, under the key "".
            withdrawals[ident if ident in ids else ""].append(place)
        reached: dict[int, int] = {}
        for arrival in arrivals:
            named_ids = [self._addresses.get(i, i) for i in arrival.withdrawn]
            ident = next((i for i in named_ids if i in ids), "")
            if arrival.identity is not None:
                places = self._inputs.articles[arrival.identity]
            else:
                places = withdrawals[ident]
            if not places:
                self.account.note("repeated", f"{arrival} was enriched again")
                continue
            partition, offset = place = _nearest(places, reached)
            places.remove(place)
            if offset < reached.get(partition, 0) and (arrival.identity is not None or ident):
                self.account.note("backward", f"{place} is enriched after {reached[partition]}")
            reached[partition] = max(offset, reached.get(partition, 0))
            self._orders[lane].append(place)
        for name, places in withdrawals.items():
            for place in places:
                self.account.note("lost", f"withdrawal of {name} at {place}, in lane {lane}")

    async def _check_lanes(self, reader: AIOKafkaConsumer, ends: dict[int, int]) -> None:
        """Checks that each lane has processed and counted all its inputs."""
        rows: dict[tuple[int, str], dict[str, Any]] = {}
        async for record in self._read(reader, LANE_STATE):
            lane, name = record.partition, record.key.decode()
            if name in ("lane", "position", "pending"):
                row = rows[lane, name] = json.loads(record.value or b"{}")
                if name == "lane":
                    self._commits[lane].append(row["revision"])
                elif name == "position":  # the last row of a transaction
                    self._note_settled(lane, rows)
        counted: Counter[str] = Counter()
        enriched = [TopicPartition(self._prefix + ENRICHED, lane) for lane in ends]
        found = await reader.end_offsets(enriched)
        log_ends = {source.partition: offset for source, offset in found.items()}
        for lane, end in ends.items():
            position = rows.get((lane, "position"), {"next_offset": 0})["next_offset"]
            # After the last record there may be markers of transactions, which are passed by.
            if not end <= position <= log_ends[lane]:
                kind = "lost" if position < end else "repeated"
                self.account.note(
                    kind, f"lane {lane} has position {position}, its inputs end at {end}"
                )
            counted.update(rows.get((lane, "lane"), {"outcomes": {}})["outcomes"])
        if counted["dead-lettered"] != self._curate_letters:
            message = (
                f"{self._curate_letters} dead letters of curate workers, but the lanes count "
                f"{counted['dead-lettered']}"
            )
            self.account.note("differing", message)
        self.account.ends.update(counted)
        missing = self.account.inputs - self.account.ends.total()
        if missing:
            message = f"{abs(missing)} inputs, according to the counters of the lanes"
            self.account.note("lost" if missing > 0 else "repeated", message, abs(missing))
        self._revisions = {
            lane: rows.get((lane, "lane"), {"revision": 0})["revision"] for lane in ends
        }

    def _note_settled(self, lane: int, rows: dict[tuple[int, str], dict[str, Any]]) -> None:
        revision = rows.get((lane, "lane"), {"revision": 0})["revision"]
        if rows.get((lane, "pending"), {}).get("tasks"):
            self._unsettled[lane].add(revision)
        else:
            self._unsettled[lane].discard(revision)

    async def _check_order(self, reader: AIOKafkaConsumer, topic: str) -> None:
        """Checks that revisions rise strictly in each partition of a topic.

        When both topics are read, it checks that no revision is missing or repeated. A tombstone
        has used a revision, but does not contain it.
        """
        lists: dict[int, list[Published]] = {p: [] for p in self._partitions[topic]}
        async for record in self._read(reader, topic):
            revision = None if record.value is None else json.loads(record.value)["revision"]
            digest = hashlib.blake2b(record.value or b"", digest_size=16).digest()
            lists[record.partition].append(Published(record.key, revision, digest))
            committed = Committed.of(record.offset, record.key, record.value)
            self._committed[topic, record.partition].append(committed)
        for lane, published in lists.items():
            self._publications[topic, lane] = published
            self.account.published += len(published)
            seen: set[int] = set()
            latest = 0
            for publication in published:
                revision = publication.revision
                if revision is None:
                    continue
                if revision in seen:
                    self.account.note("repeated", f"revision {revision} in {topic}")
                elif revision < latest:
                    message = f"revision {revision} after {latest} in {topic}"
                    self.account.note("backward", message)
                seen.add(revision)
                latest = max(latest, revision)
        if len(self._publications) == len(PUBLISHED) * len(lists):
            for lane in lists:
                self._check_revisions(lane)

    def _check_revisions(self, lane: int) -> None:
        publications = [p for topic in PUBLISHED for p in self._publications[topic, lane]]
        counts = Counter(publication.revision for publication in publications)
        tombstones, last = counts.pop(None, 0), self._revisions[lane]
        if greater := [r for r in counts if r is not None and r > last]:
            message = f"lane {lane} is at revision {last}, but published {greater}"
            self.account.note("differing", message, len(greater))
        missing = last - len(counts) - tombstones
        if missing:
            kind = "lost" if missing > 0 else "repeated"
            self.account.note(kind, f"{abs(missing)} revisions of lane {lane}", abs(missing))
        repeated = len(publications) - tombstones - len(counts)
        if repeated:
            self.account.note("repeated", f"{repeated} revisions of lane {lane}", repeated)

    def _check_view(self, lane: int) -> None:
        """Checks what a subscriber of a lane holds after every transaction."""
        articles, stories = (self._committed.pop((topic, lane), []) for topic in PUBLISHED)
        truths = [self._truth(place) for place in self._orders[lane]]
        commits, unsettled = self._commits[lane], self._unsettled[lane]
        for violation in check_lane(articles, stories, commits, truths, unsettled):
            self.account.note("inconsistent", f"lane {lane}, {violation}")

    def _truth(self, place: Place) -> Truth:
        key, value = self._inputs.values[place]
        if value is None:
            name = (key or b"").decode()
            return Truth("withdrawal", self._ids.get(name, name))
        event = json.loads(value)
        name = event.get("originalUrl") or event["webUrl"]
        return truth_of(event, self._ids.get(name, name))

    def _compare(self, lane: int, folder: Path) -> None:
        folder.mkdir(parents=True)
        with (folder / "events.jsonl").open("wb") as lines:
            for place in self._orders[lane]:
                lines.write(self._line(place) + b"\n")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("NEWSLOOM_")}
        command: list[str | Path] = [
            COMMAND,
            "run",
            folder / "events.jsonl",
            "--output",
            folder / "out",
            "--images",
            "trust",
            "--quiet",
        ]
        subprocess.run(command, env=environment, check=True)
        for topic, name in PUBLISHED.items():
            by_workers = [(p.key, p.digest) for p in self._publications[topic, lane]]
            embedded = list(_read_projection(folder / "out" / name))
            count = abs(len(by_workers) - len(embedded))
            count += sum(one != other for one, other in zip(by_workers, embedded, strict=False))
            if count:
                pairs = enumerate(zip(by_workers, embedded, strict=False))
                first = next((n for n, (one, other) in pairs if one != other), "the end of one")
                message = (
                    f"{topic} of lane {lane}: {len(by_workers)} records by workers, "
                    f"{len(embedded)} by the embedded run, different from {first} on"
                )
                self.account.note("differing", message, count)

    def _line(self, place: Place) -> bytes:
        """The input as one line of JSON; a tombstone becomes a withdrawal."""
        key, value = self._inputs.values[place]
        if value is not None:
            return json.dumps(json.loads(value)).encode()  # without line ends
        name = (key or b"").decode()
        urls = {ident: url for url, ident in self._ids.items() if url}
        return json.dumps({"webUrl": urls.get(name, name), "withdrawn": True}).encode()

    async def _read(self, reader: AIOKafkaConsumer, topic: str) -> AsyncIterator[ConsumerRecord]:
        """All committed records of a topic, in order within each partition."""
        partitions = [TopicPartition(self._prefix + topic, p) for p in self._partitions[topic]]
        reader.assign(partitions)
        ends = await reader.end_offsets(partitions)
        for partition, begin in (await reader.beginning_offsets(partitions)).items():
            reader.seek(partition, begin)
        received_at = time.monotonic()
        while any([await reader.position(p) < ends[p] for p in partitions]):
            for records in (await reader.getmany(timeout_ms=200)).values():
                received_at = time.monotonic()
                for record in records:
                    yield record
            if time.monotonic() - received_at > PATIENCE_S:
                self.account.note("lost", f"{topic} ends in an open transaction")
                return

    def _reader(self, *topics: str) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            *topics,
            bootstrap_servers=self._servers.split(","),
            isolation_level="read_committed",
            max_partition_fetch_bytes=8 * 1024 * 1024,
            fetch_max_wait_ms=50,  # no new records are expected at the end of a topic
        )


def _identity(article: dict[str, Any]) -> Identity:
    """The URL and the version (in seconds), which identify an event, raw or enriched."""
    at = article.get("updatedDateTime") or article["publishedDateTime"]
    return article["webUrl"], str(int(datetime.fromisoformat(at).timestamp()))


def _read_projection(path: Path) -> Iterable[tuple[bytes, bytes]]:
    with path.open("rb") as lines:
        for line in lines:
            record = json.loads(line)
            value = b"" if record.get("withdrawn") else line.rstrip(b"\n")
            yield record["id"].encode(), hashlib.blake2b(value, digest_size=16).digest()


def verify(servers: str, prefix: str, folder: Path | None = None) -> Account:
    """Verifies the topics under `prefix`; see `Verifier.verify`."""
    return asyncio.run(Verifier(servers, prefix).verify(folder))


def main() -> int:
    """Prints the account on one line and each listed fault on another; 1 if there is a fault."""
    servers, prefix, *folder = sys.argv[1:]
    account = verify(servers, prefix, Path(folder[0]) if folder else None)
    print(account)
    for fault in account.faults:
        print(f"  {fault}")
    return 1 if account.faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""An account of what Kafka workers committed, by a program that shares no code with them.

In: the topics of one prefix, as a reader of committed records sees them. Out: how every input
ended, and what was lost, repeated or went backward. It writes nothing to Kafka.

    python -m tests.support.verifier SERVERS PREFIX [FOLDER]

With FOLDER each lane's inputs are also run through `newsloom run` there, in the order in which
the lane met them: the records published must be the same, byte for byte.
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

COMMAND = Path(sys.executable).with_name("newsloom")
EVENTS, ENRICHED, CURATED = "article-events.v1", "enriched-articles.v1", "curated-articles.v1"
PUBLISHED = {CURATED: "curated.jsonl", "stories.v1": "stories.jsonl"}
LANE_STATE, LETTERS = "lane-state.v1", "dead-letters.v1"
TOPICS = (EVENTS, ENRICHED, *PUBLISHED, LANE_STATE, LETTERS)
PATIENCE_S = 60.0
MAX_TOLD = 20

Identity = tuple[str, ...]
Place = tuple[int, int]
"""A partition and an offset of the input."""


class Published(NamedTuple):
    """What is kept of a publication: its value may be large, and there are many."""

    key: bytes
    revision: int | None
    digest: bytes


@dataclass(slots=True)
class Account:
    """What became of the inputs. All is well when `faults` is empty."""

    inputs: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    published: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def note(self, kind: str, words: str, count: int = 1) -> None:
        """Counts a fault: lost, repeated, backward or differing."""
        self.wrong[kind] += count
        if len(self.faults) < MAX_TOLD:
            self.faults.append(f"{kind}: {words}")

    def __str__(self) -> str:
        ends = " + ".join(f"{self.ends[end]:,} {end}" for end in sorted(self.ends))
        kinds = ("lost", "repeated", "backward", "differing")
        wrong = ", ".join(f"{self.wrong[kind]:,} {kind}" for kind in kinds)
        return f"{self.inputs:,} inputs = {ends}; {self.published:,} published; {wrong}"


@dataclass(slots=True)
class _Inputs:
    """The article events: each by its place, and the places of those that look alike, in order."""

    values: dict[Place, tuple[bytes | None, bytes | None]] = field(default_factory=dict)
    letters: Counter[Place] = field(default_factory=Counter)
    articles: dict[Identity, deque[Place]] = field(default_factory=lambda: defaultdict(deque))
    withdrawals: dict[str, deque[Place]] = field(default_factory=lambda: defaultdict(deque))
    """By the URL or article id that they name."""


class _Arrival(NamedTuple):
    """What is kept of an enriched record: its identity, or the id it withdraws."""

    identity: Identity | None
    withdrawn: str | None


class Verifier:
    """Reads all topics and keeps the account."""

    def __init__(self, servers: str, prefix: str) -> None:
        self._servers, self._prefix = servers, prefix
        self._inputs = _Inputs()
        self._partitions: dict[str, list[int]] = {}
        self._ids: dict[str, str] = {}
        self._late_letters = 0
        self._orders: dict[int, list[Place]] = defaultdict(list)
        self._publications: dict[tuple[str, int], list[Published]] = {}
        self.account = Account()

    async def verify(self, folder: Path | None = None) -> Account:
        """The account; with a `folder` also of what an embedded run makes of the same inputs."""
        names = [self._prefix + topic for topic in TOPICS]
        # A client that is given its topics asks for them as it starts.
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
        if folder is not None:
            for lane in lanes:
                self._compare(lane, folder / f"lane-{lane}")
        return self.account

    async def _read_inputs(self, reader: AIOKafkaConsumer) -> None:
        async for record in self._read(reader, EVENTS):
            self._inputs.values[record.partition, record.offset] = (record.key, record.value)
        self.account.inputs = len(self._inputs.values)

    async def _read_letters(self, reader: AIOKafkaConsumer) -> None:
        """Dead letters of the first stage take the place of an enriched record."""
        async for record in self._read(reader, LETTERS):
            headers = {name: value.decode() for name, value in record.headers}
            if headers["__streams.errors.topic"] != self._prefix + EVENTS:
                self._late_letters += 1
                continue
            errors = "__streams.errors."
            place = (int(headers[errors + "partition"]), int(headers[errors + "offset"]))
            self._inputs.letters[place] += 1
            if self._inputs.values.get(place) != (record.key, record.value):
                self.account.note("differing", f"the dead letter of {place}")
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
            event = json.loads(value)
            if event.get("withdrawn"):
                self._inputs.withdrawals[event["webUrl"]].append(place)
            else:
                self._inputs.articles[_identity(event)].append(place)

    async def _check_enriched(self, reader: AIOKafkaConsumer) -> dict[int, int]:
        """Every input once (a withdrawal once in each lane), in the order of its partition.

        Returns the offset after the last record of each lane.
        """
        arrivals: dict[int, list[_Arrival]] = {lane: [] for lane in self._partitions[ENRICHED]}
        ends = dict.fromkeys(arrivals, 0)
        async for record in self._read(reader, ENRICHED):
            ends[record.partition] = record.offset + 1
            fields = json.loads(record.value)
            if "withdrawn" in fields:
                arrivals[record.partition].append(_Arrival(None, fields["withdrawn"]))
                continue
            article = fields["article"]
            for name in ("webUrl", "originalUrl"):
                self._ids[article.get(name, "")] = article["id"]
            arrivals[record.partition].append(_Arrival(_identity(article), None))
        for lane, met in arrivals.items():
            self._follow(lane, met)
        for identity, places in self._inputs.articles.items():
            for place in places:
                self.account.note("lost", f"{identity} at {place} was not enriched")
        return ends

    def _follow(self, lane: int, arrivals: Iterable[_Arrival]) -> None:
        withdrawals: dict[str, deque[Place]] = defaultdict(deque)
        named = [(p, name) for name, ps in self._inputs.withdrawals.items() for p in ps]
        ids = set(self._ids.values())
        for place, name in sorted(named):
            ident = self._ids.get(name, name)
            # Of an article that was never seen only its own rules could tell the id.
            withdrawals[ident if ident in ids else ""].append(place)
        reached: dict[int, int] = {}
        for arrival in arrivals:
            if arrival.identity is not None:
                places = self._inputs.articles[arrival.identity]
            else:
                places = withdrawals[arrival.withdrawn if arrival.withdrawn in ids else ""]
            if not places:
                self.account.note("repeated", f"{arrival} was enriched again")
                continue
            partition, offset = place = places.popleft()
            if offset < reached.get(partition, 0) and arrival.withdrawn in {None, *ids}:
                self.account.note("backward", f"{place} is enriched after {reached[partition]}")
            reached[partition] = max(offset, reached.get(partition, 0))
            self._orders[lane].append(place)
        for name, places in withdrawals.items():
            for place in places:
                self.account.note("lost", f"withdrawal of {name} at {place}, in lane {lane}")

    async def _check_lanes(self, reader: AIOKafkaConsumer, ends: dict[int, int]) -> None:
        """Each lane has come to the end of its inputs, and its counters tell of all of them."""
        rows: dict[tuple[int, str], dict[str, Any]] = {}
        async for record in self._read(reader, LANE_STATE):
            name = record.key.decode()
            if name in ("lane", "position"):
                rows[record.partition, name] = json.loads(record.value)
        counted: Counter[str] = Counter()
        for lane, end in ends.items():
            position = rows.get((lane, "position"), {"next_offset": 0})["next_offset"]
            if position != end:
                kind = "lost" if position < end else "repeated"
                self.account.note(
                    kind, f"lane {lane} stands at {position}, its inputs end at {end}"
                )
            counted.update(rows.get((lane, "lane"), {"outcomes": {}})["outcomes"])
        if counted["dead-lettered"] != self._late_letters:
            words = f"{self._late_letters} dead letters of {counted['dead-lettered']} in the lanes"
            self.account.note("differing", words)
        self.account.ends.update(counted)
        lacking = self.account.inputs - self.account.ends.total()
        if lacking:
            words = f"{abs(lacking)} inputs, by the counters of the lanes"
            self.account.note("lost" if lacking > 0 else "repeated", words, abs(lacking))
        self._revisions = {
            lane: rows.get((lane, "lane"), {"revision": 0})["revision"] for lane in ends
        }

    async def _check_order(self, reader: AIOKafkaConsumer, topic: str) -> None:
        """Revisions rise strictly; with both topics read, none is missing and none is there twice.

        A tombstone took a revision too, which it does not tell.
        """
        lists: dict[int, list[Published]] = {p: [] for p in self._partitions[topic]}
        async for record in self._read(reader, topic):
            revision = None if record.value is None else json.loads(record.value)["revision"]
            digest = hashlib.blake2b(record.value or b"", digest_size=16).digest()
            lists[record.partition].append(Published(record.key, revision, digest))
        for lane, published in lists.items():
            self._publications[topic, lane] = published
            self.account.published += len(published)
            seen: set[int] = set()
            latest = 0
            for one in published:
                if one.revision is None:
                    continue
                if one.revision in seen:
                    self.account.note("repeated", f"revision {one.revision} in {topic}")
                elif one.revision < latest:
                    self.account.note("backward", f"{one.revision} after {latest} in {topic}")
                seen.add(one.revision)
                latest = max(latest, one.revision)
        if len(self._publications) == len(PUBLISHED) * len(lists):
            for lane in lists:
                self._check_revisions(lane)

    def _check_revisions(self, lane: int) -> None:
        both = [one for topic in PUBLISHED for one in self._publications[topic, lane]]
        counts = Counter(one.revision for one in both)
        tombstones, last = counts.pop(None, 0), self._revisions[lane]
        if beyond := [r for r in counts if r is not None and r > last]:
            self.account.note("differing", f"lane {lane} stands at {last}: {beyond}", len(beyond))
        missing = last - len(counts) - tombstones
        if missing:
            kind = "lost" if missing > 0 else "repeated"
            self.account.note(kind, f"{missing} revisions of lane {lane}", abs(missing))
        doubles = len(both) - tombstones - len(counts)
        if doubles:
            self.account.note("repeated", f"{doubles} revisions of lane {lane}", doubles)

    def _compare(self, lane: int, folder: Path) -> None:
        folder.mkdir(parents=True)
        with (folder / "events.jsonl").open("wb") as lines:
            for place in self._orders[lane]:
                lines.write(self._line(place) + b"\n")
        own = {k: v for k, v in os.environ.items() if not k.startswith("NEWSLOOM_")}
        order: list[str | Path] = [
            COMMAND,
            "run",
            folder / "events.jsonl",
            "--output",
            folder / "out",
            "--images",
            "trust",
            "--quiet",
        ]
        subprocess.run(order, env=own, check=True)
        for topic, name in PUBLISHED.items():
            there = [(one.key, one.digest) for one in self._publications[topic, lane]]
            here = list(_embedded(folder / "out" / name))
            count = abs(len(there) - len(here))
            count += sum(one != other for one, other in zip(there, here, strict=False))
            if count:
                pairs = enumerate(zip(there, here, strict=False))
                first = next((n for n, (one, other) in pairs if one != other), "the last")
                words = (
                    f"{topic} of lane {lane}, {len(there)} records and {len(here)}, from {first}"
                )
                self.account.note("differing", words, count)

    def _line(self, place: Place) -> bytes:
        """The input as a line; a tombstone as the withdrawal that it is."""
        key, value = self._inputs.values[place]
        if value is not None:
            return json.dumps(json.loads(value)).encode()  # on one line
        name = (key or b"").decode()
        urls = {ident: url for url, ident in self._ids.items() if url}
        return json.dumps({"webUrl": urls.get(name, name), "withdrawn": True}).encode()

    async def _read(self, reader: AIOKafkaConsumer, topic: str) -> AsyncIterator[ConsumerRecord]:
        """All committed records of a topic; those of a partition in order."""
        partitions = [TopicPartition(self._prefix + topic, p) for p in self._partitions[topic]]
        reader.assign(partitions)
        ends = await reader.end_offsets(partitions)
        for partition, begin in (await reader.beginning_offsets(partitions)).items():
            reader.seek(partition, begin)
        heard_at = time.monotonic()
        while any([await reader.position(p) < ends[p] for p in partitions]):
            for records in (await reader.getmany(timeout_ms=200)).values():
                heard_at = time.monotonic()
                for record in records:
                    yield record
            if time.monotonic() - heard_at > PATIENCE_S:
                self.account.note("lost", f"{topic} ends in a transaction without an end")
                return

    def _reader(self, *topics: str) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            *topics,
            bootstrap_servers=self._servers.split(","),
            isolation_level="read_committed",
            max_partition_fetch_bytes=8 * 1024 * 1024,
            fetch_max_wait_ms=50,  # at the end of a topic there is nothing to wait for
        )


def _identity(article: dict[str, Any]) -> Identity:
    """What tells an event, raw or enriched, from the others: its URL and the time it is of."""
    at = article.get("updatedDateTime") or article["publishedDateTime"]
    return article["webUrl"], str(int(datetime.fromisoformat(at).timestamp()))


def _embedded(path: Path) -> Iterable[tuple[bytes, bytes]]:
    with path.open("rb") as lines:
        for line in lines:
            record = json.loads(line)
            value = b"" if record.get("withdrawn") else line.rstrip(b"\n")
            yield record["id"].encode(), hashlib.blake2b(value, digest_size=16).digest()


def verify(servers: str, prefix: str, folder: Path | None = None) -> Account:
    """The account of what is under `prefix`."""
    return asyncio.run(Verifier(servers, prefix).verify(folder))


def main() -> int:
    """Prints the account in a line and what is wrong in some more; 1 if anything is."""
    servers, prefix, *folder = sys.argv[1:]
    account = verify(servers, prefix, Path(folder[0]) if folder else None)
    print(account)
    for fault in account.faults:
        print(f"  {fault}")
    return 1 if account.faults else 0


if __name__ == "__main__":
    sys.exit(main())

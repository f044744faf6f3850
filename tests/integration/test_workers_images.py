"""Image checks in Kafka workers: slow ones do not change the order, the group or the counts."""

import asyncio
import json
import subprocess
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from tests.support.forked import COMMAND
from tests.support.illustrated import article
from tests.support.kafka import Kafka
from tests.support.pictures import jpeg
from tests.support.processes import start_process
from tests.support.site import Act, Site, answer, once_requested, silence
from tests.support.workers import CURATED, ENRICHED, EVENTS, await_all, wait_for

RECORDS = 300
SLOW = 40


def _send(kafka: Kafka, partition: int, lines: Sequence[bytes]) -> None:
    async def work() -> None:
        async with AIOKafkaProducer(bootstrap_servers=kafka.servers) as producer:
            for line in lines:
                await producer.send(kafka.prefix + EVENTS, line, partition=partition)

    asyncio.run(work())


def test_slow_images_of_one_partition_keep_order_and_lose_nothing(kafka: Kafka) -> None:
    acts: dict[str, Act] = {f"/{n}.jpg": answer(jpeg(filler=n)) for n in range(RECORDS)}
    acts |= {f"/slow{n}.jpg": silence() for n in range(SLOW)}
    environment = kafka.environment() | {
        "NEWSLOOM_IMAGES": "check",
        "NEWSLOOM_IMAGES_ALLOW_NETWORKS": "127.0.0.1/32",
    }
    assert kafka.newsloom("topics", "create", "--partitions", 2).code == 0
    with Site(acts) as site:
        good = [article(n, site.url(f"/{n}.jpg")) for n in range(RECORDS)]
        slow = [article(1_000 + n, site.url(f"/slow{n}.jpg")) for n in range(SLOW)]
        # All slow images are in the second partition, with good ones between them.
        mixed = [line for pair in zip(slow, good[200:], strict=False) for line in pair]
        mixed += good[200 + SLOW :]
        worker = start_process([COMMAND, "worker", "all"], env=environment, stderr=subprocess.PIPE)
        try:
            _send(kafka, 0, good[:200])
            _send(kafka, 1, mixed)
            await_all(kafka, RECORDS + SLOW)
        finally:
            worker.terminate()
            _, log = worker.communicate(timeout=30)
    assert (worker.returncode, log.decode()) == (0, "")
    enriched = [json.loads(record.value) for record in kafka.read(kafka.prefix + ENRICHED)]
    urls = [record["article"]["webUrl"] for record in enriched]
    for sent in (good[:200], mixed):
        sent_urls = [json.loads(line)["webUrl"] for line in sent]
        assert [url for url in urls if url in set(sent_urls)] == sent_urls, (
            "not in input order, or not exactly once"
        )
    by_url = {record["article"]["webUrl"]: record for record in enriched}
    for line in good:
        (check,) = by_url[json.loads(line)["webUrl"]]["imageChecks"]
        assert (check["verdict"], check["width"]) == ("ok", 640)
    for line in slow:
        (check,) = by_url[json.loads(line)["webUrl"]]["imageChecks"]
        assert check["verdict"] == "timeout"
    wait_for(
        lambda: len(kafka.read(kafka.prefix + CURATED)) >= RECORDS + SLOW,
        "all articles in the curated topic",
    )
    curated = [json.loads(record.value) for record in kafka.read(kafka.prefix + CURATED)]
    with_images = {record["webUrl"] for record in curated if "images" in record}
    assert with_images == {json.loads(line)["webUrl"] for line in good}


def test_a_slow_image_does_not_keep_later_polls_from_beginning(kafka: Kafka) -> None:
    """The second image is answered when the third one, of a later poll, is asked for."""
    environment = kafka.environment() | {
        "NEWSLOOM_IMAGES": "check",
        "NEWSLOOM_IMAGES_ALLOW_NETWORKS": "127.0.0.1/32",
    }
    assert kafka.newsloom("topics", "create").code == 0
    with Site({f"/{n}.jpg": answer(jpeg(filler=n)) for n in (0, 2)}) as site:
        site.acts["/1.jpg"] = once_requested(site, "/2.jpg", answer(jpeg(filler=1)))
        lines = [article(n, site.url(f"/{n}.jpg")) for n in range(3)]
        worker = start_process(
            [COMMAND, "worker", "enrich"], env=environment, stderr=subprocess.PIPE
        )
        try:
            # The first batch of a worker is finished before others begin.
            _send(kafka, 0, lines[:1])
            wait_for(lambda: len(kafka.read(kafka.prefix + ENRICHED)) == 1, "the first article")
            _send(kafka, 0, lines[1:2])
            wait_for(lambda: "/1.jpg" in site.counts(), "the request for the second image")
            _send(kafka, 0, lines[2:])
            wait_for(lambda: len(kafka.read(kafka.prefix + ENRICHED)) == 3, "all articles")
        finally:
            worker.terminate()
            _, log = worker.communicate(timeout=30)
    assert (worker.returncode, log.decode()) == (0, "")
    enriched = [json.loads(record.value) for record in kafka.read(kafka.prefix + ENRICHED)]
    sent = [json.loads(line)["webUrl"] for line in lines]
    assert [record["article"]["webUrl"] for record in enriched] == sent, "not in input order"
    assert [record["imageChecks"][0]["verdict"] for record in enriched] == ["ok"] * 3

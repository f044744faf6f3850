"""Measure what image checks cost, with a server on loopback that answers after 20 ms.

    python -m benchmarks.images

In: nothing. Out: a line for each of three runs: 2,000 articles with distinct images; 10,000
articles that share 500 images; 2,000 articles of which one in ten has its image at a host that
refuses connections. Each run is one `newsloom run` process.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from tests.support.generator import generate
from tests.support.pictures import jpeg
from tests.support.site import Site, answer

LATENCY_S = 0.02
DEAD = "http://127.0.0.9:9"


def main() -> None:
    names = [f"/{n}.jpg" for n in range(2_000)]
    acts = {
        name: answer(jpeg(640, 360, filler=40 + n), after_s=LATENCY_S)
        for n, name in enumerate(names)
    }
    with tempfile.TemporaryDirectory() as scratch, Site(acts) as site:
        urls = [site.url(name) for name in names]
        _measure("2,000 distinct images", site, Path(scratch) / "a", _events(2_000, urls))
        shared = _events(10_000, urls[:500])
        _measure("10,000 articles, 500 images", site, Path(scratch) / "b", shared)
        dead = [f"{DEAD}/{n}.jpg" if n % 10 == 0 else url for n, url in enumerate(urls)]
        _measure(
            "2,000, one in ten at a dead host", site, Path(scratch) / "c", _events(2_000, dead)
        )


def _events(count: int, urls: list[str]) -> Iterator[dict[str, Any]]:
    """`count` distinct articles with one image each."""
    number = 0
    for event in generate(seed=1, count=2 * count):
        if number < count and not event.get("withdrawn"):
            address = {
                "webUrl": f"https://outlet{number % 7}.example/{number}",
                "originalUrl": None,
            }
            yield event | address | {"images": [{"url": urls[number % len(urls)]}]}
            number += 1


def _measure(what: str, site: Site, folder: Path, events: Iterator[dict[str, Any]]) -> None:
    folder.mkdir()
    path = folder / "events.jsonl"
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    requests_before = len(site.requests)
    began = time.perf_counter()
    cpu_before_s = _cpu_s()
    subprocess.run(
        [
            *(Path(sys.executable).with_name("newsloom"), "run", path),
            *("--images", "check", "--output", folder / "out", "--quiet"),
        ],
        check=True,
        env=os.environ | {"NEWSLOOM_IMAGES_ALLOW_NETWORKS": "127.0.0.0/8"},
    )
    seconds = time.perf_counter() - began
    print(
        f"{what:<32} {seconds:>6.1f} s, of which {_cpu_s() - cpu_before_s:>6.1f} s processor time; "
        f"{len(site.requests) - requests_before:>6,} fetches"
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

"""How images are asked for: once, not too many at a time, again only when it is due."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from typing import TypeVar

from newsloom.adapters.images.checks import RECORD_S, ImageChecker
from newsloom.adapters.images.verdict_cache import FRESH_S, TRANSIENT_S
from newsloom.adapters.web.client import open_client
from newsloom.adapters.web.hosts import DEAD_AFTER, DEAD_S, PER_HOST
from tests.support.pictures import gif, jpeg, png
from tests.support.site import Request, Site, answer, in_turn, raw, silence

T = TypeVar("T")
NETWORKS = [ip_network("127.0.0.0/8")]
DEAD = "http://127.0.0.9:9/"

PAGE = "http://page.example/"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def checking(
    work: Callable[[ImageChecker], Awaitable[T]],
    wanted: int = 1,
    clock: Callable[[], float] = time.monotonic,
    article_timeout_s: float = RECORD_S,
) -> T:
    """What `work` does with a checker on a loop of its own."""

    async def run() -> T:
        checker = ImageChecker(
            open_client("Newsloom/test", NETWORKS), wanted, False, clock, article_timeout_s
        )
        try:
            return await work(checker)
        finally:
            await checker.close()

    return asyncio.run(run())


async def verdicts(checker: ImageChecker, *urls: str) -> list[str]:
    return [check["verdict"] for check in await checker.check(urls, PAGE)]


def test_ten_thousand_records_that_share_500_images_cost_500_fetches() -> None:
    with Site({f"/{n}.png": answer(png(), after_s=0.01) for n in range(500)}) as site:

        async def work(checker: ImageChecker) -> list[list[str]]:
            urls = [site.url(f"/{n % 500}.png") for n in range(10_000)]
            return await asyncio.gather(*[verdicts(checker, url) for url in urls])

        assert checking(work) == [["ok"]] * 10_000
        assert len(site.requests) == 500
        assert site.busiest <= PER_HOST


def test_candidates_are_tried_in_order_up_to_the_first_good_one() -> None:
    acts = {"/small": answer(gif(90, 90)), "/good": answer(png()), "/next": answer(png())}
    with Site(acts) as site:
        urls = [
            site.url(path) for path in ("/placeholder.png", "/small", "/small", "/good", "/next")
        ]

        async def work(checker: ImageChecker) -> list[str]:
            return await verdicts(checker, *urls)

        assert checking(work) == ["placeholder", "too-small", "ok"]
        assert site.counts() == {"/small": 1, "/good": 1}, "a name alone is enough"
        assert checking(work, wanted=2) == ["placeholder", "too-small", "ok", "ok"]


def test_a_dead_host_does_not_slow_the_others() -> None:
    with Site({f"/{n}.png": answer(png()) for n in range(100)}) as site:

        async def work(checker: ImageChecker) -> tuple[list[list[str]], int]:
            urls = [site.url(f"/{n}.png") for n in range(100)]
            dead = [f"{DEAD}{n}.png" for n in range(200)]
            both = [url for pair in zip(dead, dead[100:], urls, strict=False) for url in pair]
            ended = await asyncio.gather(*[verdicts(checker, url) for url in both])
            return ended, checker.verdicts.fetches

        ended, fetches = checking(work)
        assert ended == [["unreachable"], ["unreachable"], ["ok"]] * 100
        assert fetches <= 100 + PER_HOST + DEAD_AFTER, "the dead host is soon left alone"


def test_a_dead_host_is_tried_again_later() -> None:
    clock = Clock()

    async def work(checker: ImageChecker) -> list[int]:
        counts = []
        for _ in range(2):
            for number in range(6):
                assert await verdicts(checker, f"{DEAD}{clock.now_s}{number}") == ["unreachable"]
            counts.append(checker.verdicts.fetches)
            clock.now_s += DEAD_S
        return counts

    assert checking(work, clock=clock) == [DEAD_AFTER, DEAD_AFTER + 1]


def test_a_verdict_is_asked_for_again_when_it_is_old_and_kept_if_nothing_changed() -> None:
    clock, seen = Clock(), []

    async def act(request: Request, writer: asyncio.StreamWriter) -> None:
        seen.append(request.headers.get("if-none-match"))
        status = 304 if seen[-1] else 200
        body = answer(png() if status == 200 else b"", status, ETag='"one"', has_ranges=False)
        await body(request, writer)

    with Site(
        {"/a.png": act, "/b.png": in_turn(answer(png(), Last_Modified="x"), answer(b""))}
    ) as site:

        async def work(checker: ImageChecker) -> list[list[str]]:
            ended = []
            for _ in range(3):
                ended.append(await verdicts(checker, site.url("/a.png")))
                clock.now_s += FRESH_S - 1
                ended.append(await verdicts(checker, site.url("/a.png")))
                clock.now_s += 1
            ended.append(await verdicts(checker, site.url("/b.png")))
            clock.now_s += FRESH_S
            ended.append(await verdicts(checker, site.url("/b.png")))
            return ended

        assert checking(work, clock=clock) == [["ok"]] * 7 + [["not-an-image"]]
        assert seen == [None, '"one"', '"one"']
        assert site.requests[-1].headers["if-modified-since"] == "x"


def test_what_may_pass_is_asked_for_again_sooner() -> None:
    clock = Clock()
    with Site({"/a.png": in_turn(*[answer(b"", 503)] * 3, answer(png()))}) as site:

        async def work(checker: ImageChecker) -> list[list[str]]:
            ended = [await verdicts(checker, site.url("/a.png")) for _ in range(2)]
            clock.now_s += TRANSIENT_S
            return [*ended, await verdicts(checker, site.url("/a.png"))]

        assert checking(work, clock=clock) == [["http-error"], ["http-error"], ["ok"]]
        assert len(site.requests) == 4


def test_retry_after_is_respected() -> None:
    clock, asked_at = Clock(), []
    soon = in_turn(answer(b"", 429, Retry_After="1"), answer(png()))

    async def act(request: Request, writer: asyncio.StreamWriter) -> None:
        asked_at.append(time.monotonic())
        await soon(request, writer)

    late = in_turn(answer(b"", 429, Retry_After="1800"), answer(png()))
    with Site({"/soon.png": act, "/late.png": late}) as site:

        async def work(checker: ImageChecker) -> list[list[str]]:
            ended = [await verdicts(checker, site.url("/soon.png"))]
            for wait_s in (0, 1799, 1):
                clock.now_s += wait_s
                ended.append(await verdicts(checker, site.url("/late.png")))
            return ended

        assert checking(work, clock=clock) == [["ok"], ["http-error"], ["http-error"], ["ok"]]
        assert asked_at[1] - asked_at[0] >= 1
        assert site.counts() == {"/soon.png": 2, "/late.png": 2}


def test_what_will_not_pass_is_not_tried_again() -> None:
    with Site({"/gone.png": answer(b"", 410), "/up.png": raw(b"")}) as site:

        async def work(checker: ImageChecker) -> list[str]:
            return await verdicts(checker, site.url("/gone.png"), site.url("/up.png"))

        assert checking(work) == ["http-error", "unreachable"]
        assert site.counts() == {"/gone.png": 1, "/up.png": 3}


def test_who_gives_up_takes_nothing_from_others() -> None:
    with Site({"/a.png": answer(png(), after_s=0.5)}) as site:

        async def work(checker: ImageChecker) -> list[str]:
            url = site.url("/a.png")
            first = asyncio.create_task(verdicts(checker, url))
            second = asyncio.create_task(verdicts(checker, url))
            await asyncio.sleep(0.1)
            first.cancel()
            return await second

        assert checking(work) == ["ok"]
        assert len(site.requests) == 1


def test_a_record_is_not_held_up_beyond_its_deadline() -> None:
    acts = {f"/{n}.png": silence() for n in range(20)}
    with Site(acts) as site:

        async def work(checker: ImageChecker) -> list[str]:
            return await verdicts(checker, *[site.url(path) for path in acts])

        began = time.monotonic()
        assert checking(work, article_timeout_s=1) == ["timeout"] * 20
        assert time.monotonic() - began < 4


def test_connections_are_used_again() -> None:
    with Site({f"/{n}.jpg": answer(jpeg(filler=100_000)) for n in range(40)}) as site:

        async def work(checker: ImageChecker) -> list[str]:
            ended = []
            for n in range(40):
                ended += await verdicts(checker, site.url(f"/{n}.jpg"))
            return ended

        assert checking(work) == ["ok"] * 40
        assert site.connections == 1
        assert len(site.requests) == 80, "once for the beginning, once for more of it"

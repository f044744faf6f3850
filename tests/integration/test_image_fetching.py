"""Image fetches: one for each image, a bounded number at a time, repeated only when stale."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from typing import TypeVar

from newsloom.adapters.images.checks import RECORD_S, ImageChecker
from newsloom.adapters.images.fetch import MAX_ATTEMPTS
from newsloom.adapters.images.verdict_cache import FRESH_S, TRANSIENT_S
from newsloom.adapters.web.client import open_client
from newsloom.adapters.web.hosts import DEAD_AFTER, DEAD_S, PER_HOST, SILENT_AFTER
from tests.support.pictures import gif, jpeg, png
from tests.support.site import Request, Site, answer, in_turn, raw, redirect, silence

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


def run_with_checker(
    work: Callable[[ImageChecker], Awaitable[T]],
    wanted: int = 1,
    clock: Callable[[], float] = time.monotonic,
    article_timeout_s: float = RECORD_S,
) -> T:
    """The result of `work` with a new checker, on a new event loop."""

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


def test_ten_thousand_records_that_share_500_images_need_500_fetches() -> None:
    with Site({f"/{n}.png": answer(png(), after_s=0.01) for n in range(500)}) as site:

        async def work(checker: ImageChecker) -> list[list[str]]:
            urls = [site.url(f"/{n % 500}.png") for n in range(10_000)]
            return await asyncio.gather(*[verdicts(checker, url) for url in urls])

        # All wait for the same host, on a busy machine longer than an article may.
        assert run_with_checker(work, article_timeout_s=60.0) == [["ok"]] * 10_000
        assert len(site.requests) == 500
        assert site.busiest <= PER_HOST


def test_candidates_are_tried_in_order_up_to_the_first_good_one() -> None:
    responses = {"/small": answer(gif(90, 90)), "/good": answer(png()), "/next": answer(png())}
    with Site(responses) as site:
        urls = [
            site.url(path) for path in ("/placeholder.png", "/small", "/small", "/good", "/next")
        ]

        async def work(checker: ImageChecker) -> list[str]:
            return await verdicts(checker, *urls)

        assert run_with_checker(work) == ["placeholder", "too-small", "ok"]
        assert site.counts() == {"/small": 1, "/good": 1}, (
            "a placeholder name is rejected without a fetch"
        )
        assert run_with_checker(work, wanted=2) == ["placeholder", "too-small", "ok", "ok"]


def test_dead_host_does_not_slow_other_hosts() -> None:
    with Site({f"/{n}.png": answer(png()) for n in range(100)}) as site:

        async def work(checker: ImageChecker) -> tuple[list[list[str]], int]:
            urls = [site.url(f"/{n}.png") for n in range(100)]
            dead = [f"{DEAD}{n}.png" for n in range(200)]
            urls_of_both_hosts = [
                url for pair in zip(dead, dead[100:], urls, strict=False) for url in pair
            ]
            results = await asyncio.gather(*[verdicts(checker, url) for url in urls_of_both_hosts])
            return results, checker.verdicts.fetches

        results, fetches = run_with_checker(work)
        assert results == [["unreachable"], ["unreachable"], ["ok"]] * 100
        assert fetches <= 100 + PER_HOST + DEAD_AFTER, (
            "after a few failures no request goes to the dead host"
        )


def test_a_queue_at_one_host_is_not_judged_slow() -> None:
    """Each image takes 1 s, and the last one waits far longer than the fetch of one image may."""
    images = 7 * PER_HOST
    with Site({f"/{n}.png": answer(png(), after_s=1) for n in range(images)}) as site:

        async def work(checker: ImageChecker) -> list[list[str]]:
            urls = [site.url(f"/{n}.png") for n in range(images)]
            return await asyncio.gather(*[verdicts(checker, url) for url in urls])

        assert run_with_checker(work) == [["ok"]] * images
        assert site.busiest <= PER_HOST


def test_the_target_of_a_redirect_answers_for_its_own_failures() -> None:
    led_away = {f"/{n}.png": redirect(f"{DEAD}{n}.png") for n in range(20)}
    good = {f"/{n}.png": answer(png()) for n in range(20, 100)}
    with Site(led_away | good) as site:

        async def work(checker: ImageChecker) -> list[list[str]]:
            urls = [site.url(f"/{n}.png") for n in range(100)]
            return await asyncio.gather(*[verdicts(checker, url) for url in urls])

        assert run_with_checker(work) == [["unreachable"]] * 20 + [["ok"]] * 80


def test_a_redirect_waits_for_its_turn_at_the_target_without_a_turn_at_the_first_host() -> None:
    images = 3 * PER_HOST
    acts = {f"/{n}.png": answer(png(), after_s=0.5) for n in range(images)}
    with Site(acts) as target:
        first = Site({f"/{n}.png": redirect(target.url(f"/{n}.png")) for n in range(images)})
        with first:

            async def work(checker: ImageChecker) -> list[list[str]]:
                urls = [first.url(f"/{n}.png") for n in range(images)]
                return await asyncio.gather(*[verdicts(checker, url) for url in urls])

            assert run_with_checker(work) == [["ok"]] * images
            assert target.busiest <= PER_HOST


def test_a_silent_host_is_not_asked_for_every_image() -> None:
    with Site(otherwise=silence()) as site:

        async def work(checker: ImageChecker) -> list[list[str]]:
            urls = [site.url(f"/{n}.png") for n in range(300)]
            return await asyncio.gather(*[verdicts(checker, url) for url in urls])

        assert run_with_checker(work) == [["timeout"]] * 300
        assert len(site.requests) <= SILENT_AFTER + PER_HOST


def test_the_fetches_of_one_article_end_in_time() -> None:
    """The first image of each host may take all its time: not all twenty can."""
    responses = {f"/{n}.png": silence() for n in range(20)}
    with Site(responses) as site:

        async def work(checker: ImageChecker) -> list[str]:
            return await verdicts(checker, *[site.url(path) for path in responses])

        assert run_with_checker(work) == ["timeout"] * 20
        assert len(site.requests) == 3


def test_dead_host_is_tried_again_later() -> None:
    clock = Clock()

    async def work(checker: ImageChecker) -> list[int]:
        counts = []
        for _ in range(2):
            for number in range(6):
                assert await verdicts(checker, f"{DEAD}{clock.now_s}{number}") == ["unreachable"]
            counts.append(checker.verdicts.fetches)
            clock.now_s += DEAD_S
        return counts

    images = DEAD_AFTER // MAX_ATTEMPTS
    assert run_with_checker(work, clock=clock) == [images, images + 1]


def test_stale_verdict_is_revalidated_and_kept_if_the_image_is_unchanged() -> None:
    clock, validators = Clock(), []

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        validators.append(request.headers.get("if-none-match"))
        status = 304 if validators[-1] else 200
        response = answer(png() if status == 200 else b"", status, ETag='"one"', has_ranges=False)
        await response(request, writer)

    with Site(
        {"/a.png": respond, "/b.png": in_turn(answer(png(), Last_Modified="x"), answer(b""))}
    ) as site:

        async def work(checker: ImageChecker) -> list[list[str]]:
            results = []
            for _ in range(3):
                results.append(await verdicts(checker, site.url("/a.png")))
                clock.now_s += FRESH_S - 1
                results.append(await verdicts(checker, site.url("/a.png")))
                clock.now_s += 1
            results.append(await verdicts(checker, site.url("/b.png")))
            clock.now_s += FRESH_S
            results.append(await verdicts(checker, site.url("/b.png")))
            return results

        assert run_with_checker(work, clock=clock) == [["ok"]] * 7 + [["not-an-image"]]
        assert validators == [None, '"one"', '"one"']
        assert site.requests[-1].headers["if-modified-since"] == "x"


def test_transient_failure_is_fetched_again_sooner() -> None:
    clock = Clock()
    with Site({"/a.png": in_turn(*[answer(b"", 503)] * 3, answer(png()))}) as site:

        async def work(checker: ImageChecker) -> list[list[str]]:
            results = [await verdicts(checker, site.url("/a.png")) for _ in range(2)]
            clock.now_s += TRANSIENT_S
            return [*results, await verdicts(checker, site.url("/a.png"))]

        assert run_with_checker(work, clock=clock) == [["http-error"], ["http-error"], ["ok"]]
        assert len(site.requests) == 4


def test_retry_after_is_respected() -> None:
    clock, requested_at = Clock(), []
    ready_soon = in_turn(answer(b"", 429, Retry_After="1"), answer(png()))

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        requested_at.append(time.monotonic())
        await ready_soon(request, writer)

    ready_later = in_turn(answer(b"", 429, Retry_After="1800"), answer(png()))
    with Site({"/soon.png": respond, "/late.png": ready_later}) as site:

        async def work(checker: ImageChecker) -> list[list[str]]:
            results = [await verdicts(checker, site.url("/soon.png"))]
            for wait_s in (0, 1799, 1):
                clock.now_s += wait_s
                results.append(await verdicts(checker, site.url("/late.png")))
            return results

        assert run_with_checker(work, clock=clock) == [
            ["ok"],
            ["http-error"],
            ["http-error"],
            ["ok"],
        ]
        assert requested_at[1] - requested_at[0] >= 1
        assert site.counts() == {"/soon.png": 2, "/late.png": 2}


def test_permanent_failure_is_not_retried_and_broken_connection_is() -> None:
    with Site({"/gone.png": answer(b"", 410), "/up.png": raw(b"")}) as site:

        async def work(checker: ImageChecker) -> list[str]:
            return await verdicts(checker, site.url("/gone.png"), site.url("/up.png"))

        assert run_with_checker(work) == ["http-error", "unreachable"]
        assert site.counts() == {"/gone.png": 1, "/up.png": 3}


def test_cancelling_one_waiter_does_not_cancel_the_shared_fetch() -> None:
    with Site({"/a.png": answer(png(), after_s=0.5)}) as site:

        async def work(checker: ImageChecker) -> list[str]:
            url = site.url("/a.png")
            first = asyncio.create_task(verdicts(checker, url))
            second = asyncio.create_task(verdicts(checker, url))
            await asyncio.sleep(0.1)
            first.cancel()
            return await second

        assert run_with_checker(work) == ["ok"]
        assert len(site.requests) == 1


def test_checks_of_an_article_end_at_its_deadline() -> None:
    responses = {f"/{n}.png": silence() for n in range(20)}
    with Site(responses) as site:

        async def work(checker: ImageChecker) -> list[str]:
            return await verdicts(checker, *[site.url(path) for path in responses])

        started_s = time.monotonic()
        assert run_with_checker(work, article_timeout_s=1) == ["timeout"] * 20
        assert time.monotonic() - started_s < 4


def test_connections_are_reused() -> None:
    with Site({f"/{n}.jpg": answer(jpeg(filler=100_000)) for n in range(40)}) as site:

        async def work(checker: ImageChecker) -> list[str]:
            results = []
            for n in range(40):
                results += await verdicts(checker, site.url(f"/{n}.jpg"))
            return results

        assert run_with_checker(work) == ["ok"] * 40
        assert site.connections == 1
        assert len(site.requests) == 80, "two requests for each image: its first bytes, then more"

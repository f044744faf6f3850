"""The cached rules of robots.txt: their total size is bounded."""

import asyncio
from collections.abc import AsyncIterator

import httpx

from newsloom.adapters.web.robots import MAX_BYTES, MAX_KEPT_BYTES, Robots

SITES = 3 * MAX_KEPT_BYTES // MAX_BYTES


def test_large_files_replace_each_other_and_a_lost_one_is_fetched_again() -> None:
    line = b"# a long comment\n"
    body = b"User-agent: *\nDisallow: /secret\n" + line * ((MAX_BYTES - 100) // len(line))
    fetched: list[str] = []

    async def parts() -> AsyncIterator[bytes]:
        yield body

    def answer(request: httpx.Request) -> httpx.Response:
        fetched.append(request.url.host)
        return httpx.Response(200, content=parts())

    async def visit() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            robots = Robots(client, clock=lambda: 0.0)
            for number in (*range(SITES), SITES - 1, 0):
                site = f"https://s{number}.example"
                assert await robots.may_fetch(httpx.URL(f"{site}/open"))
                assert not await robots.may_fetch(httpx.URL(f"{site}/secret"))

    asyncio.run(visit())
    assert fetched == [f"s{number}.example" for number in (*range(SITES), 0)]

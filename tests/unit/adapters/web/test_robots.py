"""The cached rules of robots.txt: how they are read, and that their total size is bounded."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

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


BOM = b"\xef\xbb\xbf"
NO, YES = b"User-agent: *\nDisallow: /\n", b"User-agent: *\nAllow: /\n"
FILES: dict[str, tuple[bytes, bool]] = {
    "it forbids": (NO, False),
    "it allows": (YES, True),
    "a BOM, and it forbids": (BOM + NO, False),
    "a BOM, and it allows": (BOM + YES, True),
    "a BOM, and it forbids us": (BOM + b"User-agent: Newsloom\nDisallow: /\n", False),
    "a BOM, and it forbids others": (BOM + b"User-agent: other\nDisallow: /\n", True),
    "a BOM and a comment": (BOM + b"# rules\n" + NO, False),
    "a BOM and an empty line": (BOM + b"\n" + NO, False),
    "a BOM and line ends of Windows": (BOM + NO.replace(b"\n", b"\r\n"), False),
    "a BOM and small letters": (BOM + b"user-agent: *\ndisallow: /\n", False),
    "a BOM and a path": (BOM + b"User-agent: *\nDisallow: /news\n", False),
    "a BOM and another path": (BOM + b"User-agent: *\nDisallow: /sport\n", True),
    "only a BOM": (BOM, True),
    "bytes that are no text": (b"\xff\xfe\xfd\n" + NO, False),
}


@pytest.mark.parametrize("case", FILES)
def test_the_rules_are_read_after_a_byte_order_mark(case: str) -> None:
    body, expected = FILES[case]

    async def visit() -> bool:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Parts(body)))
        async with httpx.AsyncClient(transport=transport) as client:
            return await Robots(client).may_fetch(httpx.URL("https://s.example/news/1"))

    assert asyncio.run(visit()) == expected


class Parts(httpx.AsyncByteStream):
    """A body in one part."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

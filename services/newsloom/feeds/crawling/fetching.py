"""Fetches one feed through the guarded client.

In: a URL, and the validators of the last answer. Out: an `Answer`, for everything that a server can
do. It obeys robots.txt at each hop, and bounds bytes and time. It does not wait between requests;
`Crawler` does.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

import cramjam
import httpcore
import httpx

from newsloom.adapters.web.client import (
    FETCH_ERRORS,
    MAX_REDIRECTS,
    BadBodyError,
    Body,
    RefusedError,
    TooManyRedirectsError,
    read_body,
)
from newsloom.adapters.web.guard import BlockedAddressError
from newsloom.adapters.web.robots import Robots
from newsloom.feeds.crawling.outcomes import Answer, Outcome

VISIT_S = 30.0
"""Seconds for one feed, with all its redirects."""
MAX_BYTES = 4 * 1024 * 1024
"""Of a feed, before and after unpacking. Of a longer one the first part is read."""
MAX_WAIT_S = 7 * 24 * 3600
"""The longest wait that a server can ask for."""

_TIMEOUT = httpx.Timeout(connect=5.0, read=10.0, write=5.0, pool=VISIT_S)
_HEADERS = {
    "Accept": "application/atom+xml, application/rss+xml, application/feed+json, "
    "application/xml;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip, br",
}
_MAX_VALIDATOR = 1_000
_PERMANENT = (301, 308)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE | re.ASCII)
_STATUSES = {
    304: Outcome.UNCHANGED,
    401: Outcome.DENIED,
    402: Outcome.DENIED,
    403: Outcome.DENIED,
    404: Outcome.NOT_FOUND,
    410: Outcome.GONE,
    429: Outcome.BUSY,
    451: Outcome.DENIED,
    503: Outcome.BUSY,
}


class WebFetcher:
    """Fetches feeds. For one asyncio loop only. `now` gives seconds since the epoch."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        now: Callable[[], float] = time.time,
        visit_s: float = VISIT_S,
    ) -> None:
        self._client = client
        self._robots = Robots(client)
        self._now = now
        self._visit_s = visit_s

    async def fetch(self, url: str, etag: str, last_modified: str) -> Answer:
        """The answer of `url`. Raises nothing but MemoryError for what a server does."""
        headers = dict(_HEADERS)
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        try:
            async with asyncio.timeout(self._visit_s):
                return await self._follow(url, headers)
        except RefusedError:
            return Answer(Outcome.ROBOTS, url)
        except FETCH_ERRORS as error:
            return Answer(_outcome_of(error), url, detail=_describe(error))

    async def _follow(self, url: str, headers: Mapping[str, str]) -> Answer:
        """Follows redirects itself, unlike `ask`: a feed that has moved for ever is remembered."""
        request = self._client.build_request("GET", url, headers=dict(headers), timeout=_TIMEOUT)
        moved_to, is_permanent = "", True
        for _ in range(MAX_REDIRECTS + 1):
            if not await self._robots.may_fetch(request.url):
                raise RefusedError(str(request.url))
            response = await self._client.send(request, stream=True)
            try:
                following = response.next_request
                if following is None:
                    return await self._read(response, moved_to)
            finally:
                await response.aclose()
            is_permanent = is_permanent and response.status_code in _PERMANENT
            moved_to = str(following.url) if is_permanent else moved_to
            request = following
        raise TooManyRedirectsError(url)

    async def _read(self, response: httpx.Response, moved_to: str) -> Answer:
        status, headers = response.status_code, response.headers
        url = str(response.url)
        retry_after_s = _retry_after_s(headers.get("retry-after", ""), self._now())
        max_age_s = _max_age_s(headers.get("cache-control", ""))
        if status != 200:
            outcome = _STATUSES.get(status, Outcome.HTTP_ERROR)
            moved_to = moved_to if outcome is Outcome.UNCHANGED else ""
            return Answer(
                outcome,
                url,
                moved_to=moved_to,
                retry_after_s=retry_after_s,
                max_age_s=max_age_s,
                detail=f"status {status}",
            )
        body = await _read_feed_body(response)
        return Answer(
            Outcome.READ if body.is_whole else Outcome.TOO_LARGE,
            url,
            body=body.data,
            content_type=headers.get("content-type", "")[:_MAX_VALIDATOR],
            etag=headers.get("etag", "")[:_MAX_VALIDATOR],
            last_modified=headers.get("last-modified", "")[:_MAX_VALIDATOR],
            moved_to=moved_to,
            retry_after_s=retry_after_s,
            max_age_s=max_age_s,
        )


async def _read_feed_body(response: httpx.Response) -> Body:
    if response.headers.get("content-encoding", "").strip().lower() != "br":
        return await read_body(response, MAX_BYTES)
    packed = bytearray()
    async for part in response.aiter_raw():
        packed += part
        if len(packed) > MAX_BYTES:
            raise BadBodyError(f"more than {MAX_BYTES} packed bytes")
    return _unpack_brotli(bytes(packed))


def _unpack_brotli(packed: bytes) -> Body:
    """At most `MAX_BYTES`: the buffer that is unpacked into has no room for more."""
    room = bytearray(MAX_BYTES + 1)
    try:
        size = cramjam.brotli.decompress_into(packed, room)
    except cramjam.DecompressionError as error:
        if any(room[-1:]):  # it was full
            return Body(bytes(room[:MAX_BYTES]), is_whole=False)
        raise BadBodyError(str(error)) from error
    return Body(bytes(room[:size]), is_whole=size <= MAX_BYTES)


def _retry_after_s(value: str, now: float) -> int | None:
    """The header Retry-After: seconds or a date."""
    value = value.strip()[:100]
    if value.isascii() and value.isdigit():
        return min(int(value), MAX_WAIT_S)
    try:
        at = parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(0, int(at - now)), MAX_WAIT_S)


def _max_age_s(value: str) -> int | None:
    found = _MAX_AGE.search(value)
    return min(int(found[1]), MAX_WAIT_S) if found else None


def _outcome_of(error: Exception) -> Outcome:
    if isinstance(error, BlockedAddressError):
        return Outcome.BLOCKED
    if isinstance(error, TooManyRedirectsError):
        return Outcome.REDIRECTS
    if isinstance(error, BadBodyError):
        return Outcome.BAD_BODY
    if isinstance(error, httpx.InvalidURL | httpx.RemoteProtocolError | UnicodeError):
        return Outcome.BAD_URL
    is_slow = isinstance(error, TimeoutError | httpx.TimeoutException | httpcore.TimeoutException)
    return Outcome.TOO_SLOW if is_slow else Outcome.UNREACHABLE


def _describe(error: Exception) -> str:
    return " ".join(str(error).split())[:200]

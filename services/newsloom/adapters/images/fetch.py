"""Fetches one image.

In: a URL. Out: a verdict and, for a usable image, its true size and fingerprint. It downloads only
what the verdict needs, at most 3 MiB in each attempt, and ends within `FETCH_S` whatever the server
does, apart from its waits for a turn. Raises nothing but MemoryError.
"""

import asyncio
import logging
import random
import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import NamedTuple

import httpcore
import httpx

from newsloom.adapters.images.headers import MAX_SVG_BYTES, is_complete, read_header
from newsloom.adapters.web.client import (
    BadBodyError,
    Body,
    TooManyRedirectsError,
    Turn,
    ask,
    read_body,
)
from newsloom.adapters.web.fetch_observer import FetchObserver
from newsloom.adapters.web.guard import BlockedAddressError, NoAddressError
from newsloom.adapters.web.hosts import HostDownError, Hosts, NoTurnError, is_tls_failure
from newsloom.rules.images import Verdict, judge_name, judge_size

FETCH_S = 5.0
"""Seconds for a whole fetch: name resolution, connecting, redirects, reading and retries."""
TIMEOUT = httpx.Timeout(connect=2.0, read=FETCH_S, write=2.0, pool=FETCH_S)
MAX_ATTEMPTS = 3
FIRST_PAUSE_S = 0.2
"""Seconds before the first retry; the pause doubles each time, with up to 50 % jitter."""

MAX_BYTES = 3 * 1024 * 1024
"""Enough for the colour profiles of print, which stand before the size (ISO Coated v2: 1.8 MB)."""
FIRST_BYTES = 64 * 1024
"""Enough for nearly every header. The fingerprint covers at least this many bytes, if there are."""
PIXEL_BYTES = 16 * 1024
"""The fingerprint covers at least this many bytes from the first pixels on, if there are."""
MAX_FILE_BYTES = 8 * 1024 * 1024
"""The largest services that read Open Graph tags accept no larger image."""

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_CERTAIN = frozenset({401, 402, 404, 407, 410, 429, 451})
"""The failures that a request without Range would meet too."""
_CONTENT_RANGE = re.compile(r"bytes 0-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)

log = logging.getLogger(__name__)


class FetchedImage(NamedTuple):
    """The result of a fetch.

    `validators` are request headers that ask whether the image has changed since. `is_unchanged`:
    the server answered such a request with 304. `is_transient`: another attempt may succeed.
    `is_connected`: False if the host has no address or accepted no connection. `is_declined`: the
    image was not asked for, because the host counts as down or gave no turn. `may_be_range`: the
    server may answer well to a request without Range. `retry_after_s`: how many seconds the server
    asks us to wait. `seconds`: how long the fetch took, without waits for a turn.
    """

    verdict: Verdict
    width: int = 0
    height: int = 0
    fingerprint: str = ""
    validators: tuple[tuple[str, str], ...] = ()
    is_unchanged: bool = False
    is_transient: bool = False
    is_connected: bool = True
    is_declined: bool = False
    may_be_range: bool = False
    retry_after_s: float = 0.0
    seconds: float = 0.0


async def fetch_image(
    client: httpx.AsyncClient,
    hosts: Hosts,
    url: str,
    validators: tuple[tuple[str, str], ...],
    watch: FetchObserver,
) -> FetchedImage:
    """Fetches the image at `url`, with at most three attempts, each hop in the turn of its host.

    With the `validators` of an earlier fetch, the result may be `is_unchanged`.
    """

    @asynccontextmanager
    async def turn(hop: httpx.URL) -> AsyncIterator[None]:
        async with hosts.turn(hop, limit):
            with watch.fetching():
                yield

    try:
        async with asyncio.timeout(FETCH_S) as limit:
            found = await _attempt_repeatedly(client, turn, url, validators, limit)
            return found._replace(seconds=FETCH_S - _left_s(limit))
    except TimeoutError:
        return FetchedImage(Verdict.TIMEOUT, is_transient=True, seconds=FETCH_S)


def _left_s(limit: asyncio.Timeout) -> float:
    return (limit.when() or 0.0) - asyncio.get_running_loop().time()


async def _attempt_repeatedly(
    client: httpx.AsyncClient,
    turn: Turn,
    url: str,
    validators: tuple[tuple[str, str], ...],
    limit: asyncio.Timeout,
) -> FetchedImage:
    found = await _attempt(client, turn, url, validators)
    if found.may_be_range and not found.is_transient:
        found = await _attempt(client, turn, url, (), has_range=False)
    for attempts in range(1, MAX_ATTEMPTS):
        pause_s = FIRST_PAUSE_S * 2 ** (attempts - 1) * random.uniform(0.5, 1.5)
        pause_s = max(pause_s, found.retry_after_s)
        is_final = not found.is_transient or found.is_declined or found.verdict is Verdict.TIMEOUT
        if is_final or pause_s >= _left_s(limit):
            break
        await asyncio.sleep(pause_s)
        again = await _attempt(client, turn, url, (), has_range=False)
        if again.is_declined:  # what was found before says more
            break
        found = again
    return found


async def _attempt(
    client: httpx.AsyncClient,
    turn: Turn,
    url: str,
    validators: tuple[tuple[str, str], ...],
    has_range: bool = True,
) -> FetchedImage:
    try:
        found = await _request(client, turn, url, FIRST_BYTES, dict(validators), has_range)
        if found is None:
            found = await _request(client, turn, url, MAX_BYTES - FIRST_BYTES, {}, has_range)
        return found or FetchedImage(Verdict.TOO_LARGE)
    except HostDownError as error:
        verdict = Verdict.TIMEOUT if error.is_silent else Verdict.UNREACHABLE
        return FetchedImage(verdict, is_transient=True, is_declined=True)
    except NoTurnError:
        return FetchedImage(Verdict.TIMEOUT, is_transient=True, is_declined=True)
    except (BlockedAddressError, httpx.InvalidURL, UnicodeError):
        return FetchedImage(Verdict.BLOCKED_ADDRESS)
    except TooManyRedirectsError:
        return FetchedImage(Verdict.TOO_MANY_REDIRECTS)
    except BadBodyError:
        return FetchedImage(Verdict.NOT_AN_IMAGE)
    except (NoAddressError, httpcore.ConnectTimeout):
        return FetchedImage(Verdict.UNREACHABLE, is_connected=False)
    except httpcore.ConnectError as error:
        is_tls = is_tls_failure(error)
        return FetchedImage(Verdict.UNREACHABLE, is_transient=not is_tls, is_connected=is_tls)
    except httpcore.TimeoutException:
        return FetchedImage(Verdict.TIMEOUT, is_transient=True)
    except (httpcore.NetworkError, httpcore.ProtocolError):
        return FetchedImage(Verdict.UNREACHABLE, is_transient=True)
    except httpx.HTTPError:  # a redirect to something that is not a URL
        return FetchedImage(Verdict.HTTP_ERROR)
    except MemoryError:
        raise
    except Exception as error:  # a hostile response can raise anything in the libraries
        log.warning("the response of %s could not be read: %r", url, error)
        return FetchedImage(Verdict.UNREACHABLE)


async def _request(
    client: httpx.AsyncClient,
    turn: Turn,
    url: str,
    max_bytes: int,
    validators: Mapping[str, str],
    has_range: bool,
) -> FetchedImage | None:
    """The result from the first `max_bytes` bytes; None if more bytes are needed."""
    headers = {"Accept": "image/*", **validators}
    if has_range:
        headers["Range"] = f"bytes=0-{max_bytes - 1}"
    async with ask(client, url, headers, TIMEOUT, turn=turn) as response:
        if response.status_code == 304 and validators:
            return FetchedImage(Verdict.OK, is_unchanged=True)
        total = _total_bytes(response)
        refused = _judge_head(response, total)
        if refused is not None or total is None:
            return refused
        body = await read_body(response, max_bytes)
    if response.status_code == 206:
        body = Body(body.data, is_whole=body.is_whole and 0 <= total <= len(body.data))
    is_last = max_bytes > FIRST_BYTES
    return _judge(body, total, is_last, _validators_of(response))


def _judge_head(response: httpx.Response, total: int | None) -> FetchedImage | None:
    """The result, if the status and the headers suffice for it; None if the body is needed."""
    if total is None:
        return FetchedImage(
            Verdict.HTTP_ERROR,
            is_transient=response.status_code in _TRANSIENT,
            may_be_range=response.status_code not in _CERTAIN,
            retry_after_s=_retry_after_s(response),
        )
    name_verdict = judge_name(str(response.url))  # a redirect may lead to a placeholder
    if name_verdict is not Verdict.OK:
        return FetchedImage(name_verdict)
    return FetchedImage(Verdict.TOO_LARGE) if total > MAX_FILE_BYTES else None


def _validators_of(response: httpx.Response) -> tuple[tuple[str, str], ...]:
    """The request headers that revalidate the response; without those over 255 characters."""
    names = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
    values = ((condition, response.headers.get(name, "")) for condition, name in names)
    return tuple((condition, value) for condition, value in values if 0 < len(value) < 256)


def _judge(
    body: Body, total: int, is_last: bool, validators: tuple[tuple[str, str], ...]
) -> FetchedImage | None:
    """The result; None if more bytes are needed for it and there are more to read."""
    header = read_header(body.data)
    if header is None:
        return FetchedImage(Verdict.NOT_AN_IMAGE)
    if header.kind == "svg" and len(body.data) > MAX_SVG_BYTES:
        return FetchedImage(Verdict.TOO_LARGE)
    if header.size is None:
        return FetchedImage(Verdict.NOT_AN_IMAGE) if body.is_whole else None
    if body.is_whole and not is_complete(header, body.data):
        return FetchedImage(Verdict.NOT_AN_IMAGE)
    verdict = judge_size(*header.size)
    needed = max(FIRST_BYTES, (header.pixels_at or 0) + PIXEL_BYTES)
    has_enough = body.is_whole or (header.pixels_at is not None and len(body.data) >= needed)
    if verdict is Verdict.OK and not has_enough and not is_last:
        return None
    fingerprint = blake2b(body.data[:needed], digest_size=16)
    fingerprint.update(b"%d" % (len(body.data) if body.is_whole else total))
    return FetchedImage(verdict, *header.size, fingerprint.hexdigest(), validators)


def _total_bytes(response: httpx.Response) -> int | None:
    """The size of the whole file in bytes according to the headers; -1 if they do not state it.

    None if the response does not start with the first byte of the file.
    """
    if response.status_code == 206:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
        return None if found is None else -1 if found[2] == "*" else int(found[2])
    if not response.is_success or response.status_code in (204, 205):
        return None
    length = response.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else -1


def _retry_after_s(response: httpx.Response) -> float:
    """Seconds from the Retry-After header (RFC 9110, 10.2.3); 0 if absent or unreadable."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = parsedate_to_datetime(value)
        return max(0.0, until.timestamp() - time.time())
    except (ValueError, OverflowError, OSError):
        return 0.0

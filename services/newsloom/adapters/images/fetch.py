"""Fetches one image.

In: a URL. Out: a verdict and, for a usable image, its true size and fingerprint. It downloads only
what the verdict needs, at most 1 MiB in each attempt, and ends within `FETCH_S` whatever the server
does. Raises nothing but MemoryError.
"""

import asyncio
import logging
import random
import re
import ssl
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import NamedTuple

import httpcore
import httpx

from newsloom.adapters.images.headers import is_complete, read_header
from newsloom.adapters.web.client import (
    BadBodyError,
    Body,
    TooManyRedirectsError,
    ask,
    read_body,
)
from newsloom.adapters.web.guard import BlockedAddressError, NoAddressError
from newsloom.rules.images import Verdict, judge_name, judge_size

FETCH_S = 5.0
"""Seconds for a whole fetch: name resolution, connecting, redirects, reading and retries."""
TIMEOUT = httpx.Timeout(connect=2.0, read=3.0, write=2.0, pool=FETCH_S)
MAX_ATTEMPTS = 3
FIRST_PAUSE_S = 0.2
"""Seconds before the first retry; the pause doubles each time, with up to 50 % jitter."""

MAX_BYTES = 1024 * 1024
FIRST_BYTES = 64 * 1024
"""Enough for nearly every header. The fingerprint covers at most this many bytes."""
MAX_FILE_BYTES = 8 * 1024 * 1024
"""The largest services that read Open Graph tags accept no larger image."""

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"bytes 0-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)

log = logging.getLogger(__name__)


class FetchedImage(NamedTuple):
    """The result of a fetch.

    `validators` are request headers that ask whether the image has changed since. `is_unchanged`:
    the server answered such a request with 304. `is_transient`: another attempt may succeed.
    `is_connected`: False if the host has no address or accepted no connection. `retry_after_s`: how
    many seconds the server asks us to wait.
    """

    verdict: Verdict
    width: int = 0
    height: int = 0
    fingerprint: str = ""
    validators: tuple[tuple[str, str], ...] = ()
    is_unchanged: bool = False
    is_transient: bool = False
    is_connected: bool = True
    retry_after_s: float = 0.0


async def fetch_image(
    client: httpx.AsyncClient, url: str, validators: tuple[tuple[str, str], ...] = ()
) -> FetchedImage:
    """Fetches the image at `url`, with at most three attempts.

    With the `validators` of an earlier fetch, the result may be `is_unchanged`.
    """
    found = FetchedImage(Verdict.TIMEOUT, is_transient=True)
    try:
        async with asyncio.timeout(FETCH_S) as deadline:
            for attempt in range(MAX_ATTEMPTS):
                found = await _attempt(client, url, validators)
                pause_s = FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.5)
                pause_s = max(pause_s, found.retry_after_s)
                left_s = (deadline.when() or 0) - asyncio.get_running_loop().time()
                is_last = attempt == MAX_ATTEMPTS - 1 or pause_s >= left_s
                if not found.is_transient or found.verdict is Verdict.TIMEOUT or is_last:
                    return found
                await asyncio.sleep(pause_s)
    except TimeoutError:
        return FetchedImage(Verdict.TIMEOUT, is_transient=True)
    return found


async def _attempt(
    client: httpx.AsyncClient, url: str, validators: tuple[tuple[str, str], ...]
) -> FetchedImage:
    try:
        found = await _request(client, url, FIRST_BYTES, dict(validators))
        if found is None:
            found = await _request(client, url, MAX_BYTES - FIRST_BYTES, {})
        return found or FetchedImage(Verdict.TOO_LARGE)
    except (BlockedAddressError, httpx.InvalidURL, UnicodeError):
        return FetchedImage(Verdict.BLOCKED_ADDRESS)
    except TooManyRedirectsError:
        return FetchedImage(Verdict.TOO_MANY_REDIRECTS)
    except BadBodyError:
        return FetchedImage(Verdict.NOT_AN_IMAGE)
    except (NoAddressError, httpcore.ConnectTimeout):
        return FetchedImage(Verdict.UNREACHABLE, is_connected=False)
    except httpcore.ConnectError as error:
        is_tls = isinstance(error.__cause__, ssl.SSLError)
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
    client: httpx.AsyncClient, url: str, max_bytes: int, validators: Mapping[str, str]
) -> FetchedImage | None:
    """The result from the first `max_bytes` bytes; None if more bytes are needed."""
    headers = {"Range": f"bytes=0-{max_bytes - 1}", "Accept": "image/*", **validators}
    async with ask(client, url, headers, TIMEOUT) as response:
        if response.status_code == 304 and validators:
            return FetchedImage(Verdict.OK, is_unchanged=True)
        total = _total_bytes(response)
        refused = _judge_head(response, total)
        if refused is not None or total is None:
            return refused
        body = await read_body(response, max_bytes)
    if response.status_code == 206:
        body = Body(body.data, is_whole=body.is_whole and 0 <= total <= len(body.data))
    return _judge(body, _validators_of(response))


def _judge_head(response: httpx.Response, total: int | None) -> FetchedImage | None:
    """The result, if the status and the headers suffice for it; None if the body is needed."""
    if total is None:
        return FetchedImage(
            Verdict.HTTP_ERROR,
            is_transient=response.status_code in _TRANSIENT,
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


def _judge(body: Body, validators: tuple[tuple[str, str], ...]) -> FetchedImage | None:
    header = read_header(body.data)
    if header is None:
        return FetchedImage(Verdict.NOT_AN_IMAGE)
    if header.size is None:
        return FetchedImage(Verdict.NOT_AN_IMAGE) if body.is_whole else None
    if body.is_whole and not is_complete(header.kind, body.data):
        return FetchedImage(Verdict.NOT_AN_IMAGE)
    fingerprint = blake2b(body.data[:FIRST_BYTES], digest_size=16).hexdigest()
    return FetchedImage(judge_size(*header.size), *header.size, fingerprint, validators)


def _total_bytes(response: httpx.Response) -> int | None:
    """The size of the whole file in bytes according to the headers; -1 if they do not state it.

    None if the response does not start with the first byte of the file.
    """
    if response.status_code == 206:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
        return None if found is None else -1 if found[2] == "*" else int(found[2])
    if response.status_code != 200:
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

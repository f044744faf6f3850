"""One image on the web: its URL in; a verdict, its true size and its fingerprint out.

Reads no more than the verdict needs, and never more than 1 MiB. Ends within its deadline whatever
the other side does. Never raises.
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
"""All of a fetch: looking up, connecting, redirects, reading and trying again."""
TIMEOUT = httpx.Timeout(connect=2.0, read=3.0, write=2.0, pool=FETCH_S)
MAX_ATTEMPTS = 3
FIRST_PAUSE_S = 0.2

MAX_BYTES = 1024 * 1024
FIRST_BYTES = 64 * 1024
"""Enough for nearly every header; the fingerprint is that of so many bytes."""
MAX_FILE_BYTES = 8 * 1024 * 1024
"""What Open Graph's largest reader takes; beyond that an image is no service to a reader."""

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"bytes 0-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """What a fetch found. `validators` are what to ask with whether it has changed since.

    `retry_after_s` says how long the server wants to be left alone.
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
) -> Found:
    """What there is at `url`. Given `validators` of a former fetch, it may just be unchanged."""
    found = Found(Verdict.TIMEOUT, is_transient=True)
    try:
        async with asyncio.timeout(FETCH_S) as deadline:
            for attempt in range(MAX_ATTEMPTS):
                found = await _try(client, url, validators)
                pause_s = FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.5)
                pause_s = max(pause_s, found.retry_after_s)
                left_s = (deadline.when() or 0) - asyncio.get_running_loop().time()
                is_last = attempt == MAX_ATTEMPTS - 1 or pause_s >= left_s
                if not found.is_transient or found.verdict is Verdict.TIMEOUT or is_last:
                    return found
                await asyncio.sleep(pause_s)
    except TimeoutError:
        return Found(Verdict.TIMEOUT, is_transient=True)
    return found


async def _try(
    client: httpx.AsyncClient, url: str, validators: tuple[tuple[str, str], ...]
) -> Found:
    try:
        found = await _look(client, url, FIRST_BYTES, dict(validators))
        if found is None:
            found = await _look(client, url, MAX_BYTES - FIRST_BYTES, {})
        return found or Found(Verdict.TOO_LARGE)
    except (BlockedAddressError, httpx.InvalidURL, UnicodeError):
        return Found(Verdict.BLOCKED_ADDRESS)
    except TooManyRedirectsError:
        return Found(Verdict.TOO_MANY_REDIRECTS)
    except BadBodyError:
        return Found(Verdict.NOT_AN_IMAGE)
    except (NoAddressError, httpcore.ConnectTimeout):
        return Found(Verdict.UNREACHABLE, is_connected=False)
    except httpcore.ConnectError as error:
        is_tls = isinstance(error.__cause__, ssl.SSLError)
        return Found(Verdict.UNREACHABLE, is_transient=not is_tls, is_connected=is_tls)
    except httpcore.TimeoutException:
        return Found(Verdict.TIMEOUT, is_transient=True)
    except (httpcore.NetworkError, httpcore.ProtocolError):
        return Found(Verdict.UNREACHABLE, is_transient=True)
    except httpx.HTTPError:  # a redirect to what is no URL
        return Found(Verdict.HTTP_ERROR)
    except MemoryError:
        raise
    except Exception as error:  # what a hostile answer made of the libraries beneath
        log.warning("an answer of %s broke the reading of it: %r", url, error)
        return Found(Verdict.UNREACHABLE)


async def _look(
    client: httpx.AsyncClient, url: str, max_bytes: int, validators: Mapping[str, str]
) -> Found | None:
    """What the first bytes tell; None if it takes more of them."""
    headers = {"Range": f"bytes=0-{max_bytes - 1}", "Accept": "image/*", **validators}
    async with ask(client, url, headers, TIMEOUT) as response:
        if response.status_code == 304 and validators:
            return Found(Verdict.OK, is_unchanged=True)
        total = _total_bytes(response)
        if total is None:
            return Found(
                Verdict.HTTP_ERROR,
                is_transient=response.status_code in _TRANSIENT,
                retry_after_s=_retry_after_s(response),
            )
        named = judge_name(str(response.url))  # a redirect may have led to a stand-in
        if named is not Verdict.OK:
            return Found(named)
        if total > MAX_FILE_BYTES:
            return Found(Verdict.TOO_LARGE)
        body = await read_body(response, max_bytes)
        if response.status_code == 206:
            body = Body(body.data, is_whole=body.is_whole and 0 <= total <= len(body.data))
        validators = {
            condition: response.headers[name]
            for condition, name in (
                ("If-None-Match", "etag"),
                ("If-Modified-Since", "last-modified"),
            )
            if len(response.headers.get(name, "")) in range(1, 256)
        }
    return _judge(body, tuple(validators.items()))


def _judge(body: Body, validators: tuple[tuple[str, str], ...]) -> Found | None:
    header = read_header(body.data)
    if header is None:
        return Found(Verdict.NOT_AN_IMAGE)
    if header.size is None:
        return Found(Verdict.NOT_AN_IMAGE) if body.is_whole else None
    if body.is_whole and not is_complete(header.kind, body.data):
        return Found(Verdict.NOT_AN_IMAGE)
    fingerprint = blake2b(body.data[:FIRST_BYTES], digest_size=16).hexdigest()
    return Found(judge_size(*header.size), *header.size, fingerprint, validators)


def _total_bytes(response: httpx.Response) -> int | None:
    """How large the file says it is, -1 if it does not say; None if this is not its beginning."""
    if response.status_code == 206:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
        return None if found is None else -1 if found[2] == "*" else int(found[2])
    if response.status_code != 200:
        return None
    length = response.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 19 else -1


def _retry_after_s(response: httpx.Response) -> float:
    """Seconds to wait before asking again (RFC 9110, 10.2.3); 0 if it does not say."""
    said = response.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        until = parsedate_to_datetime(said)
        return max(0.0, until.timestamp() - time.time())
    except (ValueError, OverflowError, OSError):
        return 0.0

"""The web as we fetch from it: an httpx client whose every request goes through the guard.

In: what networks are open besides the public ones, and who we are. Out: a client that follows no
redirect, keeps no cookie, and takes no proxy from the environment: each hop is checked anew.
"""

import logging
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NamedTuple

import httpcore
import httpx

from newsloom.adapters.web.fetch_observer import FetchObserver, NullFetchObserver
from newsloom.adapters.web.guard import (
    PORTS,
    BlockedAddressError,
    GuardedBackend,
    Network,
    Resolver,
)

MAX_CONNECTIONS = 100
POOLS = 16
"""httpcore goes through all connections of a pool with every request: small pools are fast."""
KEPT_CONNECTIONS = 16
"""Of each pool."""
KEPT_S = 15.0
MAX_URL_CHARACTERS = 2_048
MAX_REDIRECTS = 5

log = logging.getLogger(__name__)


class TooManyRedirectsError(Exception):
    """It leads on and on, or in a circle."""


class RefusedError(Exception):
    """Whoever was asked first has something against it."""


class BadBodyError(Exception):
    """What came cannot be read: a coding we did not ask for, or one that is broken."""


class Body(NamedTuple):
    """What was read of a body, decompressed, and whether that is all there is of it."""

    data: bytes
    is_whole: bool


class GuardedTransport(httpx.AsyncBaseTransport):
    """httpx's way to httpcore's pools over the guarded network.

    Raises BlockedAddressError for what the guard refuses, else the exceptions of httpcore.
    """

    def __init__(
        self,
        allowed: Sequence[Network],
        resolver: Resolver | None,
        ports: frozenset[int],
        watch: FetchObserver | None,
    ) -> None:
        self._watch = watch or NullFetchObserver()
        ssl_context = httpx.create_ssl_context()
        network = GuardedBackend(allowed, resolver, ports)
        self._pools = [
            httpcore.AsyncConnectionPool(
                ssl_context=ssl_context,
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=KEPT_CONNECTIONS,
                keepalive_expiry=KEPT_S,
                http1=True,
                http2=True,
                network_backend=network,
            )
            for _ in range(POOLS)
        ]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request, if its URL is one that may be asked for at all."""
        try:
            return await self._send(request)
        except BlockedAddressError as error:
            log.info("refused to ask %s: %s", request.url.host, error)
            self._watch.note_blocked()
            raise

    async def _send(self, request: httpx.Request) -> httpx.Response:
        self._check(request.url)
        pool = self._pools[hash(request.url.host) % POOLS]
        response = await pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def _check(self, url: httpx.URL) -> None:
        """What can be said before an address is known; the rest is for the network."""
        if url.scheme not in ("http", "https"):
            raise BlockedAddressError(f"{url.scheme or 'no scheme'} is neither http nor https")
        if url.userinfo:
            raise BlockedAddressError("the URL holds credentials")
        if not url.host:
            raise BlockedAddressError("the URL names no host")
        if len(str(url)) > MAX_URL_CHARACTERS:
            raise BlockedAddressError(f"the URL is longer than {MAX_URL_CHARACTERS} characters")

    async def aclose(self) -> None:
        """Closes every connection."""
        for pool in self._pools:
            await pool.aclose()


class _Body(httpx.AsyncByteStream):
    """The bytes of a response as they came, nothing decompressed."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()


def user_agent(version: str, contact: str | None) -> str:
    """Who we are, and how to reach whoever runs us, if they say."""
    return f"Newsloom/{version}" + (f" (+{contact})" if contact else " (news aggregator)")


def open_client(
    agent: str,
    allowed: Sequence[Network] = (),
    resolver: Resolver | None = None,
    ports: frozenset[int] = PORTS,
    watch: FetchObserver | None = None,
) -> httpx.AsyncClient:
    """The one client there is. Its timeouts are for whoever asks; no redirect is followed."""
    return httpx.AsyncClient(
        transport=GuardedTransport(allowed, resolver, ports, watch),
        headers={"User-Agent": agent, "Accept-Encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )


@asynccontextmanager
async def ask(
    client: httpx.AsyncClient,
    url: str,
    headers: Mapping[str, str],
    timeout: httpx.Timeout,
    may_ask: Callable[[httpx.URL], Awaitable[bool]] | None = None,
) -> AsyncIterator[httpx.Response]:
    """The answer to a GET at the end of at most five redirects; its body is yet to be read.

    `may_ask` is heard before each hop. Raises RefusedError if it says no, TooManyRedirectsError,
    BlockedAddressError, httpx.InvalidURL and httpcore's exceptions.
    """
    request: httpx.Request | None = client.build_request(
        "GET", url, headers=dict(headers), timeout=timeout
    )
    seen: set[httpx.URL] = set()
    while request is not None:
        if request.url in seen or len(seen) > MAX_REDIRECTS:
            raise TooManyRedirectsError(url)
        seen.add(request.url)
        if may_ask is not None and not await may_ask(request.url):
            raise RefusedError(str(request.url))
        response = await client.send(request, stream=True)
        try:
            request = response.next_request
            if request is None:
                yield response
        finally:
            await response.aclose()


async def read_body(response: httpx.Response, max_bytes: int) -> Body:
    """At most the first `max_bytes` of a body, on the wire and decompressed alike.

    Raises BadBodyError, and httpcore's exceptions.
    """
    inflate = _inflater(response.headers.get("content-encoding", "identity").strip().lower())
    data, on_wire = bytearray(), 0
    async for part in response.aiter_raw():
        on_wire += len(part)
        try:
            data += inflate.decompress(part, max_bytes + 1 - len(data)) if inflate else part
        except zlib.error as error:
            raise BadBodyError(str(error)) from error
        if len(data) > max_bytes or on_wire > max_bytes:
            return Body(bytes(data[:max_bytes]), is_whole=False)
    if inflate is not None and data and not inflate.eof:
        raise BadBodyError("it is cut off")
    return Body(bytes(data), is_whole=True)


def _inflater(coding: str) -> "zlib._Decompress | None":
    if coding in ("identity", ""):
        return None
    if coding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # tells gzip from zlib itself
    raise BadBodyError(f"it is coded as {coding[:32]}")

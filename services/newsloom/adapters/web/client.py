"""An httpx client that sends every request through the guard.

In: the User-Agent, and the networks that are allowed in addition to the public ones. Out: a client
that follows no redirects by itself, keeps no cookies and uses no proxy from the environment, so
that the guard checks every hop of a redirect.
"""

import logging
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
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
"""Of each pool. Also the bound of `Hosts` on requests in flight."""
POOLS = 16
"""httpcore scans all connections of a pool for every request, so small pools are faster."""
KEPT_CONNECTIONS = 16
"""Idle connections that each pool keeps open."""
KEPT_S = 15.0
"""Seconds for which an idle connection stays open."""
MAX_URL_CHARACTERS = 2_048
MAX_REDIRECTS = 5

_GZIP_MAGIC = b"\x1f\x8b"
_UNSUPPORTED = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz"})
_CODINGS = _UNSUPPORTED | {"gzip", "x-gzip", "deflate"}
"""The content codings registered by IANA that change the bytes, and their old names."""

log = logging.getLogger(__name__)


class TooManyRedirectsError(Exception):
    """The redirects form a loop, or there are more than `MAX_REDIRECTS`."""


class RefusedError(Exception):
    """The caller's `may_ask` refused a URL."""


class BadBodyError(Exception):
    """The body cannot be decoded: its content coding is unsupported or its data are invalid."""


FETCH_ERRORS = (
    TimeoutError,
    BlockedAddressError,
    TooManyRedirectsError,
    BadBodyError,
    UnicodeError,
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
)
"""The exceptions for a URL that cannot be fetched. RefusedError is the caller's decision."""


Turn = Callable[[httpx.URL], AbstractAsyncContextManager[None]]
"""Returns a context in which one request to the host of a URL may be made."""


class Body(NamedTuple):
    """The decompressed bytes that were read, and whether they are the whole body."""

    data: bytes
    is_whole: bool


class GuardedTransport(httpx.AsyncBaseTransport):
    """An httpx transport that uses httpcore's connection pools over the guarded network.

    Raises BlockedAddressError if the guard refuses a request, otherwise httpcore's exceptions.
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
        self._pools = [_open_pool(ssl_context, network) for _ in range(POOLS)]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request if the guard allows it."""
        try:
            return await self._send(request)
        except BlockedAddressError as error:
            log.info("refused a request to %s: %s", request.url.host, error)
            self._watch.note_blocked()
            raise

    async def _send(self, request: httpx.Request) -> httpx.Response:
        self._check(request.url)
        pool = self._pools[hash(request.url.host) % POOLS]
        response = await pool.handle_async_request(_to_httpcore(request))
        return httpx.Response(
            status_code=response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def _check(self, url: httpx.URL) -> None:
        """Checks the URL. The guarded network checks the addresses of its host later."""
        if url.scheme not in ("http", "https"):
            raise BlockedAddressError(
                f"the URL has the scheme {url.scheme or '(none)'}: only http and https are allowed"
            )
        if url.userinfo:
            raise BlockedAddressError("the URL contains credentials")
        if not url.host:
            raise BlockedAddressError("the URL has no host")
        if len(str(url)) > MAX_URL_CHARACTERS:
            raise BlockedAddressError(f"the URL is longer than {MAX_URL_CHARACTERS} characters")

    async def aclose(self) -> None:
        """Closes all connections."""
        for pool in self._pools:
            await pool.aclose()


def _open_pool(
    ssl_context: ssl.SSLContext, network: GuardedBackend
) -> httpcore.AsyncConnectionPool:
    return httpcore.AsyncConnectionPool(
        ssl_context=ssl_context,
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=KEPT_CONNECTIONS,
        keepalive_expiry=KEPT_S,
        http1=True,
        http2=True,
        network_backend=network,
    )


def _to_httpcore(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        ),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


class _Body(httpx.AsyncByteStream):
    """The bytes of a response as received, not decompressed."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._response.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()


def user_agent(version: str, contact: str | None) -> str:
    """The User-Agent header: program, version and the operator's contact, if one is set."""
    return f"Newsloom/{version}" + (f" (+{contact})" if contact else " (news aggregator)")


def open_client(
    agent: str,
    allowed: Sequence[Network] = (),
    resolver: Resolver | None = None,
    ports: frozenset[int] = PORTS,
    watch: FetchObserver | None = None,
) -> httpx.AsyncClient:
    """Opens the client that fetches everything from the web.

    It follows no redirects. Each caller of `ask` gives its own timeouts. `allowed` networks are
    open on any port; public addresses only on `ports`.
    """
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
    turn: Turn = lambda _: nullcontext(),
) -> AsyncIterator[httpx.Response]:
    """The response to a GET, after at most five redirects. Its body is not read yet.

    `may_ask` is called before each hop, and each hop happens within the `turn` of its URL. Raises
    RefusedError if `may_ask` returns False, TooManyRedirectsError, BlockedAddressError,
    httpx.InvalidURL, httpx.HTTPError for a redirect to an invalid URL, and httpcore's exceptions.
    """
    request: httpx.Request | None = client.build_request(
        "GET", as_browsers_read(url), headers=dict(headers), timeout=timeout
    )
    seen: set[httpx.URL] = set()
    while request is not None:
        if request.url in seen or len(seen) > MAX_REDIRECTS:
            raise TooManyRedirectsError(url)
        seen.add(request.url)
        if may_ask is not None and not await may_ask(request.url):
            raise RefusedError(str(request.url))
        async with turn(request.url):
            response = await client.send(request, stream=True)
            try:
                request = response.next_request
                if request is None:
                    yield response
            finally:
                await response.aclose()


def as_browsers_read(url: str) -> str:
    """The URL or reference without tabs and line breaks, and with `/` for each backslash of its
    path (WHATWG URL, 4.4)."""
    url = re.sub(r"[\t\n\r]", "", url)
    end = re.search(r"[?#]", url)
    path_end = end.start() if end else len(url)
    return url[:path_end].replace("\\", "/") + url[path_end:]


async def read_body(response: httpx.Response, max_bytes: int) -> Body:
    """Reads at most `max_bytes` of a body. The limit holds both before and after decompression.

    Content codings that nobody knows are passed over, as browsers do. Raises BadBodyError and
    httpcore's exceptions.
    """
    decompressor = _decompressor(response.headers.get("content-encoding", ""))
    data, on_wire = bytearray(), 0
    async for part in response.aiter_raw():
        on_wire += len(part)
        limit = max_bytes + 1 - len(data)
        try:
            data += decompressor.decompress(part, limit) if decompressor else part
        except zlib.error as error:
            raise BadBodyError(str(error)) from error
        if len(data) > max_bytes or on_wire > max_bytes:
            return Body(bytes(data[:max_bytes]), is_whole=False)
    if decompressor is not None and data and not decompressor.eof:
        raise BadBodyError("the compressed body is truncated")
    return Body(bytes(data), is_whole=True)


def _decompressor(codings: str) -> "_Inflater | None":
    known = [word for word in re.split(r"[,\s]+", codings.lower()) if word in _CODINGS]
    if not known:
        return None
    if len(known) > 1 or known[0] in _UNSUPPORTED:
        raise BadBodyError(f"the content coding {', '.join(known)[:64]} is not supported")
    return _Inflater()


class _Inflater:
    """Decompresses gzip, and deflate with or without the header of zlib."""

    def __init__(self) -> None:
        self._begun = False
        self._stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib

    @property
    def eof(self) -> bool:
        """Whether the end of the compressed data was reached."""
        return self._stream.eof

    def decompress(self, part: bytes, max_bytes: int) -> bytes:
        """At most `max_bytes` of what `part` holds. Raises zlib.error."""
        is_first, self._begun = not self._begun, True
        try:
            return self._stream.decompress(part, max_bytes)
        except zlib.error:
            if not is_first or part[:2] == _GZIP_MAGIC:
                raise
            self._stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
            return self._stream.decompress(part, max_bytes)

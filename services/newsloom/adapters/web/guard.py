"""The guard: the network layer through which every outgoing HTTP connection is made.

In: a host and a port. Out: a connection to one of the host's addresses, checked after resolution
and before connecting, or BlockedAddressError. It resolves a name once per connection and connects
to the checked address itself, so a second DNS answer cannot bypass the check.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from threading import Thread
from typing import TypeAlias

import httpcore

from newsloom.adapters.web.response_heads import LenientStream

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Resolver: TypeAlias = Callable[[str], Awaitable[Sequence[str]]]
"""Resolves a host name to its addresses, as text. Raises OSError."""

PORTS = frozenset({80, 443})
MAX_ADDRESSES = 4
"""At most this many open addresses of a host are tried."""
MAX_LOOKUPS = 200
"""Lookups at the same time. The limit is high because a failing lookup takes seconds."""

# The IANA special-purpose registries (RFC 6890 and its updates), and the IPv6 ranges that embed
# IPv4 addresses: a connection to one of those may end at any IPv4 address.
_CLOSED: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network, unspecified: RFC 1122
            "10.0.0.0/8",  # private: RFC 1918
            "100.64.0.0/10",  # shared by carriers (CGNAT): RFC 6598
            "127.0.0.0/8",  # loopback: RFC 1122
            "169.254.0.0/16",  # link-local, cloud metadata: RFC 3927
            "172.16.0.0/12",  # private: RFC 1918
            "192.0.0.0/24",  # IETF protocol assignments: RFC 6890
            "192.0.2.0/24",  # documentation: RFC 5737
            "192.31.196.0/24",  # AS112: RFC 7535
            "192.52.193.0/24",  # AMT: RFC 7450
            "192.88.99.0/24",  # 6to4 relays: RFC 7526
            "192.168.0.0/16",  # private: RFC 1918
            "192.175.48.0/24",  # AS112: RFC 7534
            "198.18.0.0/15",  # benchmarks: RFC 2544
            "198.51.100.0/24",  # documentation: RFC 5737
            "203.0.113.0/24",  # documentation: RFC 5737
            "224.0.0.0/4",  # multicast: RFC 5771
            "240.0.0.0/4",  # reserved, limited broadcast: RFC 1112, RFC 919
        ),
    )
)
_OPEN_V6 = IPv6Network("2000::/3")
"""Global unicast (RFC 4291). All other IPv6 addresses are unspecified, loopback, IPv4-mapped,
NAT64, local or multicast."""
_CLOSED_V6: tuple[Network, ...] = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # IETF protocol assignments, including Teredo and ORCHID: RFC 2928, 4380
            "2001:db8::/32",  # documentation: RFC 3849
            "2002::/16",  # 6to4: RFC 3056
            "2620:4f:8000::/48",  # AS112: RFC 7534
            "3fff::/20",  # documentation: RFC 9637
        ),
    )
)


class BlockedAddressError(Exception):
    """The guard refused a request. It is not an httpcore error, so that nothing retries it."""


class NoAddressError(httpcore.ConnectError):
    """A host name has no address, or could not be resolved."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, regardless of local routing."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED)
    return (
        address in _OPEN_V6
        and address.scope_id is None
        and not any(address in network for network in _CLOSED_V6)
    )


class SystemResolver:
    """The system's resolver, in daemon threads: the process can exit while one is running."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(MAX_LOOKUPS)

    async def __call__(self, host: str) -> list[str]:
        """The addresses of a host, in the system's order of preference."""
        await self._slots.acquire()
        answer: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        name = f"lookup of {host[:64]}"
        Thread(target=self._run, args=(host, answer), name=name, daemon=True).start()
        return await answer

    def _run(self, host: str, answer: asyncio.Future[list[str]]) -> None:
        """Looks up a host. It is called in a new thread."""
        found = _look_up(host)
        with suppress(RuntimeError):  # the loop is closed
            answer.get_loop().call_soon_threadsafe(self._settle, answer, found)

    def _settle(self, answer: asyncio.Future[list[str]], found: list[str] | Exception) -> None:
        self._slots.release()
        if answer.done():  # the caller was cancelled
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)


def _look_up(host: str) -> list[str] | Exception:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """A network backend for httpcore that connects only to open addresses.

    Open addresses are public addresses on `ports`, and addresses in `allowed` on any port.
    """

    def __init__(
        self,
        allowed: Iterable[Network] = (),
        resolver: Resolver | None = None,
        ports: frozenset[int] = PORTS,
    ) -> None:
        self._allowed = tuple(allowed)
        self._ports = ports
        self._resolve = resolver or SystemResolver()
        self._network = httpcore.AnyIOBackend()

    def is_open(self, address: Address, port: int) -> bool:
        """Whether a connection to that address and port is allowed."""
        if any(address in network for network in self._allowed):
            return True
        return port in self._ports and is_public(address)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects to an open address of `host`. `timeout` (seconds) covers the resolution too.

        Raises BlockedAddressError if no address is open, otherwise httpcore's exceptions.
        """
        began = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._open_addresses(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"the address of {host} was not found in time") from error
        left_s = None if timeout is None else timeout - (time.monotonic() - began)
        return await self._connect(addresses, port, left_s, local_address, socket_options)

    async def _open_addresses(self, host: str, port: int) -> list[str]:
        try:
            found = await self._resolve(host)
        except (OSError, UnicodeError) as error:
            raise NoAddressError(f"{host} has no address: {error}") from error
        addresses = [ip_address(text) for text in found]
        open_addresses = [str(address) for address in addresses if self.is_open(address, port)]
        if not open_addresses and addresses:
            raise BlockedAddressError(
                f"{host} has the address {addresses[0]}: connections to it on port {port} are not "
                "allowed (NEWSLOOM_IMAGES_ALLOW_NETWORKS can allow its network)"
            )
        return open_addresses[:MAX_ADDRESSES]

    async def _connect(
        self,
        addresses: list[str],
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects to the first address that accepts. `addresses` are never host names."""
        share_s = None if timeout is None else timeout / max(1, len(addresses))
        failure: Exception = NoAddressError("the name has no address")
        connect = self._network.connect_tcp
        for address in addresses:
            try:
                stream = await connect(address, port, share_s, local_address, socket_options)
                return LenientStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002 - httpcore names it
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Raises BlockedAddressError."""
        raise BlockedAddressError(f"{path} is a local socket: only TCP connections are allowed")

    async def sleep(self, seconds: float) -> None:
        """Sleeps for `seconds`."""
        await asyncio.sleep(seconds)

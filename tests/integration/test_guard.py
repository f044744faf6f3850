"""Attempts to make the client connect to a closed address: listeners there get no connection."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from ipaddress import ip_address, ip_network

import httpcore
import httpx
import pytest

from newsloom.adapters.web.client import TooManyRedirectsError, ask, open_client
from newsloom.adapters.web.guard import (
    PORTS,
    BlockedAddressError,
    GuardedBackend,
    Network,
    Resolver,
    is_public,
)
from tests.support.names import Names
from tests.support.site import Site, answer, redirect

FORBIDDEN_V4, FORBIDDEN_V6 = "127.0.0.1", "::1"
GOOD = "127.0.0.2"
TIMEOUT = httpx.Timeout(2.0)


def _split(table: str) -> list[str]:
    return table.split()


# Spellings of hosts that a client may take for 127.0.0.1, ::1 or another closed address.
LOOPBACK = _split(
    """
127.0.0.1  127.0.0.1.  127.1  127.0.1  127.1.  0x7f.1  0x7f.0.0.1  0x7f.0x0.0x0.0x1  0x7f000001
0X7F000001  0x7F.1  2130706433  2130706433.  017700000001  0177.0.0.1  0177.1  0177.0.0x0.1
00000177.0.0.1  127.0.0.01  127.00.00.01  127.000.000.001  0x7f.0.1  127.65535  127.0.256
127.255.255.255  127.0.0.53  127.8.8.8  0  0.0.0.0  0x0  00  0.0  0.0.0  0.1  0.0.0.1
00.00.00.00  localhost  LOCALHOST  localhost.  LocalHost  ip6-localhost  127。0。0。1  127．0．0．1
127｡0｡0｡1  １２７.0.0.1  ①②⑦.⓪.⓪.①  127.0.0.①  ⓵27.0.0.1  ｌｏｃａｌｈｏｓｔ  ⓛⓞⓒⓐⓛⓗⓞⓢⓣ
loc\xadalhost  local\u200bhost  𝟏𝟐𝟕.𝟎.𝟎.𝟏  0ⓧ7f.1  127%2e0%2e0%2e1  %6c%6f%63alhost
127.0.0.1%00.example  127.0.0.1%23.example  [::1]  [0:0:0:0:0:0:0:1]  [0000::0001]
[::0001]  [::]  [0::0]  [::ffff:127.0.0.1]  [::ffff:7f00:1]  [0:0:0:0:0:ffff:127.0.0.1]
[0:0:0:0:0:ffff:7f00:0001]  [::127.0.0.1]  [::7f00:1]  [::ffff:0:127.0.0.1]  [64:ff9b::127.0.0.1]
[64:ff9b::7f00:1]  [64:ff9b:1::127.0.0.1]  [2002:7f00:1::]  [2002:7f00:0001::1]  [2001:0:7f00:1::]
[2001:0:4136:e378:8000:63bf:80ff:fffe]  [fe80::1]  [fe80::1%25lo]  [fe80::1%lo]  [::1%25lo]
[::1%251]  [fec0::1]  [fc00::1]  [fd00::1]  [fd00:ec2::254]  [ff02::1]  [ff01::1]  [ff0e::1]
[100::1]  [2001:db8::1]  [3fff::1]  [5f00::1]  [2001:10::1]  [2001:20::1]  [2001:2::1]
[2620:4f:8000::1]  [4000::1]  [v1.a]  [127.0.0.1]
"""
)
# The first and the last address of each closed network, and important addresses in it.
CLOSED = _split(
    """
0.0.0.0  0.255.255.255  10.0.0.0  10.255.255.255  100.64.0.0  100.127.255.255  100.100.100.200
127.0.0.0  127.255.255.255  169.254.0.0  169.254.169.254  169.254.255.255  172.16.0.0
172.31.255.255  192.0.0.0  192.0.0.192  192.0.0.255  192.0.2.0  192.0.2.255  192.31.196.0
192.52.193.0  192.88.99.1  192.168.0.0  192.168.255.255  192.175.48.0  198.18.0.0
198.19.255.255  198.51.100.0  198.51.100.255  203.0.113.0  203.0.113.255  224.0.0.0
239.255.255.255  240.0.0.0  255.255.255.254  255.255.255.255  ::  ::1  ::2  ::7f00:1
::ffff:8.8.8.8  ::ffff:0:808:808  64:ff9b::808:808  64:ff9b:1::1  100::1  2001::1
2001:0:53aa:64c::1  2001:2::1  2001:10::1  2001:20::1  2001:1ff:ffff::  2001:db8::1
2002:808:808::1  2620:4f:8000::1  3fff::1  3fff:fff:ffff::1  4000::1  5f00::1  fc00::1
fdff:ffff::1  fe80::1  febf::1  fec0::1  ff00::1  ffff::1
"""
)
OPEN = _split(
    """
1.1.1.1  8.8.8.8  9.255.255.255  11.0.0.0  100.63.255.255  100.128.0.0  126.255.255.255
128.0.0.0  169.253.255.255  169.255.0.0  172.15.255.255  172.32.0.0  191.255.255.255  192.0.1.0
192.0.3.0  192.88.98.255  192.88.100.0  192.167.255.255  192.169.0.0  198.17.255.255  198.20.0.0
198.51.99.255  198.51.101.0  203.0.112.255  203.0.114.0  223.255.255.255  2001:200::1
2001:4860:4860::8888  2003::1  2400:cb00::1  2606:4700::1  2a00:1450::1  3ffe::1  3fff:1000::1
"""
)


@pytest.mark.parametrize("address", CLOSED)
def test_closed_address_is_not_public_and_not_open(address: str) -> None:
    assert not is_public(ip_address(address))
    assert not GuardedBackend().is_open(ip_address(address), 80)


@pytest.mark.parametrize("address", OPEN)
def test_public_address_is_open_on_ports_80_and_443_only(address: str) -> None:
    backend = GuardedBackend()
    assert [backend.is_open(ip_address(address), port) for port in (80, 443, 22, 8080)] == [
        True,
        True,
        False,
        False,
    ]


def test_allowed_network_is_open_on_any_port_and_other_private_ones_stay_closed() -> None:
    backend = GuardedBackend([ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")])
    for address in ("10.1.2.3", "fd00:1::1"):
        assert all(backend.is_open(ip_address(address), port) for port in (1, 80, 9092))
    for address in ("10.2.0.1", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd00:2::1"):
        assert not backend.is_open(ip_address(address), 80)


class _ForbiddenListeners:
    """Servers on one port of 127.0.0.1 and ::1, which must not get a connection."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self.sites = sites
        self.port = sites[0].port

    def connections(self) -> int:
        return sum(site.connections for site in self.sites)


@pytest.fixture(scope="module")
def forbidden() -> Iterator[_ForbiddenListeners]:
    with ExitStack() as stack:
        first = stack.enter_context(Site({"/": answer(b"secret")}, host=FORBIDDEN_V4))
        second = Site({"/": answer(b"secret")}, host=FORBIDDEN_V6, port=first.port)
        yield _ForbiddenListeners([first, stack.enter_context(second)])


def _get(
    url: str,
    ports: frozenset[int] = PORTS,
    allowed: Sequence[Network] = (),
    resolver: Resolver | None = None,
    times: int = 1,
) -> bytes:
    """The body of the last of `times` GETs of `url`, after redirects."""

    async def fetch() -> bytes:
        async with open_client("Newsloom/test", allowed, resolver, ports) as client:
            for _ in range(times):
                async with ask(client, url, {"Connection": "close"}, TIMEOUT) as response:
                    body = await response.aread()
            return body

    return asyncio.run(fetch())


REFUSED = (BlockedAddressError, httpx.InvalidURL, httpcore.ConnectError, httpcore.ConnectTimeout)


@pytest.mark.parametrize("host", LOOPBACK)
def test_no_spelling_of_a_host_reaches_a_closed_address(
    host: str, forbidden: _ForbiddenListeners
) -> None:
    before = forbidden.connections()
    with pytest.raises(REFUSED):
        _get(f"http://{host}:{forbidden.port}/", ports=frozenset({forbidden.port}))
    assert forbidden.connections() == before


def test_listeners_count_a_connection_when_it_is_allowed(forbidden: _ForbiddenListeners) -> None:
    before = forbidden.connections()
    for host in ("127.0.0.1", "[::1]"):
        networks = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
        assert _get(f"http://{host}:{forbidden.port}/", allowed=networks) == b"secret"
    assert forbidden.connections() == before + 2


@pytest.mark.parametrize(
    "url",
    [
        "http://user@{good}/",
        "http://user:secret@{good}/",
        "http://:@{good}/",
        "http://{good}@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}\\@{good}/",
        "http://127.0.0.1:{port}%2f@{good}/",
        "http://{good}%40127.0.0.1:{port}/",
        "ftp://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/_GET",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "unix:///var/run/docker.sock",
        "ws://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "/etc/passwd",
        "http:///",
        "http://",
        "",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:-1/",
        "http://127.0.0.1:{port}\r\nHost: a.example/",
        "http://127.0.0.1 {port}/",
        "http://127.0.0.1\t:{port}/",
    ],
)
def test_no_spelling_of_a_url_reaches_a_closed_address(
    url: str, forbidden: _ForbiddenListeners
) -> None:
    before = forbidden.connections()
    with Site({"/": answer(b"good")}, host=GOOD) as good:
        url = url.replace("{good}", f"{GOOD}:{good.port}").replace("{port}", str(forbidden.port))
        with pytest.raises((*REFUSED, httpcore.UnsupportedProtocol)):
            _get(url, ports=frozenset({forbidden.port}), allowed=[ip_network(GOOD)])
        assert good.connections == 0
    assert forbidden.connections() == before


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "localhost", "0x7f.1", "[::ffff:127.0.0.1]"]
)
def test_no_redirect_reaches_a_closed_address(
    status: int, host: str, forbidden: _ForbiddenListeners
) -> None:
    before = forbidden.connections()
    with Site(host=GOOD) as good:
        good.acts["/"] = redirect("/on", status)
        good.acts["/on"] = redirect(f"http://{host}:{forbidden.port}/", status)
        with pytest.raises(REFUSED):
            _get(good.url("/"), frozenset({forbidden.port}), allowed=[ip_network(GOOD)])
        assert good.counts() == {"/": 1, "/on": 1}
    assert forbidden.connections() == before


REBINDING: dict[str, tuple[list[list[str]], int]] = {
    # The answers of the name server in turn, and how many of two requests reach the good site.
    "good, then forbidden": ([[GOOD], [FORBIDDEN_V4]], 1),
    "good, then forbidden IPv6": ([[GOOD], [FORBIDDEN_V6]], 1),
    "good, then IPv4-mapped IPv6": ([[GOOD], ["::ffff:127.0.0.1"]], 1),
    "both, forbidden first": ([[FORBIDDEN_V4, GOOD]], 2),
    "both, good first": ([[GOOD, FORBIDDEN_V4]], 2),
    "forbidden, then good": ([[FORBIDDEN_V4], [GOOD]], 0),
    "forbidden only": ([[FORBIDDEN_V4, FORBIDDEN_V6, "0.0.0.0"]], 0),
}


@pytest.mark.parametrize("case", REBINDING)
def test_host_whose_addresses_change_never_reaches_a_closed_one(
    case: str, forbidden: _ForbiddenListeners
) -> None:
    answers, good_requests = REBINDING[case]
    before = forbidden.connections()
    with (
        Names({"moving.example": list(answers)}) as names,
        Site({"/": answer(b"good")}, host=GOOD, port=forbidden.port) as good,
    ):
        url = f"http://moving.example:{good.port}/"
        network, ports = [ip_network(GOOD)], frozenset({good.port})
        try:
            assert _get(url, ports, network, names, times=2) == b"good"
        except BlockedAddressError:
            assert good_requests < 2
        assert len(good.requests) == good.connections == good_requests
    lookups = 2 if good_requests == 2 else good_requests + 1
    assert names.asked == ["moving.example"] * lookups, "one look-up for each request"
    assert forbidden.connections() == before


@pytest.mark.usefixtures("forbidden")
def test_redirects_stop_at_a_limit() -> None:
    with Site(host=GOOD) as good:
        good.acts |= {f"/{n}": redirect(f"/{n + 1}") for n in range(9)}
        with pytest.raises(TooManyRedirectsError):
            _get(good.url("/0"), allowed=[ip_network(GOOD)])
        assert len(good.requests) == 6


def test_proxies_of_the_environment_are_ignored(
    forbidden: _ForbiddenListeners, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = forbidden.connections()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{forbidden.port}")
    with Site({"/": answer(b"good")}, host=GOOD) as good:
        assert _get(good.url("/"), allowed=[ip_network(GOOD)]) == b"good"
    assert forbidden.connections() == before


def test_client_sends_its_user_agent_and_stores_no_cookies() -> None:
    with Site({"/": answer(b"good", Set_Cookie="a=b; Path=/")}, host=GOOD) as good:
        _get(good.url("/"), allowed=[ip_network(GOOD)], times=2)
        assert [r.headers["user-agent"] for r in good.requests] == ["Newsloom/test"] * 2
        assert not any("cookie" in r.headers for r in good.requests)

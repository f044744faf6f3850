"""TLS: only who proves to be the one asked for is listened to. And HTTP/2, which takes TLS."""

import asyncio
import datetime
import ssl
from collections.abc import Callable
from ipaddress import ip_network

import h2.config
import h2.connection
import h2.events
import pytest
import trustme

from newsloom.adapters.images.checks import ImageChecker
from newsloom.adapters.web.client import open_client
from tests.support.pictures import png
from tests.support.site import Act, Site, answer, raw, silence

PAGE = "http://page.example/"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def _trusted(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("trust") / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


def _context(certificate: trustme.LeafCert, protocols: tuple[str, ...] = ()) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


def _check(*urls: str) -> list[str]:
    async def work() -> list[str]:
        checker = ImageChecker(open_client("Newsloom/test", [ip_network("127.0.0.0/8")]))
        try:
            ended = await asyncio.gather(*[checker.check([url], PAGE) for url in urls])
        finally:
            await checker.close()
        return [check["verdict"] for (check,) in ended]

    return asyncio.run(work())


LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
LEAVES: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], str]] = {
    "its own": (lambda ca: ca.issue_cert("127.0.0.1"), "ok"),
    "another's": (lambda ca: ca.issue_cert("127.0.0.2", "img.example"), "unreachable"),
    "run out": (lambda ca: ca.issue_cert("127.0.0.1", not_after=LONG_AGO), "unreachable"),
    "of nobody known": (lambda _: trustme.CA().issue_cert("127.0.0.1"), "unreachable"),
}


@pytest.mark.parametrize("reason", LEAVES)
@pytest.mark.usefixtures("_trusted")
def test_a_certificate(reason: str, authority: trustme.CA) -> None:
    issue, verdict = LEAVES[reason]
    with Site({"/a.png": answer(png())}, tls=_context(issue(authority))) as site:
        assert _check(site.url("/a.png")) == [verdict]
        assert len(site.requests) == (verdict == "ok")


def test_no_tls_where_it_is_expected() -> None:
    acts: dict[str, Act] = {"/": raw(b"HTTP/1.1 200 OK\r\n\r\n"), "/silent": silence()}
    with Site(acts) as site:
        url = site.url("/a.png").replace("http:", "https:")
        assert _check(url) == ["unreachable"]


@pytest.mark.usefixtures("_trusted")
def test_images_of_one_host_share_a_connection_of_http_2(authority: trustme.CA) -> None:
    asked: list[str] = []
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        http.initiate_connection()
        writer.write(http.data_to_send())
        while data := await reader.read(65_536):
            for event in http.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    asked.append(dict(event.headers)[b":path"].decode())
                    http.send_headers(event.stream_id, [(":status", "200")])
                    http.send_data(event.stream_id, png(), end_stream=True)
            writer.write(http.data_to_send())
            await writer.drain()
        writer.close()

    async def work() -> list[str]:
        context = _context(authority.issue_cert("127.0.0.1"), ("h2", "http/1.1"))
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        checker = ImageChecker(open_client("Newsloom/test", [ip_network("127.0.0.0/8")]))
        urls = [f"https://127.0.0.1:{port}/{n}.png" for n in range(30)]
        try:
            ended = [await checker.check(urls[:1], PAGE)]
            ended += await asyncio.gather(*[checker.check([url], PAGE) for url in urls[1:]])
        finally:
            await checker.close()
            server.close()
        return [check["verdict"] for (check,) in ended]

    assert asyncio.run(work()) == ["ok"] * 30
    assert sorted(asked) == sorted(f"/{n}.png" for n in range(30))
    assert connections == 1

"""TLS: images come only from servers with a valid certificate. HTTP/2 is used over TLS."""

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
    async def check() -> list[str]:
        checker = ImageChecker(open_client("Newsloom/test", [ip_network("127.0.0.0/8")]))
        try:
            results = await asyncio.gather(*[checker.check([url], PAGE) for url in urls])
        finally:
            await checker.close()
        return [result["verdict"] for (result,) in results]

    return asyncio.run(check())


LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
CERTIFICATES: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], str]] = {
    "valid": (lambda ca: ca.issue_cert("127.0.0.1"), "ok"),
    "for another host": (lambda ca: ca.issue_cert("127.0.0.2", "img.example"), "unreachable"),
    "expired": (lambda ca: ca.issue_cert("127.0.0.1", not_after=LONG_AGO), "unreachable"),
    "of an unknown authority": (lambda _: trustme.CA().issue_cert("127.0.0.1"), "unreachable"),
}


@pytest.mark.parametrize("case", CERTIFICATES)
@pytest.mark.usefixtures("_trusted")
def test_image_is_accepted_only_with_a_valid_certificate(case: str, authority: trustme.CA) -> None:
    issue, verdict = CERTIFICATES[case]
    with Site({"/a.png": answer(png())}, tls=_context(issue(authority))) as site:
        assert _check(site.url("/a.png")) == [verdict]
        assert len(site.requests) == (verdict == "ok")


def test_https_url_of_a_server_without_tls_is_unreachable() -> None:
    responses: dict[str, Act] = {"/": raw(b"HTTP/1.1 200 OK\r\n\r\n"), "/silent": silence()}
    with Site(responses) as site:
        url = site.url("/a.png").replace("http:", "https:")
        assert _check(url) == ["unreachable"]


@pytest.mark.usefixtures("_trusted")
def test_images_of_one_host_share_one_http_2_connection(authority: trustme.CA) -> None:
    paths: list[str] = []
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
                    paths.append(dict(event.headers)[b":path"].decode())
                    http.send_headers(event.stream_id, [(":status", "200")])
                    http.send_data(event.stream_id, png(), end_stream=True)
            writer.write(http.data_to_send())
            await writer.drain()
        writer.close()

    async def check() -> list[str]:
        context = _context(authority.issue_cert("127.0.0.1"), ("h2", "http/1.1"))
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        checker = ImageChecker(open_client("Newsloom/test", [ip_network("127.0.0.0/8")]))
        urls = [f"https://127.0.0.1:{port}/{n}.png" for n in range(30)]
        try:
            results = [await checker.check(urls[:1], PAGE)]
            results += await asyncio.gather(*[checker.check([url], PAGE) for url in urls[1:]])
        finally:
            await checker.close()
            server.close()
        return [result["verdict"] for (result,) in results]

    assert asyncio.run(check()) == ["ok"] * 30
    assert sorted(paths) == sorted(f"/{n}.png" for n in range(30))
    assert connections == 1

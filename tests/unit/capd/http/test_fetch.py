from __future__ import annotations

import gzip
import shutil
import ssl
import subprocess
import threading
import time
import tracemalloc
import zlib
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from eas_station.capd.http import fetch, transport
from eas_station.capd.http.fetch import Answer, HttpClient, ServerError, Validators
from eas_station.errors import FeedError


def get(
    server: Any, validators: Validators | None = None, within_s: float = 5.0, path: str = "/a"
) -> Answer:
    """Ask the server once, as a feed does."""
    client = HttpClient("eas-station/1 (me@example.org)", threading.Event().is_set)
    return client.get(
        server.url + path, "application/geo+json", validators, time.monotonic() + within_s
    )


def test_a_whole_answer_with_its_validators(server: Any) -> None:
    server.serve(b"{}", ETag='"1"', Last_Modified="yesterday", Cache_Control="public, max-age=30")
    answer = get(server)
    assert answer.body == b"{}"
    assert answer.validators == Validators('"1"', "yesterday")
    assert answer.max_age_s == 30.0
    ((path, headers),) = server.asked
    assert path == "/a"
    assert headers["User-Agent"] == "eas-station/1 (me@example.org)"
    assert headers["Accept-Encoding"] == "gzip"
    assert "If-None-Match" not in headers


def test_an_unchanged_answer_has_no_body(server: Any) -> None:
    server.serve(b"", status=304)
    answer = get(server, Validators('"1"', "yesterday"))
    assert (answer.status, answer.body) == (304, b"")
    assert server.asked[0][1]["If-None-Match"] == '"1"'
    assert server.asked[0][1]["If-Modified-Since"] == "yesterday"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
def test_a_compressed_answer_is_unpacked(server: Any, encoding: str) -> None:
    server.serve(gzip.compress(b"{}" * 1000), Content_Encoding=encoding)
    assert get(server).body == b"{}" * 1000


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_an_error_of_the_server_is_told_with_its_wish(server: Any, status: int) -> None:
    server.serve(b'{"title": "no"}', status=status, Retry_After="17")
    with pytest.raises(ServerError, match=f"HTTP {status}") as error:
        get(server)
    assert error.value.retry_after_s == 17.0


@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [
        ("Mon, 20 Apr 2026 16:01:30 GMT", 90.0),
        ("Mon, 20 Apr 2026 15:00:00 GMT", 0.0),
        ("999999", 3600.0),
        ("soon", None),
        ("Mon, 20 Apr 99999999999999999999 16:00:00 GMT", None),
        ("\u0661", None),
    ],
)
def test_a_wish_may_be_a_date(server: Any, retry_after: str, wait_s: float | None) -> None:
    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response_only(503)
        request.send_header("Date", "Mon, 20 Apr 2026 16:00:00 GMT")
        request.send_header("Retry-After", retry_after.encode("utf-8").decode("latin-1"))
        request.send_header("Content-Length", "0")
        request.end_headers()

    server.respond = respond
    with pytest.raises(ServerError) as error:
        get(server)
    assert error.value.retry_after_s == wait_s


@pytest.mark.parametrize("media_type", ["text/html; charset=utf-8", "image/png", ""])
def test_the_media_type_decides_nothing(server: Any, media_type: str) -> None:
    server.serve(b"<alert/>", Content_Type=media_type)
    assert get(server).body == b"<alert/>"


def test_no_content_is_a_good_answer(server: Any) -> None:
    server.serve(b"", status=204)
    answer = get(server)
    assert (answer.status, answer.body) == (204, b"")


def test_nothing_is_sent_to_a_private_address_if_only_public_ones_are_allowed(server: Any) -> None:
    client = HttpClient("x", threading.Event().is_set)
    until_s = time.monotonic() + 5
    for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
        with pytest.raises(FeedError, match="private address"):
            client.get(f"{url}/a", "*/*", None, until_s, public_only=True)
    assert server.asked == []


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("::ffff:8.8.8.8", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fd00::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:192.168.1.1", False),
        ("0.0.0.0", False),
    ],
)
def test_public_addresses(address: str, is_public: bool) -> None:
    assert transport.is_public(address) is is_public


def test_a_bomb_is_defused_while_it_is_unpacked(server: Any) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    server.serve(bomb, Content_Encoding="gzip")
    tracemalloc.start()
    with pytest.raises(FeedError, match="after decompression"):
        get(server)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 << 20


def test_an_endless_answer_is_cut(server: Any) -> None:
    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(bytes(1 << 20))

    server.respond = respond
    with pytest.raises(FeedError, match="more than"):
        get(server)


def test_an_answer_announced_too_long_is_not_read(server: Any) -> None:
    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(1 << 40))
        request.end_headers()

    server.respond = respond
    with pytest.raises(FeedError, match="bytes"):
        get(server)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {"Content-Length": "10"}),
        (gzip.compress(b"{}" * 100, mtime=0)[:-9], {"Content-Encoding": "gzip"}),
        (gzip.compress(b"{}", mtime=0) + b"x", {"Content-Encoding": "gzip"}),
        (b"{}", {"Content-Encoding": "gzip"}),
        (b"{}", {"Content-Encoding": "br"}),
        (b"5\r\n{}", {"Transfer-Encoding": "chunked"}),
        (b"zz\r\n{}", {"Transfer-Encoding": "chunked"}),
    ],
)
def test_a_cut_or_damaged_answer_is_an_error(
    server: Any, body: bytes, headers: dict[str, str]
) -> None:
    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    server.respond = respond
    with pytest.raises(FeedError):
        get(server)


@pytest.mark.parametrize("part", ["status", "headers", "body"])
def test_a_server_that_drips_is_given_up_at_the_deadline(server: Any, part: str) -> None:
    before = {"status": b"", "headers": b"HTTP/1.1 200 OK\r\nX-A: "}
    start = before.get(part, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    gone = threading.Event()

    def respond(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(start)
        try:
            while not gone.wait(0.02):
                request.wfile.write(b"H")
                request.wfile.flush()
        except OSError:
            gone.set()

    server.respond = respond
    began_s = time.monotonic()
    with pytest.raises(FeedError, match="in time"):
        get(server, within_s=0.4)
    assert time.monotonic() - began_s < 10.0
    assert gone.wait(10.0)  # the connection was cut, so the thread that read from it has ended


def test_a_client_can_ask_again_after_a_deadline(server: Any) -> None:
    silent = threading.Event()
    server.respond = lambda request: silent.wait(5.0)
    client = HttpClient("x", threading.Event().is_set)
    with pytest.raises(FeedError, match="in time"):
        client.get(server.url, "*/*", None, time.monotonic() + 0.2)
    server.serve(b"{}")
    assert client.get(server.url, "*/*", None, time.monotonic() + 5).body == b"{}"
    silent.set()


def test_a_request_is_given_up_when_the_station_stops(server: Any) -> None:
    stopping = threading.Event()
    hold = threading.Event()

    def respond(request: BaseHTTPRequestHandler) -> None:
        stopping.set()
        hold.wait(5.0)

    server.respond = respond
    with pytest.raises(FeedError):
        HttpClient("x", stopping.is_set).get(server.url, "*/*", None, time.monotonic() + 30)
    hold.set()


def test_nobody_there_is_one_sentence() -> None:
    client = HttpClient("x", threading.Event().is_set)
    for url in (
        "http://127.0.0.1:9/",
        "http://[::1",
        "http://\u2603.invalid:x/",
        "http://\u3002:b@127.0.0.1:9/",
    ):
        with pytest.raises(FeedError) as error:
            client.get(url, "*/*", None, time.monotonic() + 5)
        assert "\n" not in str(error.value)


def test_a_server_without_tls_is_no_secure_server(server: Any) -> None:
    server.url = server.url.replace("http:", "https:")
    with pytest.raises(FeedError, match="no secure connection"):
        get(server)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_certificate_of_nobody_is_not_accepted(server: Any, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    server.url = server.url.replace("http:", "https:")
    with pytest.raises(FeedError, match="the certificate is not accepted: self"):
        get(server)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "https://api.example.org/b"),
        ("https://api.example.org/b?x=1", "https://api.example.org/b?x=1"),
        ("http://api.example.org/b", None),
        ("https://evil.example.org/b", None),
        ("//evil.example.org/b", None),
        ("https://api.example.org:8443/b", None),
        ("file:///etc/passwd", None),
        ("https://[", None),
        ("https://api.example.org:99999/b", None),
        ("", None),
        (None, None),
    ],
)
def test_redirects_stay_on_the_host(location: str | None, target: str | None) -> None:
    if target is None:
        with pytest.raises(FeedError, match="redirect"):
            fetch.redirected("https://api.example.org/a", location)
    else:
        assert fetch.redirected("https://api.example.org/a", location) == target


def test_a_redirect_is_followed_and_a_circle_is_not(server: Any) -> None:
    def respond(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/b":
            request.send_response(200)
            request.send_header("Content-Length", "2")
            request.end_headers()
            request.wfile.write(b"ok")
            return
        request.send_response(301)
        request.send_header("Location", "/b" if request.path == "/a" else "/c")
        request.send_header("Content-Length", "0")
        request.end_headers()

    server.respond = respond
    answer = get(server)
    assert (answer.body, answer.url) == (b"ok", f"{server.url}/b")
    with pytest.raises(FeedError, match="redirects"):
        get(server, path="/c")

"""Finding the audio behind a URL, with servers that answer in every way."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from eas_station.audiod.sources.audio_source import NeedsOperatorError
from eas_station.audiod.streams.http_stream import fetch
from eas_station.errors import SourceError

SOUND = b"\xff\xfb" * 5000
FINE = b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nicy-name: Radio\r\n\r\n" + SOUND


class Server:
    """Answers each path with bytes, and keeps the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | Callable[[socket.socket], None]] = {}
        self.asked: list[str] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def url(self, path: str, account: str = "") -> str:
        return f"http://{account}127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                talking, _ = self._listening.accept()
            except OSError:
                return
            with talking:
                self._answer(talking)

    def _answer(self, talking: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request and (more := talking.recv(4096)):
            request += more
        self.asked.append(request.decode("latin-1"))
        path = self.asked[-1].split(" ")[1]
        answer = self.answers.get(path, b"HTTP/1.0 404 Not Found\r\n\r\n")
        try:
            if callable(answer):
                answer(talking)
            else:
                talking.sendall(answer)
                talking.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the client has heard enough


@pytest.fixture
def server() -> Iterator[Server]:
    built = Server()
    yield built
    built.close()


def all_of(url: str) -> bytes:
    stream = fetch(url, 5.0)
    heard = b""
    while chunk := stream.read():
        heard += chunk
    stream.close()
    return heard


def test_the_response_has_its_headers_and_the_request_the_password(
    server: Server,
) -> None:
    server.answers["/live?a=b"] = FINE
    stream = fetch(server.url("/live?a=b", "me:s3%20cret@"), 5.0)
    assert (stream.type, stream.icy.name, stream.segment_s) == ("audio/mpeg", "Radio", None)
    stream.close()
    account = base64.b64encode(b"me:s3 cret").decode()
    assert f"Authorization: Basic {account}\r\n" in server.asked[0]
    assert "Icy-MetaData: 1\r\n" in server.asked[0]


def test_a_shoutcast_1_response_is_accepted(server: Server) -> None:
    server.answers["/"] = FINE.replace(b"HTTP/1.0 200", b"ICY 200")
    assert all_of(server.url("/")) == SOUND


def test_a_chunked_response_is_joined(server: Server) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (b"abc", b"de", b""))
    server.answers["/"] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    assert all_of(server.url("/")) == b"abcde"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"audio/x-mpegurl", b"#EXTM3U\r\n#EXTINF:-1,Radio\r\n%s\r\n"),
        (b"audio/x-scpls; charset=utf-8", b"[playlist]\nNumberOfEntries=1\nFile1=%s\nTitle1=a\n"),
    ],
)
def test_a_playlist_leads_to_the_audio(server: Server, kind: bytes, content: bytes) -> None:
    listed = content % server.url("/live").encode()
    server.answers["/list"] = b"HTTP/1.0 200 OK\r\nContent-Type: %s\r\n\r\n%s" % (kind, listed)
    server.answers["/live"] = FINE
    assert all_of(server.url("/list")) == SOUND


def test_a_redirect_to_another_server_does_not_get_the_password(server: Server) -> None:
    other = Server()
    server.answers["/a"] = b"HTTP/1.0 302 Found\r\nLocation: /b\r\n\r\n"
    server.answers["/b"] = (
        b"HTTP/1.0 307 There\r\nLocation: " + other.url("/c").encode() + b"\r\n\r\n"
    )
    other.answers["/c"] = FINE
    assert all_of(server.url("/a", "me:s3cret@")) == SOUND
    other.close()
    assert ["Authorization" in asked for asked in server.asked] == [True, True]
    assert "Authorization" not in other.asked[0]


@pytest.mark.parametrize(("said", "segment_s"), [(b"#EXT-X-TARGETDURATION:6", 6), (b"", 10)])
def test_an_hls_playlist_is_recognised(server: Server, said: bytes, segment_s: float) -> None:
    listed = b"#EXTM3U\n#EXT-X-VERSION:3\n" + said + b"\n#EXTINF:6,\nseg1.ts\n"
    answer = b"HTTP/1.0 200 OK\r\nContent-Type: application/vnd.apple.mpegurl\r\n\r\n" + listed
    server.answers["/live.m3u8?token=a"] = answer
    stream = fetch(server.url("/live.m3u8?token=a"), 5.0)
    assert stream.segment_s == segment_s
    assert stream.url.geturl().endswith("/live.m3u8?token=a")
    stream.close()


def stutter(talking: socket.socket) -> None:
    talking.sendall(b"HTTP/1.0 200 OK\r\n\r\nabc")
    talking.recv(1)  # until the client hangs up


@pytest.mark.parametrize(
    ("answer", "told", "hopeless"),
    [
        (b"HTTP/1.0 404 Not Found\r\n\r\n", "127.0.0.1 returned 404 Not Found", True),
        (b"HTTP/1.0 401 \x1b[31mNo\r\n\r\n", "127.0.0.1 returned 401 Unauthorized", True),
        (b"HTTP/1.0 503 Full\r\n\r\n", "127.0.0.1 returned 503 Service Unavailable", False),
        (b"HTTP/1.0 302 Found\r\nLocation: /x\r\n\r\n", "redirects too often", True),
        (b"HTTP/1.0 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n", "an invalid URL", True),
        (b"HTTP/1.0 302 Found\r\nLocation: ftp://a/b\r\n\r\n", "scheme ftp, not HTTP", True),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "127.0.0.1 does not speak HTTP: BadStatusLine", False),
        (b"", "connection to 127.0.0.1 failed: Remote end closed", False),
        (b"HTTP/1.0 200 OK\r\n" + b"a: b\r\n" * 200, "does not speak HTTP: HTTPException", False),
        (b"HTTP/1.0 200 OK\r\nContent-Type: audio/x-scpls\r\n\r\nno", "contains no URL", True),
    ],
)
def test_a_response_without_audio_is_reported(
    server: Server, answer: bytes, told: str, hopeless: bool
) -> None:
    server.answers["/x"] = answer
    with pytest.raises(SourceError) as refused:
        fetch(server.url("/x", "me:s3cret@"), 5.0)
    assert told in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert isinstance(refused.value, NeedsOperatorError) == hopeless


def test_a_silent_server_times_out(server: Server) -> None:
    server.answers["/x"] = stutter
    stream = fetch(server.url("/x"), 0.2)
    assert stream.read() == b"abc"
    with pytest.raises(SourceError, match=r"127\.0\.0\.1 sent nothing for 0\.2 s"):
        stream.read()
    stream.close()


def test_abort_ends_a_waiting_read(server: Server) -> None:
    server.answers["/x"] = stutter
    stream = fetch(server.url("/x"), 30.0)
    assert stream.read() == b"abc"
    waiting = threading.Timer(0.1, stream.abort)
    waiting.start()
    assert stream.read() == b""
    waiting.join()
    stream.abort()
    stream.close()


def test_a_refused_connection_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with pytest.raises(SourceError, match=r"connection to 127\.0\.0\.1 failed: Connection refused"):
        fetch(f"http://127.0.0.1:{port}/", 5.0)

"""Streams: a real Icecast with MP3 and Opus, and HLS; each to a header in the database."""

from __future__ import annotations

import base64
import hashlib
import http.client
import http.server
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ACCOUNT = "listener:s3cret"
TICKET = base64.b64encode(ACCOUNT.encode()).decode()
SECRETS = ("s3cret", "t0ken", TICKET)
CODECS = {
    "mp3": ("-c:a", "libmp3lame", "-b:a", "32k", "-content_type", "audio/mpeg", "-f", "mp3"),
    "opus": ("-c:a", "libopus", "-b:a", "32k", "-content_type", "audio/ogg", "-f", "ogg"),
}
CONFIG = """<icecast>
<limits><sources>4</sources><burst-size>8192</burst-size></limits>
<authentication><source-password>hackme</source-password></authentication>
<hostname>127.0.0.1</hostname>
<listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
<mount type="normal"><mount-name>/live</mount-name><authentication type="htpasswd">
<option name="filename" value="{folder}/listeners"/></authentication></mount>
<paths><basedir>/usr/share/icecast2</basedir><logdir>{folder}</logdir>
<webroot>/usr/share/icecast2/web</webroot><adminroot>/usr/share/icecast2/admin</adminroot></paths>
<logging><accesslog>-</accesslog><errorlog>-</errorlog></logging>
<security><chroot>0</chroot>{owner}</security></icecast>
"""
NOBODY = "<changeowner><user>nobody</user><group>nogroup</group></changeowner>"


class Icecast:
    """An Icecast server that requires a password from its listeners."""

    def __init__(self, programs: Any, folder: Path) -> None:
        self._programs = programs
        self._config = folder / "icecast.xml"
        folder.chmod(0o755)  # as root it becomes nobody
        md5 = hashlib.md5(b"s3cret", usedforsecurity=False).hexdigest()
        (folder / "listeners").write_text(f"listener:{md5}\n")
        owner = NOBODY if os.geteuid() == 0 else ""
        while True:
            self.port = programs.free_port()
            self._config.write_text(CONFIG.format(port=self.port, folder=folder, owner=owner))
            if self._starts():
                break  # else somebody else has taken the port meanwhile

    @property
    def url(self) -> str:
        return f"http://{ACCOUNT}@127.0.0.1:{self.port}/live?key=t0ken"

    def start(self) -> None:
        """Start it at the same port as before."""
        deadline = time.monotonic() + 60
        while not self._starts():
            assert time.monotonic() < deadline

    def _starts(self) -> bool:
        self.process: subprocess.Popen[bytes] = self._programs.start(
            "icecast2", "-c", str(self._config)
        )
        while self.process.poll() is None:
            if self._answers():
                return self._stays()
            time.sleep(0.05)
        return False

    def _stays(self) -> bool:
        """Whether it survives some requests: at times it crashes at the first client."""
        for _ in range(5):
            time.sleep(0.1)
            if self.process.poll() is not None or not self._answers():
                self.process.kill()
                self.process.wait()
                return False
        return True

    def _answers(self) -> bool:
        """Whether it speaks HTTP: a connection alone may be one of the port with itself."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/status-json.xsl")
            return connection.getresponse().getheader("Server", "").startswith("Icecast")
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def play(self, number: int, codec: str) -> subprocess.Popen[bytes]:
        """A source that plays one header in a loop at eight times real time."""
        wav = str(self._programs.recording(number))
        target = f"icecast://source:hackme@127.0.0.1:{self.port}/live"
        forever = 'until ffmpeg "$@"; do sleep 0.2; done'  # until the server is up
        return self._programs.start(
            *("sh", "-c", forever, "ffmpeg", "-nostdin", "-v", "error", "-readrate", "8"),
            *("-stream_loop", "-1", "-i", wav, "-ice_name", "Weather Radio", *CODECS[codec]),
            target,
        )


@pytest.fixture
def icecast(programs: Any) -> Iterator[Icecast]:
    programs.need("icecast2", "ffmpeg", "sh")
    with tempfile.TemporaryDirectory(prefix="eas-icecast-") as folder:
        yield Icecast(programs, Path(folder))


def no_secret_is_seen(station: Any, pid: int) -> None:
    commands = station.children_of(pid)
    assert commands, "ffmpeg is there"
    seen = [*commands.values(), station.log(), repr(station.status())]
    assert not [text for text in seen for secret in SECRETS if secret in text]


def test_an_icecast_with_mp3_is_heard_again_after_a_kill(
    station: Any, icecast: Icecast, programs: Any
) -> None:
    first = icecast.play(1, "mp3")
    process = station.start(f'kind = "stream"\nurl = "{icecast.url}"')
    station.hears(1)
    item = station.is_told("source.stream", lambda item: item.state == "running")
    assert item.sentence == "listening: Weather Radio, 32 kbit/s MP3"
    no_secret_is_seen(station, process.pid)
    programs.end(icecast.process)
    programs.end(first)
    item = station.is_told("source.stream", lambda item: item.state == "reconnecting")
    assert "127.0.0.1" in item.sentence
    icecast.start()
    icecast.play(2, "mp3")
    station.hears(1, 2)
    station.is_told("source.stream", lambda item: item.counters.get("connections", 0) >= 2)
    no_secret_is_seen(station, process.pid)
    left = station.children_of(process.pid)
    process.kill()
    process.wait()
    station.eventually(
        lambda: {pid: name for pid, name in left.items() if Path(f"/proc/{pid}").exists()}, no_child
    )


def no_child(children: dict[int, str]) -> bool:
    return not children


def test_a_stalled_icecast_with_opus_is_closed_and_reconnected(
    station: Any, icecast: Icecast, programs: Any
) -> None:
    first = icecast.play(3, "opus")
    process = station.start(f'kind = "stream"\nurl = "{icecast.url}"')
    station.hears(3)
    item = station.is_told("source.stream", lambda item: "Opus" in item.sentence)
    assert item.sentence.startswith("listening: Weather Radio")
    icecast.process.send_signal(signal.SIGSTOP)
    station.is_told("source.stream", lambda item: item.sentence.endswith("for 10 s"))
    station.eventually(lambda: station.children_of(process.pid), no_child)
    programs.end(first)
    icecast.process.send_signal(signal.SIGCONT)
    icecast.play(4, "opus")
    station.hears(3, 4)
    assert process.poll() is None


class Guarded(http.server.SimpleHTTPRequestHandler):
    """Serves files behind a password."""

    def do_GET(self) -> None:
        if self.headers.get("Authorization") == f"Basic {TICKET}":
            super().do_GET()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="radio"')
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hls(programs: Any, tmp_path: Path) -> Iterator[str]:
    """A live playlist with segments of two seconds, behind a password."""
    programs.need("ffmpeg")
    folder = tmp_path / "hls"
    folder.mkdir()

    class Handler(Guarded):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(folder))

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    programs.start(
        *("ffmpeg", "-nostdin", "-v", "error", "-readrate", "8", "-stream_loop", "-1"),
        *("-i", str(programs.recording(5)), "-c:a", "aac", "-b:a", "64k", "-f", "hls"),
        *("-hls_time", "2", "-hls_list_size", "6", str(folder / "live.m3u8")),
    )
    yield f"http://{ACCOUNT}@127.0.0.1:{server.server_port}/live.m3u8?key=t0ken"
    server.shutdown()
    server.server_close()
    thread.join()


def test_hls_behind_a_password_is_heard(station: Any, hls: str) -> None:
    process = station.start(f'kind = "stream"\nurl = "{hls}"')
    station.hears(5)
    item = station.is_told("source.stream", lambda item: item.state == "running")
    assert "AAC" in item.sentence
    no_secret_is_seen(station, process.pid)
    station.want("stopped")
    station.is_told("source.stream", lambda item: item.state == "stopped")
    station.eventually(lambda: station.children_of(process.pid), no_child)


def test_a_refused_password_is_failed_and_not_shown(station: Any, hls: str) -> None:
    station.start(f'kind = "stream"\nurl = "{hls.replace("s3cret", "wr0ng")}"')
    item = station.is_told("source.stream", lambda item: item.state == "failed")
    assert item.sentence == "127.0.0.1 returned 401 Unauthorized"
    assert "wr0ng" not in station.log() + repr(station.status())

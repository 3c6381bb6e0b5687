"""Streams from a test server through the real ffmpeg to samples."""

from __future__ import annotations

import io
import os
import shutil
import socket
import threading
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from eas_station.audiod.sources.audio_source import RATE_HZ, Block, NeedsOperatorError
from eas_station.audiod.streams.ffmpeg import Ffmpeg, script
from eas_station.audiod.streams.stream_source import StreamSource
from eas_station.audiod.streams.stream_url import Scrubber, parse
from eas_station.errors import SourceError

PATIENCE_S = 30.0
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def sound(seconds: float) -> bytes:
    """A tone of 1 kHz as a WAV at 25 kHz, which ffmpeg does not resample."""
    at = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((8192 * np.sin(2 * np.pi * 1000 * at)).astype("<i2").tobytes())
    return held.getvalue()


class Server:
    """Answers each request with the next answer."""

    def __init__(self, *answers: Callable[[socket.socket], None]) -> None:
        self._answers = list(answers)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://me:s3cret@127.0.0.1:{self._listening.getsockname()[1]}/live?t=t0ken"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _run(self) -> None:
        for answer in self._answers:
            try:
                talking, _ = self._listening.accept()
            except OSError:
                return
            with talking:
                talking.recv(4096)
                try:
                    answer(talking)
                except OSError:
                    continue  # the client has heard enough


HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: audio/wav\r\nicy-name: Weather Radio\r\nicy-br: 400\r\n"


def whole(talking: socket.socket) -> None:
    talking.sendall(HEAD + b"\r\n" + sound(2.0))


def with_title(talking: socket.socket) -> None:
    played = sound(2.0)
    title = b"StreamTitle='Forecast';".ljust(32, b"\0")
    talking.sendall(HEAD + b"icy-metaint: 8000\r\n\r\n" + played[:8000] + b"\x02" + title)
    for at in range(8000, len(played), 8000):
        talking.sendall(played[at : at + 8000] + b"\0")
    talking.recv(1)  # until the client hangs up


def stalls(talking: socket.socket) -> None:
    talking.sendall(HEAD + b"\r\n" + sound(3.0))
    talking.recv(1)


def no_sound(talking: socket.socket) -> None:
    talking.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n" + b"no sound " * 20_000)


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    servers: list[Server] = []

    def start(*answers: Callable[[socket.socket], None]) -> str:
        servers.append(Server(*answers))
        return servers[-1].url

    yield start
    for server in servers:
        server.close()


def hear(source: StreamSource, seconds: float = 1e9) -> list[Block]:
    """So many seconds of audio."""
    heard: list[Block] = []
    deadline = time.monotonic() + PATIENCE_S
    while sum(block.seconds for block in heard) < seconds:
        assert time.monotonic() < deadline, source.waiting_for
        block = source.receive()
        heard += [block] if block is not None else []
    return heard


def until_lost(source: StreamSource) -> tuple[list[Block], str]:
    heard: list[Block] = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            block = source.receive()
        except SourceError as error:
            return heard, str(error)
        heard += [block] if block is not None else []
    pytest.fail("it goes on and on")


def children() -> set[int]:
    """The children of this process, zombies included."""
    listed = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(pid) for path in listed for pid in path.read_text().split()}


def comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


@needs_ffmpeg
def test_a_stream_is_played_to_its_end_and_leaves_no_process(
    serve: Callable[..., str],
) -> None:
    before = children()
    source = StreamSource(serve(whole))
    heard, why = until_lost(source)
    source.close()
    source.close()
    samples = np.concatenate([block.samples[0] for block in heard])
    assert len(samples) == 2 * RATE_HZ
    assert np.abs(samples).max() == pytest.approx(0.25, abs=0.01)
    assert [block.gap_samples for block in heard] == [None] + [0] * (len(heard) - 1)
    assert why.endswith("/live closed the stream")
    assert "s3cret" not in why
    assert "t0ken" not in why
    assert children() <= before


@needs_ffmpeg
def test_title_encoding_and_bitrate_are_shown_and_titles_are_not_played(
    serve: Callable[..., str],
) -> None:
    source = StreamSource(serve(with_title))
    heard = hear(source, 1.5)
    assert source.description == "Weather Radio, Forecast, 400 kbit/s pcm_s16le"
    assert source.counters["bytes"] > 50_000
    assert np.abs(np.concatenate([block.samples[0] for block in heard])).max() < 0.3
    source.close()


@needs_ffmpeg
def test_a_stalled_stream_is_closed_and_ffmpeg_ended(serve: Callable[..., str]) -> None:
    before = children()
    ahead_s = [0.0]
    source = StreamSource(serve(stalls), monotonic=lambda: time.monotonic() + ahead_s[0])
    hear(source, 2.0)
    while source.receive() is not None:
        pass  # what came meanwhile
    assert source.waiting_for.startswith("no data from http://127.0.0.1:")
    ahead_s[0] = 10.0
    with pytest.raises(SourceError, match=r"no data from http://127.* for 10 s"):
        source.receive()
    source.close()
    assert children() <= before


@needs_ffmpeg
def test_a_stream_without_audio_is_reported_with_ffmpeg_s_error(serve: Callable[..., str]) -> None:
    source = StreamSource(serve(no_sound))
    heard, why = until_lost(source)
    source.close()
    assert heard == []
    assert why.startswith("ffmpeg failed on http://127.0.0.1:") or "closed the stream" in why


def test_without_ffmpeg_the_error_names_the_package(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    source = StreamSource(serve(whole))
    with pytest.raises(NeedsOperatorError, match="apt install ffmpeg"):
        hear(source)
    source.close()


def test_connecting_is_reported_and_closing_is_quick() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        source = StreamSource(f"http://127.0.0.1:{listening.getsockname()[1]}/live", 30.0)
        assert source.receive() is None
        assert source.waiting_for.startswith("connecting to http://127.0.0.1:")
        assert source.description == ""
        source.close()


@needs_ffmpeg
def test_ffmpeg_dies_with_the_thread_that_started_it() -> None:
    reading, writing = os.pipe()
    before = children()
    started: list[Ffmpeg] = []

    def start() -> None:
        started.append(Ffmpeg(writing, str))
        deadline = time.monotonic() + PATIENCE_S
        while {comm(pid) for pid in children() - before} != {"ffmpeg"}:  # it watches over us then
            assert time.monotonic() < deadline
            time.sleep(0.01)

    starter = threading.Thread(target=start)
    starter.start()
    starter.join()
    assert started[0].wait(PATIENCE_S)
    started[0].close()
    assert children() <= before
    os.close(reading)
    os.close(writing)


def test_a_quote_in_a_url_is_escaped_in_the_script() -> None:
    written = script(parse("rtsp://me:it's@radio.example/a")).decode()
    assert "file 'rtsp://me:it'\\''s@radio.example/a'\n" in written
    assert "option rtsp_transport tcp\n" in written
    assert len(Scrubber(parse("rtsp://me:it's@radio.example/a"))("it's")) == 1

"""RTSP: a small server of RFC 2326 that asks for a password; the client is ffmpeg."""

from __future__ import annotations

import base64
import socket
import struct
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

RATE_HZ = 16_000
PACKET = 320  # samples: 20 ms
TICKET = base64.b64encode(b"listener:s3cret").decode()
SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=Weather Radio\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    f"m=audio 0 RTP/AVP 96\r\na=rtpmap:96 L16/{RATE_HZ}/1\r\na=control:track1\r\n"
)
ANSWERS = {
    "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n",
    "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n",
    "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n",
    "PLAY": "Session: 1\r\n",
}


class Camera:
    """Plays samples in a loop to one client after another, at four times real time."""

    def __init__(self, samples: bytes) -> None:
        self._samples = samples
        self._stop = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._talking: socket.socket | None = None
        self.url = f"rtsp://listener:s3cret@127.0.0.1:{self._listening.getsockname()[1]}/live"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        for end in (self._listening, self._talking):
            if end is not None:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the other side was faster
        self._thread.join()
        self._listening.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._talking, _ = self._listening.accept()
                with self._talking:
                    self._serve(self._talking)
            except OSError:
                continue  # the listener has gone

    def _serve(self, talking: socket.socket) -> None:
        held = b""
        while more := talking.recv(4096):
            held += more
            while b"\r\n\r\n" in held:
                request, _, held = held.partition(b"\r\n\r\n")
                if self._answer(talking, request.decode()):
                    self._play(talking)

    def _answer(self, talking: socket.socket, request: str) -> bool:
        """Answer one request; True if it starts the playback."""
        method = request.partition(" ")[0]
        number = next(line for line in request.splitlines() if line.startswith("CSeq"))
        if f"Authorization: Basic {TICKET}" not in request and method != "OPTIONS":
            said = '401 Unauthorized\r\nWWW-Authenticate: Basic realm="radio"\r\n'
        else:
            said = f"200 OK\r\n{ANSWERS.get(method, '')}"
        body = SDP if method == "DESCRIBE" and said.startswith("200") else ""
        talking.sendall(f"RTSP/1.0 {said}{number}\r\n\r\n{body}".encode())
        return method == "PLAY" and said.startswith("200")

    def _play(self, talking: socket.socket) -> None:
        """L16 in RTP, interleaved: RFC 3551, 4.5.11; RFC 2326, 10.12."""
        number = 0
        while not self._stop.wait(PACKET / RATE_HZ / 4):
            at = number * 2 * PACKET % (len(self._samples) - 2 * PACKET)
            head = struct.pack(">BBHII", 0x80, 96, number & 0xFFFF, number * PACKET, 7)
            packet = head + self._samples[at : at + 2 * PACKET]
            talking.sendall(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
            number += 1


@pytest.fixture
def camera(programs: Any) -> Iterator[Camera]:
    programs.need("ffmpeg")
    path: Path = programs.recording(31, RATE_HZ)
    with wave.open(str(path), "rb") as file:
        little = file.readframes(file.getnframes())
    swapped = bytearray(little)
    swapped[::2], swapped[1::2] = little[1::2], little[::2]
    built = Camera(bytes(swapped))
    yield built
    built.close()


def test_rtsp_behind_a_password_is_heard_without_showing_it(station: Any, camera: Camera) -> None:
    process = station.start(f'kind = "stream"\nurl = "{camera.url}"')
    station.hears(31)
    item = station.is_told("source.stream", lambda item: item.state == "running")
    assert item.sentence.startswith("listening: ")
    commands = station.children_of(process.pid)
    assert commands
    seen = [*commands.values(), station.log(), repr(station.status())]
    assert not [text for text in seen if "s3cret" in text or TICKET in text]
    camera.close()
    item = station.is_told("source.stream", lambda item: item.state == "reconnecting")
    assert "127.0.0.1" in item.sentence
    assert "s3cret" not in station.log() + repr(station.status())

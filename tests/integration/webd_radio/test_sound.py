"""Listening live: one channel's sound from the bus to whoever asks, and to nobody else."""

from __future__ import annotations

import http.client
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TOPIC = "audio.pcm.wx.162.550"
PATH = "/sound/wx/162.550"
HEADER_BYTES, FRAME_BYTES = 44, 2 * 2304
PLACES = 8


@contextmanager
def listening(radio: Any, path: str = PATH) -> Iterator[Any]:
    """An answer that goes on."""
    connection = http.client.HTTPConnection("127.0.0.1", radio.town.port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    try:
        yield answer
    finally:
        connection.close()
        answer.close()


def test_the_sound_is_taken_only_while_somebody_listens(radio: Any, until_true: Any) -> None:
    assert not radio.publisher.wanted(TOPIC)
    with listening(radio) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "audio/wav")
        assert answer.headers["Cache-Control"] == "no-store"
        header = answer.read(HEADER_BYTES)
        assert header[:4] + header[8:12] == b"RIFFWAVE"
        assert struct.unpack("<HHI", header[20:28]) == (1, 1, 25_000)
        samples = struct.unpack("<2304h", answer.read(FRAME_BYTES))
        assert (min(samples), max(samples)) == (-7984, 7984)
        assert samples[:25] == samples[25:50]  # 1 kHz at 25 kHz
        assert radio.publisher.wanted(TOPIC)
        radio.squelched = True
        until_true(lambda: answer.read(FRAME_BYTES) == bytes(FRAME_BYTES))
    until_true(lambda: not radio.publisher.wanted(TOPIC))


def test_a_ninth_listener_is_told_to_come_later(radio: Any, until_true: Any) -> None:
    first = listening(radio)
    heard = [first.__enter__()]
    others = [listening(radio) for _ in range(PLACES - 1)]
    heard += [one.__enter__() for one in others]
    assert [answer.status for answer in heard] == [200] * PLACES
    status, fields, body = radio.town.get(PATH)
    assert (status, fields["retry-after"]) == (503, "15")
    assert b"All places for live audio are taken." in body
    assert radio.town.get("/healthz")[0] == 200  # the other workers are free
    first.__exit__(None, None, None)

    def has_place() -> bool:
        with listening(radio) as answer:
            return bool(answer.status == 200)

    until_true(has_place)
    for one in others:
        one.__exit__(None, None, None)
    until_true(lambda: not radio.publisher.wanted(TOPIC))


def test_a_client_that_reads_nothing_is_let_go_and_keeps_no_memory(
    radio: Any, until_true: Any
) -> None:
    radio.hurry = 8.0  # its buffers are full the sooner
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", radio.town.port))
        stalled.sendall(f"GET {PATH} HTTP/1.1\r\nHost: station\r\n\r\n".encode())
        until_true(lambda: radio.publisher.wanted(TOPIC))
        with listening(radio, "/sound/wx/162.525") as answer:  # another does not notice
            for _ in range(50):
                assert len(answer.read(FRAME_BYTES)) == FRAME_BYTES
        until_true(lambda: not radio.publisher.wanted(TOPIC))
        received = 0
        stalled.settimeout(30)
        while piece := stalled.recv(65_536):
            received += len(piece)
    assert received < 1_000_000


def test_what_has_no_sound_says_so(radio: Any) -> None:
    status, fields, body = radio.town.get("/sound/wx/162.400")
    assert (status, fields["retry-after"]) == (503, "15")
    assert b"wx 162.400 MHz has no audio now." in body
    for path in ("/sound/wx/mono", "/sound/nobody/162.550", "/listen/wx/1", "/sound/wx/..%2f"):
        assert radio.town.get(path)[0] == 404, path


def test_who_listens_when_the_station_stops_does_not_hold_it_up(radio: Any) -> None:
    with listening(radio) as answer:
        assert len(answer.read(HEADER_BYTES + FRAME_BYTES)) == HEADER_BYTES + FRAME_BYTES
        assert radio.town.stop() == 0
        answer.read()  # ends
    radio.town.start()

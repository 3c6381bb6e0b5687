"""The protocol of rtl_tcp, from the server's side."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from eas_station.config.model import ReceiverConfig
from eas_station.errors import SourceError
from eas_station.sdrd.receivers import rtl_tcp
from eas_station.sdrd.receivers.iq_receiver import Tuning
from eas_station.sdrd.receivers.rtl_tcp import RtlTcpLink, Settling, gains_of

HEADER = b"RTL0" + struct.pack(">II", 5, 29)
UNTUNED = Tuning(None, 0)
Script = Callable[[socket.socket], None]


class Server:
    """Answers one connection under the test's control."""

    def __init__(self, script: Script) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._script = script
        self.received = b""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        connection.settimeout(30)
        with connection:
            self._script(connection)

    def end(self) -> None:
        self._thread.join()
        self._listening.close()


@pytest.fixture
def link() -> Iterator[Callable[..., RtlTcpLink]]:
    servers: list[Server] = []
    links: list[RtlTcpLink] = []

    def make(script: Script, **keys: object) -> RtlTcpLink:
        server = Server(script)
        servers.append(server)
        settings = ReceiverConfig("wx", "rtl_tcp", host="127.0.0.1", port=server.port, **keys)
        links.append(RtlTcpLink(settings))
        return links[-1]

    yield make
    for made in links:
        made.interrupt()
        made.close()
    for server in servers:
        server.end()


def commands(raw: bytes) -> list[tuple[int, int]]:
    return [struct.unpack(">BI", raw[at : at + 5]) for at in range(0, len(raw), 5)]


def read_all(connection: socket.socket) -> bytes:
    raw = b""
    while data := connection.recv(4096):
        raw += data
    return raw


def test_the_dongle_is_set_up_in_five_byte_commands(link: Callable[..., RtlTcpLink]) -> None:
    heard: list[bytes] = []

    def script(connection: socket.socket) -> None:
        connection.sendall(HEADER)
        heard.append(read_all(connection))

    made = link(script, rate_hz=2_400_000, bias_tee=True, direct_sampling="q", bandwidth_hz=300_000)
    made.open(Tuning(33.0, -3))
    made.interrupt()
    made.close()
    for _ in range(3000):
        if heard:
            break
        threading.Event().wait(0.01)
    sent = commands(heard[0])
    assert (0x02, 2_400_000) in sent
    assert (0x01, 162_487_500) in sent
    assert (0x05, 0xFFFFFFFD) in sent  # -3 ppm
    assert sent.index((0x03, 1)) < sent.index((0x04, 328))  # by hand, then the nearest gain
    assert {(0x08, 0), (0x09, 2), (0x0E, 1), (0x40, 300_000)} <= set(sent)
    assert made.gains_db[-1] == 49.6


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "closed the connection"),
        (b"RTL0\0\0", "closed the connection"),
        (b"HTTP/1.0 400 Bad Request", "is not an rtl_tcp server: it sent b'HTTP/1.0 400'"),
        (b"RTL1" + bytes(8), "is not an rtl_tcp server"),
        (bytes(1000), "is not an rtl_tcp server"),
    ],
)
def test_another_kind_of_server_is_reported(
    link: Callable[..., RtlTcpLink], answer: bytes, why: str
) -> None:
    with pytest.raises(SourceError, match=why):
        link(lambda connection: connection.sendall(answer)).open(UNTUNED)


def test_an_incomplete_header_times_out(
    link: Callable[..., RtlTcpLink], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtl_tcp, "HEADER_S", 0.05)

    def script(connection: socket.socket) -> None:
        connection.sendall(HEADER[:7])
        read_all(connection)

    with pytest.raises(SourceError, match="sent only 7 of the 12 bytes"):
        link(script).open(UNTUNED)


def test_a_header_may_arrive_in_pieces(link: Callable[..., RtlTcpLink]) -> None:
    def script(connection: socket.socket) -> None:
        for at in range(12):
            connection.sendall(HEADER[at : at + 1])
        read_all(connection)

    made = link(script)
    made.open(UNTUNED)
    assert len(made.gains_db) == 29


def test_a_refused_connection_names_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = ReceiverConfig("wx", "rtl_tcp", host="127.0.0.1", port=port)
    with pytest.raises(SourceError, match=f"127.0.0.1:{port}: .*refused"):
        RtlTcpLink(settings).open(UNTUNED)


def test_an_odd_number_of_bytes_never_swaps_i_and_q(
    link: Callable[..., RtlTcpLink], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtl_tcp, "SETTLE_S", 0.0)
    samples = b"\x10\xe0" * 50_000

    def script(connection: socket.socket) -> None:
        connection.sendall(HEADER)
        for at in range(0, len(samples), 1_777):
            connection.sendall(samples[at : at + 1_777])
        connection.sendall(b"\x10")  # and half a sample
        connection.shutdown(socket.SHUT_WR)
        read_all(connection)

    made, taken = link(script), []
    made.open(UNTUNED)
    with pytest.raises(SourceError, match="closed the connection"):
        made.stream(taken.append)
    assert b"".join(taken) == samples


def test_samples_before_the_settings_take_effect_are_skipped(
    link: Callable[..., RtlTcpLink],
) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(HEADER + bytes(60_000))
        connection.shutdown(socket.SHUT_WR)
        read_all(connection)

    made, taken = link(script), []
    made.open(UNTUNED)
    with pytest.raises(SourceError, match="closed"):
        made.stream(taken.append)
    assert taken == []


def taken_after(bytes_per_s: list[int]) -> float:
    """After how many seconds a stream with these rates per second is accepted."""
    settling = Settling(500_000, 100.0)
    for tick in range(1, 10 * len(bytes_per_s)):
        if settling.is_over(bytes_per_s[tick // 10] // 10, 100 + tick / 10):
            return tick / 10
    return float("inf")


def test_samples_at_the_server_s_former_rate_are_skipped() -> None:
    assert taken_after([500_000] * 3) == pytest.approx(0.45, abs=0.11)
    assert taken_after([4_096_000] * 2 + [500_000] * 8) == pytest.approx(2.4, abs=0.31)
    assert taken_after([4_096_000] * 9) == float("inf")


def test_a_server_that_refuses_the_rate_is_reported(link: Callable[..., RtlTcpLink]) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(HEADER)
        with contextlib.suppress(OSError):
            while True:  # as fast as it can
                connection.sendall(bytes(65_536))

    made, taken = link(script), []
    made.open(UNTUNED)
    with pytest.raises(SourceError, match=r"about \d+ samples per second instead of 250000"):
        made.stream(taken.append)
    assert taken == []


def test_a_stop_takes_effect_while_nothing_arrives(link: Callable[..., RtlTcpLink]) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(HEADER)
        read_all(connection)

    made = link(script)
    made.open(UNTUNED)
    threading.Timer(0.05, made.interrupt).start()
    try:
        made.stream(lambda data: None)
    except SourceError:
        pass  # the connection is over: as good


def test_gains_are_those_of_the_tuner() -> None:
    assert gains_of(5, 29)[-1] == 49.6
    assert gains_of(1, 14)[0] == -1.0
    assert gains_of(99, 11) == (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50)
    assert gains_of(5, 3) == (0, 25, 50)
    assert gains_of(4, 0) == (0,)
    assert gains_of(77, 0xFFFFFFFF) == ()


def test_tables_of_gains_ascend() -> None:
    for gains in rtl_tcp.GAINS.values():
        assert list(gains) == sorted(set(gains))

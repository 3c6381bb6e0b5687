"""A dongle on another computer: the protocol of rtl_tcp.

The server sends 12 bytes: "RTL0" and two big-endian numbers, the kind of tuner and its number of
gains. Samples follow without end. The client sends commands of five bytes: a code and a number.
Source: rtl_tcp.c and librtlsdr.c of librtlsdr 0.6.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable

from eas_station.config.model import ReceiverConfig
from eas_station.errors import SourceError
from eas_station.sdrd.receivers.iq_receiver import Tuning, nearest_db

CONNECT_S = 4.0
HEADER_S = 2.5
SETTLE_S = 0.3  # of samples received with the server's former settings
MAX_SETTLE_S = 2.0  # less than the timeout for a stalled device
TOO_FAST = 1.5  # times the rate: a backlog from the server's former rate
POLL_S = 0.25  # how often a stop is noticed while nothing arrives
BLOCK_S = 0.04
KEEPALIVE_S = 5  # detects a host that disappeared

SET_FREQUENCY, SET_RATE, SET_GAIN_MODE, SET_GAIN, SET_PPM = 0x01, 0x02, 0x03, 0x04, 0x05
SET_AGC, SET_DIRECT_SAMPLING, SET_BIAS_TEE = 0x08, 0x09, 0x0E
SET_BANDWIDTH = 0x40  # of newer servers; others ignore it
DIRECT_SAMPLING = {"off": 0, "i": 1, "q": 2}

R82XX_GAINS = (
    *(0, 9, 14, 27, 37, 77, 87, 125, 144, 157, 166, 197, 207, 229, 254, 280, 297, 328, 338),
    *(364, 372, 386, 402, 421, 434, 439, 445, 480, 496),
)
GAINS = {  # tenths of a dB by the tuner's number
    1: (-10, 15, 40, 65, 90, 115, 140, 165, 190, 215, 240, 290, 340, 420),  # E4000
    2: (-99, -40, 71, 179, 192),  # FC0012
    3: (  # FC0013
        *(-99, -73, -65, -63, -60, -58, -54, 58, 61, 63, 65, 67, 68, 70, 71, 179, 181, 182, 184),
        *(186, 188, 191, 197),
    ),
    4: (0,),  # FC2580: not adjustable
    5: R82XX_GAINS,  # R820T
    6: R82XX_GAINS,  # R828D
}


class RtlTcpLink:
    """One connection to a server."""

    def __init__(
        self, settings: ReceiverConfig, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._monotonic = monotonic
        self._address = f"{settings.host}:{settings.port}"
        self._block_bytes = max(1024, round(settings.rate_hz * BLOCK_S) * 2)
        self._stopping = threading.Event()
        self._socket: socket.socket | None = None
        self.gains_db: tuple[float, ...] = ()

    def open(self, tuning: Tuning) -> None:
        """Connect, check the header and set the dongle up. Raises SourceError."""
        try:
            self._socket = self._connected()
        except OSError as error:
            raise SourceError(f"{self._address}: {_reason(error)}") from error
        header = self._header(self._socket)
        tuner, gains = struct.unpack(">II", header[4:])
        self.gains_db = gains_of(tuner, gains)
        self._set_up(tuning)

    def stream(self, take: Callable[[bytes], None]) -> None:
        """Pass on whole samples until interrupted. Raises SourceError."""
        if self._socket is None:
            raise SourceError(f"{self._address} is not connected")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, self._block_bytes)
        self._socket.settimeout(POLL_S)
        rest = self._settled(self._socket)
        while not self._stopping.is_set():
            data = rest + self._received(self._socket)
            whole = len(data) // 2 * 2
            rest = data[whole:]
            if whole:
                take(data[:whole])

    def tune(self, tuning: Tuning) -> None:
        """Set gain and correction. Raises SourceError."""
        if tuning.gain_db is not None and len(self.gains_db) > 1:
            self._send(SET_GAIN_MODE, 1)
            self._send(SET_GAIN, round(nearest_db(self.gains_db, tuning.gain_db) * 10))
        self._send(SET_PPM, tuning.ppm)

    def interrupt(self) -> None:
        """Make `stream` return soon."""
        self._stopping.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it may be closed already
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()

    def _connected(self) -> socket.socket:
        address = (self._settings.host or "", self._settings.port)
        connection = socket.create_connection(address, timeout=CONNECT_S)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _header(self, connection: socket.socket) -> bytes:
        connection.settimeout(POLL_S)
        until = self._monotonic() + HEADER_S
        header = b""
        while len(header) < 12 and b"RTL0".startswith(header[:4]):
            if self._monotonic() > until or self._stopping.is_set():
                raise SourceError(
                    f"{self._address} sent only {len(header)} of the 12 bytes of an rtl_tcp header"
                )
            header += self._received(connection, 12 - len(header))
        if header[:4] != b"RTL0":
            raise SourceError(f"{self._address} is not an rtl_tcp server: it sent {header!r}")
        return header

    def _settled(self, connection: socket.socket) -> bytes:
        """Skip samples received with the server's former settings; gives an odd byte."""
        began_s, count, data = self._monotonic(), 0, b""
        settling = Settling(self._settings.rate_hz * 2, began_s)
        is_over = settling.is_over(0, began_s)
        while not (is_over or self._stopping.is_set()):
            seconds = self._monotonic() - began_s
            if seconds > MAX_SETTLE_S and count:
                raise SourceError(
                    f"{self._address} sends about {round(count / 2 / seconds)} samples per second"
                    f" instead of {self._settings.rate_hz}"
                )
            data = self._received(connection)
            count += len(data)
            is_over = bool(data) and settling.is_over(len(data), self._monotonic())
        return data[-(count % 2) :] if count % 2 else b""

    def _received(self, connection: socket.socket, most: int = 1 << 20) -> bytes:
        """The bytes that arrived; b"" if none did for a while."""
        try:
            data = connection.recv(most)
        except TimeoutError:
            return b""
        except OSError as error:
            raise SourceError(f"{self._address}: {_reason(error)}") from error
        if not data:
            raise SourceError(f"{self._address} closed the connection")
        return data

    def _set_up(self, tuning: Tuning) -> None:
        settings = self._settings
        self._send(SET_DIRECT_SAMPLING, DIRECT_SAMPLING[settings.direct_sampling])
        self._send(SET_RATE, settings.rate_hz)
        self._send(SET_BANDWIDTH, settings.bandwidth_hz or 0)
        self._send(SET_AGC, 0)
        self.tune(tuning)
        self._send(SET_FREQUENCY, settings.center_hz)
        self._send(SET_BIAS_TEE, int(settings.bias_tee))

    def _send(self, code: int, number: int) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendall(struct.pack(">BI", code, number & 0xFFFFFFFF))
        except OSError as error:
            raise SourceError(f"{self._address}: {_reason(error)}") from error


class Settling:
    """Detects when a server sends at the requested rate; Debian's starts with 2.048 MS/s."""

    def __init__(self, bytes_per_s: int, now_s: float) -> None:
        self._bytes_per_s = bytes_per_s
        self._window_s = now_s
        self._bytes = 0  # since the window began

    def is_over(self, count: int, now_s: float) -> bool:
        """Count received bytes; gives whether the next ones have the requested rate."""
        self._bytes += count
        seconds = now_s - self._window_s
        if seconds < SETTLE_S:
            return False
        is_over = self._bytes <= TOO_FAST * self._bytes_per_s * seconds
        self._window_s, self._bytes = now_s, 0
        return is_over


def gains_of(tuner: int, count: int) -> tuple[float, ...]:
    """The gains in dB of a tuner by its number; spread evenly up to 50 dB for unknown tuners."""
    tenths = GAINS.get(tuner, ())
    if len(tenths) == count or not 1 < count <= 256:
        return tuple(gain / 10 for gain in tenths)
    return tuple(round(50 * number / (count - 1), 1) for number in range(count))


def _reason(error: OSError) -> str:
    return str(error.strerror or error)

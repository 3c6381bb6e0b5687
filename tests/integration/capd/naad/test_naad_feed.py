"""A feed of kind naad on real sockets: a stream server and an archive, both bad at times."""

from __future__ import annotations

import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from eas_station.capd.feed.reading import DocumentReading
from eas_station.capd.http.fetch import HttpClient
from eas_station.capd.naad.document_splitter import MAX_DOCUMENT_BYTES
from eas_station.capd.naad.naad_feed import NaadFeed, NaadTimeouts
from eas_station.config.model import FeedConfig
from eas_station.errors import FeedError

REAL = Path(__file__).resolve().parents[5] / "shared" / "cap" / "canada_cap"
Make = Callable[..., bytes]
NOW = datetime(2026, 4, 20, 15, 6, tzinfo=UTC)
TIMEOUTS = NaadTimeouts(heartbeat_s=30.0, read_s=10.0, archive_s=10.0)
ARCHIVED = "/2026-04-20/2026_04_20T15_05_00_00_00I{}.xml"


class Reader:
    """A feed, and everything that it gave."""

    def __init__(
        self, stream: Any, archive: str, timeouts: NaadTimeouts = TIMEOUTS, **keys: Any
    ) -> None:
        self.stopping = threading.Event()
        feed = FeedConfig(
            "naad", "naad", host="127.0.0.1", port=stream.port, archive=archive, **keys
        )
        client = HttpClient("x", self.stopping.is_set)
        self.feed = NaadFeed(
            feed, client, now=lambda: NOW, is_stopping=self.stopping.is_set, timeouts=timeouts
        )
        self.readings: list[DocumentReading] = []

    def read(self) -> list[str]:
        """One poll: the identifiers of the alerts that it brought."""
        found = []
        for reading in self.feed.read():
            self.readings.append(reading)
            found += [m.identifier for m in reading.parsed.messages] if reading.parsed else []
        return found

    def read_until(self, fact: Callable[[], bool]) -> list[str]:
        """Polls, until something is so."""
        found, until_s = [], time.monotonic() + 40.0
        while not fact():
            assert time.monotonic() < until_s, "it did not become so"
            found += self.read()
        return found

    def read_alerts(self, count: int) -> list[str]:
        found: list[str] = []
        until_s = time.monotonic() + 40.0
        while len(found) < count:
            assert time.monotonic() < until_s, f"only {found}"
            found += self.read()
        return found

    @property
    def refused(self) -> list[str]:
        return [str(reading.refused) for reading in self.readings if reading.refused is not None]


def asked(server: Any, count: int) -> list[str]:
    """What the archive was asked; it notes that after its answer."""
    until_s = time.monotonic() + 40.0
    while len(server.asked) < count:
        assert time.monotonic() < until_s, server.asked
    found: list[str] = server.asked
    return found


@pytest.fixture
def reader(stream: Any, server: Any) -> Reader:
    reader = Reader(stream, server.url)
    assert reader.read() == []  # connected
    stream.await_connections(1)
    return reader


def test_alerts_come_as_they_are_sent_and_heartbeats_are_none(
    stream: Any, server: Any, reader: Reader, alert: Make, heartbeat: Make
) -> None:
    assert reader.feed.note == "no heartbeat so far"
    stream.send(alert("one") + b"\n" + heartbeat() + alert("two"))
    assert reader.read_alerts(2) == ["one", "two"]
    assert reader.feed.note == "last heartbeat 15:06Z"
    stream.send(heartbeat("one", "two"))
    stream.send(alert("three"))
    assert reader.read_alerts(1) == ["three"]
    assert server.asked == []
    assert (reader.refused, reader.feed.fault) == ([], None)


@pytest.mark.shared
@pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} is not there")
def test_real_alerts_in_pieces_of_any_size(stream: Any, reader: Reader) -> None:
    real = [path for path in sorted(REAL.iterdir()) if "errors" not in path.name]
    whole = b"\r\n".join(path.read_bytes() for path in real)

    def send() -> None:
        for at in range(0, len(whole), 1777):
            stream.send(whole[at : at + 1777])

    threading.Thread(target=send, daemon=True).start()
    assert len(reader.read_alerts(len(real))) == len(real)
    assert reader.refused == []


def test_an_alert_that_the_heartbeat_lists_is_fetched_from_the_archive(
    stream: Any, server: Any, reader: Reader, alert: Make, heartbeat: Make
) -> None:
    server.serve(ARCHIVED.format("urn_oid_1"), alert("urn:oid:1"))
    stream.send(alert("urn:oid:2") + heartbeat("urn:oid:1", "urn:oid:2"))
    assert sorted(reader.read_alerts(2)) == ["urn:oid:1", "urn:oid:2"]
    stream.send(heartbeat("urn:oid:1", "urn:oid:2", number=2) + alert("last"))
    assert reader.read_alerts(1) == ["last"]
    assert asked(server, 1) == [ARCHIVED.format("urn_oid_1")]
    assert reader.feed.fault is None


def test_an_alert_that_was_cut_off_is_fetched_after_the_next_connection(
    stream: Any, server: Any, reader: Reader, alert: Make, heartbeat: Make
) -> None:
    server.serve(ARCHIVED.format("cut"), alert("cut"))
    stream.send(alert("cut")[:-30])
    stream.drop()
    with pytest.raises(FeedError, match="the server closed the connection"):
        reader.read()
    stream.greeting = heartbeat("cut")
    assert reader.read_alerts(1) == ["cut"]
    assert stream.connected == 2


def test_a_document_that_is_cut_within_a_connection_is_reported_and_fetched(
    stream: Any, server: Any, reader: Reader, alert: Make, heartbeat: Make
) -> None:
    server.serve(ARCHIVED.format("cut"), alert("cut"))
    stream.send(alert("cut")[:-30] + alert("next") + heartbeat("cut", "next"))
    assert reader.read_alerts(2) == ["next", "cut"]
    (refused,) = reader.refused
    assert "damaged document" in refused


def test_an_alert_that_is_not_in_the_archive_is_a_fault_until_it_comes(
    stream: Any, server: Any, reader: Reader, alert: Make, heartbeat: Make
) -> None:
    path = ARCHIVED.format("one")
    for number in range(8):
        stream.send(heartbeat("one", number=number) + alert(f"next-{number}"))
        assert reader.read_alerts(1) == [f"next-{number}"]
    assert asked(server, 5) == [path] * 5, "it is given up"
    assert reader.feed.fault == (
        "1 alert listed in the last heartbeat cannot be fetched: HTTP 404 Not Found"
    )
    assert set(reader.refused) == {f"{server.url}{path}: HTTP 404 Not Found"}
    stream.send(alert("one"))
    assert reader.read_alerts(1) == ["one"]
    assert reader.feed.fault is None


def test_a_heartbeat_that_no_longer_lists_an_alert_ends_its_fault(
    stream: Any, reader: Reader, heartbeat: Make
) -> None:
    stream.send(heartbeat("one"))
    reader.read_until(lambda: reader.feed.fault is not None)
    stream.send(heartbeat(number=2))
    reader.read_until(lambda: reader.feed.fault is None)


def test_the_archive_may_write_a_plus_in_two_ways(
    stream: Any, server: Any, reader: Reader, alert: Make, heartbeat: Make
) -> None:
    east = "2026-04-20T15:05:00+00:00"
    first, second = "/2026-04-20/2026_04_20T15_05_00", "00_00Ione.xml"
    server.serve(f"{first}p{second}", alert("one", east))
    stream.send(heartbeat(("one", east)))
    assert reader.read_alerts(1) == ["one"]
    assert asked(server, 2) == [f"{first}_{second}", f"{first}p{second}"]


def test_another_document_of_the_archive_is_refused(
    stream: Any, server: Any, reader: Reader, alert: Make, heartbeat: Make
) -> None:
    server.serve(ARCHIVED.format("one"), alert("another"))
    server.serve(ARCHIVED.format("two"), alert("two", "2026-04-20T15:05:01-00:00"))
    server.serve(ARCHIVED.format("page"), b"<html>Sorry</html>", 200, Content_Type="text/html")
    server.serve(ARCHIVED.format("huge"), b" " * (MAX_DOCUMENT_BYTES + 1))
    names = ("one", "two", "page", "huge")
    stream.send(heartbeat(*names))
    reader.read_until(lambda: len(reader.refused) == 4)
    assert [told.partition(".xml: ")[2] for told in reader.refused] == [
        "the archive gave another document",
        "the archive gave another document",
        "an HTML page, not an alert",
        f"a document of more than {MAX_DOCUMENT_BYTES} bytes",
    ]
    assert reader.feed.fault is not None
    assert reader.feed.fault.startswith("4 alerts listed in the last heartbeat cannot be fetched")


def test_a_hostile_list_leads_nowhere_else(
    stream: Any, server: Any, reader: Reader, alert: Make, heartbeat: Make
) -> None:
    hostile = (
        "../../etc/passwd",
        "?x=%2F#y",
        "\u00e9",
        ("one", "../etc"),
        ("one", "2026-04-20"),
        ("one", "2026-99-99T15:05:00-00:00"),
        ("one", "0001-01-01T00:00:00+14:00"),
        ("one", "9999-12-31T23:59:59-14:00"),
    )
    stream.send(heartbeat(*hostile) + alert("last"))
    assert reader.read_alerts(1) == ["last"]
    assert asked(server, 3) == [
        ARCHIVED.format("..%2F..%2Fetc%2Fpasswd"),
        ARCHIVED.format("%3Fx%3D%252F%23y"),
        ARCHIVED.format("%C3%A9"),
    ]


def test_a_long_list_is_cut(
    stream: Any, server: Any, reader: Reader, alert: Make, heartbeat: Make
) -> None:
    stream.send(heartbeat(*map(str, range(500))) + alert("last"))
    assert reader.read_alerts(1) == ["last"]
    assert len(asked(server, 50)) == 50


def test_a_stream_without_heartbeats_is_given_up(stream: Any, server: Any, alert: Make) -> None:
    timeouts = NaadTimeouts(heartbeat_s=1.0, read_s=0.1, archive_s=1.0)
    reader = Reader(stream, server.url, timeouts)
    stream.greeting = alert("one")
    assert reader.read_alerts(1) == ["one"]
    with pytest.raises(FeedError, match="no heartbeat for 1 seconds"):
        while True:
            stream.send(b"\n")
            reader.read()
    assert reader.read_alerts(1) == ["one"]
    assert stream.connected == 2


@pytest.mark.parametrize("block", [b"<alert>" * 5_000, b"\x00" * 65_536, b"<alert><a/>" * 99])
def test_a_flood_is_given_up_and_costs_no_memory(block: bytes, stream: Any, server: Any) -> None:
    timeouts = NaadTimeouts(heartbeat_s=2.0, read_s=0.5, archive_s=1.0)
    reader = Reader(stream, server.url, timeouts)
    reader.read()
    tracemalloc.start()
    stream.flood(block)
    with pytest.raises(FeedError, match=r"no heartbeat|damaged documents in a row"):
        while True:
            reader.read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MAX_DOCUMENT_BYTES
    assert len(reader.refused) < 200


def test_nobody_there_is_one_sentence(stream: Any, server: Any) -> None:
    stream.close()
    reader = Reader(stream, server.url)
    with pytest.raises(FeedError, match=f"no connection to 127.0.0.1:{stream.port}: Connection re"):
        reader.read()


def test_a_read_ends_soon_when_the_station_stops(stream: Any, reader: Reader) -> None:
    threading.Timer(0.2, reader.stopping.set).start()
    began_s = time.monotonic()
    assert reader.read() == []
    assert time.monotonic() - began_s < 5.0


def test_a_closed_feed_has_no_connection_and_opens_another(
    stream: Any, server: Any, reader: Reader, alert: Make
) -> None:
    reader.feed.close()
    reader.feed.close()
    with pytest.raises(OSError):
        while True:
            stream.send(alert("lost"))
    stream.drop()
    stream.greeting = alert("one")
    assert reader.read_alerts(1) == ["one"]
    assert stream.connected == 2


def certificate(folder: Path, address: str) -> Path:
    """A certificate that vouches for itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / f"{address}.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return path


@pytest.mark.parametrize(
    ("address", "is_known", "message"),
    [
        ("127.0.0.1", True, None),
        ("127.0.0.1", False, "self-signed certificate"),
        ("127.0.0.2", True, "IP address mismatch"),
    ],
)
def test_an_encrypted_stream_needs_the_right_certificate(
    address: str, is_known: bool, message: str | None,
    stream: Any, server: Any, alert: Make, tmp_path: Path,
) -> None:  # fmt: skip
    path = certificate(tmp_path, address)
    stream.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    stream.tls.load_cert_chain(path)
    stream.greeting = alert("one")
    reader = Reader(stream, server.url, tls=True, ca_file=path if is_known else None)
    if message is None:
        assert reader.read_alerts(1) == ["one"]
        return
    with pytest.raises(FeedError, match=message):
        reader.read()


def test_a_plain_stream_is_not_read_where_an_encrypted_one_is_configured(
    stream: Any, server: Any, alert: Make
) -> None:
    stream.greeting = alert("one")
    with pytest.raises(FeedError, match=r"no connection to 127\.0\.0\.1"):
        Reader(stream, server.url, tls=True).read()

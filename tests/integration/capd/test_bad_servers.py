"""What servers do to a feed: the daemon as a process, real HTTP, real TLS, a real resolver.

Every one of them changes nothing but the feed's age, and the next good answer is taken.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from eas_station.bus.messages import ItemState
from eas_station.clock import utc_now
from eas_station.ctl.main import main
from eas_station.store.alerts import alert_queries

PATH = "/alerts/active"
CAP = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>one</identifier>
<sender>s@example.org</sender><sent>2026-04-20T11:05:00-04:00</sent><status>Actual</status>
<msgType>Alert</msgType><scope>Public</scope></alert>"""
Answer = Callable[..., bytes]
Feed = Callable[..., str]
Bad = tuple[bytes, int, dict[str, str], str]


def page_of_html(more: str = "") -> bytes:
    return f"<!DOCTYPE html><html><body>Sorry{more}</body></html>".encode()


def bad_answers(good: bytes, elsewhere: str) -> list[Bad]:
    """Body, status, headers, and what the feed's sentence says of it."""
    half = good[: len(good) // 2]
    bomb = gzip.compress(bytes(64 << 20))
    json_type = {"Content_Type": "application/geo+json"}
    return [
        (b"", 503, {"Retry_After": "1"}, "HTTP 503"),
        (b"slow down", 429, {"Retry_After": "1"}, "HTTP 429"),
        (b"no", 403, {}, "HTTP 403"),
        (page_of_html(), 200, {"Content_Type": "text/html"}, "HTML page"),
        (page_of_html(), 200, json_type, "HTML page"),
        (b"<html><body>" + good, 200, json_type, "HTML page"),
        (half, 200, json_type, "not JSON"),
        (good + b"}", 200, json_type, "text after the object"),
        (gzip.compress(good)[:-20], 200, {"Content_Encoding": "gzip"}, "cut off"),
        (good, 200, {"Content_Encoding": "gzip"}, "damaged compression"),
        (good, 200, {"Content_Encoding": "br"}, "not requested"),
        (bomb, 200, {"Content_Encoding": "gzip"}, "after decompression"),
        (good.decode().encode("utf-16"), 200, json_type, "XML"),
        (b'{"features": ["\xff\xfe"]}', 200, json_type, "not UTF-8"),
        (b"[" * 100_000, 200, json_type, "XML"),
        (b'{"features": ' + b"[" * 100_000, 200, json_type, "nested too deep"),
        (b"", 302, {"Location": elsewhere}, "another host"),
        (b"", 301, {"Location": "file:///etc/passwd"}, "another host"),
        (b"", 302, {"Location": PATH}, "redirects"),
    ]


def active(station: Any) -> set[str]:
    with station.database.read() as connection:
        return {alert.alert_id for alert in alert_queries.active(connection, utc_now())}


def test_nothing_that_a_server_answers_changes_what_is_in_force(
    server: Any, station_of: Any, page_of: Any, feed: Feed, answer: Answer
) -> None:
    good = answer("a", "b")
    server.serve(PATH, good, ETag='"good"')
    station = station_of(feed("nws", "nws", f"{server.url}{PATH}", 600))
    station.start()
    page = page_of(station)
    page.poll(station, "nws")
    before = station.record()
    assert len(active(station)) == 2
    for body, status, headers, said in bad_answers(good, "http://elsewhere.invalid/alerts"):
        server.serve(PATH, body, status, **headers, ETag='"bad"')
        item = page.poll(station, "nws")
        assert item.state == "reconnecting", said
        assert said in item.sentence
    assert station.record() == before
    server.serve(PATH, answer("a", "b", "c"))
    assert page.poll(station, "nws").state == "running"
    assert all(asked.get("If-None-Match") != '"bad"' for asked in server.headers)
    assert len(active(station)) == 3
    assert page.heard.count("c") == 1
    assert station.stop() < 4.0
    assert "Traceback" not in station.log()


def test_the_good_alerts_of_a_bad_answer_are_kept(
    server: Any, station_of: Any, page_of: Any, feed: Feed, answer: Answer
) -> None:
    body = answer("good", "nul", "lone", "twice", "not-a-number", "last")
    body = body.replace(b'"id": "nul"', b'"headline": "x\\u0000y", "id": "nul"')
    body = body.replace(b'"id": "lone"', b'"headline": "x\\ud800y", "id": "lone"')
    body = body.replace(b'"id": "twice"', b'"id": "twice", "id": "thrice"')
    body = body.replace(b'"id": "not-a-number"', b'"sent": NaN, "id": "not-a-number"')
    server.serve(PATH, body)
    station = station_of(feed("nws", "nws", f"{server.url}{PATH}", 600))
    station.start()
    item = page_of(station).poll(station, "nws")
    assert station.identifiers() == {"good", "nul", "lone", "last"}
    assert item.counters["rejected"] == 2
    assert station.stop() < 4.0


def test_two_stale_caches_in_turn_announce_nothing_again(
    server: Any, station_of: Any, page_of: Any, feed: Feed, answer: Answer
) -> None:
    caches = answer("a", "b"), answer("b", "c")
    server.serve(PATH, caches[0], ETag='"0"')
    station = station_of(feed("nws", "nws", f"{server.url}{PATH}", 3600))
    station.start()
    page = page_of(station)
    for number in range(1, 7):
        server.serve(PATH, caches[number % 2], ETag=f'"{number % 2}"')
        page.poll(station, "nws")
    assert len(active(station)) == 3, "what is missing from an answer has not ended"
    server.serve(PATH, answer())  # an empty answer of a broken cache
    page.poll(station, "nws")
    assert len(active(station)) == 3
    assert sorted(page.heard) in (["a", "b", "c"], ["c"])  # a and b may have come before the page
    before = station.record()
    assert station.stop() < 4.0

    server.serve(PATH, answer())
    station.start()  # the next life begins with the empty answer, and then they come again
    again = page_of(station)
    for cache in (*caches, *caches):
        server.serve(PATH, cache)
        again.poll(station, "nws")
    assert again.heard == []
    assert station.record() == before
    assert station.stop() < 4.0


def test_a_new_process_asks_for_the_whole_answer_and_announces_only_news(
    server: Any, station_of: Any, page_of: Any, feed: Feed, answer: Answer
) -> None:
    server.serve(PATH, answer("a"), ETag='"1"')
    station = station_of(feed("nws", "nws", f"{server.url}{PATH}", 600))
    station.start()
    page_of(station).poll(station, "nws")
    assert server.headers[-1]["If-None-Match"] == '"1"'
    assert station.stop() < 4.0
    before = station.record()
    server.headers.clear()
    station.start()
    page = page_of(station)
    page.item("nws")
    assert "If-None-Match" not in server.headers[0]
    server.serve(PATH, b"", 304)
    assert page.poll(station, "nws").state == "running"
    assert station.record() == before
    assert len(active(station)) == 1
    server.serve(PATH, answer("a", "b"), ETag='"2"')
    page.poll(station, "nws")
    assert page.heard == ["b"]
    assert len(active(station)) == 2
    assert station.stop() < 4.0


def test_an_answer_without_content_ends_nothing_and_is_no_failure(
    server: Any, station_of: Any, page_of: Any, feed: Feed, answer: Answer
) -> None:
    server.serve(PATH, answer("a"))
    station = station_of(feed("nws", "nws", f"{server.url}{PATH}", 3600))
    station.start()
    page = page_of(station)
    page.poll(station, "nws")
    server.serve(PATH, b"", 204)
    item = page.poll(station, "nws")
    assert item.state == "running"
    assert "0 alerts in the last answer" in item.sentence
    assert len(active(station)) == 1
    assert station.stop() < 4.0


ENTRY = '<entry><updated>{}</updated><link href="{}"/></entry>'
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom">{}</feed>'


def test_a_feed_whose_links_give_nothing_is_degraded_until_they_do(
    server: Any, station_of: Any, page_of: Any, feed: Feed, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = "".join(ENTRY.format("x", f"/{number}.cap") for number in range(12))
    server.serve("/index", ATOM.format(entries).encode())
    station = station_of(feed("links", "cap", f"{server.url}/index", 3600))
    config = ["--config", str(station.config)]
    station.start()
    page = page_of(station)
    item = page.poll(station, "links")
    fault = f"12 entries, 12 refused: {server.url}/0.cap: HTTP 404 Not Found"
    assert item.state == "degraded"
    assert fault in item.sentence
    assert main(["feeds", *config]) == 1
    assert f"links (cap): degraded: poll 2, as asked: {fault}" in capsys.readouterr().out
    assert main(["status", *config]) > 0
    assert f"feed.cap links: degraded: poll 2, as asked: {fault}" in capsys.readouterr().out
    server.serve("/0.cap", CAP.encode())
    item = page.poll(station, "links")
    assert item.state == "running"
    assert "1 alerts in the last answer, 1 new" in item.sentence
    assert main(["feeds", *config]) == 0
    assert station.stop() < 4.0


def test_alerts_on_a_host_that_is_not_named_are_reported(
    server: Any, station_of: Any, page_of: Any, feed: Feed
) -> None:
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    host = elsewhere.removeprefix("http://")
    server.serve("/index", ATOM.format(ENTRY.format("x", f"{elsewhere}/0.cap")).encode())
    server.serve("/0.cap", CAP.encode())
    url = f"{server.url}/index"
    station = station_of(feed("links", "cap", url, 3600))
    station.start()
    item = page_of(station).poll(station, "links")
    assert item.state == "degraded"
    assert f"1 alert is on {host}, which link_hosts does not name" in item.sentence
    assert station.stop() < 4.0
    text = station.config.read_text().replace(f'"{url}"', f'"{url}"\nlink_hosts = ["{host}"]')
    station.config.write_text(text)
    station.start()
    item = page_of(station).poll(station, "links")
    assert item.state == "running"
    assert "1 alerts in the last answer" in item.sentence
    assert station.identifiers() == {"one"}
    assert station.stop() < 4.0


def drip(request: BaseHTTPRequestHandler) -> None:
    """An answer that comes for ever, a byte at a time."""
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    while True:
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.1)


# In place of a name server that never answers: what its silence does to whoever asks. And a poll
# has a quarter of its time, so that the test does not take all of it.
DEAF_RESOLVER = """
import socket, time
from eas_station.capd.http import fetch
fetch.DEADLINE_S /= 4
ask = socket.getaddrinfo
def getaddrinfo(host, *rest, **others):
    while host == "deaf.invalid":
        time.sleep(1)
    return ask(host, *rest, **others)
socket.getaddrinfo = getaddrinfo
"""


def test_a_slow_feed_is_given_up_in_time_and_delays_nobody(
    server: Any, station_of: Any, page_of: Any, feed: Feed, answer: Answer, wait_for: Any
) -> None:
    server.answers["/slow"] = drip
    server.serve(PATH, answer("a"))
    station = station_of(
        feed("slow", "cap", f"{server.url}/slow", 3600)
        + feed("deaf", "cap", "http://deaf.invalid/cap", 3600)
        + feed("nws", "nws", f"{server.url}{PATH}", 3600)
    )
    (station.folder / "sitecustomize.py").write_text(DEAF_RESOLVER)
    station.start(PYTHONPATH=str(station.folder))
    page = page_of(station)
    polls = 0
    while page.told("slow") is None and page.told("deaf") is None:  # both hang in their first poll
        server.serve(PATH, answer(f"a{polls}"))
        assert page.poll(station, "nws").state == "running"
        polls += 1
    assert polls > 1, "the third feed did not wait for them"
    for name in ("slow", "deaf"):
        item = wait_for(lambda name=name: is_failing(page.item(name)))
        assert "in time" in item.sentence
    assert "no progress" not in station.log(), "the watchdog was fed all the time"
    assert station.stop() < 4.0


def is_failing(item: ItemState) -> ItemState | None:
    return item if item.state == "reconnecting" else None


class Authority:
    """A certificate authority of our own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.path = folder / "authority.pem"
        own = self._builder(self._name, self._key, timedelta(days=1)).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.path.write_bytes(_pem(own.sign(self._key, hashes.SHA256())))

    def vouch(self, host: str, valid_for: timedelta) -> tuple[Path, Path]:
        """A certificate for a host, and its key; valid since two days ago for so long from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        builder = self._builder(subject, key, valid_for).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        )
        certificate, private = self._folder / f"{host}.pem", self._folder / f"{host}.key"
        certificate.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, private

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, valid_for: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + valid_for)
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("host", "valid_for", "is_known", "said"),
    [
        ("localhost", timedelta(days=1), True, None),
        ("localhost", timedelta(days=-1), True, "certificate has expired"),
        ("elsewhere.example", timedelta(days=1), True, "Hostname mismatch"),
        ("localhost", timedelta(days=1), False, "unable to get local issuer certificate"),
    ],
)
def test_only_the_right_certificate_is_believed(
    host: str, valid_for: timedelta, is_known: bool, said: str | None,
    server: Any, station_of: Any, page_of: Any, feed: Feed, answer: Answer, tmp_path: Path,
) -> None:  # fmt: skip
    authority = Authority(tmp_path)
    server.secure(*authority.vouch(host, valid_for))
    server.serve(PATH, answer("a"))
    url = server.url.replace("127.0.0.1", "localhost")
    trusted = {"ca_file": str(authority.path)} if is_known else {}
    station = station_of(feed("nws", "nws", f"{url}{PATH}", 3600, **trusted))
    station.start()
    item = page_of(station).poll(station, "nws")
    assert (item.state, len(active(station))) == (
        ("running", 1) if said is None else ("reconnecting", 0)
    )
    assert said is None or said in item.sentence
    assert station.stop() < 4.0

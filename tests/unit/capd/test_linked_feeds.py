"""Feeds as MeteoAlarm's (Atom) and others (RSS): CAP behind links, over HTTP to the receptions."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from eas_station.alerts.model import Reception
from eas_station.alerts.sources import from_cap
from eas_station.capd.http.fetch import HttpClient
from eas_station.capd.http.http_feed import HttpFeed
from eas_station.capd.intake import DocumentIntake, Tally
from eas_station.config.model import FeedConfig

NOW = datetime(2026, 4, 20, 15, 6, tzinfo=UTC)
ALERT = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{}</identifier>
<sender>opendata@example.org</sender><sent>2026-04-20T15:05:00+00:00</sent>
<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>en-GB</language><event>Severe wind</event><headline>Wind</headline></info>
<info><language>de-AT</language><event>Sturm</event><headline>Sturmwarnung</headline></info>
</alert>"""
# As feeds.meteoalarm.org writes it: fields of CAP beside three links, one of them typed.
ENTRY = """<entry xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2">
<cap:event>Severe wind</cap:event><cap:identifier>{0}</cap:identifier><cap:severity>Severe
</cap:severity><cap:geocode><valueName>EMMA_ID</valueName><value>AT001</value></cap:geocode>
<id>{1}?index_info=0</id><link hreflang="en" rel="related" href="/page.html" type="text/html"/>
<link href="{1}" type="application/cap+xml"/><title>Wind</title></entry>"""
ITEM = '<item><title>{0}</title><enclosure url="{1}" type="application/cap+xml"/></item>'
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><id>x</id><title>Austria</title>{}</feed>'
RSS = '<rss version="2.0"><channel><title>Austria</title>{}</channel></rss>'
INDEX = "/feeds/index"
LINKS = {  # the good among the bad
    "one": "/warnings/one.cap",
    "two": "warnings/two.cap",
    "page": "/page.html",  # HTML with 200
    "cut": "/cut.cap",
    "doctype": "/doctype.cap",
    "gone": "/gone.cap",
    "elsewhere": "http://elsewhere.invalid/three.cap",
    "file": "file:///etc/passwd",
    "three": "/warnings/three.cap",
}
PAGES = {
    "/warnings/one.cap": ALERT.format("one"),
    "/feeds/warnings/two.cap": ALERT.format("two"),
    "/warnings/three.cap": ALERT.format("three"),
    "/page.html": "<!DOCTYPE html><html><body>Sorry</body></html>",
    "/cut.cap": ALERT.format("cut")[:200],
    "/doctype.cap": '<!DOCTYPE a [<!ENTITY b "c">]>' + ALERT.format("&b;").partition("\n")[2],
}


def serve(server: Any, index: str) -> None:
    pages = {**PAGES, INDEX: index}

    def respond(request: BaseHTTPRequestHandler) -> None:
        body = pages.get(urlsplit(request.path).path, "").encode()
        request.send_response(200 if body else 404)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    server.respond = respond


def intake_of(taken: list[Reception], folder: Path, language: str) -> DocumentIntake:
    ids = map(str, count())
    return DocumentIntake(
        "meteoalarm",
        "EASTATN",
        take=taken.extend,
        now=lambda: NOW,
        clock_trusted=lambda: True,
        new_id=lambda: next(ids),
        quarantine_dir=folder,
        progressed=lambda: None,
        recall=lambda _: (),
        reception_of=partial(from_cap.reception, language=language),
    )


@pytest.mark.parametrize(("index", "entry"), [(ATOM, ENTRY), (RSS, ITEM)], ids=["atom", "rss"])
def test_the_good_alerts_behind_links_are_taken_and_the_bad_ones_told(
    server: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, index: str, entry: str
) -> None:
    entries = "".join(entry.format(name, link) for name, link in LINKS.items())
    serve(server, index.format(entries + entry.format("one", LINKS["one"])))
    feed = HttpFeed(
        FeedConfig(name="meteoalarm", kind="cap", url=server.url + INDEX),
        HttpClient("x", threading.Event().is_set),
        is_taken=lambda text: False,
    )
    taken: list[Reception] = []
    desk, tally = intake_of(taken, tmp_path, "de"), Tally()
    for reading in feed.read():
        tally.add(desk.accept(reading))
    feed.accept()
    assert [r.statement.message.identifier for r in taken if r.statement.message] == [
        "one",
        "two",
        "three",
    ]
    assert {r.statement.headline for r in taken} == {"Sturmwarnung"}
    assert (tally.new, tally.rejected, tally.quarantined) == (3, 6, 0)
    assert list(tmp_path.iterdir()) == []
    told = [record.getMessage() for record in caplog.records if "rejected" in record.getMessage()]
    for bad, reason in {
        "page.html": "an HTML page, not an alert",
        "cut.cap": "not well-formed XML",
        "doctype.cap": "a DOCTYPE, which no CAP document needs",
        "gone.cap": "HTTP 404",
        "elsewhere.invalid": "which link_hosts does not name",
        "file:///etc/passwd": "neither http nor https",
    }.items():
        (line,) = [line for line in told if bad in line]
        assert reason in line
    assert len(told) == 6
    asked = [urlsplit(path).path for path, _ in server.asked]
    assert asked.count("/warnings/one.cap") == 1  # though two entries lead to it

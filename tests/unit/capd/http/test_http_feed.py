from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

import pytest

from eas_station.capd.http.fetch import HttpClient
from eas_station.capd.http.http_feed import HttpFeed, nws_url
from eas_station.config.model import FeedConfig
from eas_station.errors import CapError, FeedError

Answer = Callable[..., bytes]
CAP = (
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{}</identifier>'
    "<sender>s@example.org</sender><sent>2026-04-20T11:05:00-04:00</sent><status>Actual</status>"
    "<msgType>Alert</msgType><scope>Public</scope></alert>"
)


def feed_of(
    server: Any,
    kind: Any = "nws",
    path: str = "/alerts/active?x=1",
    is_taken: Callable[[str], bool] = lambda text: False,
    monotonic: Callable[[], float] = time.monotonic,
    **keys: Any,
) -> HttpFeed:
    """A feed that asks the server."""
    feed = FeedConfig(name="test", kind=kind, url=server.url + path, **keys)
    return HttpFeed(feed, HttpClient("x", threading.Event().is_set), is_taken, monotonic)


def identifiers(feed: HttpFeed) -> list[str]:
    """What one poll brings; it was good to its end."""
    found = [m.identifier for r in feed.read() if r.parsed for m in r.parsed.messages]
    feed.accept()
    return found


def by_path(server: Any, pages: dict[str, bytes]) -> None:
    """Answer by path, else 404."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        body = pages.get(request.path)
        request.send_response(404 if body is None else 200)
        request.send_header("Content-Length", str(len(body or b"")))
        request.end_headers()
        request.wfile.write(body or b"")

    server.respond = respond


@pytest.mark.parametrize(
    ("feed", "url"),
    [
        (
            FeedConfig("n", "nws"),
            "https://api.weather.gov/alerts/active?status=actual&message_type=alert,update,cancel",
        ),
        (
            FeedConfig(
                "n", "nws", url="http://127.0.0.1:8/", zone=("OHC173", "OHZ049"), area=("OH",)
            ),
            "http://127.0.0.1:8/alerts/active?status=actual&message_type=alert,update,cancel"
            "&zone=OHC173,OHZ049",
        ),
        (
            FeedConfig("n", "nws", area=("OH", "LE")),
            "https://api.weather.gov/alerts/active?status=actual&message_type=alert,update,cancel"
            "&area=OH,LE",
        ),
        (
            FeedConfig("n", "nws", point=(41.123456, -83.5)),
            "https://api.weather.gov/alerts/active?status=actual&message_type=alert,update,cancel"
            "&point=41.1235,-83.5000",
        ),
        (
            FeedConfig("n", "nws", url="https://example.org/x?zone=OHC173"),
            "https://example.org/x?zone=OHC173",
        ),
    ],
)
def test_what_the_weather_service_is_asked(feed: FeedConfig, url: str) -> None:
    assert nws_url(feed) == url


def test_after_a_good_poll_only_news_are_asked_for(server: Any, answer: Answer) -> None:
    server.serve(answer("a"), ETag='"1"')
    feed = feed_of(server)
    assert identifiers(feed) == ["urn:oid:a"]
    server.serve(b"", status=304)
    assert identifiers(feed) == []
    assert server.asked[1][1]["If-None-Match"] == '"1"'


def test_a_new_process_asks_for_the_whole_answer(server: Any, answer: Answer) -> None:
    server.serve(answer("a"), ETag='"1"')
    assert identifiers(feed_of(server)) == ["urn:oid:a"]
    assert identifiers(feed_of(server)) == ["urn:oid:a"]
    assert [headers.get("If-None-Match") for _, headers in server.asked] == [None, None]


@pytest.mark.parametrize("interval_s", [60.0, 300.0, 3600.0])
def test_a_server_that_always_says_not_modified_is_asked_for_all_once_an_hour(
    server: Any, answer: Answer, interval_s: float
) -> None:
    clock = [5000.0]
    feed = feed_of(server, interval_s=interval_s, monotonic=lambda: clock[0])
    whole_s = []

    def respond(request: BaseHTTPRequestHandler) -> None:
        is_whole = "If-None-Match" not in request.headers
        body = answer("a") if is_whole else b""
        whole_s.extend([clock[0]] if is_whole else [])
        request.send_response(200 if is_whole else 304)
        request.send_header("ETag", '"1"')
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    server.respond = respond
    for _ in range(200):
        identifiers(feed)
        clock[0] += interval_s
    gaps_s = [after - before for before, after in itertools.pairwise(whole_s)]
    assert max(gaps_s) <= 3600.0
    assert len(server.asked) == 200
    assert interval_s > 300.0 or len(whole_s) < 25


def test_no_content_is_a_feed_without_alerts(server: Any) -> None:
    server.serve(b"", status=204)
    feed = feed_of(server, "cap")
    (reading,) = feed.read()
    assert reading.parsed is not None
    assert (reading.parsed.messages, reading.refused) == ((), None)
    assert feed.listed == (reading.name,)


def test_the_validators_of_a_bad_answer_are_not_kept(server: Any, answer: Answer) -> None:
    server.serve(answer("a")[:-20], ETag='"1"')
    feed = feed_of(server)
    with pytest.raises(CapError):
        identifiers(feed)
    server.serve(answer("a"), ETag='"1"')
    assert identifiers(feed) == ["urn:oid:a"]
    assert "If-None-Match" not in server.asked[1][1]


def test_pages_are_followed_until_they_end_or_come_back(server: Any, answer: Answer) -> None:
    first, last = f"{server.url}/alerts/active?x=1", f"{server.url}/p2"
    by_path(
        server,
        {
            "/alerts/active?x=1": answer("a", "b", pagination={"next": last}),
            "/p2": answer("b", "c", pagination={"next": first}),
        },
    )
    taken: dict[str, str] = {}
    for reading in feed_of(server, is_taken=taken.__contains__).read():
        for message in reading.parsed.messages if reading.parsed else ():
            assert message.raw not in taken
            taken[message.raw] = message.identifier
    assert list(taken.values()) == ["urn:oid:a", "urn:oid:b", "urn:oid:c"]
    assert [path for path, _ in server.asked] == ["/alerts/active?x=1", "/p2"]


def test_an_alert_whose_text_was_taken_is_not_read_again(server: Any, answer: Answer) -> None:
    server.serve(answer("a", "b"))
    taken: set[str] = set()
    feed = feed_of(server, is_taken=taken.__contains__)
    (reading,) = feed.read()
    assert reading.parsed is not None
    taken.update(message.raw for message in reading.parsed.messages)
    server.serve(answer("a", "b", "c"))
    (reading,) = feed.read()
    assert reading.parsed is not None
    assert [message.identifier for message in reading.parsed.messages] == ["urn:oid:c"]
    assert reading.parsed.unchanged == 2
    server.serve(answer("a").replace(b"Tornado", b"tornado"))
    assert identifiers(feed) == ["urn:oid:a"]  # one letter is another: the intake decides


def test_what_came_before_a_bad_page_is_given(server: Any, answer: Answer) -> None:
    by_path(server, {"/alerts/active?x=1": answer("a", pagination={"next": "/gone"})})
    feed = feed_of(server)
    readings = feed.read()
    assert next(readings).parsed is not None
    with pytest.raises(FeedError, match="404"):
        next(readings)


def test_a_page_on_another_host_is_not_fetched(server: Any, answer: Answer) -> None:
    elsewhere = "http://evil.invalid/alerts"
    server.serve(answer("a", pagination={"next": elsewhere}))
    with pytest.raises(FeedError, match="another host"):
        identifiers(feed_of(server))


def test_the_links_of_a_feed_are_fetched_once(server: Any) -> None:
    entry = '<entry><link href="{}"/></entry>'
    links = ("/1.xml", "2.xml", "/broken.xml", "http://evil.invalid/3.xml")
    index = (
        '<feed xmlns="http://www.w3.org/2005/Atom">'
        + "".join(entry.format(link) for link in links)
        + "</feed>"
    )
    pages = {
        "/feeds/all.atom": index.encode(),
        "/1.xml": CAP.format("one").encode(),
        "/feeds/2.xml": CAP.format("two").encode(),
        "/broken.xml": b"<alert",
    }
    by_path(server, pages)
    feed = feed_of(server, "cap", "/feeds/all.atom")
    refused = [str(r.refused) for r in feed.read() if r.refused is not None]
    assert len(refused) == 2
    assert "evil.invalid, which link_hosts does not name" in refused[0]
    assert "broken.xml" in refused[1]
    assert feed.fault == "1 alert is on evil.invalid, which link_hosts does not name"
    pages["/broken.xml"] = CAP.format("three").encode()
    assert identifiers(feed) == ["three"]
    assert identifiers(feed) == []
    asked = [urlsplit(path).path for path, _ in server.asked]
    assert (asked.count("/1.xml"), asked.count("/broken.xml")) == (1, 2)


def test_a_link_that_never_gives_anything_is_given_up(server: Any) -> None:
    index = '<rss version="2.0"><channel><item><link>/x</link></item></channel></rss>'
    by_path(server, {"/i": index.encode()})
    feed = feed_of(server, "cap", "/i")
    for _ in range(8):
        assert identifiers(feed) == []
    assert [path for path, _ in server.asked].count("/x") == 5


@pytest.mark.parametrize("address", ["http://[", "http://example.org:99999/", "//[x]/"])
def test_an_address_that_is_none_is_refused(server: Any, answer: Answer, address: str) -> None:
    server.serve(answer("a", pagination={"next": address}))
    with pytest.raises(FeedError, match="not valid"):
        identifiers(feed_of(server))


def test_a_link_that_is_no_address_does_not_hide_the_others(server: Any) -> None:
    links = ("http://[", "http://127.0.0.1:99999/", "/1.xml")
    entries = "".join(f'<entry><link href="{link}"/></entry>' for link in links)
    index = f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'
    by_path(server, {"/all.atom": index.encode(), "/1.xml": CAP.format("one").encode()})
    assert identifiers(feed_of(server, "cap", "/all.atom")) == ["one"]


def index_of(*entries: tuple[str, str]) -> bytes:
    """An Atom feed of links, each with the time of its entry."""
    text = "".join(
        f'<entry><updated>{updated}</updated><link href="{link}"/></entry>'
        for link, updated in entries
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{text}</feed>'.encode()


def test_a_link_is_fetched_again_when_its_entry_changed(server: Any) -> None:
    early, late = "2026-04-20T15:05:00Z", "2026-04-20T15:06:00Z"
    pages = {"/i": index_of(("/1", early), ("/2", early)), "/1": b"<alert", "/2": b"<alert"}
    pages["/1"], pages["/2"] = CAP.format("one").encode(), CAP.format("two").encode()
    by_path(server, pages)
    feed = feed_of(server, "cap", "/i")
    assert identifiers(feed) == ["one", "two"]
    pages["/i"], pages["/1"] = index_of(("/1", late), ("/2", early)), CAP.format("uno").encode()
    assert identifiers(feed) == ["uno"]
    assert identifiers(feed) == []
    assert feed.listed == (f"{server.url}/i", f"{server.url}/1", f"{server.url}/2")


def test_links_may_lead_to_the_hosts_that_are_named(server: Any) -> None:
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    by_path(server, {"/i": index_of((f"{elsewhere}/1", "x")), "/1": CAP.format("one").encode()})
    named = elsewhere.removeprefix("http://")
    assert identifiers(feed_of(server, "cap", "/i", link_hosts=(named,))) == ["one"]
    feed = feed_of(server, "cap", "/i", link_hosts=("*.localhost",))
    assert identifiers(feed) == []
    assert feed.fault == f"1 alert is on {named}, which link_hosts does not name"


def test_a_host_that_does_not_answer_hides_no_other_links(server: Any) -> None:
    dead = "http://127.0.0.1:9"
    links = ((f"{dead}/1", "x"), (f"{dead}/2", "x"), ("/3", "x"))
    by_path(server, {"/i": index_of(*links), "/3": CAP.format("three").encode()})
    feed = feed_of(server, "cap", "/i", link_hosts=("127.0.0.1:9",))
    assert identifiers(feed) == ["three"]
    for _ in range(6):  # and it may come back at any time
        assert [str(r.refused)[:21] for r in feed.read() if r.refused] == [
            f"{dead}/1:",
            f"{dead}/2:",
        ]
    assert feed.note == "2 linked alerts still to be fetched"


def test_links_are_fetched_while_their_index_is_unchanged(server: Any) -> None:
    pages = {"/i": index_of(("/1", "x"))}
    by_path(server, pages)
    respond = server.respond

    def with_etag(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/i" and "If-None-Match" in request.headers:
            request.send_response(304)
            request.end_headers()
            return
        if request.path == "/i":
            request.send_response(200)
            request.send_header("ETag", '"1"')
            request.send_header("Content-Length", str(len(pages["/i"])))
            request.end_headers()
            request.wfile.write(pages["/i"])
            return
        respond(request)

    server.respond = with_etag
    feed = feed_of(server, "cap", "/i")
    assert identifiers(feed) == []
    pages["/1"] = CAP.format("one").encode()
    assert identifiers(feed) == ["one"]
    assert [path for path, _ in server.asked] == ["/i", "/1", "/i", "/1"]
    assert server.asked[2][1]["If-None-Match"] == '"1"'


def test_a_link_that_was_given_up_is_tried_again_after_some_minutes(server: Any) -> None:
    clock = [0.0]
    pages = {"/i": index_of(("/1", "x"))}
    by_path(server, pages)
    feed = feed_of(server, "cap", "/i", monotonic=lambda: clock[0])
    for _ in range(8):
        assert identifiers(feed) == []
        clock[0] += 60.0
    assert [path for path, _ in server.asked].count("/1") == 5
    pages["/1"] = CAP.format("one").encode()
    clock[0] = 600.0
    assert identifiers(feed) == ["one"]

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

import pytest

from eas_station.capd.http.fetch import HttpClient
from eas_station.capd.http.http_feed import HttpFeed, nws_url
from eas_station.config.model import FeedConfig
from eas_station.errors import CapError, FeedError
from eas_station.store.records.feeds import FeedState

Answer = Callable[..., bytes]
CAP = (
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{}</identifier>'
    "<sender>s@example.org</sender><sent>2026-04-20T11:05:00-04:00</sent><status>Actual</status>"
    "<msgType>Alert</msgType><scope>Public</scope></alert>"
)


def feed_of(
    server: Any, kind: Any = "nws", path: str = "/alerts/active?x=1", **memory: Any
) -> HttpFeed:
    """A feed that asks the server."""
    feed = FeedConfig(name="test", kind=kind, url=server.url + path)
    return HttpFeed(feed, HttpClient("x", threading.Event().is_set), **memory)


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


def test_the_next_life_asks_only_for_what_is_new(server: Any, answer: Answer) -> None:
    server.serve(answer("a"), ETag='"1"', Last_Modified="Mon, 20 Apr 2026 15:05:00 GMT")
    saved: list[FeedState] = []
    assert identifiers(feed_of(server, save=saved.append)) == ["urn:oid:a"]
    (state,) = saved
    server.serve(b"", status=304)
    assert identifiers(feed_of(server, remembered=state)) == []
    asked = server.asked[-1][1]
    assert asked["If-None-Match"] == '"1"'
    assert asked["If-Modified-Since"] == "Mon, 20 Apr 2026 15:05:00 GMT"
    identifiers(feed_of(server, path="/alerts/active?area=MI", remembered=state))
    assert "If-None-Match" not in server.asked[-1][1]  # they are of another address


def test_validators_are_saved_once_in_a_while_and_never_those_of_a_bad_answer(
    server: Any, answer: Answer
) -> None:
    saved: list[FeedState] = []
    clock = [0.0]
    feed = feed_of(server, save=saved.append, monotonic=lambda: clock[0])
    server.serve(answer("a")[:-9], ETag='"0"')
    with pytest.raises(CapError):
        identifiers(feed)
    for second in range(1, 1300, 60):
        clock[0] = second
        server.serve(answer(f"a{second}"), ETag=f'"{second}"')
        identifiers(feed)
        identifiers(feed)  # the same again
    assert [state.etag for state in saved] == ['"1"', '"601"', '"1201"']


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
    feed = feed_of(server)
    assert identifiers(feed) == ["urn:oid:a", "urn:oid:b", "urn:oid:c"]
    assert [path for path, _ in server.asked] == ["/alerts/active?x=1", "/p2"]


def test_an_alert_whose_text_was_taken_is_not_read_again(server: Any, answer: Answer) -> None:
    server.serve(answer("a", "b"))
    feed = feed_of(server)
    assert identifiers(feed) == ["urn:oid:a", "urn:oid:b"]
    server.serve(answer("a", "b", "c"))
    (reading,) = feed.read()
    assert reading.parsed is not None
    assert [message.identifier for message in reading.parsed.messages] == ["urn:oid:c"]
    assert reading.parsed.unchanged == 2
    server.serve(answer("a").replace(b"Tornado", b"tornado"))
    assert identifiers(feed) == ["urn:oid:a"]  # one letter is another: whoever takes it decides


def test_a_document_that_was_not_taken_is_read_again(server: Any, answer: Answer) -> None:
    server.serve(answer("a"))
    feed = feed_of(server)
    next(feed.read())  # whoever took it failed
    assert identifiers(feed) == ["urn:oid:a"]


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
    assert "broken.xml" in refused[0]
    assert "another host" in refused[1]
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
    with pytest.raises(FeedError, match="not an address"):
        identifiers(feed_of(server))


def test_a_link_that_is_no_address_does_not_hide_the_others(server: Any) -> None:
    links = ("http://[", "http://127.0.0.1:99999/", "/1.xml")
    entries = "".join(f'<entry><link href="{link}"/></entry>' for link in links)
    index = f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'
    by_path(server, {"/all.atom": index.encode(), "/1.xml": CAP.format("one").encode()})
    assert identifiers(feed_of(server, "cap", "/all.atom")) == ["one"]

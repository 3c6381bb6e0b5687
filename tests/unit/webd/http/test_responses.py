"""Entity tags, gzip, and the cache."""

from __future__ import annotations

import gzip
import threading
from typing import Any

import pytest

from eas_station.webd.http.body_cache import BodyCache
from eas_station.webd.http.responses import HTML, Body, json_body, reply


def test_the_same_text_has_the_same_tag_and_another_another() -> None:
    assert Body(HTML, "a").etag == Body(HTML, "a").etag != Body(HTML, "b").etag
    assert Body(HTML, "a").etag.startswith('W/"')


@pytest.mark.parametrize("known", ["{tag}", "{strong}", "*", '"x", {tag}'])
def test_what_the_client_has_is_answered_304(known: str) -> None:
    body = Body(HTML, "text")
    header = known.format(tag=body.etag, strong=body.etag.removeprefix("W/"))
    answer = reply(body, {"if-none-match": header})
    assert (answer.status_code, answer.body) == (304, "")
    assert answer.headers["ETag"] == body.etag


def test_what_the_client_does_not_have_is_sent() -> None:
    answer = reply(Body(HTML, "text"), {"if-none-match": '"other"'})
    assert (answer.status_code, answer.body) == (200, b"text")
    assert answer.headers["Content-Type"] == HTML


@pytest.mark.parametrize(
    ("accepted", "zipped"),
    [
        *(("gzip", True), ("br, gzip;q=0.5", True), ("GZIP", True), ("", False), ("br", False)),
        *(("gzip;q=0", False), ("gzip; q=0.000", False), ("xgzip", False)),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(accepted: str, zipped: bool) -> None:
    body = Body(HTML, "text " * 1000)
    answer = reply(body, {"accept-encoding": accepted})
    assert ("Content-Encoding" in answer.headers) is zipped
    data = gzip.decompress(answer.body) if zipped else answer.body
    assert data == b"text " * 1000
    assert answer.headers["Vary"] == "Accept-Encoding, Cookie"


def test_a_small_body_is_sent_as_it_is() -> None:
    assert reply(Body(HTML, "text"), {"accept-encoding": "gzip"}).body == b"text"


def test_half_a_character_does_not_spoil_the_page() -> None:
    assert json_body({"text": "\ud800"}).plain == b'{"text":"?"}'


def test_a_shelf_makes_a_body_once_a_second_or_for_a_new_version(clocks: Any) -> None:
    cache = BodyCache(monotonic=lambda: clocks.mono)
    made: list[int] = []

    def make() -> Body:
        made.append(len(made))
        return Body(HTML, str(len(made)))

    first = cache.fetch("now", 1, make)
    clocks.move(0.9)
    assert cache.fetch("now", 1, make) is first
    assert cache.fetch("now", 2, make).plain == b"2"
    clocks.move(1.0)
    assert cache.fetch("now", 2, make).plain == b"3"
    assert cache.fetch("log", 2, make).plain == b"4"


def test_who_comes_while_a_body_is_made_waits_for_that_one() -> None:
    cache, begun, may_end = BodyCache(lasts_s=60), threading.Event(), threading.Event()
    made: list[str] = []

    def make() -> Body:
        begun.set()
        assert may_end.wait(5)
        made.append("once")
        return Body(HTML, "text")

    threads = [threading.Thread(target=cache.fetch, args=("now", 1, make)) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert begun.wait(5)
    may_end.set()
    for thread in threads:
        thread.join(5)
    assert made == ["once"]


def test_a_body_that_could_not_be_made_is_tried_again() -> None:
    cache = BodyCache()

    def fail() -> Body:
        raise ValueError("a bug of ours")

    with pytest.raises(ValueError, match="a bug"):
        cache.fetch("now", 1, fail)
    assert cache.fetch("now", 1, lambda: Body(HTML, "text")).plain == b"text"

"""The reader of the wire, on a real XMPP server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from eas_station import tables
from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.capd.feed.reading import DocumentReading
from eas_station.capd.http.fetch import ServerError
from eas_station.capd.nwws.nwws_connection import NwwsTimeouts
from eas_station.capd.nwws.nwws_feed import NwwsFeed
from eas_station.clock import utc_now
from eas_station.config.model import FeedConfig
from eas_station.errors import FeedError

PATIENCE_S = 40.0
QUICK = NwwsTimeouts(join_s=40.0, ping_every_s=0.5, ping_s=30.0, close_s=2.0, read_s=0.3)

FeedOf = Callable[..., NwwsFeed]


def warning(number: int = 63, office: str = "KCLE") -> str:
    """A made-up warning in the form of the wire: every line break twice."""
    now = utc_now()
    text = f"""
375 \nWUUS51 {office} {now:%d%H%M}
SVRCLE
OHC173-{now:%d}2359-
/O.NEW.{office}.SV.W.{number:04d}.{now:%y%m%dT%H%M}Z-{now:%y%m%d}T2359Z/

BULLETIN - IMMEDIATE BROADCAST REQUESTED
Severe Thunderstorm Warning

* Severe Thunderstorm Warning for...
  Wood County in northwestern Ohio...

LAT...LON 4141 8388 4146 8375 4158 8361

$$
"""
    return text.replace("\n", "\n\n")


ATTRIBUTES = {"cccc": "KCLE", "ttaaii": "WUUS51", "awipsid": "SVRCLE"}


@pytest.fixture
def feed_of(xmpp: Any, tmp_path: Path) -> Iterator[FeedOf]:
    """A reader that knows the room."""
    stopped: list[bool] = []

    def make(password: str = "secret", timeouts: NwwsTimeouts = QUICK, **keys: Any) -> NwwsFeed:
        login = tmp_path / "login"
        login.write_text(f"station\n{password}\n")
        settings = FeedConfig(
            "wire", "nwws", login_file=login, host="localhost", port=xmpp.port,
            **{"ca_file": xmpp.folder / "cert.pem", **keys},
        )  # fmt: skip
        return NwwsFeed(
            settings,
            FeedCredentials(),
            tables.load(),
            now=utc_now,
            is_stopping=lambda: bool(stopped),
            timeouts=timeouts,
        )

    yield make
    stopped.append(True)


def read_until(feed: NwwsFeed, count: int = 1) -> list[DocumentReading]:
    """Read until so many documents have come."""
    found: list[DocumentReading] = []
    until_s = time.monotonic() + PATIENCE_S
    while len(found) < count:
        assert time.monotonic() < until_s, f"{len(found)} of {count} came"
        found += feed.read()
    return found


def failure_of(feed: NwwsFeed) -> FeedError:
    """Read until it fails."""
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        try:
            list(feed.read())
        except FeedError as error:
            return error
    raise AssertionError("it did not fail")


def vtecs(readings: list[DocumentReading]) -> list[str]:
    return [
        info.parameter("VTEC").split(".")[5]  # type: ignore[union-attr]
        for reading in readings
        if reading.parsed is not None
        for message in reading.parsed.messages
        for info in message.infos
    ]


def test_a_product_in_the_room_is_read_as_it_comes(
    bot: Any, feed_of: FeedOf, wait_for: Callable[..., Any]
) -> None:
    feed = feed_of()
    assert list(feed.read()) == []
    assert "station" in wait_for(bot.present)
    bot.post(warning(), id="77.1", **ATTRIBUTES)
    bot.post("no warning at all", id="77.2", **{**ATTRIBUTES, "awipsid": "HWOCLE"})
    bot.post(warning(64), id="77.5", **ATTRIBUTES)
    assert vtecs(read_until(feed, 2)) == ["0063", "0064"]
    assert feed.note.startswith("last product")
    assert feed.note.endswith("Z, 2 missed")


def test_what_was_posted_before_the_join_comes_as_history(bot: Any, feed_of: FeedOf) -> None:
    for number in (1, 2, 3):
        bot.post(warning(number), **ATTRIBUTES)
    assert vtecs(read_until(feed_of(), 3)) == ["0001", "0002", "0003"]


def test_hostile_stanzas_harm_nothing(bot: Any, feed_of: FeedOf) -> None:
    feed = feed_of()
    list(feed.read())
    nested = ElementTree.Element("{nwws-oi}x", {"id": "x" * 5000, "issue": "yesterday"})
    ElementTree.SubElement(nested, "{nwws-oi}x").text = warning(99)
    bot.post_raw(nested)
    bot.post_raw(ElementTree.Element("{nwws-oi}x"), ElementTree.Element("{other}x"))
    bot.post(None)
    bot.post("", id="-1.1", cccc="../../etc/passwd", ttaaii="<script>", awipsid="\u202e")
    bot.post("\n\n".join(["OHC173-"] * 20_000), **ATTRIBUTES)
    bot.post("/" * 220_000, **ATTRIBUTES)
    bot.post('<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><sent>&boom;</sent>', id="1.1")
    bot.post('<!DOCTYPE a [<!ENTITY b "c">]><alert>&b;</alert>')
    bot.post(warning(7).replace("OHC173-", "OHC173>999999-"), **ATTRIBUTES)
    bot.post(warning(8), **ATTRIBUTES)
    found: list[DocumentReading] = []
    while "0008" not in vtecs(found):
        found += read_until(feed)
    assert vtecs(found) == ["0007", "0008"]  # a bad list of places does not lose the warning
    assert all(reading.refused is not None for reading in found[:-2])
    assert len(found) >= 4


def test_a_malformed_event_is_a_reject_with_its_text(bot: Any, feed_of: FeedOf) -> None:
    feed = feed_of()
    list(feed.read())
    bot.post(warning(7).replace(".0007.", ".7."), **ATTRIBUTES)
    (reading,) = read_until(feed)
    assert reading.parsed is not None
    (error,) = reading.parsed.rejected
    assert "not a P-VTEC: '/O.NEW.KCLE.SV.W.7." in str(error)
    assert "OHC173-" in error.text
    assert len(reading.parsed.messages) == 1  # by its category


def test_a_wrong_password_is_told_and_not_tried_again_soon(feed_of: FeedOf) -> None:
    error = failure_of(feed_of(password="wrong-pass-phrase"))
    assert isinstance(error, ServerError)
    assert (str(error), error.retry_after_s) == (
        "the server refuses the user or the password", 300.0,
    )  # fmt: skip


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_password(
    xmpp: Any, feed_of: FeedOf
) -> None:
    error = failure_of(feed_of(ca_file=None))
    assert "secret" not in str(error)
    log = (xmpp.folder / "log").read_text()
    assert "Authenticated as station" not in log


def test_a_server_that_is_not_there_is_no_connection(xmpp: Any, feed_of: FeedOf) -> None:
    feed = feed_of()
    xmpp.kill()
    assert "cannot connect" in str(failure_of(feed))


def test_a_server_that_dies_is_found_again(
    xmpp: Any, bot: Any, bot_of: Callable[[], Any], feed_of: FeedOf
) -> None:
    feed = feed_of()
    list(feed.read())
    xmpp.kill()
    assert "lost" in str(failure_of(feed))
    xmpp.start()
    bot_of().post(warning(12), **ATTRIBUTES)
    assert vtecs(read_until(feed)) == ["0012"]


def test_a_connection_on_which_nothing_answers_is_given_up(xmpp: Any, feed_of: FeedOf) -> None:
    feed = feed_of(timeouts=replace(QUICK, ping_s=1.0))
    list(feed.read())
    xmpp.halt(True)
    try:
        assert str(failure_of(feed)) == "the server does not respond"
    finally:
        xmpp.halt(False)


def test_who_was_thrown_out_of_the_room_notices(
    bot: Any, feed_of: FeedOf, wait_for: Callable[..., Any]
) -> None:
    feed = feed_of()
    list(feed.read())
    wait_for(lambda: "station" in bot.present())
    bot.throw_out("station")
    assert "no longer in the room" in str(failure_of(feed))


def test_a_room_without_products_is_left(feed_of: FeedOf) -> None:
    feed = feed_of(timeouts=replace(QUICK, silent_s=1.0))
    assert str(failure_of(feed)) == "no product for 1 seconds"


def test_a_connection_that_nobody_reads_ends_and_frees_the_account(
    bot: Any, feed_of: FeedOf, wait_for: Callable[..., Any]
) -> None:
    feed = feed_of(timeouts=replace(QUICK, lease_s=4.0))
    list(feed.read())
    wait_for(lambda: "station" in bot.present())
    wait_for(lambda: "station" not in bot.present())
    assert str(failure_of(feed)) == "the connection is no longer read"

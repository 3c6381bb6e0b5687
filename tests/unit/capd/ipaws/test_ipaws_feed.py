from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.capd.feed.reading import DocumentReading
from eas_station.capd.http.fetch import HttpClient, ServerError
from eas_station.capd.ipaws.ipaws_feed import IpawsFeed, recent_url
from eas_station.capd.ipaws.signatures import Verifier
from eas_station.config.model import FeedConfig
from eas_station.errors import CapError, FeedError
from eas_station.store.records.feeds import FeedState

PATH = "/IPAWSOPEN_EAS_SERVICE/rest/eas/recent"
START = datetime(2026, 4, 20, 16, 6, tzinfo=UTC)
CAP12 = "urn:oasis:names:tc:emergency:cap:1.2"
FEED = "http://gov.fema.ipaws.services/feed"
PIN = "4711/secret pin"


def alert(identifier: str, sent: str = "2026-04-20T11:05:02-05:00") -> str:
    return (
        f'<alert xmlns="{CAP12}"><identifier>{identifier}</identifier><sender>a@b</sender>'
        f"<sent>{sent}</sent><status>Actual</status><msgType>Alert</msgType>"
        "<scope>Public</scope></alert>"
    )


def answer(*alerts: str) -> bytes:
    return f'<ns1:alerts xmlns:ns1="{FEED}">{"".join(alerts)}</ns1:alerts>'.encode()


class Poller:
    """A feed with a clock, and what it saved."""

    def __init__(self, url: str, pin_file: Path | None = None) -> None:
        self.now = START
        self.monotonic = 0.0
        self.saved: list[FeedState] = []
        self._feed = FeedConfig("i", "ipaws", url=url, pin_file=pin_file)
        self.feed = self.made(FeedState("i"))

    def made(self, remembered: FeedState) -> IpawsFeed:
        return IpawsFeed(
            self._feed,
            HttpClient("test", lambda: False),
            Verifier(None, lambda: self.now),
            FeedCredentials(),
            remembered,
            self.saved.append,
            now=lambda: self.now,
        )

    def poll(self, later: timedelta = timedelta(0)) -> list[DocumentReading]:
        self.now += later
        found = list(self.feed.read())
        self.feed.accept()
        return found


@pytest.fixture
def poller(server: Any) -> Poller:
    server.serve(answer())
    return Poller(f"{server.url}{PATH}")


def asked(server: Any) -> list[str]:
    return [path.removeprefix(f"{PATH}/") for path, _ in server.asked]


def test_the_first_poll_asks_for_a_day_and_the_next_ones_from_the_last_good_one(
    server: Any, poller: Poller
) -> None:
    poller.poll()
    poller.poll(timedelta(minutes=2))
    server.serve(b"", status=502)
    with pytest.raises(ServerError, match="HTTP 502"):
        poller.poll(timedelta(minutes=2))
    server.serve(answer())
    poller.poll(timedelta(minutes=25))
    poller.poll(timedelta(minutes=2))
    assert asked(server) == [
        "2026-04-19T16:06:00Z",
        "2026-04-20T16:01:00Z",
        "2026-04-20T16:03:00Z",
        "2026-04-20T16:03:00Z",
        "2026-04-20T16:30:00Z",
    ]


def test_a_broken_answer_is_no_good_poll(server: Any, poller: Poller) -> None:
    poller.poll()
    for body in (b"", b"<html/>", answer(alert("A"))[:-10], b"{}"):
        server.serve(body)
        with pytest.raises((CapError, FeedError)):
            poller.poll(timedelta(minutes=2))
    server.serve(answer())
    poller.poll(timedelta(minutes=2))
    assert asked(server)[-1] == "2026-04-20T16:01:00Z"


def test_a_restart_goes_on_where_it_stopped(server: Any, poller: Poller) -> None:
    poller.poll()
    (state,) = poller.saved
    poller.feed = poller.made(state)
    poller.poll(timedelta(hours=2))
    assert asked(server)[-1] == "2026-04-20T16:01:00Z"


def test_after_a_very_long_outage_three_days_are_asked_for(server: Any, poller: Poller) -> None:
    poller.poll()
    poller.poll(timedelta(days=30))
    assert asked(server)[-1] == "2026-05-17T16:06:00Z"


def test_a_clock_that_is_set_back_asks_for_more_and_never_for_less(
    server: Any, poller: Poller
) -> None:
    poller.poll()
    poller.poll(timedelta(hours=-2))
    assert asked(server)[-1] == "2026-04-20T14:01:00Z"


def test_an_answer_like_the_one_before_is_not_written_again(server: Any, poller: Poller) -> None:
    for _ in range(3):
        poller.poll(timedelta(minutes=2))
    assert len(poller.saved) == 1
    server.serve(answer(alert("A")))
    poller.poll(timedelta(minutes=2))
    assert [state.last_good_at for state in poller.saved] == [
        START + timedelta(minutes=2),
        START + timedelta(minutes=8),
    ]


def test_every_alert_is_read_from_its_own_bytes_and_a_bad_one_alone_is_refused(
    server: Any, poller: Poller
) -> None:
    server.serve(answer(alert("A"), alert("B", "yesterday"), alert("C")))
    (reading,) = poller.poll()
    assert reading.parsed is not None
    assert [message.identifier for message in reading.parsed.messages] == ["A", "C"]
    assert [message.raw for message in reading.parsed.messages] == [alert("A"), alert("C")]
    assert [str(error) for error in reading.parsed.rejected] == [
        "sent is not a time with an offset: 'yesterday'"
    ]


def test_what_cannot_be_checked_says_so(server: Any, poller: Poller) -> None:
    server.serve(answer(alert("A")))
    (reading,) = poller.poll()
    assert reading.parsed is not None
    said = "unchecked: trust_store is not configured"
    assert [message.signature for message in reading.parsed.messages] == [said]
    assert poller.feed.note == "signatures are not verified: trust_store is not configured"


def failing(status: int) -> Callable[[Any], None]:
    def respond(request: Any) -> None:
        request.send_response(status, f"Not with {request.path}")
        request.end_headers()

    return respond


def test_the_pin_stands_in_the_question_and_nowhere_else(
    server: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="eas_station")
    (tmp_path / "pin").write_text(f"{PIN}\n")
    poller = Poller(f"{server.url}{PATH}?a=b", tmp_path / "pin")
    server.serve(answer(alert("A"), alert("B", "x")))
    (reading,) = poller.poll()
    assert urlsplit(server.asked[-1][0]).query == "a=b&pin=4711%2Fsecret%20pin"
    server.respond = failing(403)
    with pytest.raises(ServerError) as caught:
        poller.poll()
    assert "pin=[PIN]" in str(caught.value)
    told = f"{reading}{caught.value!r}{caplog.text}{poller.saved}{poller.feed.note}"
    assert "4711" not in told


def test_a_pin_that_is_not_there_is_told(server: Any, tmp_path: Path) -> None:
    poller = Poller(f"{server.url}{PATH}", tmp_path / "pin")
    with pytest.raises(FeedError, match=r"the credential .*pin cannot be read"):
        poller.poll()
    assert server.asked == []


@pytest.mark.parametrize(
    ("url", "pin", "expected"),
    [
        (None, None, f"https://apps.fema.gov{PATH}/2026-04-20T16:06:00Z"),
        ("https://tdl.apps.fema.gov", None, f"https://tdl.apps.fema.gov{PATH}/2026-04-20T16:06:00Z"),
        ("https://h/rest/public/recent/", None, "https://h/rest/public/recent/2026-04-20T16:06:00Z"),
        ("https://h/rest/feed", "1&2", "https://h/rest/feed?pin=1%262"),
    ],
)  # fmt: skip
def test_the_address_has_the_time_and_the_pin(
    url: str | None, pin: str | None, expected: str
) -> None:
    assert recent_url(url, START, pin) == expected

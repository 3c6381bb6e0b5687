from __future__ import annotations

import pytest

from eas_station.capd.naad.naad_feed import NaadServer, server_of
from eas_station.config.model import FeedConfig


@pytest.mark.parametrize(
    ("feed", "server"),
    [
        (
            FeedConfig("x", "naad"),
            NaadServer("streaming.alertready.ca", 8443, True, "https://cap.alertready.ca"),
        ),
        (
            FeedConfig("x", "naad", host="naad.example"),
            NaadServer("naad.example", 8080, False, "http://naad.example"),
        ),
        (
            FeedConfig("x", "naad", host="naad.example", port=81, archive="http://cap.example/"),
            NaadServer("naad.example", 81, False, "http://cap.example/"),
        ),
        (
            FeedConfig("x", "naad", host="naad.example", tls=True),
            NaadServer("naad.example", 8443, True, "http://naad.example"),
        ),
    ],
)
def test_the_server_is_canadas_unless_another_is_named(
    feed: FeedConfig, server: NaadServer
) -> None:
    assert server_of(feed) == server

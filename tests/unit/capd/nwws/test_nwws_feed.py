from __future__ import annotations

from eas_station.capd.nwws.nwws_feed import login_of
from eas_station.config.model import FeedConfig


def test_the_server_is_the_weather_services_unless_another_is_named() -> None:
    usual = login_of(FeedConfig("x", "nwws"), "me", "secret")
    assert (usual.host, usual.port) == ("nwws-oi.weather.gov", 5222)
    assert usual.room == "nwws@conference.nwws-oi.weather.gov"
    other = login_of(FeedConfig("x", "nwws", host="localhost", port=15222), "me", "secret")
    assert (other.host, other.port, other.room) == ("localhost", 15222, "nwws@conference.localhost")

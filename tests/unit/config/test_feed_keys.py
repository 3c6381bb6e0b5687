from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.config.load import load
from eas_station.config.model import FeedConfig
from eas_station.errors import ConfigError


def feed_of(tmp_path: Path, keys: str) -> FeedConfig:
    path = tmp_path / "station.toml"
    path.write_text(f'[[feed]]\nname = "x"\n{keys}\n', encoding="utf-8")
    return load(path).feeds[0]


def fault_of(tmp_path: Path, keys: str) -> str:
    with pytest.raises(ConfigError) as caught:
        feed_of(tmp_path, keys)
    assert len(caught.value.faults) == 1
    return str(caught.value.faults[0]).partition("station.toml")[2].partition(" ")[2]


def test_paths_of_secrets_and_trust_begin_at_the_files_folder(tmp_path: Path) -> None:
    feed = feed_of(
        tmp_path, 'kind = "ipaws"\ntrust_store = "trust"\npin_file = "credentials/ipaws"'
    )
    assert feed.trust_store == tmp_path / "trust"
    assert feed.pin_file == tmp_path / "credentials" / "ipaws"


def test_ipaws_needs_no_key_but_its_kind(tmp_path: Path) -> None:
    assert feed_of(tmp_path, 'kind = "ipaws"').trust_store is None


def test_the_wire_is_the_weather_services_unless_another_is_named(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, 'kind = "nwws"\nlogin_file = "credentials/nwws"')
    assert (feed.host, feed.port, feed.room) == (None, None, None)
    other = feed_of(tmp_path, 'kind = "nwws"\nlogin_file = "l"\nhost = "localhost"\nport = 15222')
    assert (other.host, other.port) == ("localhost", 15222)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('kind = "nwws"', "feed.x.login_file: missing: kind nwws needs it"),
        (
            'kind = "nwws"\nlogin_file = "l"\ninterval_s = 5',
            "feed.x.interval_s = 5: means nothing for kind nwws",
        ),
        (
            'kind = "nwws"\nlogin_file = "l"\nurl = "https://x/"',
            'feed.x.url = "https://x/": means nothing for kind nwws',
        ),
        (
            'kind = "nwws"\nlogin_file = "l"\nhost = "xmpp://x"',
            'feed.x.host = "xmpp://x": must be the name of a host, as "nwws-oi.weather.gov"',
        ),
        (
            'kind = "nwws"\nlogin_file = "l"\nroom = "nwws"',
            'feed.x.room = "nwws": must be a room, as "nwws@conference.nwws-oi.weather.gov"',
        ),
        (
            'kind = "nwws"\nlogin_file = "l"\nport = 0',
            "feed.x.port = 0: must be 1 to 65535",
        ),
        (
            'kind = "nws"\ntrust_store = "t"',
            'feed.x.trust_store = "t": means nothing for kind nws',
        ),
        (
            'kind = "naad"\ninterval_s = 5',
            "feed.x.interval_s = 5: means nothing for kind naad",
        ),
        (
            'kind = "naad"\narchive = "cap.alertready.ca"',
            'feed.x.archive = "cap.alertready.ca": must be a URL that begins with https:// or'
            " http://",
        ),
        (
            'kind = "nws"\nlink_hosts = ["x"]',
            'feed.x.link_hosts = ["x"]: means nothing for kind nws',
        ),
        (
            'kind = "ipaws"\narea = ["OH"]',
            'feed.x.area = ["OH"]: means nothing for kind ipaws',
        ),
        (
            'kind = "ipaws"\ninterval_s = 60',
            "feed.x.interval_s = 60: fema.gov must not be asked more often than every 120 seconds",
        ),
        (
            'kind = "ipaws"\nurl = "https://tdl.apps.fema.gov/"\ninterval_s = 119',
            "feed.x.interval_s = 119: fema.gov must not be asked more often than every 120 seconds",
        ),
        (
            'kind = "nws"\ninterval_s = 14',
            "feed.x.interval_s = 14:"
            " api.weather.gov must not be asked more often than every 15 seconds",
        ),
        (
            'kind = "ipaws"\nurl = "ftp://fema.gov/"',
            'feed.x.url = "ftp://fema.gov/": must be a URL that begins with https:// or http://',
        ),
    ],
)
def test_a_fault_names_the_valid_values(tmp_path: Path, keys: str, said: str) -> None:
    assert fault_of(tmp_path, keys) == said


def test_links_may_lead_to_named_hosts(tmp_path: Path) -> None:
    keys = 'kind = "cap"\nurl = "https://www.met.ie/feed"\nlink_hosts = {}'
    hosts = ["cap.met.ie", "*.met.ie", "10.0.0.7:8080", "localhost"]
    assert feed_of(tmp_path, keys.format(hosts)).link_hosts == tuple(hosts)


@pytest.mark.parametrize("host", ["*", "*.*", "met.*", "https://met.ie", "met.ie/", "met.ie:0", ""])
def test_a_host_of_links_is_a_name(tmp_path: Path, host: str) -> None:
    keys = f'kind = "cap"\nurl = "https://www.met.ie/feed"\nlink_hosts = ["{host}"]'
    assert 'must be a host, or "*." and a domain' in fault_of(tmp_path, keys)


def test_canadas_stream_has_keys_of_its_own(tmp_path: Path) -> None:
    assert feed_of(tmp_path, 'kind = "naad"').tls is None
    keys = 'kind = "naad"\nhost = "127.0.0.1"\nport = 8080\ntls = false\narchive = "http://x/"'
    feed = feed_of(tmp_path, keys)
    assert (feed.host, feed.port, feed.tls, feed.archive) == ("127.0.0.1", 8080, False, "http://x/")


def test_another_server_can_be_polled_at_any_interval(tmp_path: Path) -> None:
    keys = 'kind = "ipaws"\nurl = "https://notfema.gov.example.org/recent"\ninterval_s = 2'
    assert feed_of(tmp_path, keys).interval_s == 2.0

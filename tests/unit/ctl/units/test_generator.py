"""The drop-ins and links that follow from the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.config.model import (
    Config,
    DatabaseConfig,
    FeedConfig,
    PathsConfig,
    ReceiverConfig,
    RemoteConfig,
    SourceConfig,
    WebConfig,
)
from eas_station.ctl.units.generator import (
    drop_ins,
    has_ipv6,
    is_listenable,
    listen_addresses,
    write,
)

WX = ReceiverConfig(name="wx", kind="file", path=Path("/var/lib/eas-station/capture.cu8"))
SOURCE = SourceConfig(name="wx", kind="receiver", receiver="wx")
SOCKET = "eas-webd.socket"


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("localhost", ("127.0.0.1:8080", "[::1]:8080")),
        ("*", ("8080",)),
        ("", ("8080",)),
        ("0.0.0.0", ("0.0.0.0:8080",)),
        ("192.168.1.5", ("192.168.1.5:8080",)),
        ("::1", ("[::1]:8080",)),
        ("station.lan", ("127.0.0.1:8080", "[::1]:8080")),
    ],
)
def test_the_page_listens_on_the_configured_address(host: str, addresses: tuple[str, ...]) -> None:
    assert listen_addresses(host, 8080, ipv6=True) == addresses


def test_without_ipv6_the_page_listens_on_ipv4_only() -> None:
    assert listen_addresses("localhost", 80, ipv6=False) == ("127.0.0.1:80",)


def test_the_name_of_another_machine_is_not_listenable() -> None:
    assert not is_listenable("station.lan")
    assert is_listenable("fe80::1")


def test_a_minimal_configuration_only_sets_the_address_of_the_page() -> None:
    config = Config(receivers=(WX,), sources=(SOURCE,), feeds=(FeedConfig("nws", "nws"),))
    assert [unit for unit, _ in drop_ins(config, ipv6=True)] == [SOCKET]


def test_a_remote_database_gives_receivers_and_sources_the_network() -> None:
    url = "postgresql+psycopg2://eas@db.example/eas"
    config = Config(receivers=(WX,), sources=(SOURCE,), database=DatabaseConfig(url=url))
    texts = dict(drop_ins(config, ipv6=True))
    for unit in ("eas-sdrd@wx.service", "eas-audiod@wx.service"):
        assert "PrivateNetwork=no\nRestrictAddressFamilies=AF_INET AF_INET6\n" in texts[unit]


def test_a_shared_receiver_and_a_source_of_a_remote_receiver_have_the_network() -> None:
    roof = ReceiverConfig("roof", "file", publish="tcp://0.0.0.0:5600", allow=("k" * 40,))
    attic = RemoteConfig("attic", "tcp://10.0.0.5:5600", "k" * 40)
    far = SourceConfig(name="far", kind="receiver", receiver="attic")
    config = Config(receivers=(WX, roof), remotes=(attic,), sources=(SOURCE, far))
    texts = dict(drop_ins(config, ipv6=True))
    for unit in ("eas-sdrd@roof.service", "eas-audiod@far.service"):
        assert "PrivateNetwork=no\nRestrictAddressFamilies=AF_INET AF_INET6\n" in texts[unit]
    assert not {"eas-sdrd@wx.service", "eas-audiod@wx.service"} & set(texts)


def test_another_state_directory_is_writable_for_every_unit() -> None:
    config = Config(paths=PathsConfig(state_dir=Path("/srv/eas 1")), receivers=(WX,))
    texts = dict(drop_ins(config, ipv6=True))
    for unit in ("eas-capd", "eas-webd", "eas-sdrd@wx", "eas-station-schema"):
        assert 'ReadWritePaths="-/srv/eas 1"' in texts[f"{unit}.service"]


def test_a_file_in_a_home_directory_is_visible_only_to_its_unit() -> None:
    source = SourceConfig(name="tape", kind="file", path=Path("/home/pi/50%: test.wav"))
    texts = dict(drop_ins(Config(sources=(source,)), ipv6=True))
    assert 'BindReadOnlyPaths="-/home/pi/50%%\\: test.wav"' in texts["eas-audiod@tape.service"]
    assert set(texts) == {SOCKET, "eas-audiod@tape.service"}


def test_a_stream_has_the_network_and_a_sound_card_does_not() -> None:
    stream = SourceConfig(name="icecast", kind="stream", url="http://radio.example/live")
    card = SourceConfig(name="card", kind="soundcard")
    texts = dict(drop_ins(Config(sources=(stream, card)), ipv6=True))
    assert "PrivateNetwork=no\n" in texts["eas-audiod@icecast.service"]
    assert "PrivateNetwork" not in texts["eas-audiod@card.service"]


@pytest.mark.parametrize(
    ("unit", "group", "devices", "module"),
    [
        ("eas-sdrd@usb.service", "plugdev", "char-usb_device", "usbcore"),
        ("eas-audiod@card.service", "audio", "char-alsa", "snd"),
    ],
)
def test_a_unit_that_needs_a_device_loads_its_module_first(
    unit: str, group: str, devices: str, module: str
) -> None:
    dongle, card = (
        ReceiverConfig(name="usb", kind="rtlsdr"),
        SourceConfig(name="card", kind="soundcard"),
    )
    config = Config(receivers=(WX, dongle), sources=(SOURCE, card))
    texts = dict(drop_ins(config, ipv6=True))
    assert texts[unit].splitlines()[1:] == [
        "[Unit]",
        f"Wants=modprobe@{module}.service",  # else systemd does not know the name of the devices
        f"After=modprobe@{module}.service",
        "[Service]",
        "PrivateDevices=no",
        f"DeviceAllow={devices} rw",
        f"SupplementaryGroups={group}",
    ]
    assert set(texts) == {SOCKET, "eas-sdrd@usb.service", "eas-audiod@card.service"}


def test_a_source_runs_on_the_configured_cpus_that_exist() -> None:
    kept = SourceConfig(name="kept", kind="pipe", cpu_affinity=(0, 1000))
    nowhere = SourceConfig(name="nowhere", kind="pipe", cpu_affinity=(1000,))
    texts = dict(drop_ins(Config(sources=(kept, nowhere)), ipv6=True))
    assert "\nCPUAffinity=0\n" in texts["eas-audiod@kept.service"]
    assert set(texts) == {SOCKET, "eas-audiod@kept.service"}


def test_files_and_links_can_be_written_twice(tmp_path: Path) -> None:
    config = Config(receivers=(WX,), sources=(SOURCE,), web=WebConfig(host="*", port=80))
    for _ in range(2):
        write(tmp_path, config, ipv6=True)
    socket = (tmp_path / f"{SOCKET}.d" / "50-station.conf").read_text()
    assert socket.splitlines()[1:] == ["[Socket]", "ListenStream=", "ListenStream=80"]
    link = tmp_path / "eas-sdrd.service.wants" / "eas-sdrd@wx.service"
    assert str(link.readlink()) == "/usr/lib/systemd/system/eas-sdrd@.service"


def test_ipv6_exists_unless_it_is_disabled(tmp_path: Path) -> None:
    assert not has_ipv6(tmp_path)
    switch = tmp_path / "sys/net/ipv6/conf/all/disable_ipv6"
    switch.parent.mkdir(parents=True)
    (tmp_path / "net").mkdir()
    (tmp_path / "net/if_inet6").write_text("")
    switch.write_text("0\n")
    assert has_ipv6(tmp_path)
    switch.write_text("1\n")
    assert not has_ipv6(tmp_path)


def test_an_rtl_tcp_receiver_has_the_network_and_a_usb_receiver_does_not() -> None:
    remote = ReceiverConfig(name="attic", kind="rtl_tcp", host="192.0.2.1")
    usb = ReceiverConfig(name="usb", kind="rtlsdr")
    texts = dict(drop_ins(Config(receivers=(remote, usb)), ipv6=True))
    assert "PrivateNetwork=no\n" in texts["eas-sdrd@attic.service"]
    assert "PrivateNetwork" not in texts["eas-sdrd@usb.service"]

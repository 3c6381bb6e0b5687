"""Receivers on other machines: what is right, and what each fault says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from eas_station.config.key_types import BindAddress, ConnectAddress, PublicKey
from eas_station.config.load import load
from eas_station.config.model import Config, RemoteConfig
from eas_station.config.units import heard_units, units
from eas_station.dataclass_reader import DataclassReader, Misfit, exactly
from eas_station.errors import ConfigError

KEY = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
READER = DataclassReader({str: exactly(str, "a text")})
RECEIVER = '[[receiver]]\nname = "roof"\nkind = "file"\npath = "/x"\n'
REMOTE = f'[[remote]]\nname = "roof"\naddress = "tcp://10.0.0.5:5600"\nserver_key = "{KEY}"\n'
Read = Callable[[str], Config]
SOURCE = '[[source]]\nname = "wx"\nkind = "receiver"\nreceiver = "roof"\n'


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read(text: str) -> Config:
        file = tmp_path / "station.toml"
        file.write_text(text)
        return load(file)

    return read


def fits(annotation: object, value: object) -> bool:
    try:
        READER.read(annotation, value)
    except Misfit:
        return False
    return True


def faults(read: Read, text: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return [(fault.key, fault.message) for fault in caught.value.faults]


def test_a_source_listens_to_a_receiver_on_another_machine(read: Read) -> None:
    config = read(REMOTE + "channels_hz = [162_550_000]\n" + SOURCE)
    assert config.remotes == (RemoteConfig("roof", "tcp://10.0.0.5:5600", KEY, (162_550_000,)),)
    assert units(config) == ("eas-capd", "eas-audiod@wx", "eas-webd")
    assert heard_units(config) == (*units(config), "eas-sdrd@roof")


def test_a_source_cannot_have_channels_that_the_remote_has_not(read: Read) -> None:
    text = REMOTE + "channels_hz = [162_550_000]\n" + SOURCE + "channels_hz = [162_400_000]\n"
    assert faults(read, text) == [
        ("source.wx.channels_hz", "receiver roof has no channel 162400000")
    ]


def test_a_receiver_is_published_for_the_named_keys(read: Read) -> None:
    config = read(RECEIVER + f'publish = "tcp://0.0.0.0:5600"\nallow = ["{KEY}"]\n')
    assert (config.receivers[0].publish, config.receivers[0].allow) == (
        "tcp://0.0.0.0:5600",
        (KEY,),
    )


@pytest.mark.parametrize("allow", ["", "allow = []\n"])
def test_a_receiver_is_not_published_without_allowed_keys(read: Read, allow: str) -> None:
    ((key, message),) = faults(read, RECEIVER + 'publish = "tcp://0.0.0.0:5600"\n' + allow)
    assert key == "receiver.roof.publish"
    assert "name the listeners in allow" in message
    assert "eas-ctl keys" in message


def test_two_receivers_cannot_have_one_port(read: Read) -> None:
    published = f'publish = "tcp://0.0.0.0:5600"\nallow = ["{KEY}"]\n'
    text = RECEIVER + published + RECEIVER.replace("roof", "attic") + published
    assert faults(read, text) == [("receiver.attic.publish", "receiver.roof has this port already")]


def test_a_list_of_keys_without_an_address_means_nothing(read: Read) -> None:
    ((key, message),) = faults(read, RECEIVER + f'allow = ["{KEY}"]\n')
    assert (key, "means nothing without publish" in message) == ("receiver.roof.allow", True)


def test_a_remote_receiver_has_a_name_of_its_own(read: Read) -> None:
    ((key, message),) = faults(read, RECEIVER + REMOTE)
    assert (key, "there is a [[receiver]] of this name here" in message) == (
        "remote.roof.name",
        True,
    )


def test_a_remote_receiver_needs_address_and_key(read: Read) -> None:
    keys = [key for key, _ in faults(read, '[[remote]]\nname = "roof"\n')]
    assert keys == ["remote.roof.address", "remote.roof.server_key"]


@pytest.mark.parametrize("key", ["", KEY[:-1], KEY + "0", KEY[:-1] + '"', KEY[:-1] + "é", "#" * 40])
def test_a_malformed_key_is_refused(key: str) -> None:
    assert not fits(PublicKey, key)
    assert not fits(tuple[PublicKey, ...], [KEY, key])
    assert fits(tuple[PublicKey, ...], [KEY])


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.5:5600", "tcp://[fd00::5]:1", "tcp://127.0.0.1:65535"]
)
def test_an_address_is_right(address: str) -> None:
    assert fits(ConnectAddress, address)
    assert fits(BindAddress, address)


@pytest.mark.parametrize("address", ["tcp://0.0.0.0:5600", "tcp://*:5600", "tcp://[::]:5600"])
def test_an_unspecified_address_can_be_bound_but_not_connected(address: str) -> None:
    assert fits(BindAddress, address)
    assert not fits(ConnectAddress, address)


@pytest.mark.parametrize(
    "address",
    [
        *("", "10.0.0.5:5600", "tcp://10.0.0.5", "tcp://10.0.0.5:0", "tcp://10.0.0.5:65536"),
        *("tcp://roof.lan:5600", "udp://10.0.0.5:5600", "tcp://10.0.0.5:*", "tcp://fd00::5:5600"),
        *("tcp://[10.0.0.5]:5600", "tcp://10.0.0.5:5600\n", "tcp://10.0.0.5:5600;x", "tcp://[]:1"),
    ],
)
def test_an_address_is_wrong(address: str) -> None:
    assert not fits(BindAddress, address)
    assert not fits(ConnectAddress, address)

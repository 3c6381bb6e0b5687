"""Radios, sounds and feeds of every kind under their units' sandbox, in the booted machine."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from kit import CONFIGURATION, INSTALL, OURS, figure, has_network
from nspawn import Machine

KINDS = """
[[receiver]]
name = "dongle"
kind = "rtlsdr"

[[receiver]]
name = "shared"
kind = "rtlsdr"
serial = "00000042"
publish = "tcp://127.0.0.1:5600"
allow = ["rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"]

[[source]]
name = "dongle"
kind = "receiver"
receiver = "dongle"

[[source]]
name = "net"
kind = "stream"
url = "http://127.0.0.1:9/live"

[[source]]
name = "card"
kind = "soundcard"

[[feed]]
name = "wire"
kind = "nwws"
login_file = "credentials/nwws"
host = "127.0.0.1"

[[feed]]
name = "ipaws"
kind = "ipaws"
url = "http://127.0.0.1:9/recent"
pin_file = "credentials/ipaws"

[alarm]
webhook = "http://127.0.0.1:9/hook"
header_file = "credentials/alarm"
"""
SECRETS = {
    "nwws": "somebody\nsecret-of-the-wire\n",
    "ipaws": "secret-of-fema\n",
    "alarm": "Authorization: Bearer secret-of-the-hook\n",
}
UNITS = ("eas-sdrd@dongle", "eas-sdrd@shared", "eas-audiod@dongle", "eas-audiod@net")
OTHERS = ("eas-sdrd", "eas-audiod", "eas-webd", "nobody")
RECOMMENDED = "librtlsdr0 flac python3-pyaudio python3-slixmpp python3-xmlsec python3-cryptography"
CREDENTIALS = "/etc/eas-station/credentials"
HANDED = "/run/credentials/eas-capd.service"


@pytest.fixture(scope="module", autouse=True)
def kinds(station: Machine) -> Iterator[None]:
    """All of them configured, and gone again."""
    for name, secret in SECRETS.items():
        station.sh(f"install -m600 /dev/stdin {CREDENTIALS}/{name}", text=secret)
    station.put(OURS, CONFIGURATION + KINDS)
    station.sh("eas-ctl apply")
    yield
    station.put(OURS, CONFIGURATION)
    station.sh("eas-ctl apply")


def says(station: Machine, kind: str, name: str, words: str) -> None:
    """Wait until a part's sentence has these words."""
    what = {"receiver": "receivers", "source": "sources", "feed": "feeds"}[kind]
    pattern = f"{name}.*{words}"
    station.wait(f"eas-ctl {what} | tr '\\n' ' ' | grep -q '{pattern}'", 45)


@pytest.mark.parametrize(
    ("kind", "name", "package"),
    [
        ("receiver", "dongle", "apt install librtlsdr0"),
        ("source", "net", "no connection to 127.0.0.1"),  # nothing is missed before there is one
        ("source", "card", "apt install python3-pyaudio"),
        ("feed", "wire", "python3-slixmpp is not installed"),
    ],
)
def test_what_is_only_recommended_is_named_where_it_is_missing(
    station: Machine, kind: str, name: str, package: str
) -> None:
    says(station, kind, name, package)


def test_what_is_recommended_works_in_the_sandbox(station: Machine) -> None:
    pid = station.show("eas-sdrd@dongle", "MainPID")
    station.sh(f"{INSTALL} {RECOMMENDED}")
    says(station, "receiver", "dongle", "reconnecting: no RTL-SDR dongle is plugged in")
    assert station.show("eas-sdrd@dongle", "MainPID") == pid  # as soon as it is there
    station.sh("systemctl restart eas-audiod@card eas-capd")  # it asks for slixmpp once an hour
    says(station, "source", "card", "no sound card")
    station.wait("! eas-ctl feeds | grep -q 'not installed\\|does not work'", 45)


def test_radio_without_a_dongle_waits_quietly(station: Machine) -> None:
    for unit in UNITS:
        assert station.show(unit, "ActiveState") == "active"
        assert station.show(unit, "NRestarts") == "0"
    status = json.loads(station.ask("eas-ctl receivers --json || true"))
    states = {one["name"]: one["state"]["state"] for one in status["receivers"]}
    assert states == {"wx": "running", "dongle": "reconnecting", "shared": "reconnecting"}
    for unit in UNITS:
        lines = station.ask(f"journalctl -b -u {unit} --no-pager -o cat | wc -l")
        figure(f"lines in the log of {unit}", lines)
        assert int(lines) <= 20


def test_only_units_that_need_the_network_have_it(station: Machine) -> None:
    units = (*UNITS, "eas-audiod@card")
    assert {unit for unit in units if has_network(station, unit)} == {
        "eas-sdrd@shared",
        "eas-audiod@net",
    }


def test_only_the_sound_card_s_unit_sees_the_devices_of_sound(station: Machine) -> None:
    station.sh("mkdir -p /dev/snd && echo heard >/dev/snd/bench && chgrp -R audio /dev/snd")
    station.sh("chmod 640 /dev/snd/bench")
    for unit, seen in (("eas-audiod@card", True), ("eas-audiod@dongle", False)):
        pid = station.show(unit, "MainPID")
        ids = station.ask(f"sed -n 's/^Uid:\\s*\\([0-9]*\\).*/\\1/p' /proc/{pid}/status")
        groups = station.ask(f"sed -n 's/^Groups:\\s*//p' /proc/{pid}/status").split()
        audio = station.ask("getent group audio | cut -d: -f3")
        assert (audio in groups) == seen
        as_unit = f"setpriv --reuid={ids} --regid={groups[0]} --groups={','.join(groups)}"
        read = station.sh(f"nsenter -t {pid} -m {as_unit} cat /dev/snd/bench", check=False)
        assert (read.stdout == "heard\n") == seen, unit
        allowed = station.show(unit, "DeviceAllow")
        assert ("char-alsa" in allowed) == seen
    assert "char-usb_device rw" in station.show("eas-sdrd@dongle", "DeviceAllow")
    assert station.show("eas-sdrd@wx", "DeviceAllow") == ""


def test_secrets_reach_eas_capd_and_nobody_else(station: Machine) -> None:
    owner = "runuser -u eas-capd -- cat"
    for name, secret in SECRETS.items():
        handed = f"{HANDED}/credentials_{name}"
        assert station.sh(f"{owner} {handed}").stdout == secret
        for other in OTHERS:
            for path in (handed, f"{CREDENTIALS}/{name}"):
                read = station.sh(f"runuser -u {other} -- cat {path}", check=False)
                assert read.returncode != 0, (other, path)
    assert station.ask(f"stat -c '%a %U' {CREDENTIALS}") == "700 root"
    assert station.ask("ls /run/credentials | grep ^eas-") == "eas-capd.service"
    says(station, "feed", "ipaws", "reconnecting")
    said = station.sh("eas-ctl status --json; eas-ctl feeds --json; journalctl -b", check=False)
    assert "credentials/" not in "".join(
        line for line in said.stdout.splitlines() if "cannot be read" in line
    )
    for words in ("secret-of-the-wire", "secret-of-fema", "secret-of-the-hook"):
        assert words not in said.stdout


@pytest.mark.parametrize("unit", (*UNITS, "eas-audiod@card"))
def test_unit_of_every_kind_is_hardened(station: Machine, unit: str) -> None:
    # A dongle that other machines hear needs USB and the network, which all others need one of.
    most = 20 if unit == "eas-sdrd@shared" else 15
    asked = f"systemd-analyze security --threshold={most} {unit} --no-pager"
    done = station.sh(asked, check=False)
    figure(f"security of {unit}", done.stdout.rstrip().rpartition(": ")[2])
    assert done.returncode == 0, done.stdout


def test_clip_is_compressed_as_soon_as_flac_is_there(station: Machine) -> None:
    station.sh("systemctl restart eas-audiod@wx")
    station.wait("find /var/lib/eas-station/clips -name '*.flac' | grep -q .", 150)

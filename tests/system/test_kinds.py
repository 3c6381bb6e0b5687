"""Receivers, sources and feeds of every kind in the sandbox of their units."""

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
LOADED = "/run/credentials/eas-capd.service"


@pytest.fixture(scope="module", autouse=True)
def kinds(station: Machine) -> Iterator[None]:
    """Configure all of them, and remove them afterwards."""
    for name, secret in SECRETS.items():
        station.sh(f"install -m600 /dev/stdin {CREDENTIALS}/{name}", text=secret)
    station.put(OURS, CONFIGURATION + KINDS)
    station.sh("eas-ctl apply")
    yield
    station.put(OURS, CONFIGURATION)
    station.sh("eas-ctl apply")


def wait_for_sentence(station: Machine, kind: str, name: str, text: str) -> None:
    """Wait until the status of a receiver, source or feed contains a text."""
    what = {"receiver": "receivers", "source": "sources", "feed": "feeds"}[kind]
    pattern = f"{name}.*{text}"
    station.wait(f"eas-ctl {what} | tr '\\n' ' ' | grep -q '{pattern}'", 45)


@pytest.mark.parametrize(
    ("kind", "name", "package"),
    [
        ("receiver", "dongle", "apt install librtlsdr0"),
        (
            "source",
            "net",
            "connection to 127.0.0.1 failed",
        ),  # ffmpeg is needed only after the connection
        ("source", "card", "apt install python3-pyaudio"),
        ("feed", "wire", "python3-slixmpp is not installed"),
    ],
)
def test_a_missing_recommended_package_is_named(
    station: Machine, kind: str, name: str, package: str
) -> None:
    wait_for_sentence(station, kind, name, package)


def test_recommended_packages_work_in_the_sandbox(station: Machine) -> None:
    pid = station.show("eas-sdrd@dongle", "MainPID")
    station.sh(f"{INSTALL} {RECOMMENDED}")
    wait_for_sentence(
        station, "receiver", "dongle", "reconnecting: no RTL-SDR dongle is plugged in"
    )
    assert station.show("eas-sdrd@dongle", "MainPID") == pid  # without a restart
    station.sh("systemctl restart eas-audiod@card eas-capd")  # retries slixmpp once an hour
    wait_for_sentence(station, "source", "card", "no sound card")
    station.wait("! eas-ctl feeds | grep -q 'not installed\\|does not work'", 45)


def test_a_receiver_without_a_dongle_logs_little(station: Machine) -> None:
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


def test_only_the_unit_of_a_sound_card_has_access_to_sound_devices(station: Machine) -> None:
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


def test_only_eas_capd_can_read_the_credentials(station: Machine) -> None:
    owner = "runuser -u eas-capd -- cat"
    for name, secret in SECRETS.items():
        loaded = f"{LOADED}/credentials_{name}"
        assert station.sh(f"{owner} {loaded}").stdout == secret
        for other in OTHERS:
            for path in (loaded, f"{CREDENTIALS}/{name}"):
                read = station.sh(f"runuser -u {other} -- cat {path}", check=False)
                assert read.returncode != 0, (other, path)
    assert station.ask(f"stat -c '%a %U' {CREDENTIALS}") == "700 root"
    assert station.ask("ls /run/credentials | grep ^eas-") == "eas-capd.service"
    wait_for_sentence(station, "feed", "ipaws", "reconnecting")
    printed = station.sh("eas-ctl status --json; eas-ctl feeds --json; journalctl -b", check=False)
    assert "credentials/" not in "".join(
        line for line in printed.stdout.splitlines() if "cannot be read" in line
    )
    for secret in ("secret-of-the-wire", "secret-of-fema", "secret-of-the-hook"):
        assert secret not in printed.stdout


@pytest.mark.parametrize("unit", (*UNITS, "eas-audiod@card"))
def test_the_unit_of_each_kind_is_hardened(station: Machine, unit: str) -> None:
    # A shared dongle needs both USB and the network; all other units need one of them.
    most = 20 if unit == "eas-sdrd@shared" else 15
    asked = f"systemd-analyze security --threshold={most} {unit} --no-pager"
    done = station.sh(asked, check=False)
    figure(f"security of {unit}", done.stdout.rstrip().rpartition(": ")[2])
    assert done.returncode == 0, done.stdout


def test_recordings_are_compressed_after_flac_is_installed(station: Machine) -> None:
    station.sh("systemctl restart eas-audiod@wx")
    station.wait("find /var/lib/eas-station/clips -name '*.flac' | grep -q .", 150)

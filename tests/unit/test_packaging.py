"""The units and the packaging agree with the code and with each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eas_station import __version__
from eas_station.config import model
from eas_station.ctl.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "systemd"
DAEMONS = ("eas-capd.service", "eas-sdrd@.service", "eas-audiod@.service", "eas-webd.service")
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
EVERYWHERE = (
    *("NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectSystem=strict", "ProtectHome=yes"),
    *("PrivateTmp=yes", "PrivateUsers=yes", "ProtectProc=invisible", "DevicePolicy=closed"),
    *("ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectControlGroups=yes"),
    *("RestrictNamespaces=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes"),
    *("LockPersonality=yes", "MemoryDenyWriteExecute=yes", "SystemCallArchitectures=native"),
    *("SystemCallFilter=@system-service", "SystemCallFilter=~@privileged @resources"),
    "Slice=eas-station.slice",
)


def lines(name: str) -> list[str]:
    return (UNITS / name).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_confined(name: str) -> None:
    assert set(EVERYWHERE) <= set(lines(name))


@pytest.mark.parametrize("name", DAEMONS)
def test_every_daemon_is_restarted_for_ever_and_watched(name: str) -> None:
    wanted = {
        *("Type=notify", "Restart=always", "RestartSec=2", "RestartPreventExitStatus=78"),
        *("StartLimitIntervalSec=0", "TimeoutStopSec=10", "Group=eas-station"),
        "WatchdogSec=10" if "@" in name else "WatchdogSec=30",
        f"User={re.split('[@.]', name)[0]}",
    }
    assert wanted <= set(lines(name))


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_requires_another(name: str) -> None:
    needed = [x for x in lines(name) if x.startswith(("Requires=", "BindsTo=", "Requisite="))]
    assert needed == (["Requires=eas-webd.socket"] if name == "eas-webd.service" else [])


def test_changelog_has_the_version_of_the_code() -> None:
    first = (ROOT / "debian/changelog").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(f"eas-station ({__version__}) ")


def test_every_command_has_a_place_in_the_manual_and_is_completed() -> None:
    manual = (ROOT / "debian/man/eas-ctl.8").read_text(encoding="utf-8")
    completion = (ROOT / "debian/completions/eas-ctl").read_text(encoding="utf-8")
    commands = re.search(r'local commands="([^"]*)"', completion)
    assert commands is not None
    assert set(commands.group(1).split()) == set(COMMANDS)
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", manual), command


@pytest.mark.parametrize(
    "table",
    (
        *(model.Station, model.Database, model.Web, model.Paths, model.Clips),
        *(model.Feed, model.Receiver, model.Remote, model.Source),
    ),
)
def test_every_key_has_a_place_in_the_manual(table: type) -> None:
    manual = (ROOT / "debian/man/station.toml.5").read_text(encoding="utf-8")
    for key in table.__slots__:  # type: ignore[attr-defined]
        assert f"\n.B {key}\n" in manual, key

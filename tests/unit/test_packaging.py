"""The units and the packaging agree with the code and with each other."""

from __future__ import annotations

import ast
import re
import sys
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


# Module → Debian package; the second table has optional packages, which are imported on demand.
PACKAGES = {
    "alembic": "python3-alembic",
    "bottle": "python3-bottle",
    "lxml": "python3-lxml",
    "numpy": "python3-numpy",
    "prometheus_client": "python3-prometheus-client",
    "requests": "python3-requests",
    "sdnotify": "python3-sdnotify",
    "setproctitle": "python3-setproctitle",
    "sqlalchemy": "python3-sqlalchemy",
    "urllib3": "python3-requests",
    "waitress": "python3-waitress",
    "zmq": "python3-zmq",
}
ON_DEMAND = {
    "cryptography": "python3-cryptography",
    "pyaudio": "python3-pyaudio",
    "slixmpp": "python3-slixmpp",
    "xmlsec": "python3-xmlsec",
}
FOREIGN = (
    "lib/eas_station_vendor/rtlsdr/",
    "lib/eas_station/data/counties.tsv",
)


def lines(name: str) -> list[str]:
    return (UNITS / name).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_confined(name: str) -> None:
    assert set(EVERYWHERE) <= set(lines(name))


@pytest.mark.parametrize("name", DAEMONS)
def test_every_daemon_is_always_restarted_and_has_a_watchdog(name: str) -> None:
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


def imported(folder: Path) -> set[str]:
    """The third-party modules that the modules below a folder import."""
    found = set[str]()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"eas_station", "eas_station_vendor"}


def relation(name: str) -> set[str]:
    """The packages in a field of debian/control, without versions."""
    control = (ROOT / "debian/control").read_text(encoding="utf-8")
    station = control.partition("\nPackage: eas-station\n")[2].partition("\nPackage:")[0]
    field = re.search(rf"^{name}:((?:\n .*)+)", station, re.MULTILINE)
    assert field is not None
    return {entry.split()[0] for entry in field[1].split(",") if entry.strip()}


def test_every_imported_module_is_a_dependency() -> None:
    assert imported(ROOT / "lib/eas_station") == set(PACKAGES)
    assert {*PACKAGES.values(), "python3-psycopg2"} <= relation("Depends")


def test_optional_modules_are_recommended() -> None:
    assert set(ON_DEMAND.values()) <= relation("Recommends")
    source = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "lib").rglob("*.py"))
    for module, package in ON_DEMAND.items():
        assert f'"{module}' in source, module
        assert package in source, f"{package} is not named if {module} is missing"


def test_third_party_files_are_listed_with_their_licence() -> None:
    copyrights = (ROOT / "debian/copyright").read_text(encoding="utf-8")
    for place in FOREIGN:
        assert list(ROOT.glob(f"{place.rstrip('/')}*")), place
        assert f"\nFiles: {place}" in copyrights, place
    carried = {path.name for path in (ROOT / "lib").rglob("*LICENSE*")}
    assert carried == set()


def test_every_program_has_a_manual_page() -> None:
    listed = (ROOT / "debian/eas-station.manpages").read_text(encoding="utf-8").split()
    pages = {Path(page).stem for page in listed}
    assert {path.name for path in (ROOT / "daemons").glob("eas-*")} <= pages
    assert {path.name for path in (ROOT / "debian/man").iterdir()} == {Path(p).name for p in listed}


def test_only_eas_capd_gets_the_credentials_of_the_feeds() -> None:
    given = [name for name in SERVICES if any("LoadCredential" in line for line in lines(name))]
    assert given == ["eas-capd.service"]


def test_the_changelog_has_the_version_of_the_code() -> None:
    first = (ROOT / "debian/changelog").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(f"eas-station ({__version__}) ")


def test_every_command_is_in_the_manual_and_the_completion() -> None:
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
        model.StationConfig,
        model.DatabaseConfig,
        model.WebConfig,
        model.PathsConfig,
        model.ClipsConfig,
        model.AlarmConfig,
        model.FeedConfig,
        model.ReceiverConfig,
        model.RemoteConfig,
        model.SourceConfig,
    ),
)
def test_every_key_is_in_the_manual(table: type) -> None:
    manual = (ROOT / "debian/man/station.toml.5").read_text(encoding="utf-8")
    for key in table.__slots__:  # type: ignore[attr-defined]
        assert f"\n.B {key}\n" in manual, key

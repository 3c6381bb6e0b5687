"""The bench: a Debian 13 of our own, booted with its own systemd under systemd-nspawn.

It has no network but its loopback, so nothing of this host is touched and no port is shared; what
apt installs there has been fetched before. The folder build/system keeps what was made.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))

from kit import FIGURE, INSTALL, figure  # noqa: E402 - beside this file
from nspawn import Image, Machine  # noqa: E402

# On one machine, in this order, from the installation to the purge; the others have their own.
ON_ONE_MACHINE = ("test_station", "test_access", "test_kinds", "test_life")
WHY = "make test-system runs it: EAS_TEST_SYSTEM is not set"


def missing() -> str | None:
    """Why the machine cannot be booted here; None: it can."""
    if os.environ.get("EAS_TEST_SYSTEM") != "1":
        return WHY
    if os.geteuid() != 0:
        return "only root can boot a machine"
    tools = [name for name in ("systemd-nspawn", "mmdebstrap", "nsenter") if not shutil.which(name)]
    if tools:
        return f"{', '.join(tools)} is not installed"
    return None if list((PROJECT / "dist").glob("eas-station_*.deb")) else "make deb was not run"


class ByMachine(LoadScopeScheduling):
    """With pytest -n 2: the tests of one machine go to one process, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        name = Path(nodeid.partition("::")[0]).stem
        return "one machine" if name in ON_ONE_MACHINE else name


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByMachine:
    """Not by single tests."""
    return ByMachine(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip with a reason what cannot be done here; a boot may take longer than a unit test."""
    why = missing()
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.timeout(400))
        if why:
            item.add_marker(pytest.mark.skip(reason=why))
    theirs = [item for item in items if item not in ours]
    items[:] = [*theirs, *sorted(ours, key=_place)]


def _place(item: pytest.Item) -> int:
    name = item.path.stem
    return ON_ONE_MACHINE.index(name) if name in ON_ONE_MACHINE else len(ON_ONE_MACHINE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The measured values together; with pytest -s they have been seen already."""
    reports = [one for group in terminalreporter.stats.values() for one in group]
    said = [one.capstdout for one in reports if isinstance(one, pytest.TestReport)]
    figures = [line for text in said for line in text.splitlines() if line.startswith(FIGURE)]
    for line in dict.fromkeys(figures):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def image() -> Image:
    """The clean Debian, with all packages fetched that the station depends on."""
    found = Image(PROJECT / "build" / "system")
    found.prepare(package("eas-station"), package("eas-station-sqlite"))
    return found


def package(name: str) -> Path:
    """The package as `make deb` built it."""
    return next((PROJECT / "dist").glob(f"{name}_*.deb"))


@pytest.fixture(scope="session")
def deb() -> Path:
    """The station's package."""
    return package("eas-station")


@pytest.fixture(scope="session")
def sqlite_deb() -> Path:
    """The package of those who want no PostgreSQL."""
    return package("eas-station-sqlite")


@pytest.fixture(scope="session")
def station(image: Image, deb: Path) -> Iterator[Machine]:
    """A machine with the station, installed with PostgreSQL and without what is recommended."""
    with image.machine("station") as machine:
        machine.put("/root/eas-station.deb", deb)
        machine.sh(f"{INSTALL} --download-only /root/eas-station.deb")
        size_kib = "dpkg-query -W -f '${Installed-Size}\\n' | awk '{s += $1} END {print s}'"
        closure_kib = -int(machine.ask(size_kib))
        began = time.monotonic()
        machine.sh(f"{INSTALL} /root/eas-station.deb")
        machine.wait("systemctl is-active eas-capd eas-webd eas-sdrd eas-audiod eas-station-schema")
        figure("apt install to all units active, s", round(time.monotonic() - began, 1))
        closure_kib += int(machine.ask(size_kib))
        figure("installed closure, MB", round(closure_kib / 1024, 1))
        figure("size of the package, kB", round(deb.stat().st_size / 1000))
        yield machine


@pytest.fixture(scope="session")
def embedded(image: Image, deb: Path, sqlite_deb: Path) -> Iterator[Machine]:
    """A machine with the station and its embedded database."""
    with image.machine("embedded") as machine:
        machine.put("/etc/dpkg/dpkg.cfg.d/bench", "force-unsafe-io\n")  # it need not outlive us
        machine.put("/root/eas-station.deb", deb)
        machine.put("/root/eas-station-sqlite.deb", sqlite_deb)
        machine.sh(f"{INSTALL} /root/eas-station.deb /root/eas-station-sqlite.deb")
        yield machine


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure comes what the machine logged before it."""
    report = yield
    funcargs = getattr(item, "funcargs", {})
    booted = funcargs.get("station", funcargs.get("embedded"))
    if report.failed and isinstance(booted, Machine):
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            log = booted.sh("journalctl -b -n 300 -o short-precise --no-pager", check=False)
            report.sections.append(("the machine's journal", log.stdout))
    return report


def run(*arguments: str) -> str:
    """A command on this host."""
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout

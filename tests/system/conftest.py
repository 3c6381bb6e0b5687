"""A Debian 13 machine, booted with its own systemd under systemd-nspawn.

Its only network is its loopback, so no port is shared with this host. The packages that apt
installs there are fetched before. The image is kept in build/system.
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

# These run on one machine in this order, from installation to purge; others have their own machine.
ON_ONE_MACHINE = ("test_station", "test_access", "test_kinds", "test_life")
WHY = "EAS_TEST_SYSTEM is not set; use make test-system"


def missing() -> str | None:
    """The reason why no machine can be booted here; None: it can."""
    if os.environ.get("EAS_TEST_SYSTEM") != "1":
        return WHY
    if os.geteuid() != 0:
        return "only root can boot a machine"
    tools = [name for name in ("systemd-nspawn", "mmdebstrap", "nsenter") if not shutil.which(name)]
    if tools:
        return f"{', '.join(tools)} is not installed"
    return None if list((PROJECT / "dist").glob("eas-station_*.deb")) else "make deb was not run"


class ByMachine(LoadScopeScheduling):
    """For pytest -n 2: run the tests of one machine in one process, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        name = Path(nodeid.partition("::")[0]).stem
        return "one machine" if name in ON_ONE_MACHINE else name


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByMachine:
    """Schedule by machine, not by test."""
    return ByMachine(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests if no machine can be booted, and allow time for a boot."""
    why = missing()
    system_tests = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in system_tests:
        item.add_marker(pytest.mark.timeout(400))
        if why:
            item.add_marker(pytest.mark.skip(reason=why))
    others = [item for item in items if item not in system_tests]
    items[:] = [*others, *sorted(system_tests, key=_position)]


def _position(item: pytest.Item) -> int:
    name = item.path.stem
    return ON_ONE_MACHINE.index(name) if name in ON_ONE_MACHINE else len(ON_ONE_MACHINE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the measured values together."""
    reports = [one for group in terminalreporter.stats.values() for one in group]
    printed = [one.capstdout for one in reports if isinstance(one, pytest.TestReport)]
    figures = [line for text in printed for line in text.splitlines() if line.startswith(FIGURE)]
    for line in dict.fromkeys(figures):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def image() -> Image:
    """A Debian image, with all packages fetched that the station depends on."""
    found = Image(PROJECT / "build" / "system")
    found.prepare(package("eas-station"), package("eas-station-sqlite"))
    return found


def package(name: str) -> Path:
    """A package built by `make deb`."""
    return next((PROJECT / "dist").glob(f"{name}_*.deb"))


@pytest.fixture(scope="session")
def deb() -> Path:
    """The package of the station."""
    return package("eas-station")


@pytest.fixture(scope="session")
def sqlite_deb() -> Path:
    """The package that replaces PostgreSQL."""
    return package("eas-station-sqlite")


@pytest.fixture(scope="session")
def station(image: Image, deb: Path) -> Iterator[Machine]:
    """A machine with the station and PostgreSQL, without recommended packages."""
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
        machine.put("/etc/dpkg/dpkg.cfg.d/bench", "force-unsafe-io\n")  # for speed
        machine.put("/root/eas-station.deb", deb)
        machine.put("/root/eas-station-sqlite.deb", sqlite_deb)
        machine.sh(f"{INSTALL} /root/eas-station.deb /root/eas-station-sqlite.deb")
        yield machine


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the journal of the machine to the report of a failure."""
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

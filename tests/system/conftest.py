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
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))

from nspawn import Image, Machine  # noqa: E402 - beside this file

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip with a reason what cannot be done here; a boot may take longer than a unit test."""
    why = missing()
    for item in items:
        if Path(__file__).parent in Path(item.path).parents:
            item.add_marker(pytest.mark.timeout(400))
            if why:
                item.add_marker(pytest.mark.skip(reason=why))


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


@pytest.fixture(scope="module")
def machine(image: Image, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A fresh machine, booted."""
    name = request.path.stem.removeprefix("test_").replace("_", "-")
    with image.machine(name) as booted:
        yield booted


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure comes what the machine logged before it."""
    report = yield
    booted = getattr(item, "funcargs", {}).get("machine")
    if report.failed and isinstance(booted, Machine):
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            log = booted.sh("journalctl -b -n 300 -o short-precise --no-pager", check=False)
            report.sections.append(("the machine's journal", log.stdout))
    return report


def run(*arguments: str) -> str:
    """A command on this host."""
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout

"""A disk that is full, and then has room again: the spool on a small file system of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eas_station.alerts.lifecycle.admission import Admission
from eas_station.errors import StoreError
from eas_station.store.alerts import alert_queries
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(b"x" * 4096)
        except OSError:
            return


def test_receptions_are_announced_and_recorded_while_the_disk_is_full(
    small_disk: Path, database: Database, admission: Admission, heard: Any
) -> None:
    spool = Spool(small_disk / "a.spool")
    announced: list[tuple[str, bool]] = []
    intake = Intake(spool, lambda r, durable: announced.append((r.statement.headline, durable)))
    flusher = Flusher(spool, database, admission, admission.now, lambda change: None, batch=3)
    intake.take(heard.by_cap("before"))
    fill(small_disk / "ballast")
    for n in range(30):
        intake.take(heard.by_cap(f"during {n}"))

    assert [headline for headline, _ in announced] == [
        "Flood Warning before",
        *(f"Flood Warning during {n}" for n in range(30)),
    ]
    assert announced[0][1]
    assert not announced[-1][1]
    assert spool.depth() == 31
    for _ in range(31):
        try:
            flusher.run_once()
        except StoreError as error:
            assert "full" in str(error)  # rows on the disk cannot be forgotten yet
    assert spool.oldest(100) == ()
    with database.read() as connection:
        assert len(alert_queries.active(connection, None, limit=1_000_000)) == 31

    (small_disk / "ballast").unlink()
    intake.take(heard.by_cap("after"))
    assert announced[-1] == ("Flood Warning after", True)
    while flusher.run_once():
        pass
    assert spool.depth() == 0
    with database.read() as connection:
        assert len(alert_queries.active(connection, None, limit=1_000_000)) == 32
        assert alert_queries.last_change_id(connection) == 32
    spool.close()


def test_rows_on_the_disk_survive_its_being_full(small_disk: Path) -> None:
    spool = Spool(small_disk / "a.spool")
    taken = []
    refused = 0
    for n in range(600):
        try:
            spool.append("reception", f"{n} " + "x" * 6000)
            taken.append(n)
        except StoreError as error:
            assert "full: free space" in str(error)
            refused += 1
    assert refused > 100
    assert [int(row.body.split()[0]) for row in spool.oldest(1000)] == taken
    spool.close()
    again = Spool(small_disk / "a.spool")
    kept = again.oldest(1000)
    again.close()
    assert [int(row.body.split()[0]) for row in kept] == taken

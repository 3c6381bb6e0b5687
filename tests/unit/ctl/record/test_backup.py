"""A backup contains every row, and a damaged one is refused."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from eas_station.config.model import Config, DatabaseConfig, PathsConfig
from eas_station.ctl.record import backup, db_move, restore
from eas_station.ctl.record.archive import Backup, BackupError
from eas_station.errors import OutsideError, StoreError
from eas_station.store.database import database, revision
from eas_station.store.database.record_tables import audit, desired_states, job_totals
from eas_station.store.upkeep import migrate, transfer

AT = datetime(2026, 3, 2, 2, 0, 0, 123456, tzinfo=UTC)
ROWS = 1234  # more than one batch


def station(folder: Path) -> Config:
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "station.toml"
    config.write_text('[station]\nname = "bench"\n')
    url = f"sqlite:///{folder / 'station.sqlite'}"
    return Config(
        paths=PathsConfig(folder, folder / "run"),
        database=DatabaseConfig(url=url),
        files=(str(config),),
    )


@pytest.fixture
def filled(tmp_path: Path) -> Config:
    config = station(tmp_path / "one")
    migrate.upgrade(config.database.url)
    rows = [
        {
            "audit_id": f"{number:05}",
            "at": AT,
            "who": "Zoë\n\u2028",
            "action": "keep",
            "outcome": "done",
            "detail": None,
        }
        for number in range(ROWS)
    ]
    with database.Database(config.database.url).write() as connection:
        connection.execute(insert(audit), rows)
        last = {"job": "x", "runs": 1 << 40, "errors": 0, "missed": 0, "last_run_at": AT}
        connection.execute(insert(job_totals), [last])
    return config


@pytest.fixture
def kept(filled: Config, tmp_path: Path) -> Path:
    """A complete backup."""
    return backup.back_up(filled, tmp_path / "kept", AT)[0]


def all_rows(url: str) -> dict[str, list[transfer.Row]]:
    with database.Database(url).read() as connection:
        return {table.name: list(transfer.rows(connection, table)) for table in transfer.TABLES}


def test_a_restored_database_has_the_same_rows(filled: Config, tmp_path: Path) -> None:
    path, manifest = backup.back_up(filled, tmp_path / "kept", AT)
    other = station(tmp_path / "two")
    with Backup(path) as opened:
        restore.fill_database(other.database.url, opened.rows, replace=False)
    assert all_rows(other.database.url) == all_rows(filled.database.url)
    assert manifest.rows["audit"] == ROWS
    assert path.stat().st_mode & 0o007 == 0


def test_a_restored_configuration_keeps_the_existing_files(filled: Config, tmp_path: Path) -> None:
    path, _ = backup.back_up(filled, tmp_path / "kept", AT)
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "station.toml").write_text("# mine\n")
    with Backup(path) as opened:
        assert list(restore.restore_configuration(opened, etc)) == [etc / "station.toml"]
    assert "bench" in (etc / "station.toml").read_text()
    assert (etc / "station.toml.before-restore").read_text() == "# mine\n"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(st.data())
def test_a_damaged_backup_raises_a_backup_error(
    kept: Path, tmp_path: Path, data: st.DataObject
) -> None:
    whole = kept.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    damaged = tmp_path / "damaged.tar"
    changed = whole[at] ^ data.draw(st.integers(1, 255))
    damaged.write_bytes(whole[:at] if cut else whole[:at] + bytes([changed]) + whole[at + 1 :])
    try:
        with Backup(damaged) as opened:
            opened.verify()
    except (BackupError, OutsideError):
        return


def test_a_member_outside_of_its_folder_is_refused(filled: Config, tmp_path: Path) -> None:
    path, _ = backup.back_up(filled, tmp_path / "kept", AT)
    with tarfile.open(path, "a") as tar:
        tar.addfile(tarfile.TarInfo("config/../../evil"), io.BytesIO(b""))
    with Backup(path) as opened, pytest.raises(BackupError, match="outside of its folder"):
        list(restore.restore_configuration(opened, tmp_path))


def test_a_row_with_an_unknown_column_changes_nothing(filled: Config) -> None:
    before = all_rows(filled.database.url)

    def rows_of(table: object) -> list[transfer.Row]:
        return [{"strange": 1}] if table is desired_states else []

    with pytest.raises(ValueError, match="other columns"):
        restore.fill_database(filled.database.url, rows_of, replace=True)
    assert all_rows(filled.database.url) == before


def test_a_move_copies_every_row_and_closes_the_old_database(
    filled: Config, tmp_path: Path
) -> None:
    before = all_rows(filled.database.url)
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    assert db_move.copy(filled.database.url, url) == sum(map(len, before.values()))
    assert all_rows(url) == before
    old = database.Database(filled.database.url)
    with pytest.raises(StoreError), old.read() as connection:
        revision.demand_current(connection)


def test_a_backup_without_a_table_is_not_complete(filled: Config, tmp_path: Path) -> None:
    path, _ = backup.back_up(filled, tmp_path / "kept", AT)
    short = tmp_path / "short.tar"
    _copy_without(path, short, lambda name: name == "record/audit.jsonl.gz")
    with Backup(short) as opened, pytest.raises(BackupError, match="missing"):
        opened.verify()


def test_rows_are_lines_of_plain_json(filled: Config, tmp_path: Path) -> None:
    path, _ = backup.back_up(filled, tmp_path / "kept", AT)
    with tarfile.open(path) as tar:
        packed = tar.extractfile("record/audit.jsonl.gz")
        assert packed is not None
        lines = gzip.decompress(packed.read()).splitlines()
    assert json.loads(lines[0])["at"] == "2026-03-02T02:00:00.123456+00:00"
    assert len(lines) == ROWS


def _copy_without(source: Path, target: Path, left_out: Callable[[str], bool]) -> None:
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            if not left_out(member.name):
                new.addfile(member, old.extractfile(member))

"""Before a migration: an answer within two seconds, and a dump."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from eas_station.config.model import Config, DatabaseConfig, PathsConfig
from eas_station.ctl.record.before_migration import (
    KEPT,
    demand_answer,
    dump_before_migration,
    exists,
)
from eas_station.errors import OutsideError, StoreError
from eas_station.store.database.schema import REVISION
from eas_station.store.upkeep import migrate


def station(folder: Path) -> Config:
    url = f"sqlite:///{folder / 'station.sqlite'}"
    return Config(paths=PathsConfig(folder, folder / "run"), database=DatabaseConfig(url=url))


def test_a_missing_server_is_reported_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(StoreError, match="does not respond"):
        demand_answer(f"postgresql+psycopg2:///eas?host={tmp_path}")
    assert time.monotonic() - began < 2


def test_a_new_embedded_database_needs_no_answer(tmp_path: Path) -> None:
    url = station(tmp_path).database.url
    assert not exists(url)
    demand_answer(url)


def test_an_embedded_database_is_copied(tmp_path: Path) -> None:
    config = station(tmp_path)
    migrate.upgrade(config.database.url)
    path = dump_before_migration(config, "0001")
    assert path.name.startswith("before-migration-from-0001-")
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (REVISION,)


def test_only_the_newest_dumps_are_kept(tmp_path: Path) -> None:
    config = station(tmp_path)
    migrate.upgrade(config.database.url)
    for number in range(KEPT + 2):
        dump_before_migration(config, f"{number:04}")
    left = sorted((tmp_path / "backups").iterdir())
    assert len(left) == KEPT
    assert left[-1].name.startswith(f"before-migration-from-{KEPT + 1:04}-")


def test_a_failed_dump_prevents_the_migration(tmp_path: Path) -> None:
    config = station(tmp_path)
    migrate.upgrade(config.database.url)
    (tmp_path / "backups").write_text("in the way")
    with pytest.raises(OutsideError, match="not migrated"):
        dump_before_migration(config, "0001")

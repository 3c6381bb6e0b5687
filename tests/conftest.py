"""What holds for all tests, and what is costly to make and therefore made once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from eas_station.store.upkeep import migrate
from eas_station.tables import Tables, load

# The same examples on each run, and no limit on the time of one: a busy machine proves nothing.
settings.register_profile(
    "station", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("station")


@pytest.fixture(scope="session")
def tables() -> Tables:
    return load()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with the schema, to be copied only."""
    path = tmp_path_factory.mktemp("schema") / "station.sqlite"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def new_database(migrated_file: Path) -> Callable[[Path], str]:
    """Creates an SQLite database with the schema, as a migration would; its URL."""

    def create(path: Path) -> str:
        shutil.copy(migrated_file, path)
        return f"sqlite:///{path}"

    return create

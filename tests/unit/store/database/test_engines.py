"""Which databases can be used, and how they are set up."""

from __future__ import annotations

import subprocess
import sys

import pytest

from eas_station.errors import ConfigError
from eas_station.store.database.database import Database
from eas_station.store.database.engines import parse_url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "eas_station",
        "postgresql://localhost/eas",  # means another driver from SQLAlchemy 2.1 on
        "mysql://localhost/eas",
        "sqlite://",
        "postgresql+psycopg2://localhost:port/eas",
    ],
)
def test_an_unusable_url_is_a_fault_of_the_configuration(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Database(url)
    assert raised.value.faults[0].key == "database.url"


def test_a_password_is_not_shown() -> None:
    database = Database("postgresql+psycopg2://ada:secret@example.org/eas")
    assert database.shown_url == "postgresql+psycopg2://ada:***@example.org/eas"
    with pytest.raises(ConfigError) as raised:
        parse_url("mysql://ada:secret@example.org/eas")
    assert "secret" not in str(raised.value)


def test_the_dialect_is_known() -> None:
    assert Database("sqlite:////tmp/x.db").dialect == "sqlite"
    assert Database("postgresql+psycopg2:///eas").dialect == "postgresql"


def test_a_daemon_loads_neither_the_orm_nor_the_migrations() -> None:
    code = (
        "import sys\n"
        "from eas_station.store import flusher\n"
        "from eas_station.store.alerts import alert_queries\n"
        "from eas_station.store.database import revision\n"
        "from eas_station.store.spool import intake\n"
        "print([name for name in ('alembic', 'mako', 'sqlalchemy.orm') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

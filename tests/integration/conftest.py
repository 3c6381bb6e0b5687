"""Databases for the integration tests: a PostgreSQL cluster of our own, and SQLite files."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Evidence, MessageId, Reception, Statement
from eas_station.alerts.relevance.relevance import Area
from eas_station.alerts.sources import from_same
from eas_station.store.database.database import Database
from eas_station.store.spool.spool import Spool
from eas_station.store.upkeep import migrate
from eas_station.tables import Tables

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)


def server_programs() -> Path | None:
    """The newest installed server's folder of programs."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3])
    )
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


@dataclass
class Cluster:
    """A PostgreSQL server of our own: a folder, a socket in it, no TCP port."""

    programs: Path
    folder: Path
    as_user: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, programs: Path) -> Cluster:
        folder = Path(tempfile.mkdtemp(prefix="eas-pg-", dir="/tmp"))  # a socket's path is short
        cluster = cls(programs, folder)
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
            cluster.as_user = ["runuser", "-u", "postgres", "--"]
        cluster.run(
            "initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-sync",
        )  # fmt: skip
        return cluster

    def run(self, program: str, *arguments: str) -> None:
        command = [*self.as_user, str(self.programs / program), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"

    def start(self, durable: bool = False) -> None:
        """`durable`: as on a station, every commit is on the disk."""
        settings = {
            "listen_addresses": "''",
            "unix_socket_directories": str(self.folder),
            "fsync": "on" if durable else "off",
            "full_page_writes": "on" if durable else "off",
            "shared_buffers": "32MB",
            "max_connections": "60",
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self.run(
            "pg_ctl", "start", "-w", "-D", str(self.folder / "data"),
            "-l", str(self.folder / "log"), "-o", options,
        )  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.folder / "data"))

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg2://postgres@/{database}?host={self.folder}"

    def execute(self, statement: str) -> None:
        engine = create_engine(self.url(), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@pytest.fixture(scope="session")
def postgresql_programs() -> Path:
    programs = server_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed (apt install postgresql)")
    return programs


@pytest.fixture(scope="session")
def postgresql_cluster(postgresql_programs: Path) -> Iterator[Cluster]:
    """The cluster of the whole session; leave it running."""
    cluster = Cluster.make(postgresql_programs)
    cluster.start()
    try:
        cluster.execute("CREATE DATABASE migrated")
        migrate.upgrade(cluster.url("migrated"))
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(cluster.folder, ignore_errors=True)


@pytest.fixture
def own_cluster(postgresql_programs: Path) -> Iterator[Cluster]:
    """A running cluster that the test may stop and start."""
    cluster = Cluster.make(postgresql_programs)
    cluster.start()
    yield cluster
    subprocess.run(
        [*cluster.as_user, str(cluster.programs / "pg_ctl"), "stop", "-m", "immediate", "-D",
         str(cluster.folder / "data")],
        cwd=cluster.folder, capture_output=True, check=False,
    )  # fmt: skip
    shutil.rmtree(cluster.folder, ignore_errors=True)


def _fresh_database(cluster: Cluster, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    cluster.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield cluster.url(name)
    cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgresql_url(postgresql_cluster: Cluster) -> Iterator[str]:
    """An empty database of our own cluster: no schema yet."""
    yield from _fresh_database(postgresql_cluster, "template0")


@pytest.fixture
def migrated_postgresql_url(postgresql_cluster: Cluster) -> Iterator[str]:
    """A database of our own cluster, with the schema."""
    yield from _fresh_database(postgresql_cluster, "migrated")


@pytest.fixture
def empty_database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without a schema, once on SQLite and once on PostgreSQL."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)],
)
def database_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(
    database_kind: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    new_database: Callable[[Path], str],
) -> str:
    """A database with the schema, once on SQLite and once on PostgreSQL."""
    if database_kind == "sqlite":
        return new_database(tmp_path / "station.db")
    migrated: str = request.getfixturevalue("migrated_postgresql_url")
    return migrated


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path / "spool" / "eas-test.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def admission(tables: Tables) -> Admission:
    """The real rules, of a station that answers for Wood county, Ohio."""
    return Admission(
        lambda: Area(same_codes=frozenset({"039173"})),
        tables,
        now=lambda: NOON,
    )


class Heard:
    """Receptions as the daemons make them."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def off_air(
        self,
        header: str = "ZCZC-WXR-TOR-039173+0030-3261155-KCLE/NWS-",
        channel: str = "162.550",
        received_at: datetime = NOON,
        reception_id: str | None = None,
    ) -> Reception:
        return from_same.reception(
            header,
            origin="wx",
            channel=channel,
            received_at=received_at,
            evidence=Evidence(3, True, 0.999, snr_db=18.5, repaired=(4, 9)),
            clock_trusted=True,
            event_name=self._tables.event_name,
            new_id=lambda: reception_id or str(uuid.uuid4()),
        )

    def by_cap(
        self,
        identifier: str,
        origin: str = "nws",
        received_at: datetime = NOON,
        **said: object,
    ) -> Reception:
        values: dict[str, object] = {
            "kind": "alert",
            "status": "actual",
            "event_name": "Flood Warning",
            "event_code": "FLW",
            "issued_at": NOON,
            "same_codes": ("039173",),
            "ugc_codes": ("OHC173",),
            "expires_at": NOON + timedelta(hours=6),
            "message": MessageId("w-nws.webmaster@noaa.gov", identifier, NOON),
            "severity": "Severe",
            "headline": f"Flood Warning {identifier}",
            "description": "The river is rising. " * 40,
            "polygons": (((41.2, -83.9), (41.2, -83.4), (41.5, -83.4), (41.2, -83.9)),),
        }
        return Reception(
            reception_id=str(uuid.uuid4()),
            via="cap",
            origin=origin,
            channel=None,
            received_at=received_at,
            raw=f"<alert><identifier>{identifier}</identifier></alert>",
            statement=Statement(**{**values, **said}),
        )


@pytest.fixture(scope="session")
def heard(tables: Tables) -> Heard:
    return Heard(tables)

"""Values as the page meets them, and clocks that stand still until they are moved."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from eas_station.alerts.model import (
    Admitted,
    Alert,
    Evidence,
    Key,
    KnownAlert,
    Reception,
    Relevance,
    RuleStep,
    Statement,
)
from eas_station.bus.messages import BusMessage, ItemState, ReceptionNew, Status
from eas_station.config.model import Config, FeedConfig, ReceiverConfig, SourceConfig, StationConfig
from eas_station.errors import SourceError, StoreError
from eas_station.store.keys import logins, passwords, tokens
from eas_station.store.keys.keyring import Keyring, path_in
from eas_station.store.keys.sessions import Lifetimes
from eas_station.tables import Tables
from eas_station.webd import app
from eas_station.webd.app import WebServices
from eas_station.webd.auth.access import Access
from eas_station.webd.auth.audit_log import AuditLog
from eas_station.webd.auth.login_throttle import LoginThrottle
from eas_station.webd.http.deadline import RequestDeadlines
from eas_station.webd.http.fanout import Fanout
from eas_station.webd.http.middleware import Counters
from eas_station.webd.http.rate_limits import RateLimits
from eas_station.webd.http.server import ServerWorkers
from eas_station.webd.live.live_audio import LiveAudio
from eas_station.webd.live.process_health import ProcessHealth
from eas_station.webd.records.child_decoder import ChildDecoder
from eas_station.webd.records.operator_actions import OperatorActions
from eas_station.webd.records.search import PlaceSearch
from eas_station.webd.records.tasks import Tasks
from eas_station.webd.state.machine import MachineReader
from eas_station.webd.state.snapshot import AlertEntry
from eas_station.webd.state.spooled_receptions import SpoolMerger
from eas_station.webd.state.station_state import StationState, StoredState

NOW = datetime(2025, 11, 22, 8, 12, tzinfo=UTC)


class Clocks:
    """Wall and monotonic time, moved together."""

    def __init__(self) -> None:
        self.now, self.mono = NOW, 1000.0

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.mono += seconds


class HeaderRules:
    """Admission by the raw text alone: what reads the same is the same warning."""

    def __init__(self) -> None:
        self.asked = 0

    def keys(self, reception: Reception) -> tuple[Key, ...]:
        self.asked += 1
        if reception.raw == "a bug":
            raise ValueError("a bug of ours")
        return (Key("same", reception.raw),)

    def sought(self, reception: Reception) -> tuple[Key, ...]:
        if reception.raw == "a bug":
            raise ValueError("a bug of ours")
        return (Key("same", reception.raw),)

    def rivals(self, receptions: Any) -> tuple[Key, ...]:
        return ()

    def admit(self, text: Any, known: Any, begin: Any) -> Any:
        before = known[0] if known else None
        alert_id, number = begin() if before is None else (before.alert.alert_id, before.number)
        texts = (*(before.texts if before else ()), text)
        alert = self.fold(alert_id, [one.first for one in texts], before and before.alert)
        alert = replace(alert, reception_count=sum(one.count for one in texts))
        return (Admitted(KnownAlert(alert, number, texts), before and before.alert),)

    def fold(self, alert_id: str, receptions: Any, previous: Alert | None) -> Alert:
        first = receptions[0]
        return an_alert(
            alert_id=alert_id,
            event_name=first.statement.event_name,
            ends_at=first.statement.expires_at,
            reception_count=len(receptions),
        )


def a_reception(number: int = 1, **said: Any) -> Reception:
    statement = Statement(
        kind="alert",
        status="actual",
        event_name="Tornado Warning",
        issued_at=NOW,
        event_code="TOR",
        same_codes=("039173",),
        expires_at=NOW + timedelta(minutes=45),
    )
    reception = Reception(
        reception_id=f"reception-{number}",
        via="same",
        origin="wx",
        channel="162.550",
        received_at=NOW,
        raw=f"ZCZC-{number}-",
        statement=statement,
        evidence=Evidence(3, True, 0.99998, snr_db=28.4),
    )
    return replace(reception, **said)


def an_alert(**said: Any) -> Alert:
    values: dict[str, Any] = {
        "alert_id": "alert-1",
        "status": "actual",
        "is_test": False,
        "event_name": "Tornado Warning",
        "event_code": "TOR",
        "originator": "WXR",
        "issued_at": NOW,
        "first_received_at": NOW,
        "last_received_at": NOW,
        "ends_at": NOW + timedelta(minutes=45),
        "end_reason": None,
        "ended_at": None,
        "same_codes": ("039173",),
        "ugc_codes": (),
        "polygons": (),
        "relevance": Relevance(True, "same-code", (RuleStep("same-code", True, "in our area"),)),
        "reception_count": 1,
    }
    return Alert(**{**values, **said})


def a_status(unit: str = "eas-capd", *items: ItemState, **said: Any) -> Status:
    values: dict[str, Any] = {
        "unit": unit,
        "state": "running",
        "sentence": "2 feeds",
        "started_at": NOW - timedelta(hours=1),
        "pid": 7,
        "version": "0.1.0",
        "clock_trusted": True,
        "cpu_s": 10.0,
        "memory_bytes": 50 << 20,
        "items": items,
    }
    return Status(**{**values, **said})


def an_item(name: str, kind: str, state: Any = "running", **said: Any) -> ItemState:
    values = {"sentence": "as it should", "since_at": NOW - timedelta(minutes=3), **said}
    return ItemState(name, kind, state, **values)


class Make:
    """The makers above, for tests."""

    reception = staticmethod(a_reception)
    alert = staticmethod(an_alert)
    status = staticmethod(a_status)
    item = staticmethod(an_item)
    now = NOW

    @staticmethod
    def entry(*receptions: Reception, **said: Any) -> AlertEntry:
        heard = receptions or (a_reception(),)
        return AlertEntry(an_alert(reception_count=len(heard), **said), heard, True)

    @staticmethod
    def message(body: Any, sent_at: datetime = NOW, repeated: bool = False) -> BusMessage:
        return BusMessage("topic", "eas-capd", 1, sent_at, body, repeated=repeated)

    @staticmethod
    def spooled(reception: Reception, durable: bool = True) -> ReceptionNew:
        return ReceptionNew(reception, stored=False, durable=durable)


@pytest.fixture
def make() -> type[Make]:
    return Make


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def rules() -> HeaderRules:
    return HeaderRules()


@pytest.fixture
def merger(rules: HeaderRules) -> SpoolMerger:
    return SpoolMerger(rules)


@pytest.fixture
def new_state(clocks: Clocks, merger: SpoolMerger) -> Callable[..., StationState]:
    def build(*units: str, trusted: bool = True) -> StationState:
        return StationState(
            units or ("eas-capd", "eas-webd"),
            merger,
            lambda: trusted,
            lambda: clocks.now,
            lambda: clocks.mono,
        )

    return build


def no_sound(sound: Any) -> Any:
    raise SourceError(f"nobody has the sound of {sound.source}")


PASSWORD = "correct horse battery staple"
CONFIG = Config(
    station=StationConfig(same_codes=("039173",)),
    feeds=(FeedConfig("nws", "nws"),),
    receivers=(ReceiverConfig("wx", "file", Path("capture.cu8")),),
    sources=(SourceConfig("wx", "receiver", "wx"),),
)


class AbsentDatabase:
    """Takes rows when it is there, and says so when it is not."""

    def __init__(self) -> None:
        self.error: Exception | None = StoreError("no route")

    def write(self, longest_s: float | None = None) -> Any:
        raise self.error or AssertionError("nobody should write")

    read = write


@pytest.fixture(scope="session")
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
def station_with(
    new_state: Any,
    clocks: Any,
    make: Any,
    tables: Tables,
    tmp_path: Path,
) -> Any:
    """Builds the application on a record: `get(path, method, **environ)`."""
    state = new_state()
    state.set_stored(StoredState((make.entry(),), (), frozenset(), 7))
    keyring = Keyring(path_in(tmp_path))

    def build(queries: Any, database: Any = None, config: Config = CONFIG) -> Any:
        database = database or AbsentDatabase()
        config = replace(config, paths=replace(config.paths, state_dir=tmp_path))
        audit_log = AuditLog(database, lambda: clocks.now)
        limits = RateLimits(lambda: clocks.mono)
        lifetimes = Lifetimes(timedelta(hours=12), timedelta(hours=168))
        access = Access(keyring, limits, audit_log, lifetimes, lambda: clocks.now)
        told: list[Any] = []
        actions = OperatorActions(
            database, lambda *news: told.append(news), lambda: told.append("changed"),
            lambda: clocks.now, lambda: None,
        )  # fmt: skip
        workers = ServerWorkers(88, 2, 0, 3)
        process = ProcessHealth(
            lambda: workers, Counters(), Fanout(listeners=2),
            lambda: clocks.mono - 1000.0, lambda: (0, 0),
        )  # fmt: skip
        services = WebServices(
            names=tables, places=PlaceSearch(), state=state, queries=queries, actions=actions,
            access=access, login_throttle=LoginThrottle(access, lambda: clocks.now),
            live_audio=LiveAudio(no_sound, 2, lambda: False),
            tasks=Tasks(tmp_path / "tasks", lambda: clocks.now, lambda: None),
            decoder=ChildDecoder(),
            machine=MachineReader(tmp_path, tmp_path, lambda: clocks.mono), process=process,
            deadlines=RequestDeadlines(), clock_reason=lambda: "synchronised: the kernel says so",
            now=lambda: clocks.now, monotonic=lambda: clocks.mono,
        )  # fmt: skip
        wsgi = app.build(config, services)
        return SimpleNamespace(
            config=config, services=services, state=state, get=Visitor(wsgi).ask,
            visitor=lambda **more: Visitor(wsgi, **more), keyring=keyring, audit_log=audit_log,
            told=told, database=database, bottle=lambda: app.assemble(config, services),
        )  # fmt: skip

    yield build
    keyring.close()


class Visitor:
    """A browser, or a script: it keeps its cookies and says where it is."""

    def __init__(self, wsgi: Any, address: str = "192.0.2.7", **always: str) -> None:
        self.wsgi, self.address, self.always = wsgi, address, always
        self.cookies: dict[str, str] = {}
        self.raw_cookies: list[tuple[str, str]] = []  # as they were set

    def ask(
        self, path: str, method: str = "GET", body: bytes = b"", **more: str
    ) -> tuple[int, dict[str, str], bytes]:
        path, _, query = path.partition("?")
        told: dict[str, Any] = {}

        def start(status: str, fields: list[tuple[str, str]], _info: Any = None) -> None:
            told.update(status=int(status[:3]), fields={k.lower(): v for k, v in fields})
            for name, value in fields:
                if name.lower() == "set-cookie":
                    self._keep(value)

        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query,
            "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
            "SCRIPT_NAME": "", "HTTP_HOST": "station.lan:8080", "REMOTE_ADDR": self.address,
            "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)),
            "HTTP_COOKIE": "; ".join(f"{k}={v}" for k, v in self.cookies.items()),
            **self.always, **more,
        }  # fmt: skip
        answer: Iterable[bytes] = self.wsgi(environ, start)
        return told["status"], told["fields"], b"".join(answer)

    def form(self, path: str, fields: dict[str, str], **more: str) -> tuple[int, Any, bytes]:
        body = urlencode(fields).encode()
        said = {"CONTENT_TYPE": "application/x-www-form-urlencoded", **more}
        return self.ask(path, "POST", body, **said)

    def json(self, path: str, value: Any = None, **more: str) -> tuple[int, Any, bytes]:
        body = b"" if value is None else json.dumps(value).encode()
        return self.ask(path, "POST", body, **{"CONTENT_TYPE": "application/json", **more})

    def log_in(self, password: str = PASSWORD, name: str = "ann", back: str = "/") -> int:
        status, _, page = self.ask("/login")
        token = re.search(rb'name="csrf" value="([^"]+)"', page)
        fields = {"name": name, "password": password, "back": back}
        status, self.fields, self.page = self.form(
            "/login", {**fields, "csrf": token[1].decode() if token else ""}
        )
        return status

    def csrf(self) -> str:
        """What this session's forms carry."""
        return str(json.loads(self.ask("/api/v1/session")[2])["csrf"])

    def _keep(self, field: str) -> None:
        name, _, rest = field.partition("=")
        self.raw_cookies.append((name, rest))
        value = rest.partition(";")[0]
        if "max-age=0" in field.lower():
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


@pytest.fixture
def visitor_of() -> type[Visitor]:
    return Visitor


@pytest.fixture
def with_password(password_hash: str) -> Callable[[Any], Any]:
    """Gives a station an operator, "ann"."""

    def give(station: Any) -> Any:
        with station.keyring.transaction() as connection:
            logins.set_hash(connection, "ann", password_hash, NOW)
        return station

    return give


@pytest.fixture
def with_token() -> Callable[[Any, Any], str]:
    """Gives a station a token of this scope; the field to send."""

    def give(station: Any, scope: Any) -> str:
        with station.keyring.transaction() as connection:
            return f"Bearer {tokens.add(connection, f'for {scope}', scope, NOW)}"

    return give

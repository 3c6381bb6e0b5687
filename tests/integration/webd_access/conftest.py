"""The station of the tests of the page, with operators and visitors."""

from __future__ import annotations

import http.client
import importlib.util
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest

from eas_station.clock import utc_now
from eas_station.store.keys import logins, passwords
from eas_station.store.keys.keyring import Keyring, path_in
from eas_station.store.records import audit
from eas_station.tables import Tables

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "correct horse battery staple"
FORM = "application/x-www-form-urlencoded"


def neighbour() -> ModuleType:
    """The fixtures of the page's other tests: the town, and its bad night."""
    path = Path(__file__).parents[1] / "webd" / "conftest.py"
    spec = importlib.util.spec_from_file_location("town_of_webd", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


town_module = neighbour()


def until(true: Callable[[], object], timeout_s: float = 30.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.02)


class Visitor:
    """A browser with its cookies, from an address of this machine."""

    def __init__(self, port: int, address: str = "127.0.0.1", **always: str) -> None:
        self.port, self.address, self.always = port, address, always
        self.cookies: dict[str, str] = {}
        self.keeps_cookies = True

    def ask(
        self, method: str, path: str, body: bytes | None = None, **more: str
    ) -> tuple[int, dict[str, str], bytes]:
        fields = {name.replace("_", "-"): value for name, value in {**self.always, **more}.items()}
        if self.cookies:
            fields["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=30, source_address=(self.address, 0)
        )
        try:
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            for value in answer.msg.get_all("Set-Cookie", []) if self.keeps_cookies else ():
                name, _, rest = value.partition("=")
                self.cookies[name] = rest.partition(";")[0]
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def form(self, path: str, **fields: str) -> tuple[int, dict[str, str], bytes]:
        return self.ask("POST", path, urlencode(fields).encode(), Content_Type=FORM)

    def load_form(self) -> str:
        """The token of the form to log in."""
        page = self.ask("GET", "/login")[2]
        found = re.search(rb'name="csrf" value="([^"]+)"', page)
        return found[1].decode() if found else ""

    def log_in(self, password: str = PASSWORD, name: str = "ann", token: str = "") -> int:
        fields = {"name": name, "password": password, "csrf": token or self.load_form()}
        return self.form("/login", **fields)[0]

    def session(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.ask("GET", "/api/v1/session")[2])
        return said

    def csrf(self) -> str:
        return str(self.session()["csrf"])


@pytest.fixture(scope="session")
def password_hash() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
def town(tmp_path: Path, tables: Tables, password_hash: str) -> Iterator[Any]:
    """A station with an empty record and the operator "ann"; eas-webd is not up yet."""
    folder = tmp_path / "town"
    folder.mkdir()
    made = town_module.Town(folder, tables)
    made.migrate()
    made.ctl = lambda *words, stdin="": ctl(made, *words, stdin=stdin)
    made.visitor = lambda address="127.0.0.1", **more: Visitor(made.port, address, **more)
    made.audited = lambda: audited(made)
    (folder / "station.toml").write_text(made.configuration())
    keyring = Keyring(path_in(made.state_dir))
    with keyring.transaction() as connection:
        logins.set_hash(connection, "ann", password_hash, utc_now())
    keyring.close()
    yield made
    made.close()
    said = made.log.read_text() if made.log.exists() else ""
    assert "Traceback" not in said, "eas-webd met a bug of ours"


def ctl(town: Any, *words: str, stdin: str = "") -> str:
    """What eas-ctl says."""
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "daemons" / "eas-ctl"), *words),
            *("--config", str(town.folder / "station.toml")),
        ],
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def audited(town: Any) -> list[tuple[str, str, str | None, str, str | None]]:
    """The audit, oldest first."""
    with town.database.read() as connection:
        entries = audit.page(connection, 500).entries
    return [(one.who, one.action, one.subject, one.outcome, one.address) for one in entries[::-1]]


@pytest.fixture
def up(town: Any) -> Any:
    """The same, with eas-webd up and the record read."""
    town.start()
    until(lambda: town.json("/api/v1/status")["database"]["state"] == "online")
    return town


@pytest.fixture
def until_true() -> Callable[..., None]:
    return until


@pytest.fixture
def bad_night() -> Callable[[Any], Any]:
    return town_module.tell_a_bad_night  # type: ignore[no-any-return]

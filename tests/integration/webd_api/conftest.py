"""The station of the tests of the page, asked by programs."""

from __future__ import annotations

import importlib.util
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from eas_station.clock import utc_now
from eas_station.store.keys import tokens
from eas_station.store.keys.keyring import Keyring, path_in
from eas_station.tables import Tables


def neighbour() -> ModuleType:
    """The fixtures of the page's other tests: the town, and its bad night."""
    path = Path(__file__).parents[1] / "webd" / "conftest.py"
    spec = importlib.util.spec_from_file_location("town_of_webd_api", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


town_module = neighbour()


class Town(town_module.Town):  # type: ignore[name-defined, misc]
    """The same, for scripts: with a token, behind a proxy that tells their addresses."""

    def token(self, scope: Any = "write") -> str:
        keyring = Keyring(path_in(self.state_dir))
        try:
            with keyring.transaction() as connection:
                return tokens.add(connection, f"{scope} {uuid.uuid4()}", scope, utc_now())
        finally:
            keyring.close()

    def configuration(self) -> str:
        said: str = super().configuration()
        return said.replace("[web]", '[web]\ntrusted_proxies = ["127.0.0.1"]')


@pytest.fixture(scope="module")
def town_on(
    tmp_path_factory: pytest.TempPathFactory, tables: Tables
) -> Iterator[Callable[[str | None], Town]]:
    towns: list[Town] = []

    def build(url: str | None) -> Town:
        folder = tmp_path_factory.mktemp("town")
        towns.append(Town(folder, tables, url))
        return towns[-1]

    yield build
    for town in towns:
        town.close()
        said = town.log.read_text() if town.log.exists() else ""
        assert "Traceback" not in said, said


@pytest.fixture(scope="module")
def town(town_on: Callable[[str | None], Town]) -> Town:
    """A station with a bad night in its record."""
    made = town_on(None)
    made.migrate()
    town_module.tell_a_bad_night(made)
    return made


@pytest.fixture(scope="module")
def up(town: Town) -> Town:
    """The same, and eas-webd up."""
    town.start()
    town.say_all_well()
    town_module.until(town.well)
    return town


@pytest.fixture(scope="session")
def until_true() -> Callable[..., None]:
    wait: Callable[..., None] = town_module.until
    return wait


@pytest.fixture(scope="session")
def bad_night() -> Callable[[Any], Any]:
    tell: Callable[[Any], Any] = town_module.tell_a_bad_night
    return tell

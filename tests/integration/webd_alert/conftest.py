"""A night at the station of the page's tests: a warning with a history, a recording, a forgery."""

from __future__ import annotations

import importlib.util
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from eas_station import wire
from eas_station.alerts.model import EventRef, Evidence, MessageId, Reception
from eas_station.audiod.clips.clip_files import ClipFolder, ClipOrder
from eas_station.audiod.clips.clip_writer import ClipWriter
from eas_station.dsp.audio import modulate
from eas_station.store.alerts import receptions
from eas_station.store.records import clips
from eas_station.store.records.clips import Clip
from eas_station.tables import Tables

RATE_HZ = 16_000
OWN = ("039173", "039095")
# Round Bowling Green, Ohio.
POLYGON = ((41.25, -83.85), (41.62, -83.75), (41.66, -83.35), (41.30, -83.45), (41.25, -83.85))
SPANISH = """<?xml version="1.0"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>two-languages</identifier>
<sender>w-nws.webmaster@noaa.gov</sender><sent>2025-11-22T03:12:00-05:00</sent>
<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>en-US</language><category>Met</category><event>Tornado Warning</event>
<urgency>Immediate</urgency><severity>Extreme</severity><certainty>Observed</certainty>
<headline>Tornado Warning</headline><area><areaDesc>Wood</areaDesc></area></info>
<info><language>es-US</language><category>Met</category><event>Aviso de Tornado</event>
<urgency>Immediate</urgency><severity>Extreme</severity><certainty>Observed</certainty>
<headline>Aviso de tornado para el condado de Wood</headline>
<instruction>¡BUSQUE REFUGIO AHORA!</instruction>
<area><areaDesc>Wood</areaDesc></area></info></alert>"""


def neighbour() -> ModuleType:
    """The fixtures of the page's other tests."""
    path = Path(__file__).parents[1] / "webd" / "conftest.py"
    spec = importlib.util.spec_from_file_location("town_of_webd_alert", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


town_module = neighbour()
until = town_module.until


@dataclass(frozen=True, slots=True)
class Night:
    """What the tests ask for."""

    town: Any
    clip: Clip
    tornado: str  # alert ids
    watch: str
    forgery: str


class AmpleRoom:
    """A disk that never fills."""

    def shortage(self) -> str | None:
        return None

    def require(self) -> None:
        pass


def record(town: Any, reception: Reception, code: str) -> Clip:
    """What eas-audiod writes of this: header, attention signal, some words, the end."""
    header = modulate.bursts(reception.raw, RATE_HZ)
    pause = modulate.silence(1.0, RATE_HZ)
    signal = modulate.attention_signal("wxr", RATE_HZ, 10.0)
    seconds = np.arange(6 * RATE_HZ) / RATE_HZ
    words = 0.5 * np.sin(2 * np.pi * 180 * seconds) * np.abs(np.sin(2 * np.pi * 1.3 * seconds))
    end = modulate.bursts("NNNN", RATE_HZ)
    parts = [pause, header, pause, signal, pause, words, pause, end, pause]
    sound = (0.35 * 32767 * np.concatenate(parts)).astype(np.int16)
    order = ClipOrder(
        *(str(uuid.uuid4()), reception.reception_id, "162.550", code),
        *(reception.received_at - timedelta(seconds=9), RATE_HZ, len(pause), len(header)),
    )
    rows: list[Clip] = []

    def spool(_: str, json: str) -> bool:
        rows.append(wire.from_json(Clip, json))
        return True

    folder = ClipFolder(town.state_dir / "clips", "wx")
    writer = ClipWriter(folder, spool, lambda _: None, AmpleRoom())
    thread = threading.Thread(target=writer.run)
    thread.start()
    writer.begin(order)
    for block in np.array_split(sound, 50):
        writer.write(order.clip_id, block)
    writer.finish(order.clip_id, len(sound) - len(pause))
    until(lambda: rows)
    writer.close()
    thread.join()
    with town.database.write() as connection:
        clips.record(connection, rows[0])
    return rows[0]


def tell(town: Any) -> Night:
    minute = timedelta(minutes=1)
    tornado = town.off_air("TOR", OWN, "162.550", 3 * minute)
    again = replace(
        tornado,
        reception_id=str(uuid.uuid4()),
        channel="162.525",
        received_at=tornado.received_at + timedelta(seconds=9),
        evidence=Evidence(2, False, 0.981, snr_db=11.7, repaired=(5, 6, 31)),
    )
    said = tornado.statement
    event = EventRef("KCLE.TO.W.0012.2025", "NEW", "O", None, said.expires_at)
    by_cap = town.by_cap(
        "Tornado Warning", "TOR", OWN, 2 * minute, header=said.same_header,
        issued_at=said.issued_at, expires_at=said.expires_at, polygons=(POLYGON,),
        severity="Extreme", urgency="Immediate", certainty="Observed", events=(event,),
        headline="Tornado Warning issued for Wood and Lucas Counties by NWS Cleveland OH",
        description=town_module.TORNADO_TEXT, instruction=town_module.TORNADO_ACTION,
    )  # fmt: skip
    by_cap = replace(by_cap, raw=SPANISH)
    message = by_cap.statement.message
    update = town.by_cap(
        "Tornado Warning", "TOR", ("039173",), minute, issued_at=said.issued_at + 2 * minute,
        expires_at=said.expires_at + 15 * minute, kind="update", references=(message,),
        events=(replace(event, action="CON", ends_at=said.expires_at + 15 * minute),),
        severity="Extreme", urgency="Immediate", certainty="Observed", polygons=(POLYGON,),
        headline="Tornado Warning continues for Wood County",
        description=town_module.TORNADO_TEXT, instruction=town_module.TORNADO_ACTION,
    )  # fmt: skip
    lost = MessageId("w-nws.webmaster@noaa.gov", "never-came", said.issued_at - 300 * minute)
    watch = town.by_cap(
        "Flood Watch", "FLA", (*OWN, "039063", "039123"), 240 * minute, 1200 * minute,
        kind="update", references=(lost,),
        instruction="You should monitor later forecasts and be alert for possible Flood Warnings.",
    )  # fmt: skip
    forgery = town.by_cap("Civil Emergency Message", "CEM", ("039173",), 4 * minute)
    forgery = replace(forgery, origin="ipaws", signature="invalid: the digest does not match")
    nearby = town.by_cap("Severe Thunderstorm Warning", "SVR", ("039063",), 9 * minute)
    elsewhere = town.by_cap("Winter Weather Advisory", None, ("027053",), 90 * minute)
    town.hear(watch, forgery, nearby, elsewhere, tornado, again, by_cap, update)
    town.record_jobs()
    clip = record(town, tornado, "TOR")
    return Night(town, clip, *(_alert_of(town, one) for one in (tornado, watch, forgery)))


def _alert_of(town: Any, reception: Reception) -> str:
    with town.database.read() as connection:
        found = receptions.alerts_of(connection, [reception.reception_id])
    return found[reception.reception_id][0]


@pytest.fixture
def town_on(tmp_path: Path, tables: Tables) -> Iterator[Callable[[str | None], Any]]:
    yield from town_module.town_on.__wrapped__(tmp_path, tables)


@pytest.fixture
def town(town_on: Callable[[str | None], Any]) -> Any:
    made = town_on(None)
    made.migrate()
    return made


@pytest.fixture
def running(town: Any) -> Any:
    """A station with an empty record, its daemons well, eas-webd up."""
    town.start()
    town.say_all_well()
    until(town.well)
    return town


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory, tables: Tables) -> Iterator[Night]:
    """One night for all tests of a module: they look at it."""
    towns = town_module.town_on.__wrapped__(tmp_path_factory.mktemp("night"), tables)
    town = next(towns)(None)
    town.migrate()
    told = tell(town)
    town.start()
    town.say_all_well()
    until(town.well)
    until(lambda: b"61 MiB" in town.get("/")[2])
    yield told
    next(towns, None)

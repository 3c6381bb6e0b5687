"""What it costs to read CAP and to decide on it, beside json.loads of the same bytes (CPU time).

The real nationwide answers are measured where ../shared is; one that is made up here always.
Deciding is all that happens to a reception but its storing: the SAME header it translates to, its
identity, which places are in force until when, and whether it concerns us.
"""

from __future__ import annotations

import json
import os
import random
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from borrowed import SHARED
from lxml import etree
from table import Table, best_s

from eas_station import tables
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import HeardText, Key, KnownAlert, Reception
from eas_station.alerts.sources import from_cap
from eas_station.cap.documents import document
from eas_station.errors import CapError
from eas_station.geo.area import Area

NATIONWIDE = 396  # alerts of the largest real set
MOST_RATIO, HOSTILE_S, HOSTILE_MIB, TABLES_S = 10.0, 0.1, 40.0, 0.06
MANY_KEYS = 100_000
NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)
DATA = Path(tables.__file__).parent / "data"
TEXT = (
    "* WHAT...Heavy freezing spray expected.\n\n* WHERE...All waters.\n\n* WHEN...Until noon "
    "Thursday.\n\n* IMPACTS...Operating a vessel in freezing spray can be hazardous. "
)
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>{dtd}'
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
    "<identifier>BENCH-1</identifier><sender>warnings@example.org</sender>"
    "<sent>2025-11-22T11:05:02-05:00</sent><status>Actual</status><msgType>Alert</msgType>"
    "<scope>Public</scope><info><language>en-US</language><category>Met</category>"
    "<event>Tornado Warning</event><urgency>Immediate</urgency><severity>Extreme</severity>"
    "<certainty>Observed</certainty><eventCode><valueName>SAME</valueName><value>TOR</value>"
    "</eventCode><expires>2025-11-22T11:45:02-05:00</expires>"
    "<description>{text}</description><area><areaDesc>Bexar, TX</areaDesc>"
    "<geocode><valueName>SAME</valueName><value>048029</value></geocode></area></info></alert>"
)


def made_up(known: tables.Tables, count: int, first: int = 0) -> bytes:
    """An answer of the National Weather Service in form and size, with drawn places.

    Args:
        first: number of the first alert; below 10,000 no two of them are the same.
    """
    draw = random.Random(first + 1)
    places = sorted(code for code in known.locations if code.endswith(tuple("123456789")))
    members = []
    for number in range(first, first + count):
        sent = NOON - timedelta(minutes=draw.randrange(1, 300))
        codes = draw.sample(places, draw.randrange(1, 20))
        lon, lat = draw.uniform(-120, -75), draw.uniform(28, 47)
        ring = [[lon, lat], [lon + 0.5, lat], [lon + 0.4, lat + 0.6], [lon, lat]]
        identifier = f"urn:oid:2.49.0.1.840.0.{uuid.UUID(int=number).hex}.001.1"
        properties = {
            "id": identifier,
            "areaDesc": "; ".join(known.location_name(code) for code in codes),
            "geocode": {"SAME": codes, "UGC": [f"OHC{draw.randrange(1, 200):03}"]},
            "references": [],
            **{name: sent.isoformat() for name in ("sent", "effective", "onset")},
            **{name: (NOON + timedelta(hours=6)).isoformat() for name in ("expires", "ends")},
            **{"status": "Actual", "messageType": "Alert", "category": "Met"},
            **{"severity": "Severe", "certainty": "Likely", "urgency": "Expected"},
            **{"event": "Flood Warning", "eventCode": {"SAME": ["FLW"]}},
            **{"sender": "w-nws.webmaster@noaa.gov", "senderName": "NWS Cleveland OH"},
            **{"headline": f"Flood Warning {number}", "description": TEXT * 4},
            **{"instruction": TEXT, "response": "Avoid", "scope": "Public", "language": "en-US"},
            "parameters": {
                "BLOCKCHANNEL": ["EAS", "NWEM", "CMAS"],
                "EAS-ORG": ["WXR"],
                "VTEC": [f"/O.NEW.KCLE.FL.W.{number:04}.251122T1005Z-251122T1800Z/"],
            },
        }
        geometry = {"type": "Polygon", "coordinates": [ring]}
        members.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return json.dumps({"type": "FeatureCollection", "features": members}).encode()


def decide(data: bytes, admission: Admission) -> int:
    """Bytes → the alerts of an empty station; gives how many."""
    station = EmptyStation(admission)
    messages = document.parse(data).messages
    for message in sorted(messages, key=lambda m: (m.sent_at, m.identifier)):  # as eas-capd does
        try:
            reception = from_cap.reception(
                message,
                origin="nws",
                received_at=NOON,
                clock_trusted=True,
                callsign="EASBENCH",
                new_id=lambda: str(uuid.uuid4()),
            )
        except CapError:
            continue
        station.take(reception)
    return len(station.alerts)


class EmptyStation:
    """What the flusher does with an admission, in memory."""

    def __init__(self, admission: Admission) -> None:
        self.alerts: dict[int, KnownAlert] = {}  # by number
        self._admission = admission
        self._holders: dict[str, set[int]] = {}  # by the text of a key
        self._taken = 0
        self._begun = 0

    def take(self, reception: Reception) -> None:
        self._taken += 1
        text = HeardText(reception, self._taken, reception.received_at)
        known = self._known(self._admission.sought(reception))
        for admitted in self._admission.admit(text, known, self._begin):
            for gone in admitted.joined:
                number = next(n for n, k in self.alerts.items() if k.alert.alert_id == gone)
                del self.alerts[number]
            self.alerts[admitted.known.number] = admitted.known
            for key in self._admission.keys(reception):
                self._holders.setdefault(key.text, set()).add(admitted.known.number)

    def _begin(self) -> tuple[str, int]:
        self._begun += 1
        return str(self._begun), self._begun

    def _known(self, keys: Iterable[Key]) -> list[KnownAlert]:
        found: dict[int, KnownAlert] = {}
        while True:
            numbers = {one for key in keys for one in self._holders.get(key.text, ())}
            fresh = {n: self.alerts[n] for n in numbers if n in self.alerts and n not in found}
            if not fresh:
                return [found[number] for number in sorted(found)]
            found |= fresh
            keys = [key for one in fresh.values() for key in self._admission.rivals(one.receptions)]


def bench_answer(table: Table, name: str, data: bytes, admission: Admission) -> None:
    loads_s = best_s(lambda: json.loads(data))
    parse_s = best_s(lambda: document.parse(data))
    all_s = best_s(lambda: decide(data, admission))
    alerts = decide(data, admission)
    table.value(f"{name}: json.loads of {len(data) / 1e6:.2f} MB", loads_s, "s", 1.0)
    table.value(f"{name}: parse", parse_s, "s", parse_s / loads_s)
    table.ratio(
        f"{name}: parse and decide, {alerts} alerts",
        *(all_s, "s", all_s / loads_s),
        at_most=MOST_RATIO,
    )


def bench_xml(table: Table) -> None:
    plain = ENVELOPE.format(dtd="", text=TEXT).encode()
    tree_s = best_s(lambda: [etree.fromstring(plain) for _ in range(100)]) / 100
    parse_s = best_s(lambda: [document.parse(plain) for _ in range(100)]) / 100
    table.value("one CAP 1.2 alert: lxml alone", tree_s, "s", 1.0)
    table.value("one CAP 1.2 alert: parse", parse_s, "s", parse_s / tree_s)
    entities = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{10 * f"&a{n - 1};"}">' for n in range(1, 12)
    )
    bomb = ENVELOPE.format(dtd=f"<!DOCTYPE alert [{entities}]>", text="&a11;").encode()
    assert refused(bomb)
    bomb_s = best_s(lambda: refused(bomb))
    table.value("entity bomb refused", bomb_s, "s", bomb_s / tree_s, at_most=HOSTILE_S)


def bench_many_keys(table: Table) -> None:
    keys = ",".join(f'"k{number}":1' for number in range(MANY_KEYS))
    member = f'{{"type":"Feature","properties":{{{keys},"k{MANY_KEYS - 1}":2}}}}'
    data = f'{{"features":[{member}]}}'.encode()
    loads_s, parse_s = best_s(lambda: json.loads(data)), best_s(lambda: document.parse(data))
    table.value(f"{MANY_KEYS} keys, one of them twice: json.loads", loads_s, "s", 1.0)
    table.ratio(
        f"{MANY_KEYS} keys, one of them twice: refused",
        *(parse_s, "s", parse_s / loads_s),
        at_most=MOST_RATIO,
    )


def refused(data: bytes) -> bool:
    try:
        document.parse(data)
    except CapError:
        return True
    return False


def bench_hostile(table: Table, folders: list[Path]) -> None:
    """Every hostile document: the slowest one, and the one that takes the most memory."""
    slowest_s, slowest = 0.0, ""
    largest_mib, largest = 0.0, ""
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in paths:
        data = path.read_bytes()
        took_mib = peak_mib(lambda data=data: refused(data))  # type: ignore[misc]
        took_s = best_s(lambda data=data: refused(data), rounds=3)  # type: ignore[misc]
        slowest_s, slowest = max((slowest_s, slowest), (took_s, path.name))
        largest_mib, largest = max((largest_mib, largest), (took_mib, path.name))
    what = f"of {len(paths)} hostile documents"
    table.value(f"the slowest {what}", slowest_s, "s", at_most=HOSTILE_S)
    table.value(f"the largest {what}", largest_mib, "MiB", at_most=HOSTILE_MIB)
    table.note(f"The slowest hostile document is {slowest}, the largest in memory {largest}.")


def peak_mib(work: Callable[[], object]) -> float:
    """How much memory work takes at most, above what this process holds: in a child of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak
        before_kib = memory_kib("VmRSS")
        work()
        os.write(writing, str(max(0, memory_kib("VmHWM") - before_kib)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as told:
        return int(told.read()) / 1024


def memory_kib(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def bench_tables(table: Table) -> None:
    paths = sorted(DATA.glob("*.tsv"))

    def split() -> None:
        for path in paths:
            for line in path.read_text(encoding="utf-8").splitlines():
                line.split("\t")

    split_s, load_s = best_s(split), best_s(tables.load)
    table.value("code tables: lines split at tabs", split_s, "s", 1.0)
    table.value("code tables: tables.load", load_s, "s", load_s / split_s, at_most=TABLES_S)


def main() -> None:
    known = tables.load()
    area = Area(same_codes=frozenset({"039173"}))
    admission = Admission(lambda: area, known, now=lambda: NOON)
    table = Table("CAP (CPU time; best of some rounds; ratios to the yardstick above)")
    bench_answer(table, "made up", made_up(known, NATIONWIDE), admission)
    sets = sorted((SHARED / "cap" / "nws_geojson_sets").glob("*.json"))
    for path in sets:
        name = path.stem.partition("__")[2]
        bench_answer(table, f"real, {name}", path.read_bytes(), admission)
    bench_xml(table)
    bench_many_keys(table)
    bench_tables(table)
    if sets:
        bench_hostile(table, [SHARED / "cap" / name for name in ("hostile", "hostile_found")])
    else:
        table.note(f"Real answers and hostile documents are not measured: {SHARED} is absent.")
    table.show()


if __name__ == "__main__":
    main()

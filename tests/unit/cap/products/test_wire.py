"""Real products of the wire, where they are there: none is lost, and each is accounted for."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from eas_station import tables
from eas_station.cap.products import product_messages, text_product
from eas_station.cap.products.product_messages import ProductReading
from eas_station.geo import polygon

WIRE = Path(__file__).resolve().parents[5] / "shared" / "wire"
CASES = WIRE.parent / "cases" / "cap"
TABLES = tables.load()
NOW = datetime(2020, 6, 15, tzinfo=UTC)
# Written apart from the parser: a P-VTEC that names an event.
VTEC = re.compile(r"/[OTEX]\.[A-Z]{3}\.[A-Z]{4}\.[A-Z]{2}\.[A-Z]\.(?!0000)\d{4}\.[^/\s]+/")
NO_WARNINGS = {  # categories of forecasts, discussions, observations and watch outlines
    *("AQA", "AWW", "CLI", "CWF", "FFG", "HWO", "NOW", "PNS"),
    *("REC", "RVD", "RWS", "SAW", "SEL", "SFT", "SWO"),
}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not WIRE.is_dir(), reason=f"{WIRE} is not there"),
]


@cache
def texts() -> dict[str, str]:
    paths = sorted(WIRE.rglob("*.txt"))
    return {str(p.relative_to(WIRE)): p.read_bytes().decode("utf-8", "replace") for p in paths}


@cache
def readings() -> dict[str, ProductReading]:
    return {name: product_messages.read(text, NOW, TABLES) for name, text in texts().items()}


def test_every_event_of_every_product_is_in_a_message() -> None:
    for name, text in texts().items():
        said = Counter(VTEC.findall(text))
        found = Counter(message.infos[0].parameter("VTEC") for message in readings()[name].messages)
        found.pop(None, None)
        assert found == said, name


def test_every_product_gives_an_alert_or_a_reject_or_is_no_warning() -> None:
    counts: Counter[str] = Counter()
    for name, reading in readings().items():
        heading = text_product.heading(text_product.plain(texts()[name]))
        assert heading is not None
        counts["alert" if reading.messages else "none"] += 1
        counts["rejected"] += len(reading.rejected)
        if not reading.messages:
            assert heading.awips[:3] in NO_WARNINGS, name
    assert counts == {"alert": 232, "none": 37, "rejected": 0}


def test_every_segment_has_its_places() -> None:
    for name, reading in readings().items():
        for message in reading.messages:
            (area,) = message.infos[0].areas
            assert any(code == "UGC" for code, _ in area.geocodes), name


def test_every_polygon_of_three_points_is_read() -> None:
    drawn = re.compile(r"^ *lat\.\.\.lon((?:\s+\d{4,5}){6,})", re.IGNORECASE | re.MULTILINE)
    for name, text in texts().items():
        count = len({" ".join(found.split()) for found in drawn.findall(text)})
        reading = readings()[name] if count else ProductReading((), ())
        rings = {ring for m in reading.messages for a in m.infos[0].areas for ring in a.polygons}
        assert len(rings) == (count if reading.messages else 0), name


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("FLW_badugc.txt", ("NCC019", "NCC129")),
        ("CAEIA.txt", ("IAC000",)),
        ("FRW/FRWOUN.txt", ("OKZ009", "OKZ014")),
    ],
)
def test_products_that_gave_nothing_before(name: str, codes: tuple[str, ...]) -> None:
    (message,) = product_messages.read(texts()[name], NOW, TABLES).messages
    (area,) = message.infos[0].areas
    assert tuple(value for kind, value in area.geocodes if kind == "UGC") == codes


@pytest.mark.parametrize(
    ("name", "at", "event", "inside"),
    [
        ("bad_ugc.txt", datetime(2013, 4, 12, 12, 29, tzinfo=UTC), "Flood Warning", (34.1, -78.0)),
        ("guam.txt", datetime(2022, 7, 26, 0, 49, tzinfo=UTC), "Flood Advisory", (15.2, 145.8)),
    ],
)
def test_the_polygon_of_a_reported_product_lies_where_it_should(
    name: str, at: datetime, event: str, inside: tuple[float, float]
) -> None:
    text = (CASES / name).read_text(encoding="utf-8")
    (message,) = product_messages.read(text, at, TABLES).messages
    (area,) = message.infos[0].areas
    assert message.infos[0].event == event
    assert polygon.contains(area.polygons[0], inside)

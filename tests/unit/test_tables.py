from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from eas_station import tables
from eas_station.tables import Tables

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
DATA = Path(tables.__file__).with_name("data")


@pytest.fixture(scope="module")
def loaded() -> Tables:
    return tables.load()


@pytest.mark.parametrize(
    ("code", "name", "klass"),
    [
        ("TOR", "Tornado Warning", "warning"),
        ("TOA", "Tornado Watch", "watch"),
        ("SVS", "Severe Weather Statement", "statement"),
        ("EVI", "Evacuation Immediate", "warning"),
        ("LEW", "Law Enforcement Warning", "warning"),
        ("MEP", "Missing and Endangered Persons", "emergency"),
        ("EAN", "National Emergency Message", "national"),
        ("DMO", "Practice/Demo Warning", "test"),
        ("ADR", "Administrative Message", "admin"),
    ],
)
def test_a_known_event_has_its_name_and_class(
    loaded: Tables, code: str, name: str, klass: str
) -> None:
    assert (loaded.event_name(code), loaded.event_class(code)) == (name, klass)


@pytest.mark.parametrize(
    ("code", "klass"),
    [
        ("XYW", "warning"),
        ("XYA", "watch"),
        ("XYE", "emergency"),
        ("XYS", "statement"),
        ("XYY", "advisory"),
        ("XYT", "warning"),
        ("XY", "warning"),
        ("", "warning"),
    ],
)
def test_an_unknown_event_is_classed_by_its_third_letter_and_is_never_a_test(
    loaded: Tables, code: str, klass: str
) -> None:
    assert loaded.event_class(code) == klass
    assert loaded.event_name(code) == code
    assert not loaded.is_test_code(code)


def test_the_tests_are_known(loaded: Tables) -> None:
    tests = {code for code in loaded.events if loaded.is_test_code(code)}
    assert tests == {"RWT", "RMT", "NPT", "DMO", "NAT", "NST"}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("039173", "Wood, OH"),
        ("139173", "Northwest Wood, OH"),
        ("939173", "Southeast Wood, OH"),
        ("039000", "All of Ohio"),
        ("239000", "North Ohio"),
        ("630019", "Daniels, MT"),
        ("096000", "All of Lake Erie"),
        ("075131", "Alligator River"),
        ("000000", "All of the United States"),
        ("039999", "unknown place 039999, OH"),
        ("099001", "unknown place 099001"),
        ("٠39173", "unknown place ٠39173, OH"),
        ("", "unknown place "),
    ],
)
def test_a_location_has_a_readable_name(loaded: Tables, code: str, name: str) -> None:
    assert loaded.location_name(code) == name


def test_the_northern_marianas_are_69_and_virginia_cities_are_not_counties(loaded: Tables) -> None:
    assert loaded.state_abbr("069110") == "MP"
    assert loaded.states["68"].name == "Marshall Islands"
    assert loaded.location_name("051840") != loaded.location_name("051069")


def test_the_middle_of_the_western_aleutians_is_not_in_canada(loaded: Tables) -> None:
    aleutians = loaded.locations["002016"]
    assert aleutians.lon == pytest.approx(-173.5, abs=1)


def test_a_ugc_names_its_counties(loaded: Tables) -> None:
    assert loaded.zones["OHC173"] == ("039173",)
    assert loaded.zones["LEZ142"] == ("096142",)
    assert loaded.zones["OHC000"] == ("039000",)
    assert loaded.zones["NMZ201"] == ("035031", "035045")


def test_every_zone_names_known_places(loaded: Tables) -> None:
    assert all(same in loaded.locations for places in loaded.zones.values() for same in places)


def test_a_transmitter_has_a_channel_and_a_mast(loaded: Tables) -> None:
    transmitters = {transmitter.callsign: transmitter for transmitter in loaded.nwr_transmitters}
    assert len(transmitters) > 1000
    assert transmitters["KBA99"].freq_hz == 162_550_000
    assert transmitters["KBA99"].same_codes == ("015003",)
    assert {t.freq_hz for t in transmitters.values()} <= set(
        range(162_400_000, 162_550_001, 25_000)
    )


def test_every_table_names_its_source() -> None:
    for path in DATA.glob("*.tsv"):
        head = path.read_text(encoding="utf-8").partition("\n\n")[0]
        assert "# Source:" in head
        assert "# Licence:" in head
    assert sum(path.stat().st_size for path in DATA.glob("*.tsv")) < 2_000_000


@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is absent")
@pytest.mark.parametrize(
    ("table", "column", "attribute"),
    [
        ("event_codes", "code", "events"),
        ("originators", "code", "originators"),
        ("states", "ss", "states"),
        ("locations_us", "same", "locations"),
        ("marine_nwr", "same", "locations"),
        ("zone_county", "ugc_zone", "zones"),
    ],
)
def test_nothing_of_the_shared_tables_is_missing(
    loaded: Tables, table: str, column: str, attribute: str
) -> None:
    with (SHARED / f"{table}.csv").open(encoding="utf-8", newline="") as lines:
        wanted = {row[column] for row in csv.DictReader(lines)}
    assert wanted - set(getattr(loaded, attribute)) == set()


def test_every_table_carries_its_date_and_is_outdated_after_a_year() -> None:
    made = tables.dates()
    assert {path.stem for path in DATA.glob("*.tsv")} == set(made)
    newest, oldest = max(made.values()), min(made.values())
    assert tables.outdated(oldest + timedelta(days=366)) == ()
    assert set(tables.outdated(newest + timedelta(days=400))) == set(made)

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from eas_station.config.area import area_of
from eas_station.config.load import load
from eas_station.errors import ConfigError
from eas_station.geo.area import Area
from eas_station.geo.polygon import contains


def area(tmp_path: Path, keys: str) -> Area:
    path = tmp_path / "station.toml"
    path.write_text(f"[station]\n{keys}\n", encoding="utf-8")
    return area_of(load(path).station)


def test_what_does_not_concern_us_becomes_part_of_the_area(tmp_path: Path) -> None:
    made = area(
        tmp_path,
        'ignore_events = ["RWT", " Small Craft Advisory"]\nignore_statuses = ["draft", "test"]\n'
        'least_severity = "Moderate"',
    )
    assert made.ignored_events == {"rwt", "small craft advisory"}
    assert made.ignored_statuses == {"draft", "test"}
    assert made.least_severity == "Moderate"
    assert made.is_everywhere


def test_the_default_lifetime_is_a_day_unless_it_says_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    path.write_text("[station]\n", encoding="utf-8")
    assert load(path).station.default_lifetime == timedelta(hours=24)
    path.write_text("[station]\ndefault_lifetime_h = 1.5\n", encoding="utf-8")
    assert load(path).station.default_lifetime == timedelta(minutes=90)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('ignore_events = ["RWT", "EAN"]', "'EAN' must be an event code or name, and not that"),
        ('ignore_events = ["national emergency message"]', "not that of a national emergency"),
        ("default_lifetime_h = 0.5", "must be 1 to 168 hours"),
        ("default_lifetime_h = 169", "must be 1 to 168 hours"),
        ('ignore_events = [" "]', "' ' must be an event code or name"),
        ('ignore_statuses = ["actual"]', '"exercise"'),
        ('least_severity = "severe"', '"Severe"'),
    ],
)
def test_what_cannot_be_left_out_is_a_fault(tmp_path: Path, keys: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        area(tmp_path, keys)
    assert said in str(caught.value.faults[0])


def test_our_counties_have_their_outlines(tmp_path: Path) -> None:
    wood = area(tmp_path, 'same_codes = ["039173"]')
    assert wood.is_outlined
    assert contains(wood.rings[0], (41.37, -83.65))  # Bowling Green, Ohio


@pytest.mark.parametrize("codes", ['"039173", "073521"', '"073521"', ""])
def test_the_outline_of_an_area_with_a_lake_is_not_all_of_it(tmp_path: Path, codes: str) -> None:
    assert not area(tmp_path, f"same_codes = [{codes}]").is_outlined


def test_canadian_places_are_an_area_without_an_outline(tmp_path: Path) -> None:
    made = area(tmp_path, 'same_codes = ["039173"]\ncanada_codes = ["35", "3519036", "041420"]')
    assert made.canada_codes == {"35", "3519036", "041420"}
    assert not made.is_outlined
    assert not area(tmp_path, 'canada_codes = ["35"]').is_everywhere


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('canada_codes = ["35", "99", "ON"]', "'99', 'ON' must be an SGC code of 2, 4 or 7 digits"),
        ('canada_codes = "35"', "must be a list"),
        ('language = "English"', 'must be a language as "en-US", "fr" or "fr-CA"'),
        ('language = "en_US"', "must be a language"),
        ('language = ""', "must be a language"),
    ],
)
def test_an_unknown_place_or_language_is_a_fault(tmp_path: Path, keys: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        area(tmp_path, keys)
    assert said in str(caught.value.faults[0])
    assert caught.value.faults[0].line == 2


def test_the_language_is_american_english_by_default(tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    path.write_text("", encoding="utf-8")
    assert load(path).station.language == "en-US"
    path.write_text('[station]\nlanguage = "fr-CA"\n', encoding="utf-8")
    assert load(path).station.language == "fr-CA"

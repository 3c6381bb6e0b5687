"""Our area by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from eas_station.config.area import area_of
from eas_station.config.load import load
from eas_station.config.model import StationConfig
from eas_station.errors import ConfigError


def station(folder: Path, text: str) -> StationConfig:
    path = folder / "station.toml"
    path.write_text(f"[station]\n{text}\n")
    return load(path).station


def test_places_are_named_as_people_name_them(tmp_path: Path) -> None:
    named = station(tmp_path, 'area = ["Lucas, OH", "wood county,oh", "LA SALLE, IL"]')
    assert named.same_codes == ("039095", "039173", "017099")
    assert station(tmp_path, 'area = ["Ohio"]').same_codes == ("039000",)
    assert station(tmp_path, 'area = ["St. Bernard Parish, LA"]').same_codes == ("022087",)


def test_codes_of_all_kinds_stand_beside_names(tmp_path: Path) -> None:
    mixed = station(
        tmp_path,
        'same_codes = ["039173"]\narea = ["039095", "OHZ003", "EMMA_ID:AT402", "Wood, OH"]'
        '\nzones = ["OHZ003", "COZ292"]\ngeocodes = ["NUTS3:DE212"]',
    )
    area = area_of(mixed)
    assert area.same_codes == {"039173", "039095"}
    assert area.ugc_codes == {"OHZ003", "COZ292"}
    assert area.geocodes == {"emma_id:at402", "nuts3:de212"}
    assert not area.is_outlined
    assert not area.is_everywhere


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("Lukas, OH", '"Lukas, OH" is no known place; did you mean Lucas, OH?'),
        ("43604", "a SAME code has six digits"),
        ("039999", "is no SAME code of a place in our tables"),
        ("Mississippi Sound", "is the name of several places; name one by its code: "),
    ],
)
def test_what_is_no_place_is_a_fault_that_names_the_nearest(
    tmp_path: Path, entry: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        station(tmp_path, f'area = ["{entry}"]')
    assert message in str(caught.value)
    assert "station.toml:2" in str(caught.value)


def test_a_geocode_without_a_system_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="NAME:VALUE"):
        station(tmp_path, 'geocodes = ["AT402"]')

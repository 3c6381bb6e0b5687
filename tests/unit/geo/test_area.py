from __future__ import annotations

from eas_station.geo.area import Area


def test_nothing_configured_is_everywhere() -> None:
    assert Area().is_everywhere
    assert not Area(same_codes=frozenset({"039173"})).is_everywhere
    assert not Area(point=(0.0, 0.0)).is_everywhere

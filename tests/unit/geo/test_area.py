from __future__ import annotations

from eas_station.geo.area import Area


def test_nothing_configured_is_everywhere() -> None:
    assert Area().is_everywhere
    assert not Area(same_codes=frozenset({"039173"})).is_everywhere
    assert not Area(point=(0.0, 0.0)).is_everywhere


def test_a_point_alone_cannot_judge_codes() -> None:
    assert not Area(point=(41.4, -83.6)).has_codes
    assert Area(ugc_codes=frozenset({"OHZ019"})).has_codes

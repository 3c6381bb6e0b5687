"""Prometheus text."""

from __future__ import annotations

from eas_station.webd.metrics import Family, exposition


def test_names_values_and_labels_are_written_as_the_format_says() -> None:
    up = Family("eas_unit_up", "gauge", "Heard lately.", [({"unit": 'a"b\\c\nd'}, 1.0)])
    lost = Family("eas_lost_total", "counter", "Lost.", [({}, 12_345_678_901)])
    assert exposition([up, Family("eas_none", "gauge", "None."), lost]) == (
        "# HELP eas_unit_up Heard lately.\n# TYPE eas_unit_up gauge\n"
        'eas_unit_up{unit="a\\"b\\\\c\\nd"} 1\n'
        "# HELP eas_lost_total Lost.\n# TYPE eas_lost_total counter\neas_lost_total 12345678901\n"
    )

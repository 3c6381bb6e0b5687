from __future__ import annotations

import pytest

from eas_station.cap.message import Ring
from eas_station.cap.products import drawn_area


@pytest.mark.parametrize(
    ("text", "ring"),
    [
        ("LAT...LON 6000 17990 6100 18010 6000 18020",
         ((60.0, -179.9), (61.0, 179.9), (60.0, 179.8), (60.0, -179.9))),
        ("LAT...LON 1345 21521 1355 21511 1345 21501",
         ((13.45, 144.79), (13.55, 144.89), (13.45, 144.99), (13.45, 144.79))),
        ("Lat...Lon 3030 9329 3019\n 9321\n      3025 9308\n\n&&",
         ((30.3, -93.29), (30.19, -93.21), (30.25, -93.08), (30.3, -93.29))),
        (" LAT...LON 3579 9996 3586 10000\n 3598 9985",
         ((35.79, -99.96), (35.86, -100.0), (35.98, -99.85), (35.79, -99.96))),
        ("LAT..LON 4297 0252 4388 9841 4200 9841",
         ((42.97, -102.52), (43.88, -98.41), (42.0, -98.41), (42.97, -102.52))),
        ("LAT...LON 4141 8388 4146 8375 4158 8361\n\n105 PM",
         ((41.41, -83.88), (41.46, -83.75), (41.58, -83.61), (41.41, -83.88))),
        ("LAT...LON 4141 8388 4146 8375 4158 8361\nTIME...MOT...LOC 0016Z 286DEG 25KT 4162 8369",
         ((41.41, -83.88), (41.46, -83.75), (41.58, -83.61), (41.41, -83.88))),
        ("LAT...LON 4141 8388 4146", None),
        ("LAT...LON 1837 6474 1837 6475", None),
        ("LAT...LON 9941 8388 4146 8375 4158 8361", None),
        ("LAT...LON 42970252 43889841 42009841", None),
        ("LAT...LON NONE", None),
        ("LAT...LONG 4141 8388 4146 8375 4158 8361", None),
        ("", None),
    ],
)  # fmt: skip
def test_pairs_of_hundredths_are_a_ring(text: str, ring: Ring | None) -> None:
    assert drawn_area.ring(text, "KCLE") == ring


GUAM = "LAT...LON 1510 14570 1527 14570 1527 14584"
SAMOA = "LAT...LON 1430 17070 1420 17070 1420 17080"


@pytest.mark.parametrize(
    ("text", "office", "codes", "first"),
    [
        (GUAM, "PGUM", ("MPC110",), (15.1, 145.7)),
        (GUAM, "PGUM", (), (15.1, 145.7)),
        (GUAM, "KWBC", ("GUZ001",), (15.1, 145.7)),
        (GUAM, "PHFO", ("HIC001",), (15.1, -145.7)),
        (SAMOA, "NSTU", ("ASC010",), (-14.3, -170.7)),
        (SAMOA, "NSTU", (), (-14.3, -170.7)),
        (SAMOA, "NSTU", ("PSZ156",), (-14.3, -170.7)),
        (SAMOA, "PHFO", ("HIC001",), (14.3, -170.7)),
    ],
)
def test_longitudes_are_east_in_the_western_pacific_and_latitudes_south_in_samoa(
    text: str, office: str, codes: tuple[str, ...], first: tuple[float, float]
) -> None:
    ring = drawn_area.ring(text, office, codes)
    assert ring is not None
    assert ring[0] == first

"""Circles on the globe: CAP 1.2, 3.2.4, a centre in degrees and a radius in kilometres."""

from __future__ import annotations

from itertools import pairwise
from math import asin, cos, hypot, radians, sin, sqrt

from eas_station.geo import polygon
from eas_station.geo.polygon import Point, Ring

Circle = tuple[float, float, float]  # latitude, longitude in degrees, radius in km

EARTH_RADIUS_KM = 6371.0088  # mean, IUGG
_BORDER_KM = 1e-6


def distance_km(a: Point, b: Point) -> float:
    """The great-circle distance of two points."""
    lat_a, lat_b = radians(a[0]), radians(b[0])
    half = sin((lat_b - lat_a) / 2) ** 2
    half += cos(lat_a) * cos(lat_b) * sin(radians(b[1] - a[1]) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(max(0.0, half))))


def contains(circle: Circle, point: Point) -> bool:
    """Is a point in a circle or on its border."""
    lat, lon, radius_km = circle
    return distance_km((lat, lon), point) <= radius_km + _BORDER_KM


def overlaps(circle: Circle, ring: Ring) -> bool:
    """Have a circle and a polygon a point in common.

    Distance to an edge is taken on the plane that touches the globe at the centre: good to 1 % for
    the tens of kilometres that circles of alerts have.
    """
    lat, lon, radius_km = circle
    if polygon.contains(ring, (lat, lon)):
        return True
    if any(contains(circle, corner) for corner in ring):
        return True
    corners = [_plane_km(corner, (lat, lon)) for corner in ring]
    return any(_distance_to_edge_km(a, b) <= radius_km for a, b in pairwise(corners))


def _plane_km(point: Point, centre: Point) -> tuple[float, float]:
    """East and north of the centre."""
    east_deg = (point[1] - centre[1] + 180.0) % 360.0 - 180.0
    east_km = radians(east_deg) * cos(radians(centre[0])) * EARTH_RADIUS_KM
    return east_km, radians(point[0] - centre[0]) * EARTH_RADIUS_KM


def _distance_to_edge_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """From the origin to the nearest point of the edge a-b."""
    along_x, along_y = b[0] - a[0], b[1] - a[1]
    length_2 = along_x**2 + along_y**2
    share = 0.0 if length_2 == 0 else -(a[0] * along_x + a[1] * along_y) / length_2
    share = min(1.0, max(0.0, share))
    return hypot(a[0] + share * along_x, a[1] + share * along_y)

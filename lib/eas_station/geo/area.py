"""Our area: the places this station answers for."""

from __future__ import annotations

from dataclasses import dataclass

from eas_station.geo.polygon import Point, Ring


@dataclass(frozen=True, slots=True)
class Area:
    """What the station answers for. Nothing configured means that everything concerns it."""

    same_codes: frozenset[str] = frozenset()  # PSSCCC
    ugc_codes: frozenset[str] = frozenset()  # zones asked for by name
    point: Point | None = None  # where the station is, degrees
    rings: tuple[Ring, ...] = ()  # the outline of the area, if it is known

    @property
    def is_everywhere(self) -> bool:
        """Nothing is configured: every alert concerns us."""
        return not (self.same_codes or self.ugc_codes or self.rings or self.point is not None)

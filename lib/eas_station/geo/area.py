"""Our area: the places this station answers for."""

from __future__ import annotations

from dataclasses import dataclass, field

from eas_station.geo.polygon import Outline, Point, Ring


@dataclass(frozen=True, slots=True)
class Area:
    """What the station answers for, and what not. No place configured means everywhere."""

    same_codes: frozenset[str] = frozenset()  # PSSCCC
    ugc_codes: frozenset[str] = frozenset()  # zones asked for by name
    canada_codes: frozenset[str] = frozenset()  # SGC and CLC, see `geo.canada`
    geocodes: frozenset[str] = frozenset()  # of other systems, "emma_id:at402", small letters
    point: Point | None = None  # where the station is, degrees
    rings: tuple[Ring, ...] = ()  # the outlines of its places, as far as they are known
    is_outlined: bool = False  # those are the outlines of all its places
    ignored_events: frozenset[str] = frozenset()  # EEE or event names, in small letters
    ignored_statuses: frozenset[str] = frozenset()  # CAP's, in small letters
    least_severity: str | None = None  # CAP's; what is known to be less does not concern us
    outline: Outline = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare the outlines once: every drawn alert is laid over them."""
        object.__setattr__(self, "outline", Outline(self.rings))

    @property
    def is_everywhere(self) -> bool:
        """No place is configured: alerts for every place concern us."""
        named = self.same_codes or self.ugc_codes or self.canada_codes or self.geocodes
        return not (named or self.rings or self.point is not None)

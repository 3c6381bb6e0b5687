"""How large a document may be. A larger one is refused, not cut."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """The bounds of one document: ten times the largest real nationwide answer."""

    document_bytes: int = 16 << 20  # decompressed
    alert_chars: int = 4 << 20  # of one alert; a Canadian one contains its audio
    alerts: int = 5_000
    depth: int = 100
    infos: int = 100  # of one alert
    areas: int = 5_000  # of one info
    values: int = 20_000  # geocodes of one area, parameters, event codes, resources, rings
    identifier_chars: int = 20_000

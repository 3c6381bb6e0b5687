"""How large a document may be. What is larger is refused, not cut."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """The bounds of one document. The largest real nationwide answer is a tenth of them."""

    document_bytes: int = 16 << 20  # decompressed
    alert_chars: int = 4 << 20  # one alert; Canadian ones carry their audio inside
    alerts: int = 5_000
    depth: int = 100
    infos: int = 100  # of one alert
    areas: int = 5_000  # of one info
    values: int = 20_000  # geocodes of one area, parameters, event codes, resources, rings
    identifier_chars: int = 20_000

"""One message of the NWWS-OI room → the product in it.

The form: <x xmlns="nwws-oi" cccc= ttaaii= issue=
awipsid= id=>TEXT</x>, where every line break of the text stands twice, and `id` is
"process.sequence".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from eas_station.cap import values

TAG = "{nwws-oi}x"
MAX_CHARS = 1 << 20

_ID = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")


class Element(Protocol):
    """An XML element of ElementTree or lxml."""

    text: str | None

    def get(self, key: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Stanza:
    """One product."""

    awips: str  # "SVRCLE"; "" if it has none
    office: str  # cccc, "KCLE"
    wmo: str  # ttaaii, "WUUS51"
    issued_at: datetime | None  # the attribute `issue`
    process: int | None  # the first number of `id`: which process of the server counts
    sequence: int | None  # the second: a gap means that products were missed
    text: str  # with every line break twice

    @property
    def name(self) -> str:
        """For a log: "SVRCLE WUUS51 KCLE"."""
        return " ".join(part for part in (self.awips, self.wmo, self.office) if part) or "a product"


def read(element: Element) -> Stanza:
    """The product in the element <x>. A missing or malformed attribute is unknown."""
    number = _ID.fullmatch(element.get("id") or "")
    return Stanza(
        awips=_word(element.get("awipsid")),
        office=_word(element.get("cccc")),
        wmo=_word(element.get("ttaaii")),
        issued_at=values.lenient_time(element.get("issue") or ""),
        process=int(number.group(1)) if number is not None else None,
        sequence=int(number.group(2)) if number is not None else None,
        text=(element.text or "")[: MAX_CHARS + 1],
    )


def _word(text: str | None) -> str:
    """A short word of letters and digits; "" for anything else."""
    text = (text or "").strip()
    return text if len(text) <= 10 and text.isascii() and text.isalnum() else ""

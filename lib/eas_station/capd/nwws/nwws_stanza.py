"""One message of the NWWS-OI room → a product as it was put on the wire.

The form, as several clients of the service know it: <x xmlns="nwws-oi" cccc= ttaaii= issue=
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

_SINGLE_BREAK = re.compile(r"(?<!\n)\n(?!\n)")
_ID = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")
_MARKS = str.maketrans("", "", "\x00\x01\x02\x03\x1e\x1f")  # of the wire, not of the text


class Element(Protocol):
    """What is needed of an XML element; ElementTree's and lxml's are such."""

    text: str | None

    def get(self, key: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Stanza:
    """One product of the wire."""

    awips: str  # "SVRCLE"; "" if it has none
    office: str  # cccc, "KCLE"
    wmo: str  # ttaaii, "WUUS51"
    issued_at: datetime | None  # by the wire's own word
    process: int | None  # the two numbers of `id`: who counts,
    sequence: int | None  # and how many so far; what is left out was missed
    text: str

    @property
    def name(self) -> str:
        """As people would call it, "SVRCLE WUUS51 KCLE"."""
        return " ".join(part for part in (self.awips, self.wmo, self.office) if part) or "a product"


def read(element: Element) -> Stanza:
    """The product in the element <x>; what is missing or malformed is not known."""
    number = _ID.fullmatch(element.get("id") or "")
    return Stanza(
        awips=_word(element.get("awipsid")),
        office=_word(element.get("cccc")),
        wmo=_word(element.get("ttaaii")),
        issued_at=values.lenient_time(element.get("issue") or ""),
        process=int(number.group(1)) if number is not None else None,
        sequence=int(number.group(2)) if number is not None else None,
        text=product_text((element.text or "")[: MAX_CHARS + 1]),
    )


def product_text(text: str) -> str:
    """The text with single line breaks and without the wire's control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_MARKS)
    if "\n\n" in text and _SINGLE_BREAK.search(text.strip("\n")) is None:
        text = text.replace("\n\n", "\n")
    return text


def _word(text: str | None) -> str:
    """A short word of letters and digits; "" for anything else."""
    text = (text or "").strip()
    return text if len(text) <= 10 and text.isascii() and text.isalnum() else ""

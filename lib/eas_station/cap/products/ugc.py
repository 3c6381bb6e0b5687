"""UGC lines: the counties and zones of a segment, "OHC063-173>175-INZ001-140115-".

Source: NWS Directive 10-1702.
"""

from __future__ import annotations

import re

_UGC_FIRST = re.compile(r"([A-Z]{2}[CZ])([0-9]{3}|ALL)(?:>([0-9]{3}))?")
_UGC_NEXT = re.compile(r"([0-9]{3})(?:>([0-9]{3}))?")


def codes(text: str) -> tuple[str, ...] | None:
    """The codes of a UGC string without its purge time: "OHC063-173>175-INZ001-".

    A name of two letters and C or Z holds until the next one. None if a part has another form.
    """
    found: dict[str, None] = {}
    letters = ""
    for part in "".join(text.split()).strip("-").split("-"):
        first = _UGC_FIRST.fullmatch(part)
        following = _UGC_NEXT.fullmatch(part)
        if first is not None:
            letters, low, high = first.groups()
        elif following is not None and letters:
            low, high = following.groups()
        else:
            return None
        if high is None:
            found[letters + low] = None
        elif not low.isdigit() or int(low) > int(high):
            return None
        else:
            found.update({f"{letters}{n:03d}": None for n in range(int(low), int(high) + 1)})
    return tuple(found)

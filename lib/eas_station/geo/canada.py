"""Canadian places: the codes that CAP-CP and Environment Canada name them by.

Source: CAP-CP 0.4, location references: Statistics Canada's SGC, where a province (35) begins the
code of its census divisions (3519) and those the codes of their municipalities (3519036).
Environment Canada's forecast regions (CLC) have six digits and no order, so the length tells the
list. CLC numbers are SAME numbers of the United States as well: the two are never compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

_SGC = re.compile(r"(?:1[0-3]|24|35|4[6-8]|59|6[0-2])(?:[0-9]{2}(?:[0-9]{3})?)?")
_CLC = re.compile(r"[0-9]{6}")


def is_code(code: str) -> bool:
    """Is it an SGC code of a known province, or can it be a CLC."""
    return _is_sgc(code) or _CLC.fullmatch(code) is not None


def match(codes: Iterable[str], ours: frozenset[str]) -> tuple[str, str] | None:
    """The first code that names a place of ours, a part of one or one around it, and ours."""
    around = _around(ours)
    for code in codes:
        parts = (code, code[:4], code[:2]) if _is_sgc(code) else (code,)
        found = next((part for part in parts if part in ours), None) or around.get(code)
        if found is not None:
            return code, found
    return None


def can_compare(codes: Iterable[str], ours: frozenset[str]) -> bool:
    """Would `match` find our places: every code is one, and some are of a list that ours are of."""
    codes = tuple(codes)
    lists = {_is_sgc(code) for code in codes} & {_is_sgc(code) for code in ours}
    return bool(lists) and all(is_code(code) for code in codes)


def _is_sgc(code: str) -> bool:
    return _SGC.fullmatch(code) is not None


@lru_cache(16)
def _around(ours: frozenset[str]) -> Mapping[str, str]:
    """The divisions and provinces in which our places lie, and one of those."""
    return {
        code[:length]: code
        for code in sorted(ours, reverse=True)
        for length in (2, 4)
        if _is_sgc(code) and length < len(code)
    }

"""The bits that are known before anything is heard (47 CFR 11.31(a)(1) and (c))."""

from __future__ import annotations

from eas_station.dsp.audio.afsk import bits

PREAMBLE_BYTE = b"\xab"
PREAMBLE = PREAMBLE_BYTE * 16
HEADER_START = b"ZCZC-"
EOM = b"NNNN"
PREAMBLE_BITS = 8 * len(PREAMBLE)
HEADER_KNOWN = bits(PREAMBLE + HEADER_START)  # bit 0 of "Z" is at PREAMBLE_BITS
EOM_KNOWN = bits(PREAMBLE + EOM)

"""What the receiver says: messages, and the single bursts they were made of."""

from __future__ import annotations

from dataclasses import dataclass

EOM_TEXT = "NNNN"  # 47 CFR 11.31(c)


@dataclass(frozen=True, slots=True)
class DecodeEvidence:
    """How well a message was heard (47 CFR 11.33)."""

    bursts: int  # how many of the three transmissions it was read from, 1 to 3
    agreed: bool  # two of them agreed bit by bit; False: reconstructed, shown but never relayed
    posterior: float  # 0 to 1: probability that the text is the one sent
    snr_db: float | None = None  # Eb/N0 of one burst, mean over the bursts
    baud_error: float | None = None  # relative, +0.004 = 0.4 % fast
    tone_error_hz: float | None = None
    eye_opening: float | None = None  # 0 closed to 1 open
    repaired: tuple[int, ...] = ()  # characters that were not a majority's
    sources: tuple[str, ...] = ()  # channels it was read from where none could read it alone


@dataclass(frozen=True, slots=True)
class DecodedMessage:
    """A header or an end of message, said once, as soon as it is known.

    Samples are counted at the receiver's input rate from its first sample, over all bursts so far.
    """

    channel: int
    text: str  # exactly as sent, "ZCZC-…-" or "NNNN"
    is_eom: bool
    start_sample: int  # where the first burst's "Z" or "N" begins
    end_sample: int  # where the last burst heard ends
    evidence: DecodeEvidence


@dataclass(frozen=True, slots=True)
class Burst:
    """One of the three transmissions of a header, read by itself."""

    channel: int
    text: str  # best reading of this burst alone, right or wrong
    snr_db: float | None
    start_sample: int
    end_sample: int

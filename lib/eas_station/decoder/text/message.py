"""The output of the receiver: messages, and the bursts they were decoded from."""

from __future__ import annotations

from dataclasses import dataclass

EOM_TEXT = "NNNN"  # 47 CFR 11.31(c)


@dataclass(frozen=True, slots=True)
class DecodeEvidence:
    """How well a message was received (47 CFR 11.33)."""

    bursts: int  # number of transmissions it was decoded from, 1 to 3
    agreed: bool  # two of them agreed bit by bit; False: reconstructed, never relayed
    posterior: float  # probability that the text is the one sent, 0 to 1
    snr_db: float | None = None  # Eb/N0 of one burst, mean over the bursts
    baud_error: float | None = None  # relative, +0.004 = 0.4 % fast
    tone_error_hz: float | None = None
    eye_opening: float | None = None  # 0 closed to 1 open
    repaired: tuple[int, ...] = ()  # indexes of characters without a majority
    sources: tuple[str, ...] = ()  # channels that were combined to decode it


@dataclass(frozen=True, slots=True)
class DecodedMessage:
    """A header or an end of message, given once, as soon as it is decided.

    Samples are counted at the receiver's input rate from its first sample.
    """

    channel: int
    text: str  # exactly as sent, "ZCZC-…-" or "NNNN"
    is_eom: bool
    start_sample: int  # where the first burst's "Z" or "N" begins
    end_sample: int  # where the last burst ends
    evidence: DecodeEvidence


@dataclass(frozen=True, slots=True)
class Burst:
    """One of the three transmissions of a header, decoded by itself."""

    channel: int
    text: str  # the best reading of this burst alone, right or wrong
    snr_db: float | None
    start_sample: int
    end_sample: int

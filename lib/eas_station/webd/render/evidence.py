"""How well each reception was heard, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from eas_station.alerts.model import Evidence, Reception
from eas_station.store.records.clips import Clip
from eas_station.webd.render.cards import HearingLine, Presenter
from eas_station.webd.render.times import Moment
from eas_station.webd.render.waveform import ATTENTION

CERTAIN = 0.99999  # nobody is surer than that


@dataclass(frozen=True, slots=True)
class RawTextPart:
    """Part of a raw text."""

    text: str
    repaired: bool  # no two of three transmissions agreed on it


@dataclass(frozen=True, slots=True)
class ReceptionDetail:
    """One hearing with its evidence and its raw text."""

    reception: Reception
    hearing: HearingLine
    issued: Moment
    evidence: tuple[tuple[str, str], ...]
    pieces: tuple[RawTextPart, ...]  # of the raw text; together they are all of it


def details(
    receptions: Iterable[Reception], clips: Sequence[Clip], presenter: Presenter, now: datetime
) -> tuple[ReceptionDetail, ...]:
    """Every hearing, in their order.

    Args:
        clips: what was recorded of the alert.
    """
    return tuple(
        ReceptionDetail(
            reception=one,
            hearing=presenter.hearing(one, now),
            issued=presenter.moment(one.statement.issued_at, now),
            evidence=_evidence(one, clips),
            pieces=pieces(one.raw, () if one.evidence is None else one.evidence.repaired),
        )
        for one in receptions
    )


def pieces(raw: str, repaired: Iterable[int]) -> tuple[RawTextPart, ...]:
    """A raw text cut where repaired characters begin and end; numbers beyond it are nowhere."""
    marked = set(repaired)
    if not marked:
        return (RawTextPart(raw, False),) if raw else ()
    runs = groupby(range(len(raw)), key=marked.__contains__)
    return tuple(RawTextPart("".join(raw[at] for at in run), mended) for mended, run in runs)


def _evidence(reception: Reception, clips: Sequence[Clip]) -> tuple[tuple[str, str], ...]:
    statement = reception.statement
    facts: list[tuple[str, str | None]] = [
        ("Kind", statement.kind),
        ("Sent by", statement.callsign),
        ("Signature", signature_words(reception.signature)),
    ]
    if statement.message is not None:
        facts.append(("Identifier", statement.message.identifier))
        facts.append(("From", statement.message.sender))
    facts.append(("No SAME header", statement.same_refusal))
    if not reception.clock_trusted:
        facts.append(("Clock", "not trusted at that time"))
    if reception.evidence is not None:
        facts += _measurements(reception.evidence)
        facts.append(("Attention signal", _attention(reception, clips)))
    return tuple((name, value) for name, value in facts if value)


def signature_words(signature: str | None) -> str | None:
    """The verdict on a signature; whatever is not proved is said to be unproved."""
    if signature is None or signature == "valid":
        return signature and "valid: it is from who it says, and nobody has changed it"
    if signature == "unsigned":
        return "not signed, as this feed does not sign"
    verdict, _, why = signature.partition(": ")
    said = f"{verdict} ({why})" if why else verdict
    if verdict == "invalid":
        return f"{said}: shown as unverified, it may be forged"
    return f"{said}: shown as unverified"


def _measurements(found: Evidence) -> list[tuple[str, str | None]]:
    agreed = "two of three agree bit by bit" if found.agreed else "reconstructed, never relayed"
    facts: list[tuple[str, str | None]] = [
        ("Bursts heard", f"{found.bursts} of 3, {agreed}"),
        ("Certain to", f"{100 * min(found.posterior, CERTAIN):.3f} %"),
    ]
    if found.snr_db is not None:
        facts.append(("Signal to noise", f"{found.snr_db:.1f} dB"))
    if found.baud_error is not None:
        facts.append(("Speed error", f"{100 * found.baud_error:+.2f} %"))
    if found.tone_error_hz is not None:
        facts.append(("Tone error", f"{found.tone_error_hz:+.0f} Hz"))
    if found.eye_opening is not None:
        facts.append(("Eye opening", f"{100 * found.eye_opening:.0f} %"))
    if found.repaired:
        marked = "marked in the header below"
        facts.append(("Characters repaired", f"{len(found.repaired)}, {marked}"))
    if found.sources:
        facts.append(("Read together from", ", ".join(found.sources)))
    return facts


def _attention(reception: Reception, clips: Sequence[Clip]) -> str | None:
    """What of it was in the recording; None: there is no whole recording to tell."""
    own = [clip for clip in clips if reception.reception_id in clip.reception_ids]
    for clip in own:
        if clip.attention is not None and clip.attention_s is not None:
            name = ATTENTION.get(clip.attention, clip.attention).removeprefix("attention signal, ")
            return f"{name}, for {clip.attention_s:.1f} s"
    return "none in the recording" if any(clip.path for clip in own) else None

"""How well each message was received, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from eas_station.alerts.model import Evidence, Reception
from eas_station.store.records.clips import Clip
from eas_station.webd.render.cards import Presenter, ReceptionLine
from eas_station.webd.render.waveform import ATTENTION

CERTAIN = 0.99999  # no decoder is surer than that


@dataclass(frozen=True, slots=True)
class RawTextPart:
    """Part of a raw text."""

    text: str
    repaired: bool  # no two of the three transmissions agreed on it


@dataclass(frozen=True, slots=True)
class ReceptionDetail:
    """One reception with its evidence and its raw text."""

    reception: Reception
    line: ReceptionLine
    evidence: tuple[tuple[str, str], ...]
    raw_parts: tuple[RawTextPart, ...]  # together the whole raw text


def details(
    receptions: Iterable[Reception], clips: Sequence[Clip], presenter: Presenter, now: datetime
) -> tuple[ReceptionDetail, ...]:
    """Every reception, in the order given.

    Args:
        clips: the recordings of the alert.
    """
    return tuple(
        ReceptionDetail(
            reception=one,
            line=presenter.reception(one, now),
            evidence=_evidence(one, clips),
            raw_parts=raw_text_parts(
                one.raw, () if one.evidence is None else one.evidence.repaired
            ),
        )
        for one in receptions
    )


def raw_text_parts(raw: str, repaired: Iterable[int]) -> tuple[RawTextPart, ...]:
    """A raw text cut where repaired characters begin and end; positions beyond it are ignored."""
    marked = set(repaired)
    if not marked:
        return (RawTextPart(raw, False),) if raw else ()
    runs = groupby(range(len(raw)), key=marked.__contains__)
    return tuple(RawTextPart("".join(raw[at] for at in run), fixed) for fixed, run in runs)


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
    facts.append(("Why no SAME header", statement.same_refusal))
    if not reception.clock_trusted:
        facts.append(("Clock", "not trusted at that time"))
    if reception.evidence is not None:
        facts += _measurements(reception.evidence)
        facts.append(("Attention signal", _attention(reception, clips)))
    return tuple((name, value) for name, value in facts if value)


def signature_words(signature: str | None) -> str | None:
    """The verdict on a signature; any verdict but "valid" and "unsigned" counts as unverified."""
    if signature is None or signature == "valid":
        return signature and "valid: the sender is verified and the message is unchanged"
    if signature == "unsigned":
        return "not signed: this feed does not sign its messages"
    verdict, _, why = signature.partition(": ")
    found = f"{verdict} ({why})" if why else verdict
    forged = "; it may be forged" if verdict == "invalid" else ""
    return f"{found}: shown as unverified{forged}"


def _measurements(found: Evidence) -> list[tuple[str, str | None]]:
    agreed = "at least two agree bit for bit" if found.agreed else "reconstructed, never relayed"
    facts: list[tuple[str, str | None]] = [
        ("Bursts received", f"{found.bursts} of 3, {agreed}"),
        ("Confidence", f"{100 * min(found.posterior, CERTAIN):.3f} %"),
    ]
    if found.snr_db is not None:
        facts.append(("Signal to noise", f"{found.snr_db:.1f} dB"))
    if found.baud_error is not None:
        facts.append(("Baud rate error", f"{100 * found.baud_error:+.2f} %"))
    if found.tone_error_hz is not None:
        facts.append(("Tone error", f"{found.tone_error_hz:+.0f} Hz"))
    if found.eye_opening is not None:
        facts.append(("Eye opening", f"{100 * found.eye_opening:.0f} %"))
    if found.repaired:
        marked = "marked in the header below"
        facts.append(("Characters repaired", f"{len(found.repaired)}, {marked}"))
    if found.sources:
        facts.append(("Combined from", ", ".join(found.sources)))
    return facts


def _attention(reception: Reception, clips: Sequence[Clip]) -> str | None:
    """The attention signal in the recording; None: there is no complete recording."""
    own = [clip for clip in clips if reception.reception_id in clip.reception_ids]
    for clip in own:
        if clip.attention is not None and clip.attention_s is not None:
            name = ATTENTION.get(clip.attention, clip.attention).removesuffix(" attention signal")
            return f"{name}, for {clip.attention_s:.1f} s"
    return "none in the recording" if any(clip.path for clip in own) else None

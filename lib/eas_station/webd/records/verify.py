"""Verification: the recordings of an alert, decoded again and compared with its receptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from eas_station.alerts.model import Alert, Reception
from eas_station.errors import HeaderError, OutsideError
from eas_station.same import header as same
from eas_station.same.header import Header
from eas_station.store.records.clips import Clip
from eas_station.webd.records.child_decoder import ChildDecoder
from eas_station.webd.records.tasks import ClipHeard, Task, TaskProgress, Verification
from eas_station.wire import plain_from_json

PURGE_STEP_MIN = 30  # TTTT is rounded up to steps of a quarter and of half an hour: 47 CFR 11.31(c)

Named = Callable[[Iterable[str]], str]  # SAME codes → places in words


@dataclass(frozen=True, slots=True)
class Verify:
    """One verification."""

    decoder: ChildDecoder
    alert: Alert
    receptions: tuple[Reception, ...]
    clips: tuple[tuple[Clip, Path], ...]
    named: Named

    def __call__(self, task: Task, progress: TaskProgress) -> Task:
        """Decode every recording, then compare."""
        decoded = []
        for number, (clip, path) in enumerate(self.clips):
            progress.report(number / len(self.clips))
            try:
                output = self.decoder.decode(path, clip.duration_s, progress.cancelled.is_set)
                decoded.append(heard_on(clip, output))
            except (OutsideError, ValueError) as error:
                decoded.append(ClipHeard(clip.clip_id, (), False, str(error)))
        verification = compared(self.alert, self.receptions, decoded, self.named)
        return replace(task, verification=verification)


def heard_on(clip: Clip, output: str) -> ClipHeard:
    """The headers in the output of the decoder. Raises FrameError if it is not JSON."""
    rows = [plain_from_json(line) for line in output.splitlines() if line.strip()]
    texts = [row for row in rows if isinstance(row, dict) and isinstance(row.get("text"), str)]
    headers = dict.fromkeys(row["text"] for row in texts if not row.get("eom"))
    return ClipHeard(clip.clip_id, tuple(headers), any(row.get("eom") for row in texts))


@dataclass(slots=True)
class _Comparison:
    """The findings, in sentences."""

    agreements: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def add(self, agrees: bool, cap: str, what: str) -> None:
        """Add a finding about CAP and the recording."""
        verb = "agree on" if agrees else "differ in"
        listed = self.agreements if agrees else self.differences
        listed.append(f"{cap} and the recording {verb} {what}.")


def compared(
    alert: Alert, receptions: Sequence[Reception], decoded: Sequence[ClipHeard], named: Named
) -> Verification:
    """The agreements and the differences, in sentences."""
    found = _Comparison()
    found.differences += (
        f"A recording could not be decoded: {one.fault}." for one in decoded if one.fault
    )
    texts = list(dict.fromkeys(text for one in decoded for text in one.headers))
    headers = [one for text in texts if (one := _parsed(text, alert)) is not None]
    if not texts:
        found.differences.append("No header could be decoded from the recording.")
    for reception in receptions:
        if reception.via == "same" and texts:
            _compare_header(reception, texts, found)
    for reception in receptions:
        if reception.via == "cap" and headers:
            _compare_cap(reception, headers[0], named, found)
    if texts and any(one.ends for one in decoded):
        found.agreements.append("The end of the message is in the recording.")
    return Verification(
        agrees=not found.differences,
        sentence=_summary(found, bool(texts)),
        agreements=tuple(found.agreements),
        differences=tuple(found.differences),
        clips=tuple(decoded),
    )


def _summary(found: _Comparison, has_header: bool) -> str:
    if found.agreements and not found.differences:
        return "The recording confirms the reception."
    if has_header:
        return "The recording differs from the reception."
    return "The recording cannot confirm the reception."


def _parsed(text: str, alert: Alert) -> Header | None:
    try:
        return same.parse(text, alert.first_received_at)
    except HeaderError:
        return None


def _compare_header(reception: Reception, texts: list[str], found: _Comparison) -> None:
    """The header as it was received against those in the recording."""
    where = f"{reception.origin}, {reception.channel or 'mono'}"
    if reception.raw in texts:
        found.agreements.append(f"{where} received the same header, character for character.")
        return
    if same.without_callsign(reception.raw) in {same.without_callsign(text) for text in texts}:
        found.agreements.append(f"{where} received the same header from another transmitter.")
        return
    nearest = min(texts, key=lambda text: _distance(text, reception.raw))
    count = _distance(nearest, reception.raw)
    found.differences.append(
        f"{where} received {reception.raw}; the recording has {nearest}: {count} characters differ."
    )


def _distance(one: str, other: str) -> int:
    """How many characters differ, by position."""
    pairs = zip(one, other, strict=False)
    return sum(a != b for a, b in pairs) + abs(len(one) - len(other))


def _compare_cap(reception: Reception, header: Header, named: Named, found: _Comparison) -> None:
    """The header against the CAP message: event, places, end."""
    statement, cap = reception.statement, f"CAP ({reception.origin})"
    if statement.event_code is not None:
        agrees = statement.event_code == header.event_code
        codes = f"CAP {statement.event_code}, the recording {header.event_code}"
        found.add(agrees, cap, f"the event: {header.event_code if agrees else codes}")
    recorded, stated = set(header.locations), set(statement.same_codes)
    if stated:
        only = {"only CAP": stated - recorded, "only the recording": recorded - stated}
        parts = [f"{who} names {named(codes)}" for who, codes in only.items() if codes]
        places = " and ".join(parts) if parts else named(header.locations)
        found.add(not parts, cap, f"the places: {places}")
    ends_at = statement.ends_at or statement.expires_at
    if ends_at is not None:
        minutes = round((header.expires_at - ends_at).total_seconds() / 60)
        agrees = abs(minutes) <= PURGE_STEP_MIN
        later = "later" if minutes > 0 else "earlier"
        differs = f"when it ends: the header {abs(minutes)} min {later}"
        found.add(agrees, cap, "when it ends" if agrees else differs)

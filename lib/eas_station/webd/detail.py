"""Everything about one warning, and the rows that only the page System has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from eas_station.alerts.model import Reception, RuleStep
from eas_station.errors import StoreError
from eas_station.store.clips import Clip
from eas_station.webd.cards import HearingLine
from eas_station.webd.picture import Entry, Job, Picture
from eas_station.webd.rows import LOOKS, Row, item_row
from eas_station.webd.site import Site
from eas_station.webd.times import Clockface, Moment

SHOWN_KINDS = ("feed", "source", "receiver")


@dataclass(frozen=True, slots=True)
class ReceptionDetail:
    """One hearing with its evidence and its raw text."""

    reception: Reception
    hearing: HearingLine
    issued: Moment
    evidence: tuple[tuple[str, str], ...]
    raw: str


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the warning."""

    at: Moment
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Detail:
    """What the page of one warning has besides its card."""

    places: tuple[tuple[str, str], ...]  # code, name
    facts: tuple[tuple[str, str], ...]
    times: tuple[tuple[str, Moment], ...]
    receptions: tuple[ReceptionDetail, ...]
    trace: tuple[RuleStep, ...]
    decided_by: str
    history: tuple[Step, ...]
    clips: tuple[Clip, ...]
    header: str | None
    stored: bool  # False: only a spool has it, so nothing can be said about it yet


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job on the page System."""

    name: str
    look: str
    sign: str
    word: str
    last_run: Moment
    last_good: Moment | None
    error: str  # of the last run; "" if it went well
    counts: str


def of(entry: Entry, site: Site, now: datetime) -> Detail:
    """The detail of one warning. What only the database has is left out while it is away."""
    alert = entry.alert
    try:
        history, clips = site.library.history(alert.alert_id), site.library.clips(alert.alert_id)
    except StoreError:
        history, clips = (), ()
    return Detail(
        places=tuple((code, site.names.location_name(code)) for code in alert.same_codes),
        facts=_facts(entry),
        times=_times(entry, site.clockface, now),
        receptions=tuple(_reception(one, site, now) for one in entry.full_receptions()),
        trace=alert.relevance.trace,
        decided_by=alert.relevance.rule,
        history=tuple(
            Step(site.clockface.moment(one.at, now, seconds=True), one.kind, one.why)
            for one in history
        ),
        clips=clips,
        header=alert.same_header,
        stored=entry.stored,
    )


def job_lines(jobs: tuple[Job, ...], now: datetime, face: Clockface) -> tuple[JobLine, ...]:
    """Every job by its last run."""
    return tuple(_job_line(job, now, face) for job in jobs)


def _job_line(job: Job, now: datetime, face: Clockface) -> JobLine:
    totals = job.totals
    last = job.last_runs[0] if job.last_runs else None
    failed = last is not None and last.outcome in ("failed", "missed")
    look, sign = LOOKS["failed" if failed else "running"]
    good = totals.last_good_at
    counts = [f"{totals.runs} {'run' if totals.runs == 1 else 'runs'}", f"{totals.errors} failed"]
    if totals.missed:
        counts.append(f"{totals.missed} missed")
    return JobLine(
        name=totals.job,
        look=look,
        sign=sign,
        word="" if last is None else last.outcome,
        last_run=face.moment(totals.last_run_at, now, seconds=True),
        last_good=None if good is None else face.moment(good, now, seconds=True),
        error="" if last is None or last.error is None else last.error,
        counts=", ".join(counts),
    )


def other_items(picture: Picture, clockface: Clockface) -> tuple[tuple[str, Row], ...]:
    """Parts of daemons that have no table of their own: spools, databases."""
    return tuple(
        (unit.name, item_row(item, unit, picture, clockface))
        for unit in picture.units
        if unit.heard is not None
        for item in unit.heard.value.items
        if item.kind.partition(".")[0] not in SHOWN_KINDS
    )


def _facts(entry: Entry) -> tuple[tuple[str, str], ...]:
    alert = entry.alert
    facts = (
        ("Status", alert.status),
        ("Event code", alert.event_code),
        ("Originator", alert.originator),
        ("Sender", alert.sender_name),
        ("Severity", alert.severity),
        ("Urgency", alert.urgency),
        ("Certainty", alert.certainty),
        ("Area", alert.area_text),
        ("Zones", " ".join(alert.ugc_codes)),
    )
    return tuple((name, value) for name, value in facts if value)


def _times(entry: Entry, face: Clockface, now: datetime) -> tuple[tuple[str, Moment], ...]:
    alert = entry.alert
    times = (
        ("Issued", alert.issued_at),
        ("Begins", alert.onset_at),
        ("Ends", alert.ends_at),
        ("First received", alert.first_received_at),
        ("Last received", alert.last_received_at),
        ("Recorded as ended", alert.ended_at),
    )
    return tuple((name, face.moment(at, now, seconds=True)) for name, at in times if at)


def _reception(reception: Reception, site: Site, now: datetime) -> ReceptionDetail:
    return ReceptionDetail(
        reception=reception,
        hearing=site.presenter.hearing(reception, now),
        issued=site.clockface.moment(reception.statement.issued_at, now),
        evidence=_evidence(reception),
        raw=reception.raw,
    )


def _evidence(reception: Reception) -> tuple[tuple[str, str], ...]:
    found = reception.evidence
    statement = reception.statement
    facts: list[tuple[str, str]] = [("Kind", statement.kind)]
    if statement.callsign:
        facts.append(("Sent by", statement.callsign))
    if reception.signature:
        facts.append(("Signature", reception.signature))
    if statement.message is not None:
        facts.append(("Identifier", statement.message.identifier))
        facts.append(("From", statement.message.sender))
    if statement.same_refusal:
        facts.append(("No SAME header", statement.same_refusal))
    if not reception.clock_trusted:
        facts.append(("Clock", "not trusted at that time"))
    if found is not None:
        facts += _measurements(reception)
    return tuple(facts)


def _measurements(reception: Reception) -> list[tuple[str, str]]:
    """How well a SAME message was heard, in words and numbers."""
    found = reception.evidence
    if found is None:
        return []
    agreed = "two of three agree bit by bit" if found.agreed else "reconstructed, never relayed"
    facts = [
        ("Bursts heard", f"{found.bursts} of 3, {agreed}"),
        ("Certain to", f"{100 * min(found.posterior, 0.99999):.3f} %"),
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
        facts.append(("Characters repaired", str(len(found.repaired))))
    return facts

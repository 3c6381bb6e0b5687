"""How a reception becomes part of an alert: identity, life cycle and relevance put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from eas_station.alerts.identity import identity, membership
from eas_station.alerts.identity.air_match import subject_of
from eas_station.alerts.identity.identity import ReceptionNames
from eas_station.alerts.identity.membership import Share
from eas_station.alerts.lifecycle import lifecycle
from eas_station.alerts.lifecycle.extent import Extent, extent
from eas_station.alerts.lifecycle.lifecycle import Course
from eas_station.alerts.lifecycle.recorded_end import next_change, recorded_end
from eas_station.alerts.model import (
    RELEASED,
    Admitted,
    Alert,
    HeardText,
    Key,
    KnownAlert,
    Reception,
    Relevance,
    RuleStep,
    Statement,
)
from eas_station.alerts.relevance import info_blocks, relevance, severity
from eas_station.alerts.relevance.info_blocks import CodeTables
from eas_station.alerts.relevance.places import office_of
from eas_station.alerts.relevance.relevance import Area
from eas_station.alerts.sources import from_same
from eas_station.alerts.vtec.ends import DEFAULT_LIFETIME, stated

MOST_COURSES = 50  # alerts whose course is remembered: updates come in swarms
MOST_NAMED = 256  # CAP messages whose names are remembered: a batch asks for them three times
MOST_JUDGED = 4096  # messages whose places are remembered: their alerts are folded again and again

_Judged = tuple[tuple[Statement, Area, str | None], RuleStep | None]


def _always() -> bool:
    return True


def _a_day() -> timedelta:
    return DEFAULT_LIFETIME


@dataclass(frozen=True, slots=True)
class Admission:
    """The rules of this station by which receptions become alerts."""

    area: Callable[[], Area]  # as configured now: a reload may change it
    tables: CodeTables
    now: Callable[[], datetime]
    clock_trusted: Callable[[], bool] = _always
    lifetime: Callable[[], timedelta] = _a_day  # of a CAP message that gives no end, as configured
    courses: dict[str, tuple[tuple[Reception, ...], Course]] = field(
        default_factory=dict, repr=False, compare=False
    )
    named: dict[str, ReceptionNames] = field(default_factory=dict, repr=False, compare=False)
    judged: dict[int, _Judged] = field(default_factory=dict, repr=False, compare=False)

    def admits(self, reception: Reception) -> bool:
        """Is it a warning at all, and not the life sign of a network."""
        return not identity.is_life_sign(reception.statement)

    def keys(self, reception: Reception) -> tuple[Key, ...]:
        """Every name under which its alert can be found again."""
        return self._names(reception).own

    def sought(self, reception: Reception) -> tuple[Key, ...]:
        """The names of the alerts that it can be of."""
        return self._names(reception).sought

    def _names(self, reception: Reception) -> ReceptionNames:
        """The names of a reception; of a CAP message they never change."""
        if reception.via == "same":
            return identity.names(from_same.dated(reception, self._trusted_now()))
        names = self.named.get(reception.reception_id)
        if names is None:
            if len(self.named) >= MOST_NAMED:
                self.named.clear()
            names = self.named[reception.reception_id] = identity.names(reception)
        return names

    def rivals(self, receptions: Sequence[Reception]) -> tuple[Key, ...]:
        """The names of further alerts to be asked, beside a known one with these receptions."""
        at = self._trusted_now()
        return identity.rivals(from_same.dated(reception, at) for reception in receptions)

    def admit(
        self,
        text: HeardText | None,
        known: Sequence[KnownAlert],
        begin: Callable[[], tuple[str, int]],
    ) -> tuple[Admitted, ...]:
        """Bring a reception to its alert; gives every alert that changes, its own first.

        Args:
            text: None: there is none, but the clock has come to be trusted.
            known: the alerts that share a key with it, and their rivals.
            begin: gives the id and the number of a new alert.
        """
        at = self._trusted_now()
        shares = membership.shares(text, known, lambda heard: from_same.dated(heard, at))
        return tuple(self._admitted(share, begin) for share in shares)

    def _admitted(self, share: Share, begin: Callable[[], tuple[str, int]]) -> Admitted:
        """The alert of one group of texts, as it now stands."""
        keeper, joined = (share.owners or (None,))[0], share.owners[1:]
        alert_id, number = begin() if keeper is None else (keeper.alert.alert_id, keeper.number)
        previous = None if keeper is None else keeper.alert
        alert = self._folded(alert_id, share.texts, previous)
        return Admitted(
            KnownAlert(alert, number, share.texts),
            previous,
            tuple(owner.alert.alert_id for owner in joined),
        )

    def fold(self, alert_id: str, receptions: Sequence[Reception], previous: Alert | None) -> Alert:
        """The whole alert as it now stands.

        Args:
            receptions: at least one; without some hearings of a header only the counts differ.
            previous: the alert as it was; only the time at which its end was recorded is kept,
                and an operator's end, until a message renews it.
        """
        texts = [HeardText(heard, 0, heard.received_at) for heard in receptions]
        return self._folded(alert_id, texts, previous)

    def _folded(self, alert_id: str, texts: Sequence[HeardText], previous: Alert | None) -> Alert:
        at = self._trusted_now()
        receptions = [from_same.dated(text.first, at) for text in texts]
        course = self._course(alert_id, tuple(receptions))
        places = extent(course, at, self.tables.zones)
        speaking = info_blocks.speaking(course.newest(at), self.area(), self.tables, at)
        if speaking.blocks:
            places = places.within(speaking)
        event_code = self._event_code(course, speaking)
        test_code = event_code is not None and self.tables.is_test_code(event_code)
        is_test = identity.is_exercise(speaking) or test_code
        end = recorded_end(course, at, previous, self.now)
        return Alert(
            alert_id=alert_id,
            status=speaking.status,
            is_test=is_test,
            event_name=speaking.event_name,
            event_code=event_code,
            originator=_first_known(said.originator for said in (speaking, *course.statements)),
            issued_at=speaking.issued_at,
            first_received_at=min([text.first.received_at for text in texts]),
            last_received_at=max([text.last_at for text in texts]),
            ends_at=end.ends_at,
            end_reason=end.end_reason,
            ended_at=end.ended_at,
            same_codes=places.same_codes,
            ugc_codes=places.ugc_codes,
            polygons=places.polygons,
            relevance=self._relevance(course, places, event_code, speaking),
            reception_count=sum([text.count for text in texts]),
            same_header=_header(receptions, speaking),
            severity=speaking.severity,
            urgency=speaking.urgency,
            certainty=speaking.certainty,
            headline=speaking.headline,
            description=speaking.description,
            instruction=speaking.instruction,
            area_text=self._area_text(course.holders(at), places),
            sender_name=speaking.sender_name,
            onset_at=stated(speaking.onset_at),
            severity_rank=severity.rank(
                event_code, speaking.event_name, speaking.severity, is_test, self.tables
            ),
            end_kind=end.end_kind,
            next_change_at=next_change(course, speaking, at),
            expires_at=speaking.expires_at,
            events=_events(course, at),
            doubt=speaking.doubt,
        )

    def _course(self, alert_id: str, receptions: tuple[Reception, ...]) -> Course:
        """The course of an alert; of one that goes on, from where it stood."""
        before = self.courses.pop(alert_id, None)
        course = None
        if before is not None and before[0] == receptions[:-1]:
            course = lifecycle.extended(before[1], receptions[-1], self.lifetime())
        course = course or lifecycle.fold(receptions, self.lifetime())
        if len(self.courses) >= MOST_COURSES:
            del self.courses[next(iter(self.courses))]
        self.courses[alert_id] = receptions, course
        return course

    def _trusted_now(self) -> datetime | None:
        return self.now() if self.clock_trusted() else None

    def _event_code(self, course: Course, speaking: Statement) -> str | None:
        """The code of the warning itself: its updates come as statements, SVS for TOR."""
        codes = [
            said.event_code
            for said in (speaking, *course.statements)
            if said.event_code is not None
        ]
        warnings = [code for code in codes if self.tables.event_class(code) != "statement"]
        return next(iter(warnings or codes), None)

    def _relevance(
        self, course: Course, places: Extent, event_code: str | None, speaking: Statement
    ) -> Relevance:
        """Does what is in force concern us; and if not, has it."""
        area = self.area()
        where = places.undrawn() if places.is_partial else places
        judged = relevance.judge(where, area, self.tables, event_code=event_code, said=speaking)
        unwanted = judged.rule in relevance.UNWANTED
        if judged.relevant or unwanted or len(course.statements) == 1:
            return judged
        for said in course.statements:
            concern = self._concern(said, area, event_code)
            if concern is not None:
                why = f"{concern.why}: so it was, but it has been released"
                step = RuleStep(RELEASED, False, why)
                return replace(judged, trace=(*judged.trace, step))
        return judged

    def _concern(self, said: Statement, area: Area, event_code: str | None) -> RuleStep | None:
        """Why a message concerned us when it was new; None: it did not.

        Remembered of the very object: to hash dozens of places costs more than to judge them. It
        is kept, so that no other can get its id.
        """
        asked = said, area, event_code
        known = self.judged.get(id(said))
        if known is None or known[0][1] is not area or known[0][2] != event_code:
            if len(self.judged) >= MOST_JUDGED:
                self.judged.clear()
            known = (
                asked,
                relevance.concern(*(said, area, self.tables, event_code, office_of(said))),
            )
            self.judged[id(said)] = known
        return known[1]

    def _area_text(self, holders: Sequence[Statement], places: Extent) -> str | None:
        """The places in words: the sender's, while they are still the whole truth."""
        named = {code for said in holders for code in (*said.same_codes, *said.ugc_codes)}
        texts = [said.area_text for said in holders if said.area_text is not None]
        if texts and named == {*places.same_codes, *places.ugc_codes}:
            return "; ".join(dict.fromkeys(texts))
        names = [self.tables.location_name(code) for code in places.same_codes]
        return "; ".join(names or places.ugc_codes or texts) or None


def _events(course: Course, at: datetime | None) -> tuple[str, ...]:
    """The keys of the VTEC events in force, or of all if only its end was heard."""
    holding = (hold.event for hold in course.holding(at) if hold.event is not None)
    return tuple(dict.fromkeys(holding)) or tuple(course.events.values())


def _first_known(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value is not None), None)


def _header(receptions: Sequence[Reception], speaking: Statement) -> str | None:
    """The header as heard off the air, with the most places; else as the CAP message translates."""
    off_air = [r for r in receptions if r.via == "same"]
    subject = subject_of(speaking) if off_air else None
    heard = [r for r in off_air if subject_of(r.statement) == subject]
    if not heard:
        return speaking.same_header
    first = min(heard, key=lambda r: (-len(r.statement.same_codes), r.received_at, r.reception_id))
    return first.statement.same_header

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from eas_station.alerts.identity import identity
from eas_station.alerts.model import MessageId, Reception
from eas_station.alerts.sources import from_cap
from eas_station.cap.bug import CapBug
from eas_station.cap.documents import document, geojson
from eas_station.cap.message import CapMessage
from eas_station.capd.feed.reading import DocumentReading, parse
from eas_station.capd.intake import DocumentIntake, EntryCount, Tally
from eas_station.errors import CapError, StoreError

Answer = Callable[..., bytes]
NOW = datetime(2026, 4, 20, 15, 6, tzinfo=UTC)
SENT_AT = datetime(2026, 4, 20, 15, 5, tzinfo=UTC)
LATER_AT = datetime(2026, 4, 20, 23, 5, tzinfo=UTC)


class Station:
    """Takes receptions, and has what an intake needs."""

    def __init__(self, folder: Path) -> None:
        self.taken: list[Reception] = []
        self.batches: list[int] = []
        self.remembered: Collection[MessageId] | None = ()
        self.poisoned: str | None = None  # an identifier on which the station's own code fails
        self.folder = folder
        self.ids = map(str, count())

    def take(self, heard: Sequence[Reception]) -> None:
        self.batches.append(len(heard))
        for reception in heard:
            message = reception.statement.message
            if message is not None and message.identifier == self.poisoned:
                raise KeyError("a bug")
        self.taken.extend(heard)

    def recall(self, messages: Sequence[MessageId]) -> Collection[MessageId]:
        if self.remembered is None:
            raise StoreError("the database is away")
        return self.remembered

    def intake(self, reception_of: Callable[..., Reception] = from_cap.reception) -> DocumentIntake:
        return DocumentIntake(
            "nws",
            "EASTATN",
            take=self.take,
            now=lambda: NOW,
            clock_trusted=lambda: True,
            new_id=lambda: next(self.ids),
            quarantine_dir=self.folder / "quarantine",
            progressed=lambda: None,
            recall=self.recall,
            reception_of=reception_of,
        )

    def identifiers(self) -> list[str]:
        return [r.statement.message.identifier for r in self.taken if r.statement.message]


@pytest.fixture
def station(tmp_path: Path) -> Station:
    return Station(tmp_path)


def reading(body: bytes) -> DocumentReading:
    return DocumentReading("x", document.parse(body))


def test_new_messages_are_taken_in_one_commit_and_never_again(
    station: Station, answer: Answer
) -> None:
    intake = station.intake()
    assert intake.accept(reading(answer("a", "b", "a"))) == Tally(documents=1, alerts=3, new=2)
    assert station.batches == [2]
    assert intake.accept(reading(answer("b", "a"))) == Tally(documents=1, alerts=2)
    assert station.identifiers() == ["urn:oid:a", "urn:oid:b"]
    assert station.taken[0].origin == "nws"
    assert station.taken[0].received_at == NOW


def test_the_oldest_message_is_taken_first(station: Station, answer: Answer) -> None:
    newest_first = answer("new", "old").replace(b"T11:05:00", b"T11:09:00", 1)
    station.intake().accept(reading(newest_first))
    assert station.identifiers() == ["urn:oid:old", "urn:oid:new"]


def test_a_message_is_another_one_if_any_of_its_three_parts_differs(
    station: Station, answer: Answer
) -> None:
    intake = station.intake()
    for body in (
        answer("a"),
        answer("a").replace(b"w-nws", b"x-nws"),
        answer("a").replace(b"T11:05:00", b"T11:05:01"),
        answer("a").replace(b"11:05:00-04:00", b"15:05:00+00:00"),  # the same instant
    ):
        intake.accept(reading(body))
    assert len(station.taken) == 3


def test_a_forged_message_never_stands_in_for_the_real_one(
    station: Station, answer: Answer
) -> None:
    intake = station.intake()
    for verdict in ("invalid: digest mismatch", "valid", "invalid: digest mismatch", "valid"):
        (message,) = document.parse(answer("a")).messages
        signed = (message._replace(signature=verdict),)
        intake.accept(DocumentReading("x", document.Parsed("ipaws", signed, ())))
    assert [heard.signature for heard in station.taken] == ["invalid: digest mismatch", "valid"]
    forged, real = (set(identity.keys(heard)) for heard in station.taken)
    assert not forged & real


def test_what_an_earlier_life_has_taken_is_not_taken_again(
    station: Station, answer: Answer
) -> None:
    station.remembered = [MessageId("w-nws.webmaster@noaa.gov", "urn:oid:a", SENT_AT)]
    intake = station.intake()
    assert intake.accept(reading(answer("a", "b"))) == Tally(documents=1, alerts=2, new=1)
    station.remembered = None
    assert intake.accept(reading(answer("a", "c"))).new == 1
    assert station.identifiers() == ["urn:oid:b", "urn:oid:c"]


def test_what_an_earlier_life_has_taken_may_come_after_any_number_of_other_answers(
    station: Station, answer: Answer
) -> None:
    station.remembered = [MessageId("w-nws.webmaster@noaa.gov", "urn:oid:a", SENT_AT)]
    intake = station.intake()
    assert intake.accept(reading(answer())).alerts == 0  # an empty answer settles nothing
    assert intake.accept(reading(answer("b"))).new == 1
    assert intake.accept(reading(answer("a", "b"))) == Tally(documents=1, alerts=2)


def test_a_message_of_this_life_waits_for_no_database(station: Station, answer: Answer) -> None:
    intake = station.intake()
    station.remembered = [MessageId("w-nws.webmaster@noaa.gov", "urn:oid:a", LATER_AT)]
    later = answer("a").replace(b"T11:05:00", b"T19:05:00")
    assert intake.accept(reading(later)).new == 1  # the record was not even asked


def test_a_database_that_is_away_delays_nothing(station: Station, answer: Answer) -> None:
    station.remembered = None
    intake = station.intake()
    assert intake.accept(reading(answer("a"))).new == 1


def test_a_refusal_is_told_once_with_its_text(
    station: Station, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    intake = station.intake()
    body = answer("a", "b").replace(b'"Actual"', b'"Perhaps"', 1)
    assert intake.accept(reading(body)) == Tally(documents=1, alerts=1, new=1, rejected=1)
    assert intake.accept(reading(body)).rejected == 0
    (told,) = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert "status 'Perhaps' is not one of" in told.getMessage()
    assert "urn:oid:a" in told.getMessage()


def test_a_message_that_warns_of_nothing_is_refused(station: Station, answer: Answer) -> None:
    body = answer("a").replace(b'"Alert"', b'"Ack"')
    assert station.intake().accept(reading(body)).rejected == 1
    assert station.taken == []


def test_a_message_that_meets_a_bug_is_put_aside_and_the_rest_goes_on(
    station: Station, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    def buggy(message: CapMessage, **rest: Any) -> Reception:
        if message.identifier == "urn:oid:b":
            raise ZeroDivisionError("injected")
        return from_cap.reception(message, **rest)

    intake = station.intake(buggy)
    tally = intake.accept(reading(answer("a", "b", "c")))
    assert tally == Tally(documents=1, alerts=2, new=2, quarantined=1)
    assert station.identifiers() == ["urn:oid:a", "urn:oid:c"]
    (file,) = (station.folder / "quarantine").iterdir()
    text = file.read_text(encoding="utf-8")
    assert "ZeroDivisionError: injected" in text
    assert '"urn:oid:b"' in text
    assert intake.accept(reading(answer("b"))).quarantined == 0  # not at every poll
    assert any(r.exc_info for r in caplog.records)


def test_a_reception_that_cannot_be_taken_does_not_sink_its_batch(
    station: Station, answer: Answer
) -> None:
    station.poisoned = "urn:oid:b"
    tally = station.intake().accept(reading(answer("a", "b", "c")))
    assert tally == Tally(documents=1, alerts=2, new=2, quarantined=1)
    assert station.batches == [3, 1, 1, 1]
    assert station.identifiers() == ["urn:oid:a", "urn:oid:c"]


def test_a_bug_of_the_parser_costs_one_alert(
    station: Station, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = geojson._GeoJsonReader._polygons

    def buggy(self: Any) -> Any:
        if self._properties["id"] == "urn:oid:b":
            raise RuntimeError("injected")
        return reader(self)

    monkeypatch.setattr(geojson._GeoJsonReader, "_polygons", buggy)
    tally = station.intake().accept(reading(answer("a", "b", "c")))
    assert tally == Tally(documents=1, alerts=2, new=2, quarantined=1)
    assert len(list((station.folder / "quarantine").iterdir())) == 1


def test_a_bug_of_the_parser_in_the_document_itself_is_a_refusal(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    def buggy(data: bytes, **_: object) -> document.Parsed:
        raise AttributeError("injected")

    monkeypatch.setattr(document, "parse", buggy)
    with pytest.raises(CapBug, match="AttributeError") as refused:
        parse(b"{}")
    tally = Tally()
    station.intake().refuse(refused.value, tally)
    assert (tally.rejected, tally.quarantined) == (0, 1)


def test_no_name_from_outside_becomes_part_of_a_path(station: Station) -> None:
    tally = Tally()
    station.intake().refuse(CapBug(ValueError("x"), "../../../etc/passwd\ud800"), tally)
    (file,) = (station.folder / "quarantine").iterdir()
    assert file.name.startswith("cap-")
    assert "\\ud800" in file.read_text(encoding="utf-8")


def test_a_disk_that_takes_no_quarantine_stops_nothing(station: Station) -> None:
    (station.folder / "quarantine").write_text("a file where the folder should be")
    tally = Tally()
    intake = station.intake()
    intake.refuse(CapBug(ValueError("x"), "text"), tally)
    intake.refuse(CapError("y", "text"), tally)
    assert (tally.rejected, tally.quarantined) == (1, 1)


@pytest.mark.parametrize("poisoned", ["urn:oid:b", None])
def test_what_was_put_aside_or_refused_is_never_counted_as_good(
    station: Station, answer: Answer, poisoned: str | None
) -> None:
    station.poisoned = poisoned
    body = answer("a", "b")
    if poisoned is None:
        head, _, tail = body.rpartition(b'"messageType": "Alert"')
        body = head + b'"messageType": "Ack"' + tail
    intake = station.intake()
    intake.accept(reading(body))
    assert intake.accept(reading(body)) == Tally(documents=1, alerts=1)


CAP = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{}</identifier>
<sender>s@example.org</sender><sent>2026-04-20T11:05:00-04:00</sent><status>{}</status>
<msgType>{}</msgType><scope>Public</scope></alert>"""


def document_of(name: str, identifier: str, status: str = "Actual", kind: str = "Alert") -> Any:
    return DocumentReading(name, document.parse(CAP.format(identifier, status, kind).encode()))


def test_a_life_sign_is_no_alert_and_no_fault(station: Station) -> None:
    intake = station.intake()
    for _ in range(2):
        assert intake.accept(document_of("x", "a", status="System")) == Tally(documents=1)
    assert station.taken == []
    assert intake.count(["x"]).fault is None


def test_documents_are_counted_by_what_they_gave(station: Station) -> None:
    intake = station.intake()
    readings = [
        document_of("one", "1"),
        DocumentReading("two", None, CapError("HTTP 404")),
        document_of("three", "3", status="Maybe"),
        document_of("four", "4", kind="Ack"),
    ]
    for _ in range(2):  # the second time all is known
        for one in readings:
            intake.accept(one)
        assert intake.count(["one", "two", "three", "four"]) == EntryCount(1, 2, "HTTP 404")
    assert len(station.taken) == 1


def test_a_document_that_was_not_read_again_counts_as_before(station: Station) -> None:
    intake = station.intake()
    for name in ("one", "two"):
        intake.accept(DocumentReading(name, None, CapError(f"{name} is damaged")))
    fault = "2 entries, 2 refused: one is damaged"
    assert intake.count(["index", "one", "two"]).fault == fault
    assert intake.count(["index", "one", "two"]).fault == fault
    assert intake.count(["index", "two"]).fault == "1 entry, 1 refused: two is damaged"
    assert intake.count(["index", "one", "two"]).refused == 1  # one was no longer listed


NO_ALERT = "msgType Wail warns of nothing"  # refused after the document is parsed


def test_a_refusal_keeps_its_reason_when_the_message_comes_again(station: Station) -> None:
    intake = station.intake()
    for _ in range(2):
        intake.accept(document_of("x", "1", kind="Wail"))
        assert intake.count(["x"]).fault == f"1 entry, 1 refused: {NO_ALERT}"


def test_one_good_alert_is_no_fault(station: Station, answer: Answer) -> None:
    intake = station.intake()
    intake.accept(reading(answer("a", "b").replace(b'"Alert"', b'"Wail"', 1)))
    assert intake.count(["x"]) == EntryCount(1, 1, NO_ALERT)
    assert intake.count(["x"]).fault is None


def test_only_the_text_of_an_alert_that_was_taken_is_known(
    station: Station, answer: Answer
) -> None:
    intake = station.intake()
    body = answer("a", "b").replace(b'"Alert"', b'"Wail"', 1)
    intake.accept(reading(body))
    again = document.parse(body, is_known=intake.is_taken)
    assert again.unchanged == 1
    intake.accept(DocumentReading("x", again))
    assert intake.count(["x"]) == EntryCount(1, 1, NO_ALERT)

"""`eas-ctl replay FILE.jsonl`: play receptions through the rules, with the clock of the file."""

from __future__ import annotations

import argparse
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from eas_station import tables
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Alert, Evidence, Reception, State
from eas_station.alerts.sources import from_cap, from_same
from eas_station.cap.documents import document
from eas_station.cap.message import CapMessage, order_of_issue
from eas_station.cap.products import product_messages
from eas_station.config.area import area_of
from eas_station.config.model import Config
from eas_station.ctl.console import arguments
from eas_station.errors import EXIT_FINE, CapError, FrameError, HeaderError, InputError
from eas_station.store.alerts import alert_queries
from eas_station.store.alerts.batch import AlertBatch
from eas_station.store.database.database import Database
from eas_station.store.upkeep import migrate
from eas_station.wire import from_json, to_json

FeedKind = Literal["nws", "cap", "ipaws", "nwws", "naad"]
ENDED_AT_ONCE = 1000
READ = Evidence(bursts=3, agreed=True, posterior=1.0)  # of a header that the file gives as text
SHOWN_CHARS = 200


def add_parser(commands: arguments.Commands) -> None:
    """Add `replay` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "replay",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Play receptions through the parsers and the rules of identity, life cycle"
        " and relevance.\nThe clock is that of the file. No daemon and no database are needed.\n"
        'For each line with "show" one line of JSON is printed: what is in force, what has ended,\n'
        "and what was rejected.",
        epilog="One JSON object a line; paths are relative to FILE.jsonl:\n"
        '  {"at": "2024-04-26T21:59:20Z", "feed": "nws|cap|ipaws|nwws|naad", "file": "a.txt"}\n'
        '  {"at": "2024-04-26T22:00:00Z", "air": "ZCZC-WXR-...-", "channel": "162.550"}\n'
        '  {"at": "2024-04-26T22:01:00Z", "show": true}',
    )
    parser.add_argument("file", metavar="FILE.jsonl", type=Path, help="what was received, and when")
    arguments.finish(parser, run, json=False)


def run(args: argparse.Namespace) -> int:
    """Play a file."""
    config = arguments.load_config(args.config)
    lines = list(read_lines(args.file))
    with tempfile.TemporaryDirectory(prefix="eas-replay-") as folder:
        for shown in play(lines, args.file.parent, config, Path(folder)):
            sys.stdout.write(f"{to_json(shown)}\n")
            sys.stdout.flush()
    return EXIT_FINE


@dataclass(frozen=True, slots=True)
class ReplayLine:
    """One line of the file: a document, a header off the air, or the request to show the state."""

    at: datetime
    feed: FeedKind | None = None
    file: str | None = None
    air: str | None = None
    channel: str | None = None
    show: bool = False


@dataclass(frozen=True, slots=True)
class ReplayedAlert:
    """One alert as the replay prints it."""

    alert_id: str
    event_code: str | None
    event_name: str
    vtec: tuple[str, ...]  # "KOUN.WS.W.0001.2014"
    same_codes: tuple[str, ...]
    ugc_codes: tuple[str, ...]
    ends_at: datetime | None
    end_kind: str
    severity: str | None
    relevant: bool
    rule: str
    reception_count: int
    is_test: bool
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """What did not become an alert, and why."""

    at: datetime
    source: str  # the feed, or "air"
    file: str | None
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class ReplayState:
    """The state at one time."""

    at: datetime
    in_force: tuple[ReplayedAlert, ...]
    ended: tuple[ReplayedAlert, ...]
    rejected: tuple[Rejected, ...]


def read_lines(path: Path) -> Iterator[ReplayLine]:
    """The lines of a file. Raises InputError, which names the file and the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}", str(path)) from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            read = from_json(ReplayLine, line)
        except FrameError as error:
            why = f"{error}".removeprefix("ReplayLine.")
            raise InputError(f"{path}:{number}: {why}", line[:SHOWN_CHARS]) from error
        requests = (
            read.feed is not None and read.file is not None,
            read.air is not None,
            read.show,
        )
        if sum(requests) != 1:
            why = 'needs either "feed" and "file", or "air", or "show": true'
            raise InputError(f"{path}:{number}: {why}", line[:SHOWN_CHARS])
        yield read


def play(
    lines: Sequence[ReplayLine], folder: Path, config: Config, work_dir: Path
) -> Iterator[ReplayState]:
    """Play the lines; gives a state for each that asks for one.

    Args:
        folder: what the paths of the lines are relative to.
        work_dir: an empty directory for the record of the replay.
    """
    url = f"sqlite:///{work_dir / 'replay.db'}"
    migrate.upgrade(url)
    database = Database(url)
    try:
        with database.write() as connection:  # one transaction: nothing of it is kept
            replay = Replay(connection, config, folder)
            for line in lines:
                if (state := replay.take(line)) is not None:
                    yield state
    finally:
        database.close()


class Replay:
    """The rules of the station on a record of its own, with a clock that is set by hand."""

    def __init__(self, connection: Connection, config: Config, folder: Path) -> None:
        self._connection = connection
        self._station = config.station
        self._folder = folder
        self._tables = tables.load()
        self._now = datetime.min.replace(tzinfo=UTC)
        self._ids = 0
        self._rejected: list[Rejected] = []
        area = area_of(config.station)
        self._admission = Admission(
            area=lambda: area,
            tables=self._tables,
            now=lambda: self._now,
            lifetime=lambda: config.station.default_lifetime,
        )

    def take(self, line: ReplayLine) -> ReplayState | None:
        """Set the clock and take one line; gives the state if the line asks for it."""
        self._now = line.at
        self._end_overdue()
        if line.show:
            return self._state()
        if line.air is not None:
            self._admit(line, [self._heard(line, line.air)])
        else:
            self._admit(line, self._documents(line))
        return None

    def _heard(self, line: ReplayLine, header: str) -> Callable[[], Reception]:
        return lambda: from_same.reception(
            header,
            origin="air",
            channel=line.channel,
            received_at=self._now,
            evidence=READ,
            clock_trusted=True,
            event_name=self._tables.event_name,
            new_id=self._new_id,
        )

    def _documents(self, line: ReplayLine) -> Iterator[Callable[[], Reception]]:
        """What makes the receptions of a document, in the order in which they were issued."""
        path = self._folder / (line.file or "")
        try:
            body = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}", str(path)) from error
        try:
            messages, rejected = self._parsed(line, body)
        except CapError as error:
            self._reject(line, error)
            return
        for refusal in rejected:
            self._reject(line, refusal)
        for message in sorted(messages, key=order_of_issue):
            yield self._reception_of(line, message)

    def _parsed(
        self, line: ReplayLine, body: bytes
    ) -> tuple[Sequence[CapMessage], Sequence[CapError]]:
        if line.feed == "nwws":
            text = body.decode("utf-8", "replace")
            enclosed = product_messages.cap_document(text)
            if enclosed is None:
                reading = product_messages.read(text, self._now, self._tables)
                return reading.messages, reading.rejected
            body = enclosed
        parsed = document.parse(body)
        return parsed.messages, parsed.rejected

    def _reception_of(self, line: ReplayLine, message: CapMessage) -> Callable[[], Reception]:
        return lambda: from_cap.reception(
            message,
            origin=line.feed or "",
            received_at=self._now,
            clock_trusted=True,
            callsign=self._station.callsign,
            new_id=self._new_id,
            language=self._station.language,
        )

    def _admit(self, line: ReplayLine, makers: Iterable[Callable[[], Reception]]) -> None:
        """Make the receptions and admit them together, as the daemons do with one document."""
        made = []
        for make in makers:
            try:
                made.append(make())
            except (CapError, HeaderError) as error:
                self._reject(line, error)
        batch = AlertBatch(self._connection, self._now)
        batch.admit_all(made, self._admission, self._new_id)
        batch.write()

    def _end_overdue(self) -> None:
        while True:
            batch = AlertBatch(self._connection, self._now)
            ended = batch.record_changes_by_time(ENDED_AT_ONCE, self._admission)
            batch.write()
            if not ended:
                return

    def _reject(self, line: ReplayLine, error: InputError) -> None:
        text = error.text[:SHOWN_CHARS]
        source = line.feed or "air"
        self._rejected.append(Rejected(self._now, source, line.file, str(error), text))

    def _state(self) -> ReplayState:
        return ReplayState(
            self._now,
            in_force=tuple(self._shown("active")),
            ended=tuple(self._shown("ended")),
            rejected=tuple(self._rejected),
        )

    def _shown(self, state: State) -> list[ReplayedAlert]:
        """The alerts of one state, in the order of their first reception."""
        shown: list[ReplayedAlert] = []
        cursor = None
        while True:
            page = alert_queries.page(
                self._connection, state, alert_queries.MOST_PER_PAGE, cursor, now=self._now
            )
            shown += [_replayed(alert) for alert in page.alerts]
            cursor = page.next_cursor
            if cursor is None:
                return shown[::-1]

    def _new_id(self) -> str:
        """Numbered, so that the same file gives the same output."""
        self._ids += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(self._ids)))


def _replayed(alert: Alert) -> ReplayedAlert:
    return ReplayedAlert(
        alert_id=alert.alert_id,
        event_code=alert.event_code,
        event_name=alert.event_name,
        vtec=alert.events,
        same_codes=alert.same_codes,
        ugc_codes=alert.ugc_codes,
        ends_at=alert.ends_at,
        end_kind=alert.end_kind,
        severity=alert.severity,
        relevant=alert.relevance.relevant,
        rule=alert.relevance.rule,
        reception_count=alert.reception_count,
        is_test=alert.is_test,
        end_reason=alert.end_reason,
    )

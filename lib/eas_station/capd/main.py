"""The composition root of eas-capd: feeds → receptions.

`feeds` has a loop per feed (`loop`). A reader of its kind (`feed_kinds`) gives documents, and an
`intake` makes receptions of what is new in them. From there on they go the same way as what is
heard off the air.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from eas_station import tables
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import MessageId, Reception
from eas_station.alerts.sources import from_cap
from eas_station.capd.alarm.alarm import Alarms
from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.capd.feed.feed_states import FeedStates
from eas_station.capd.feed_kinds import ReaderContext
from eas_station.capd.feeds import Feeds
from eas_station.capd.intake import DocumentIntake
from eas_station.capd.poll_log import PollLog
from eas_station.config.area import area_of
from eas_station.config.model import Config
from eas_station.config.units import CAPD, CTL, WEBD
from eas_station.service import program
from eas_station.service.daemon import Daemon
from eas_station.service.desired_state import open_desired_states
from eas_station.service.storage import open_database, open_storage
from eas_station.store.alerts import receptions
from eas_station.store.database.database import Database
from eas_station.store.records import jobs
from eas_station.store.records.feeds import FeedState, state

POLL = "poll "  # and the name of a feed: what a control message asks for
ASKED_AT_ONCE = 500  # messages in one question to the database


def main(argv: list[str]) -> int:
    """Poll until the daemon is stopped; returns the exit status."""
    return program.run(CAPD, argv, compose)


def compose(daemon: Daemon) -> None:
    """Build the parts and start their threads."""
    database, known = open_database(daemon), tables.load()
    storage = open_storage(daemon, database, _admission(daemon, known))
    is_stopping = daemon.stopping.is_set
    desired = open_desired_states(
        daemon,
        database,
        "feed",
        (WEBD, CTL),
        lambda what: feeds.poll_now(what.removeprefix(POLL)) if what.startswith(POLL) else None,
    )
    poll_log = PollLog(
        append=storage.append,
        count=partial(_count, database),
        new_id=_new_id,
        is_stopping=is_stopping,
        wait=daemon.stopping.wait,
    )
    credentials = _credentials(os.environ)
    alarms = Alarms(daemon, credentials)
    states = FeedStates(partial(_feed_state, database), storage.append)
    feeds = Feeds(
        daemon,
        partial(_intake, daemon, database, storage.take_all),
        poll_log.record,
        desired,
        ReaderContext(states, credentials, known, daemon.now),
    )
    storage.start()
    daemon.spawn("desired states", desired.run)
    daemon.spawn("poll log", poll_log.run)
    for follow in (feeds.apply, alarms.apply):
        daemon.on_reload(follow)
        follow(daemon.config)


def _admission(daemon: Daemon, known: tables.Tables) -> Admission:
    return Admission(
        area=lambda: area_of(daemon.config.station),
        tables=known,
        now=daemon.now,
        clock_trusted=daemon.clock_trust.trusted,
        lifetime=lambda: daemon.config.station.default_lifetime,
    )


def _intake(
    daemon: Daemon,
    database: Database,
    take: Callable[[Sequence[Reception]], None],
    feed: str,
    config: Config,
    progressed: Callable[[], None],
) -> DocumentIntake:
    return DocumentIntake(
        feed,
        config.station.callsign,
        take=take,
        now=daemon.now,
        clock_trusted=daemon.clock_trust.trusted,
        new_id=_new_id,
        quarantine_dir=config.paths.state_dir / "quarantine",
        progressed=progressed,
        recall=partial(_recall, database, feed),
        reception_of=partial(from_cap.reception, language=config.station.language),
    )


def _recall(database: Database, feed: str, messages: Sequence[MessageId]) -> set[MessageId]:
    """Which of these messages the feed gave before. Raises StoreError."""
    known: set[MessageId] = set()
    with database.read() as connection:
        for at in range(0, len(messages), ASKED_AT_ONCE):
            asked = messages[at : at + ASKED_AT_ONCE]
            known |= receptions.known_messages(connection, feed, asked)
    return known


def _feed_state(database: Database, feed: str) -> FeedState:
    with database.read() as connection:
        return state(connection, feed)


def _count(database: Database, job: str, at: datetime, runs: int) -> None:
    with database.write() as connection:
        jobs.record_unchanged(connection, job, at, runs)


def _credentials(environment: Mapping[str, str]) -> FeedCredentials:
    """Where systemd has put the secrets; None: not started by it."""
    directory = environment.get("CREDENTIALS_DIRECTORY")
    return FeedCredentials(None if directory is None else Path(directory))


def _new_id() -> str:
    return str(uuid.uuid4())

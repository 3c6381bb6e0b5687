"""The composition root of eas-capd: feeds → receptions.

Read on: `feeds` has a loop per feed (`loop`), which reads (`http_feed`, `folder_feed`), and a
`desk` makes receptions of what is new. From there it is the same way as for what is heard off the
air.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from eas_station import tables
from eas_station.alerts import from_cap
from eas_station.alerts.admission import Admission
from eas_station.alerts.model import MessageId, Reception
from eas_station.bus import topics
from eas_station.bus.messages import ReceptionNew
from eas_station.bus.news import Announcer
from eas_station.capd.alarm.alarm import Alarms
from eas_station.capd.feed.credentials import FeedCredentials
from eas_station.capd.feed.memory import Memory
from eas_station.capd.feed_kinds import Surroundings
from eas_station.capd.feeds import Feeds
from eas_station.capd.intake import DocumentIntake
from eas_station.capd.poll_log import PollLog
from eas_station.config.area import area_of
from eas_station.config.model import Config
from eas_station.config.units import CAPD, CTL, WEBD
from eas_station.service import program
from eas_station.service.daemon import Daemon
from eas_station.service.desired_state import DesiredStates
from eas_station.service.storage import Storage
from eas_station.store.alerts import receptions
from eas_station.store.database.database import Database
from eas_station.store.flusher import Flusher
from eas_station.store.records import desired_states, jobs
from eas_station.store.records.feeds import FeedState, state
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool

POLL = "poll "  # with the name of a feed: what a control message asks for
ASKED_AT_ONCE = 500  # messages in one question to the database


def main(argv: list[str]) -> int:
    """Poll until told to stop; gives the exit status."""
    return program.run(CAPD, argv, compose)


def compose(daemon: Daemon) -> None:
    """Build the parts and start their threads."""
    settings = daemon.config.database
    database = Database(
        settings.url,
        statement_timeout_s=settings.statement_timeout_s,
        slow_query_s=settings.slow_query_s,
        application_name=daemon.unit,
    )
    daemon.on_stop(database.close)
    spool = Spool(daemon.config.paths.state_dir / f"{daemon.unit}.spool")
    daemon.on_stop(spool.close)
    intake = Intake(spool, partial(_announce, daemon))
    known = tables.load()
    storage = _storage(daemon, database, spool, intake, known)
    is_stopping = daemon.stopping.is_set
    wishes = DesiredStates(
        "feed",
        partial(_stopped_feeds, database),
        partial(daemon.subscribe, [WEBD, CTL], [topics.control(daemon.unit)]),
        daemon.stopping,
        lambda what: feeds.poll_now(what.removeprefix(POLL)) if what.startswith(POLL) else None,
    )
    poll_log = PollLog(
        append=storage.append,
        count=partial(_count, database),
        new_id=_new_id,
        is_stopping=is_stopping,
        wait=daemon.stopping.wait,
    )

    def take(heard: Sequence[Reception]) -> None:
        intake.take_all(heard)
        storage.wake()

    credentials = _credentials(os.environ)
    alarms = Alarms(daemon, credentials)
    memory = Memory(partial(_remembered, database), storage.append)
    feeds = Feeds(
        daemon,
        partial(_desk, daemon, database, take),
        poll_log.record,
        wishes,
        memory,
        Surroundings(credentials, known, daemon.now),
    )
    storage.start()
    daemon.spawn("wishes", wishes.run)
    daemon.spawn("poll log", poll_log.run)
    for follow in (feeds.apply, alarms.apply):
        daemon.on_reload(follow)
        follow(daemon.config)


def _storage(
    daemon: Daemon, database: Database, spool: Spool, intake: Intake, known: tables.Tables
) -> Storage[Reception]:
    admission = Admission(
        area=lambda: area_of(daemon.config.station),
        tables=known,
        now=daemon.now,
        clock_trusted=daemon.clock_trust.trusted,
    )
    announcer = Announcer(daemon.publisher)
    flusher = Flusher(spool, database, admission, daemon.now, announcer)
    return Storage(daemon, intake, spool, flusher, announcer)


def _desk(
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


def _announce(daemon: Daemon, reception: Reception, durable: bool) -> None:
    news = ReceptionNew(reception, stored=False, durable=durable)
    daemon.publisher.publish(topics.RECEPTION_NEW, news)


def _recall(database: Database, feed: str, messages: Sequence[MessageId]) -> set[MessageId]:
    """Which of these messages the feed has given before. Raises StoreError."""
    known: set[MessageId] = set()
    with database.read() as connection:
        for at in range(0, len(messages), ASKED_AT_ONCE):
            asked = messages[at : at + ASKED_AT_ONCE]
            known |= receptions.known_messages(connection, feed, asked)
    return known


def _remembered(database: Database, feed: str) -> FeedState:
    with database.read() as connection:
        return state(connection, feed)


def _stopped_feeds(database: Database) -> frozenset[str]:
    with database.read() as connection:
        return desired_states.stopped(connection, "feed")


def _count(database: Database, job: str, at: datetime, runs: int) -> None:
    with database.write() as connection:
        jobs.record_unchanged(connection, job, at, runs)


def _credentials(environment: Mapping[str, str]) -> FeedCredentials:
    """Where systemd has put the secrets; None: not started by it."""
    directory = environment.get("CREDENTIALS_DIRECTORY")
    return FeedCredentials(None if directory is None else Path(directory))


def _new_id() -> str:
    return str(uuid.uuid4())

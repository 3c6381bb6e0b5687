"""`eas-ctl inject`: submit a message as if it had been received."""

from __future__ import annotations

import argparse
import logging
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from eas_station import tables
from eas_station.alerts.lifecycle.admission import Admission
from eas_station.alerts.model import Change, Evidence, Reception
from eas_station.alerts.sources import from_cap, from_same
from eas_station.bus import topics
from eas_station.bus.change_publisher import ChangePublisher
from eas_station.bus.messages import ReceptionNew
from eas_station.bus.publisher import Publisher
from eas_station.bus.unit_lock import lock_unit
from eas_station.cap.documents import document
from eas_station.clock import ClockTrust, utc_now
from eas_station.config.area import area_of
from eas_station.config.model import Config
from eas_station.config.units import CTL
from eas_station.ctl.console import arguments, output
from eas_station.ctl.console.open_record import open_record
from eas_station.errors import EXIT_DEGRADED, EXIT_FINE, InputError, StoreError
from eas_station.store.flusher import Flusher
from eas_station.store.spool.intake import Intake
from eas_station.store.spool.spool import Spool

log = logging.getLogger(__name__)

ORIGIN = "inject"
LINGER_S = 1.5  # eas-webd looks for new publishers once a second


def add_parser(commands: arguments.Commands) -> None:
    """Add `inject` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "inject",
        description="Submit a SAME header or a CAP document as if it had been received. Without"
        " --real, only tests are accepted: the event codes RWT, RMT, NPT and DMO, or a CAP status"
        " other than Actual. Exit status: 0 recorded, 1 spooled because the database does not"
        " respond.",
    )
    parser.add_argument("message", metavar="HEADER|FILE", help="ZCZC-…-, or a CAP document")
    parser.add_argument("--real", action="store_true", help="accept a message that is not a test")
    arguments.finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Submit the message; 0 recorded, 1 spooled."""
    config = arguments.load_config(args.config)
    known = tables.load()
    trust = ClockTrust(always=config.station.clock == "trusted")
    receptions = _receptions(args.message, config, known, trust)
    for reception in receptions:
        if not args.real and not _is_test(reception, known):
            raise InputError(
                f"{reception.statement.event_name} is not a test and would be shown as a real"
                " warning: use --real to submit it",
                args.message,
            )
    changes = _take(receptions, config, known, trust)
    if args.json:
        output.print_json({"receptions": [r.reception_id for r in receptions], "changes": changes})
    else:
        for change in changes:
            print(f"{change.kind}: {change.event_code} {change.alert_id}: {change.why}")
        if not changes:
            print("spooled: the database is not responding; it will be recorded later")
    return EXIT_FINE if changes else EXIT_DEGRADED


def _receptions(
    message: str, config: Config, known: tables.Tables, trust: ClockTrust
) -> list[Reception]:
    now = utc_now()
    if message.startswith("ZCZC"):
        reception = from_same.reception(
            message,
            origin=ORIGIN,
            channel=None,
            received_at=now,
            evidence=Evidence(bursts=0, agreed=False, posterior=1.0),
            clock_trusted=trust.trusted(),
            event_name=known.event_name,
            new_id=_new_id,
        )
        return [reception]
    parsed = document.parse(_read(message))
    for error in parsed.rejected:
        raise error
    return [
        from_cap.reception(
            one,
            origin=ORIGIN,
            received_at=now,
            callsign=config.station.callsign,
            clock_trusted=trust.trusted(),
            new_id=_new_id,
            language=config.station.language,
        )
        for one in parsed.messages
    ]


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise InputError(
            f"{name}: {error.strerror}; expected a header (ZCZC-…-) or the path of a CAP document",
            name,
        ) from error


def _is_test(reception: Reception, known: tables.Tables) -> bool:
    statement = reception.statement
    if statement.status != "actual":
        return True
    return statement.event_code is not None and known.is_test_code(statement.event_code)


def _take(
    receptions: list[Reception], config: Config, known: tables.Tables, trust: ClockTrust
) -> list[Change]:
    """Spool, announce and record, as a daemon does, with the spool of eas-ctl."""
    changes: list[Change] = []
    admission = Admission(
        area=lambda: area_of(config.station),
        tables=known,
        now=utc_now,
        clock_trusted=trust.trusted,
        lifetime=lambda: config.station.default_lifetime,
    )
    with ExitStack() as stack:
        stack.enter_context(lock_unit(config.paths.runtime_dir, CTL))
        database = stack.enter_context(open_record(config))
        publisher = stack.enter_context(closing(Publisher(CTL, config.paths.runtime_dir)))
        spool = stack.enter_context(closing(Spool(config.paths.state_dir / f"{CTL}.spool")))
        change_publisher = ChangePublisher(publisher)

        def announce(change: Change) -> None:
            changes.append(change)
            change_publisher(change)

        Intake(spool, _announce(publisher)).take_all(receptions)
        flusher = Flusher(spool, database, admission, utc_now, announce)
        try:
            while flusher.run_once():
                pass
        except StoreError as error:
            log.warning("%s", error)
        time.sleep(LINGER_S)
    return changes


def _announce(publisher: Publisher) -> Callable[[Reception, bool], object]:
    def announce(reception: Reception, durable: bool) -> None:
        body = ReceptionNew(reception, stored=False, durable=durable)
        publisher.publish(topics.RECEPTION_NEW, body)

    return announce


def _new_id() -> str:
    return str(uuid.uuid4())

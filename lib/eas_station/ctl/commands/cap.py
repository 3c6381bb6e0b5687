"""`eas-ctl cap`: how the station reads CAP documents, as JSON."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from eas_station import tables
from eas_station.alerts.model import Statement
from eas_station.alerts.relevance import relevance
from eas_station.alerts.sources import cap_to_same, from_cap
from eas_station.cap.documents import document
from eas_station.cap.limits import ParseLimits
from eas_station.cap.message import CapMessage
from eas_station.cap.products import vtec
from eas_station.config.area import area_of
from eas_station.config.model import Config, StationConfig
from eas_station.ctl.console import arguments, output
from eas_station.ctl.console.progress import ProgressBar
from eas_station.errors import EXIT_DEGRADED, EXIT_FAILED, EXIT_FINE, CapError
from eas_station.geo.area import Area
from eas_station.wire import to_plain

Plain = dict[str, Any]


def add_parser(commands: arguments.Commands) -> None:
    """Add `cap` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "cap",
        description="Read a CAP alert, an IPAWS or EDXL envelope, an Atom or RSS feed, or a"
        " response of api.weather.gov, and print as JSON what it contains, its SAME header, and"
        " whether it is relevant here. Exit status: 0 all of it is valid, 1 part of it was"
        " rejected, 2 nothing could be read.",
    )
    parser.add_argument(
        "file", metavar="FILE|DIR", help="a document or a folder of documents; - is standard input"
    )
    parser.add_argument("--json", action="store_true", help="print JSON (always the case)")
    arguments.finish(parser, run, json=False)


def run(args: argparse.Namespace) -> int:
    """Explain one document, or every one in a folder."""
    config, known = arguments.load_config(args.config), tables.load()
    if args.file != "-" and Path(args.file).is_dir():
        return _run_folder(Path(args.file), config, known)
    try:
        explained, status = explain(_read(args.file), config, known)
    except OSError as error:
        print(f"eas-ctl: {args.file}: {error.strerror}", file=sys.stderr)
        return EXIT_FAILED
    output.print_json({"file": args.file, **explained})
    return status


def _run_folder(folder: Path, config: Config, known: tables.Tables) -> int:
    """Print a JSON list, file by file, with a progress bar."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    progress = ProgressBar(sys.stderr)
    statuses: list[int] = []
    for number, path in enumerate(paths):
        progress.show(number / len(paths), path.name[:40])
        try:
            explained, status = explain(_read(str(path)), config, known)
        except OSError as error:
            explained, status = _unread(CapError(error.strerror or str(error))), EXIT_FAILED
        statuses.append(status)
        sys.stdout.write("[\n" if number == 0 else ",\n")
        output.print_json({"file": str(path), **explained})
    progress.clear()
    sys.stdout.write("]\n" if paths else "[]\n")
    if all(status == EXIT_FINE for status in statuses):
        return EXIT_FINE
    return EXIT_FAILED if all(status == EXIT_FAILED for status in statuses) else EXIT_DEGRADED


def explain(data: bytes, config: Config, known: tables.Tables) -> tuple[Plain, int]:
    """The content of a document as JSON values, and the exit status."""
    try:
        parsed = document.parse(data)
    except CapError as error:
        return _unread(error), EXIT_FAILED
    area = area_of(config.station)
    alerts = [_alert(message, config.station, area, known) for message in parsed.messages]
    explained: Plain = {
        "form": parsed.form,
        "alerts": alerts,
        "rejected": [_rejected(error) for error in parsed.rejected],
    }
    if parsed.links:
        explained["links"] = [link.url for link in parsed.links]
    if parsed.next_url is not None:
        explained["next_page"] = parsed.next_url
    return explained, EXIT_DEGRADED if parsed.rejected else EXIT_FINE


def _unread(error: CapError) -> Plain:
    return {"form": None, "alerts": [], "rejected": [_rejected(error)]}


def _alert(message: CapMessage, station: StationConfig, area: Area, known: tables.Tables) -> Plain:
    translation = cap_to_same.translate(message, station.callsign)
    info = message.info(station.language)
    explained: Plain = {
        "identifier": message.identifier,
        "sender": message.sender,
        "sent": message.sent_at,
        "status": message.status,
        "msgType": message.message_type,
        "scope": message.scope,
        "references": [
            {"sender": r.sender, "identifier": r.identifier, "sent": r.sent_at}
            for r in message.references
        ],
        "event": None if info is None else info.event,
        "event_code": None,
        "same_codes": [],
        "ugc_codes": [],
        "vtec": [],
        "same_header": translation.header,
        "same_refusal": translation.refusal or translation.blocked,
        "same_outcome": translation.outcome,
        "notes": list(message.notes),
    }
    try:
        statement = from_cap.statement(
            message, callsign=station.callsign, language=station.language
        )
    except CapError as error:
        return {**explained, "warns": False, "why": str(error)}
    return {**explained, "warns": True, **_warning(statement, message, area, known)}


def _warning(statement: Statement, message: CapMessage, area: Area, known: tables.Tables) -> Plain:
    event_code = statement.event_code
    verdict = relevance.judge(statement, area, known, event_code=event_code, said=statement)
    info = message.info(statement.language or "en-US")
    events = vtec.parse(" ".join(info.parameter_values("VTEC"))) if info is not None else ()
    return {
        "event_code": event_code,
        "event_code_name": None if event_code is None else known.event_name(event_code),
        "originator": statement.originator,
        "same_codes": list(statement.same_codes),
        "ugc_codes": list(statement.ugc_codes),
        "places": [known.location_name(code) for code in statement.same_codes],
        "canada_codes": list(statement.canada_codes),
        "polygons": len(statement.polygons),
        "circles": len(statement.circles),
        "onset": statement.onset_at,
        "expires": statement.expires_at,
        "ends": statement.ends_at,
        "vtec": [event.text for event in events],
        "vtec_events": to_plain(statement.events),
        "languages": [other.language for other in message.infos],
        "severity": statement.severity,
        "urgency": statement.urgency,
        "certainty": statement.certainty,
        "headline": statement.headline,
        "concerns_us": verdict.relevant,
        "rule": verdict.rule,
        "trace": to_plain(verdict.trace),
    }


def _rejected(error: CapError) -> Plain:
    return {"reason": str(error), "text": error.text[:200]}


def _read(name: str) -> bytes:
    """Read at most one byte more than the parser accepts, which then reports the size."""
    most = ParseLimits().document_bytes + 1
    if name == "-":
        return sys.stdin.buffer.read(most)
    with Path(name).open("rb") as file:
        return file.read(most)

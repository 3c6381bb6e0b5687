"""`eas-ctl feeds`: show the feeds, poll one now, or test one without storing anything."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import eas_station
from eas_station import tables
from eas_station.bus import topics
from eas_station.bus.messages import Control, ItemState, Status
from eas_station.bus.publisher import Publisher
from eas_station.bus.unit_lock import lock_unit
from eas_station.clock import utc_now
from eas_station.config.model import Config, FeedConfig
from eas_station.config.units import CAPD, CTL
from eas_station.ctl.commands import cap
from eas_station.ctl.console import arguments, bus_query, output
from eas_station.ctl.console.open_record import open_record
from eas_station.errors import (
    EXIT_DEGRADED,
    EXIT_FAILED,
    EXIT_FINE,
    BusError,
    InputError,
    StoreError,
)
from eas_station.store.records import jobs

TRIAL_S = 60.0  # more than a poll may take
CONNECT_S = 5.0  # by then a running daemon is connected
POLL_S = 40.0  # the longest poll, and its parsing

Plain = dict[str, Any]


def add_parser(commands: arguments.Commands) -> None:
    """Add `feeds` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "feeds",
        description="list, the default: show the state, the age and the counters of each feed."
        " Exit status: 0 all are running or stopped by the operator, 1 some are not or are"
        " degraded, 2 none is. poll NAME: make eas-capd poll a feed now. test NAME: poll a feed"
        " from this process and explain each alert; nothing is stored.",
    )
    parser.add_argument("action", nargs="?", choices=("list", "poll", "test"), default="list")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the feed to poll or test")
    arguments.finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """List, poll or test."""
    config = arguments.load_config(args.config)
    if args.action == "list":
        return _list(config, args.json)
    feed = _feed(config, args.name)
    if args.action == "poll":
        return _poll(config, feed, args.json)
    return _test(config, feed, args.json)


def _feed(config: Config, name: str | None) -> FeedConfig:
    names = [feed.name for feed in config.feeds]
    found = next((feed for feed in config.feeds if feed.name == name), None)
    if found is None:
        problem = "the name of a feed is missing" if name is None else f"no feed {name}"
        raise InputError(f"{problem}; configured: {', '.join(names) or 'none'}", name or "")
    return found


def _list(config: Config, as_json: bool) -> int:
    items, now = _items(config), utc_now()
    totals = _totals(config)
    rows = [_row(feed, items.get(feed.name), totals.get(feed.name), now) for feed in config.feeds]
    if as_json:
        output.print_json({"feeds": rows})
    for row in rows if not as_json else ():
        print(_line(row))
    states = {row["state"] for row in rows}
    if "degraded" in states:  # it answers
        return EXIT_DEGRADED
    return output.exit_status([row["state"] in ("running", "stopped") for row in rows])


def _items(config: Config) -> dict[str, ItemState]:
    """The last state of each feed, as eas-capd reports it."""
    messages = bus_query.last_messages(config, [topics.status(CAPD)], lambda got: bool(got))
    return {
        item.name: item
        for message in bus_query.recent(messages)
        if isinstance(message.body, Status)
        for item in message.body.items
        if item.kind.startswith("feed.")
    }


def _totals(config: Config) -> dict[str, jobs.JobTotals]:
    """The totals of all polls, by feed; none while the database does not respond."""
    try:
        with open_record(config) as record, record.read() as connection:
            found = jobs.totals(connection)
    except StoreError as error:
        print(f"eas-ctl: cannot read the totals: {error}", file=sys.stderr)
        return {}
    return {t.job.removeprefix("poll "): t for t in found if t.job.startswith("poll ")}


def _row(
    feed: FeedConfig, item: ItemState | None, totals: jobs.JobTotals | None, now: datetime
) -> Plain:
    last_good_at = None if totals is None else totals.last_good_at
    if item is not None and item.last_good_at is not None:
        last_good_at = item.last_good_at
    return {
        "name": feed.name,
        "kind": feed.kind,
        "state": "not heard" if item is None else item.state,
        "sentence": f"{CAPD} is not responding" if item is None else item.sentence,
        "last_good_at": last_good_at,
        "age": None if last_good_at is None else output.age(last_good_at, now),
        "counters": {} if item is None else dict(item.counters),
        "polls_ever": 0 if totals is None else totals.runs,
        "failures_ever": 0 if totals is None else totals.errors,
    }


def _line(row: Plain) -> str:
    age = "no good answer yet" if row["age"] is None else f"last good answer {row['age']} ago"
    counters = ", ".join(f"{count} {name}" for name, count in row["counters"].items() if count)
    totals = f"{row['polls_ever']} polls in total, {row['failures_ever']} failed"
    since = f"\n  since the start of {CAPD}: {counters}" if counters else ""
    return (
        f"{row['name']} ({row['kind']}): {row['state']}: {row['sentence']}\n"
        f"  {age}; {totals}{since}"
    )


def _poll(config: Config, feed: FeedConfig, as_json: bool) -> int:
    """Make eas-capd poll now; 0 if the feed answered, 1 if not."""
    polls = _polls(config, feed.name)
    topic = topics.control(CAPD)
    with lock_unit(config.paths.runtime_dir, CTL):
        publisher = Publisher(CTL, config.paths.runtime_dir)
        try:
            until_s = time.monotonic() + CONNECT_S
            while not publisher.wanted(topic):
                if time.monotonic() > until_s:
                    raise BusError(f"{CAPD} is not responding")
                time.sleep(0.02)
            publisher.publish(topic, Control(f"poll {feed.name}"))
            item = _polled(config, feed.name, polls)
        finally:
            publisher.close()
    if as_json:
        output.print_json({"feed": item})
    else:
        print(f"{item.name}: {item.state}: {item.sentence}")
    return EXIT_FINE if item.state == "running" else EXIT_DEGRADED


def _polls(config: Config, name: str) -> int:
    """How often a feed has been polled; waits for a daemon that was just started."""
    until_s = time.monotonic() + CONNECT_S
    while (item := _items(config).get(name)) is None:
        if time.monotonic() > until_s:
            raise BusError(f"{CAPD} does not report the feed {name}: is it running?")
        time.sleep(0.1)
    return item.counters.get("polls", 0)


def _polled(config: Config, name: str, polls: int) -> ItemState:
    """The state of the feed after one more poll."""
    until_s = time.monotonic() + POLL_S
    while time.monotonic() < until_s:
        item = _items(config).get(name)
        if item is not None and (item.counters.get("polls", 0) > polls or item.state == "stopped"):
            return item
        time.sleep(0.1)
    raise BusError(f"{CAPD} has not polled {name} within {POLL_S:g} s")


def _test(config: Config, feed: FeedConfig, as_json: bool) -> int:
    """Poll from here and explain; 0 all good, 1 something was rejected, 2 no answer."""
    if feed.kind in ("nwws", "naad"):
        raise InputError(
            f"{feed.name} is a connection, which cannot be polled: use eas-ctl feeds", feed.name
        )
    trial = _trial(config, feed)
    known = tables.load()
    explained, rejected = [], []
    for document in trial["documents"]:
        rejected += document["rejected"]
        for alert in document["alerts"]:
            found, _ = cap.explain(alert["raw"].encode("utf-8", "replace"), config, known)
            explained += [{**one, "signature": alert["signature"]} for one in found["alerts"]]
    error: str | None = trial["error"]
    if as_json:
        shown = {"feed": feed.name, "error": error}
        output.print_json({**shown, "alerts": explained, "rejected": rejected})
    else:
        _print_trial(feed.name, explained, rejected, error)
    if error is not None:
        return EXIT_FAILED
    return EXIT_DEGRADED if rejected else EXIT_FINE


def _print_trial(
    name: str, explained: list[Plain], rejected: list[Plain], error: str | None
) -> None:
    for one in explained:
        print(_decision(one))
    for refused in rejected:
        print(f"rejected: {refused['reason']}: {refused['text'][:80]!r}")
    relevant = sum(1 for one in explained if one.get("concerns_us"))
    print(
        f"{name}: {len(explained)} alerts, {relevant} of them relevant here,"
        f" {len(rejected)} rejected; nothing was stored"
    )
    if error is not None:
        print(f"{name}: {error}")


def _trial(config: Config, feed: FeedConfig) -> Plain:
    """One poll by the code of eas-capd, in a process of its own."""
    library = str(Path(eas_station.__file__).resolve().parents[1])
    argv = [sys.executable, "-m", "eas_station.capd.trial", feed.name, "--config", config.files[0]]
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        timeout=TRIAL_S,
        check=False,
        env={**os.environ, "PYTHONPATH": library},
    )
    try:
        trial: Plain = json.loads(done.stdout)
    except ValueError as error:
        raise InputError(f"internal error during the poll:\n{done.stderr}", feed.name) from error
    return trial


def _decision(one: Plain) -> str:
    """One alert and whether it is relevant, in two lines."""
    head = f"{one['msgType']} {one['event_code'] or '---'} {one['event']}: {one['identifier']}"
    if not one["warns"]:
        return f"{head}\n  not a warning: {one['why']}"
    verdict = "relevant here" if one["concerns_us"] else "not relevant here"
    why = one["trace"][-1]["why"]
    signature = "" if one["signature"] is None else f"; signature {one['signature']}"
    return f"{head}\n  {verdict} ({one['rule']}): {why}{signature}"

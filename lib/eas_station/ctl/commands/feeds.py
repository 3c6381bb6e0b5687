"""`eas-ctl feeds`: how the feeds are; poll one now; try one out without storing anything."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from eas_station.ctl.commands.status import STALE_S
from eas_station.ctl.console import invocation
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

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

TRIAL_S = 60.0  # more than a poll may take
HEARD_S = 5.0  # a daemon that runs has found us by then
POLLED_S = 40.0  # the longest poll, and its reading

Plain = dict[str, Any]


def add_parser(commands: Commands) -> None:
    """Add `feeds` to the commands of eas-ctl."""
    parser = commands.add_parser(
        "feeds",
        help="how the feeds are; poll or try one",
        description="Without more: each feed's state, age and counters. Exit status: 0 all run,"
        " 1 some do not, 2 none does. poll NAME: eas-capd asks it now. test NAME: asks it once"
        " from here and explains every alert; nothing is stored.",
    )
    parser.add_argument("action", nargs="?", choices=("list", "poll", "test"), default="list")
    parser.add_argument("name", nargs="?", metavar="NAME")
    invocation.add_config(parser)
    invocation.add_json(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    config = invocation.load_config(args.config)
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
        said = "say which feed" if name is None else f"no feed {name}"
        raise InputError(f"{said}; there are: {', '.join(names) or 'none'}", name or "")
    return found


def _list(config: Config, as_json: bool) -> int:
    items, now = _items(config), utc_now()
    totals = _totals(config)
    rows = [_row(feed, items.get(feed.name), totals.get(feed.name), now) for feed in config.feeds]
    if as_json:
        invocation.print_json({"feeds": rows})
    for row in rows if not as_json else ():
        print(_line(row))
    works = [row["state"] in ("running", "stopped") for row in rows]
    if all(works):
        return EXIT_FINE
    return EXIT_DEGRADED if any(works) else EXIT_FAILED


def _items(config: Config) -> dict[str, ItemState]:
    """What eas-capd last said of each feed; nothing if it does not speak."""
    heard = invocation.hear(config, [topics.status(CAPD)], lambda got: bool(got))
    now = utc_now()
    return {
        item.name: item
        for message in heard
        if isinstance(message.body, Status) and (now - message.sent_at).total_seconds() <= STALE_S
        for item in message.body.items
        if item.kind.startswith("feed.")
    }


def _totals(config: Config) -> dict[str, jobs.JobTotals]:
    """All polls ever, by feed; nothing while the database does not answer."""
    database = open_record(config)
    try:
        with database.read() as connection:
            found = jobs.totals(connection)
    except StoreError as error:
        print(f"eas-ctl: the record is not told: {error}", file=sys.stderr)
        return {}
    finally:
        database.close()
    return {t.job.removeprefix("poll "): t for t in found if t.job.startswith("poll ")}


def _row(
    feed: FeedConfig, item: ItemState | None, ever: jobs.JobTotals | None, now: datetime
) -> Plain:
    last_good_at = None if ever is None else ever.last_good_at
    if item is not None and item.last_good_at is not None:
        last_good_at = item.last_good_at
    return {
        "name": feed.name,
        "kind": feed.kind,
        "state": "not heard" if item is None else item.state,
        "sentence": f"{CAPD} does not speak" if item is None else item.sentence,
        "last_good_at": last_good_at,
        "age": None if last_good_at is None else invocation.age(last_good_at, now),
        "counters": {} if item is None else dict(item.counters),
        "polls_ever": 0 if ever is None else ever.runs,
        "failures_ever": 0 if ever is None else ever.errors,
    }


def _line(row: Plain) -> str:
    counters = row["counters"]
    age = "no good answer yet" if row["age"] is None else f"last good answer {row['age']} ago"
    told = ", ".join(f"{count} {name}" for name, count in counters.items() if count)
    ever = f"{row['polls_ever']} polls ever, {row['failures_ever']} failed"
    since = f"\n  since the start: {told}" if told else ""
    return (
        f"{row['name']} ({row['kind']}): {row['state']}: {row['sentence']}\n  {age}; {ever}{since}"
    )


def _poll(config: Config, feed: FeedConfig, as_json: bool) -> int:
    """Have eas-capd ask it now; 0 it answered, 1 it did not."""
    polls = _polls(config, feed.name)
    topic = topics.control(CAPD)
    with lock_unit(config.paths.runtime_dir, CTL):
        publisher = Publisher(CTL, config.paths.runtime_dir)
        try:
            until_s = time.monotonic() + HEARD_S
            while not publisher.wanted(topic):
                if time.monotonic() > until_s:
                    raise BusError(f"{CAPD} does not listen")
                time.sleep(0.02)
            publisher.publish(topic, Control(f"poll {feed.name}"))
            item = _polled(config, feed.name, polls)
        finally:
            publisher.close()
    if as_json:
        invocation.print_json({"feed": item})
    else:
        print(f"{item.name}: {item.state}: {item.sentence}")
    return EXIT_FINE if item.state == "running" else EXIT_DEGRADED


def _polls(config: Config, name: str) -> int:
    """How often a feed has been polled; of one that was just started it is told soon."""
    until_s = time.monotonic() + HEARD_S
    while (item := _items(config).get(name)) is None:
        if time.monotonic() > until_s:
            raise BusError(f"{CAPD} does not speak of {name}: is it running?")
        time.sleep(0.1)
    return item.counters.get("polls", 0)


def _polled(config: Config, name: str, polls: int) -> ItemState:
    """How the feed is after one more poll."""
    until_s = time.monotonic() + POLLED_S
    while time.monotonic() < until_s:
        item = _items(config).get(name)
        if item is not None and (item.counters.get("polls", 0) > polls or item.state == "stopped"):
            return item
        time.sleep(0.1)
    raise BusError(f"{CAPD} has not polled {name} within {POLLED_S:g} s")


def _test(config: Config, feed: FeedConfig, as_json: bool) -> int:
    """Ask it from here and explain; 0 all is good, 1 something was rejected, 2 no answer."""
    if feed.kind == "nwws":
        raise InputError(
            f"{feed.name} is a wire, which is not polled: see eas-ctl feeds", feed.name
        )
    found = _tried(config, feed)
    known = tables.load()
    explained, rejected = [], []
    for document in found["documents"]:
        rejected += document["rejected"]
        for alert in document["alerts"]:
            told, _ = cap.explain(alert["raw"].encode("utf-8", "replace"), config, known)
            explained += [{**one, "signature": alert["signature"]} for one in told["alerts"]]
    if as_json:
        shown = {"feed": feed.name, "error": found["error"]}
        invocation.print_json({**shown, "alerts": explained, "rejected": rejected})
    else:
        for one in explained:
            print(_decision(one))
        for refused in rejected:
            print(f"rejected: {refused['reason']}: {refused['text'][:80]!r}")
        ours = sum(1 for one in explained if one.get("concerns_us"))
        print(
            f"{feed.name}: {len(explained)} alerts, {ours} of them concern us,"
            f" {len(rejected)} rejected; nothing was stored"
        )
        if found["error"] is not None:
            print(f"{feed.name}: {found['error']}")
    if found["error"] is not None:
        return EXIT_FAILED
    return EXIT_DEGRADED if rejected else EXIT_FINE


def _tried(config: Config, feed: FeedConfig) -> Plain:
    """What eas-capd's own code gets from the feed, in a process of its own."""
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
        found: Plain = json.loads(done.stdout)
    except ValueError as error:
        raise InputError(f"the poll met a bug:\n{done.stderr}", feed.name) from error
    return found


def _decision(one: Plain) -> str:
    """One alert and what would become of it, in two lines."""
    head = f"{one['msgType']} {one['event_code'] or '---'} {one['event']}: {one['identifier']}"
    if not one["warns"]:
        return f"{head}\n  warns of nothing: {one['why']}"
    verdict = "concerns us" if one["concerns_us"] else "does not concern us"
    why = one["trace"][-1]["why"]
    signature = "" if one["signature"] is None else f"; signature {one['signature']}"
    return f"{head}\n  {verdict} ({one['rule']}): {why}{signature}"

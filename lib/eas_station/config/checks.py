"""What types cannot say: ranges, forms, and keys that must fit together."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from typing import Any

from eas_station.config import (
    alarm_values,
    feed_values,
    receiver_values,
    remote_values,
    source_values,
    station_values,
)
from eas_station.config.model import ReceiverConfig
from eas_station.config.reader import Table, nearest
from eas_station.errors import Fault

LONGEST_NAME = 24  # names are parts of unit, file and topic names
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")
SAME_CODE = re.compile(r"\d{6}\Z")  # PSSCCC, 47 CFR 11.31(c)
UGC_ZONE = re.compile(r"[A-Z]{2}[CZ]\d{3}\Z")
AREA = re.compile(r"[A-Z]{2}\Z")
CALLSIGN = re.compile(r"[!-,./-~]{1,8}\Z")  # LLLLLLLL: printable, without "-"
DATABASES = ("postgresql+psycopg2", "sqlite")

# Keys that make sense for some kinds only, and whether those kinds need them.
DONGLE_KEYS = {
    **{"gain": False, "ppm": False, "bias_tee": False},
    **{"direct_sampling": False, "bandwidth_hz": False},
}
RECEIVER_KEYS = {
    "rtlsdr": {"serial": False, **DONGLE_KEYS},
    "rtl_tcp": {"host": True, "port": False, **DONGLE_KEYS},
    "file": {"path": True, "format": False, "realtime": False, "loop": False},
}
DONGLE_RATES_HZ = ((225_001, 300_000), (900_001, 3_200_000))  # what an RTL2832U can resample to
SOURCE_KEYS = {
    "receiver": {"receiver": True, "channels_hz": False},
    "soundcard": {"device": False, "channel": False},
    "stream": {"url": True},
    "pipe": {"path": True, "rate_hz": False},
    "file": {"path": True, "realtime": False, "loop": False},
}

Check = Callable[[Any], str | None]


def _between(low: float, high: float, unit: str) -> Check:
    def check(value: float) -> str | None:
        return None if low <= value <= high else f"must be {low:g} to {high:g} {unit}".strip()

    return check


def _all(pattern: re.Pattern[str], form: str) -> Check:
    def check(values: tuple[str, ...]) -> str | None:
        wrong = [value for value in values if not pattern.match(value)]
        return f"{', '.join(map(repr, wrong))} must be {form}" if wrong else None

    return check


def _point(point: tuple[float, float] | None) -> str | None:
    if point is None or (abs(point[0]) <= 90 and abs(point[1]) <= 180):
        return None
    return "must be [latitude, longitude] in degrees: -90 to 90, -180 to 180"


def _callsign(callsign: str) -> str | None:
    if CALLSIGN.match(callsign):
        return None
    return 'must be 1 to 8 characters without "-" or blanks, as "KTOL/TV"'


def _timezone(name: str) -> str | None:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return 'must be a time zone of the IANA list, as "America/Chicago"'
    return None


def _database(url: str) -> str | None:
    scheme, found, rest = url.partition("://")
    if found and scheme in DATABASES and rest.startswith("/"):
        return None
    if found and scheme == "postgresql+psycopg2":
        return None
    if scheme in ("postgresql", "postgres"):
        return f"must begin with postgresql+psycopg2:// instead of {scheme}://"
    return 'must be "postgresql+psycopg2:///NAME" or "sqlite:////PATH/OF/FILE"'


def _number(check: Check) -> Check:
    """Of a number, where a word may stand in its place."""
    return lambda value: None if isinstance(value, str) else check(value)


def _serial(serial: str) -> str | None:
    if 0 < len(serial) <= 126 and serial.isprintable():
        return None
    return 'must be as rtl_eeprom shows it, "00000001"; without the key the only dongle is taken'


def _host(host: str) -> str | None:
    if not re.search(r"[\s/]|:\d+\Z", host.replace("::", "")):
        return None
    return 'must be a name or an address alone, as "localhost" or "*"; the port is web.port'


def _proxies(addresses: tuple[str, ...]) -> str | None:
    wrong = [one for one in addresses if not _is_network(one)]
    form = 'addresses or networks, as "127.0.0.1" or "192.168.1.0/24"'
    return f"{', '.join(map(repr, wrong))} must be {form}" if wrong else None


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


CHECKS: dict[tuple[str, str], Check] = {
    ("station", "callsign"): _callsign,
    ("station", "same_codes"): _all(SAME_CODE, 'six digits PSSCCC, as "039173"'),
    ("station", "canada_codes"): station_values.canada_codes,
    ("station", "point"): _point,
    ("station", "ignore_events"): station_values.ignored_events,
    ("station", "language"): station_values.language,
    ("station", "timezone"): _timezone,
    ("database", "url"): _database,
    ("database", "statement_timeout_s"): _between(0.1, 600, "seconds"),
    ("database", "slow_query_s"): _between(0, 600, "seconds"),
    ("web", "host"): _host,
    ("web", "port"): _between(0, 65535, "(0: any free one)"),
    ("web", "trusted_proxies"): _proxies,
    ("web", "deadline_s"): _between(1, 600, "seconds"),
    ("web", "session_idle_h"): _between(0.1, 8760, "hours"),
    ("web", "session_longest_h"): _between(0.1, 8760, "hours"),
    ("clips", "pre_roll_s"): _between(0, 120, "seconds"),
    ("clips", "post_roll_s"): _between(0, 60, "seconds"),
    ("clips", "longest_s"): _between(10, 3600, "seconds"),
    ("clips", "keep_days"): _between(1, 36500, "days"),
    ("clips", "least_free_mb"): _between(0, 1_000_000, "MB"),
    ("feed", "url"): feed_values.url,
    ("feed", "host"): feed_values.host,
    ("feed", "port"): _between(1, 65535, ""),
    ("feed", "room"): feed_values.room,
    ("feed", "interval_s"): _between(1, 86400, "seconds"),
    ("feed", "area"): _all(AREA, 'a state or marine area of two letters, as "OH"'),
    ("feed", "zone"): _all(UGC_ZONE, 'a zone or county as "OHZ049" or "OHC173"'),
    ("feed", "point"): _point,
    ("receiver", "rate_hz"): _between(25_000, 3_200_000, "Hz"),
    ("receiver", "center_hz"): _between(100_000, 2_000_000_000, "Hz"),
    ("receiver", "serial"): _serial,
    ("receiver", "host"): _host,
    ("receiver", "port"): _between(1, 65535, ""),
    ("receiver", "gain"): _number(_between(-10, 60, 'dB, or "auto"')),
    ("receiver", "ppm"): _number(_between(-200, 200, 'millionths, or "auto"')),
    ("receiver", "bandwidth_hz"): _between(1, 3_200_000, "Hz"),
    ("receiver", "squelch_db"): _between(-10, 70, "dB"),
    ("receiver", "publish"): remote_values.publish,
    ("receiver", "allow"): remote_values.allow,
    ("remote", "address"): remote_values.address,
    ("remote", "server_key"): remote_values.server_key,
    ("source", "rate_hz"): _between(8_000, 192_000, "Hz"),
    ("source", "probe_interval_s"): _between(1, 86_400, "seconds"),
    ("source", "expect"): alarm_values.expect,
    ("alarm", "webhook"): alarm_values.webhook,
    ("alarm", "after_s"): _between(0, 86_400, "seconds"),
    ("source", "url"): source_values.stream_url,
    ("source", "device"): source_values.device,
    ("source", "cpu_affinity"): source_values.cpus,
}


def check_values(section: str, table: Table) -> list[Fault]:
    """The faults of single values of one table."""
    faults = []
    for key, value in table.values.items():
        check = CHECKS.get((section, key))
        message = check(value) if check else None
        if message:
            faults.append(table.fault(key, message))
    return faults


def check_names(section: str, tables: list[Table]) -> list[Fault]:
    """Names are parts of unit, file and topic names, and there is one of each."""
    faults, first = [], dict[str, Table]()
    for table in tables:
        name = table.values.get("name")
        if name is None:
            continue
        if not NAME.match(name) or len(name) > LONGEST_NAME:
            form = f'must be 1 to {LONGEST_NAME} letters, digits, "-" or "_", no sign in front'
            faults.append(table.fault("name", form))
        elif name in first:
            at = first[name].fault("name", "")
            where = f"{at.file}:{at.line}"
            faults.append(
                table.fault("name", f"there is a [[{section}]] {name} at {where} already")
            )
        first.setdefault(name, table)
    return faults


def check_feeds(feeds: list[Table]) -> list[Fault]:
    """Each kind of feed has its own keys; some servers ask for patience."""
    faults = _check_kinds(feeds, feed_values.FEED_KEYS)
    for feed in feeds:
        faults += [feed.fault("interval_s", said) for said in feed_values.hasty(feed.values)]
    return faults


def check_receivers(receivers: list[Table]) -> list[Fault]:
    """Each kind has its own keys and rates; every channel lies inside what is heard."""
    faults = _check_kinds(receivers, RECEIVER_KEYS)
    for receiver in receivers:
        values = _with_defaults(receiver)
        faults += _check_capture(receiver, values)
        if not {"channels_hz", "center_hz", "rate_hz"} <= values.keys():
            continue
        wrong = receiver_values.wrong_channels(values)
        if wrong is not None:
            faults.append(receiver.fault(*wrong))
    return faults


def _check_capture(receiver: Table, values: dict[str, Any]) -> list[Fault]:
    rate_hz, kind = values.get("rate_hz"), values.get("kind")
    if kind in ("rtlsdr", "rtl_tcp") and rate_hz is not None:
        if not any(low <= rate_hz <= high for low, high in DONGLE_RATES_HZ):
            legal = " or ".join(f"{low} to {high}" for low, high in DONGLE_RATES_HZ)
            return [receiver.fault("rate_hz", f"must be {legal} Hz: a dongle has no other rates")]
    odd = receiver_values.odd_rate(rate_hz) if rate_hz is not None else None
    if odd is not None:
        return [receiver.fault("rate_hz", odd)]
    path = values.get("path")
    if kind == "file" and path is not None and path.suffix.lower() == ".wav":
        if values.get("format") != "wav":
            return [receiver.fault("format", 'must be "wav" for a path that ends in .wav')]
    return []


def check_sources(sources: list[Table], receivers: list[Table]) -> list[Fault]:
    """A source of kind receiver names one that there is, and channels that it has."""
    faults = _check_kinds(sources, SOURCE_KEYS)
    known = {r.values["name"]: r for r in receivers if "name" in r.values}
    for source in sources:
        name = source.values.get("receiver")
        if name is None or source.values.get("kind") != "receiver":
            continue
        if name not in known:
            close = nearest(name, known) if known else "; there is none"
            faults.append(source.fault("receiver", f"no [[receiver]] has this name{close}"))
            continue
        wanted = source.values.get("channels_hz", ())
        has = _with_defaults(known[name]).get("channels_hz", wanted)
        strange = [hz for hz in wanted if hz not in has]
        if strange:
            message = f"receiver {name} has no channel {', '.join(map(str, strange))}"
            faults.append(source.fault("channels_hz", message))
    return faults


def _with_defaults(receiver: Table) -> dict[str, Any]:
    """The values as the station will see them; without those that are at fault."""
    defaults = {
        f.name: f.default
        for f in dataclasses.fields(ReceiverConfig)
        if f.default is not dataclasses.MISSING and f.name not in receiver.where
    }
    return {**defaults, **receiver.values}


def _check_kinds(tables: list[Table], keys_of: dict[str, dict[str, bool]]) -> list[Fault]:
    special = {key for keys in keys_of.values() for key in keys}
    faults = []
    for table in tables:
        keys = keys_of.get(table.values.get("kind", ""))
        if keys is None:
            continue
        kind = table.values["kind"]
        for key, needed in keys.items():
            if needed and key not in table.where:
                faults.append(table.fault(key, f"missing: kind {kind} needs it"))
        for key in table.where:
            if key in special and key not in keys:
                faults.append(table.fault(key, f"means nothing for kind {kind}"))
    return faults

"""The types of the configuration's keys, each with the check of a single value.

A check takes the value and returns what is wrong with it, as "must be ...", or None. What several
keys must have in common is in `checks`.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from eas_station.field_types import Check, Pattern, Range
from eas_station.geo import canada

LONGEST_NAME = 24  # names are parts of unit, file and topic names
NATIONAL_EVENTS = ("ean", "national emergency message")
CPUS = 1024  # CPU_SETSIZE of sched_setaffinity(2)
RATE_STEP_HZ = 1_000  # every bank of filters begins with 16 samples for every kHz
Z85_DIGITS = (  # ZeroMQ RFC 32
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
)
TCP_ADDRESS = re.compile(r"tcp://(?:\[(?P<six>[^\]]*)\]|(?P<four>[^:\[\]]+)):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Rule:
    """A check by a function that accepts the value, and the same in words."""

    accepts: Callable[[Any], bool]
    words: str

    def __call__(self, value: Any) -> str | None:
        return None if self.accepts(value) else f"must be {self.words}"


def database_url(url: str) -> str | None:
    """Check the URL of a database that the station can use."""
    scheme, found, rest = url.partition("://")
    if found and (scheme == "postgresql+psycopg2" or (scheme == "sqlite" and rest[:1] == "/")):
        return None
    if scheme in ("postgresql", "postgres"):
        return f"must begin with postgresql+psycopg2:// instead of {scheme}://"
    return 'must be "postgresql+psycopg2:///NAME" or "sqlite:////PATH/OF/FILE"'


def whole_khz(rate_hz: int) -> str | None:
    """Check a sample rate that the filter banks can divide."""
    below = rate_hz // RATE_STEP_HZ * RATE_STEP_HZ
    if rate_hz == below:
        return None
    return f"must be a multiple of {RATE_STEP_HZ} Hz, as {below} or {below + RATE_STEP_HZ}"


def not_empty(channels_hz: tuple[int, ...]) -> str | None:
    """Check that there is a channel."""
    return None if channels_hz else "must have at least one frequency in Hz"


def _url_of(*schemes: str) -> Check:
    def is_url(text: str) -> bool:
        try:
            parts = urlsplit(text)
            is_whole = bool(parts.hostname) and parts.port != 0
        except ValueError:
            return False
        return parts.scheme in schemes and is_whole and text.isprintable() and " " not in text

    starts = [f"{scheme}://" for scheme in schemes]
    return Rule(is_url, f"a URL that begins with {', '.join(starts[:-1])} or {starts[-1]}")


def _is_timezone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _is_host(host: str) -> bool:
    return not re.search(r"[\s/]|:\d+\Z", host.replace("::", ""))


def _is_event(event: str) -> bool:
    return event.strip().lower() not in ("", *NATIONAL_EVENTS)


def _are_cpus(numbers: tuple[int, ...]) -> bool:
    return all(0 <= number < CPUS for number in numbers) and len(set(numbers)) == len(numbers)


def _is_public_key(key: str) -> bool:
    """Five digits of Z85 stand for four bytes, and not every five of them fit."""
    if len(key) != 40 or any(digit not in Z85_DIGITS for digit in key):
        return False
    return all(_number(key[at : at + 5]) < 1 << 32 for at in range(0, len(key), 5))


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * len(Z85_DIGITS) + Z85_DIGITS.index(digit)
    return number


def _is_bind_address(text: str) -> bool:
    return _tcp_host(text) is not None


def _is_connect_address(text: str) -> bool:
    """A host name is refused: while the network is down, looking it up would block the bus."""
    host = _tcp_host(text)
    return host not in (None, "*") and not ip_address(str(host)).is_unspecified


def _tcp_host(text: str) -> str | None:
    """HOST of "tcp://HOST:PORT": "*" or an IP address, in brackets if it is of version 6."""
    found = TCP_ADDRESS.fullmatch(text)
    if found is None or not 1 <= int(found["port"]) <= 65535:
        return None
    host, version = found["six"] or found["four"], 4 if found["four"] else 6
    try:
        return host if host == "*" or ip_address(host).version == version else None
    except ValueError:
        return None


Name = Annotated[
    str,
    Pattern(
        rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{LONGEST_NAME - 1}}}",
        f'1 to {LONGEST_NAME} letters, digits, "-" or "_", no sign in front',
    ),
]
Callsign = Annotated[  # LLLLLLLL of 47 CFR 11.31(c): printable, without "-"
    str, Pattern(r"[!-,./-~]{1,8}", '1 to 8 characters without "-" or blanks, as "KTOL/TV"')
]
SameCode = Annotated[str, Pattern(r"\d{6}", 'six digits PSSCCC, as "039173"')]  # 47 CFR 11.31(c)
CanadaCode = Annotated[
    str,
    Rule(
        canada.is_code,
        'an SGC code of 2, 4 or 7 digits, as "35" or "3519036", or a CLC of 6, as "041420"',
    ),
]
UgcArea = Annotated[
    str, Pattern(r"[A-Z]{2}", 'a state or marine area of two letters, as "OH"')
]  # NWSI 10-1702
UgcZone = Annotated[str, Pattern(r"[A-Z]{2}[CZ]\d{3}", 'a zone or county as "OHZ049" or "OHC173"')]
Geocode = Annotated[
    str, Pattern(r"[^:\s][^:]*:\S+", 'a CAP geocode NAME:VALUE, as "EMMA_ID:AT402"')
]
Point = Annotated[
    tuple[float, float],
    Rule(
        lambda point: abs(point[0]) <= 90 and abs(point[1]) <= 180,
        "[latitude, longitude] in degrees: -90 to 90, -180 to 180",
    ),
]
IgnorableEvent = Annotated[
    str, Rule(_is_event, "an event code or name, and not that of a national emergency")
]
Language = Annotated[  # RFC 5646, 2.1
    str, Pattern(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", 'a language as "en-US", "fr" or "fr-CA"')
]
Timezone = Annotated[str, Rule(_is_timezone, 'a time zone of the IANA list, as "America/Chicago"')]
DatabaseUrl = Annotated[str, database_url]
HttpUrl = Annotated[str, _url_of("https", "http")]
StreamUrl = Annotated[str, _url_of("https", "http", "rtsp", "rtsps")]
Port = Annotated[int, Range(1, 65535)]
ListenHost = Annotated[
    str,
    Rule(
        _is_host, 'a name or an address alone, as "localhost" or "*"; the port is a key of its own'
    ),
]
DnsName = Annotated[
    str,
    Pattern(
        r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?",
        'the name of a host, as "nwws-oi.weather.gov"',
    ),
]
LinkHost = Annotated[
    str,
    Pattern(
        r"(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[1-9]\d{0,4})?",
        'a host, or "*." and a domain, as "cap.example.org" or "*.example.org";'
        ' with another port than the usual one as "cap.example.org:8443"',
    ),
]
Network = Annotated[
    str, Rule(_is_network, 'addresses or networks, as "127.0.0.1" or "192.168.1.0/24"')
]
XmppRoom = Annotated[
    str,
    Pattern(
        r"[!#-%(-.0-9;=?A-~]{1,200}@[A-Za-z0-9.-]{1,250}",
        'a room, as "nwws@conference.nwws-oi.weather.gov"',
    ),
]
SerialNumber = Annotated[
    str,
    Rule(
        lambda serial: 0 < len(serial) <= 126 and serial.isprintable(),
        'as rtl_eeprom shows it, "00000001"; without the key the only dongle is taken',
    ),
]
ReceiverRate = Annotated[int, Range(25_000, 3_200_000, "Hz"), whole_khz]
Channels = Annotated[tuple[int, ...], not_empty]
Gain = Annotated[float, Range(-10, 60, 'dB, or "auto"')]
Ppm = Annotated[float, Range(-200, 200, 'millionths, or "auto"')]
PublicKey = Annotated[
    str,
    Rule(
        _is_public_key,
        "a public key of 40 characters, as `eas-ctl keys` shows it on the other machine",
    ),
]
BindAddress = Annotated[
    str,
    Rule(
        _is_bind_address,
        '"tcp://ADDRESS:PORT": an IP address of this machine, or 0.0.0.0 for all of them,'
        ' as "tcp://0.0.0.0:5600"',
    ),
]
ConnectAddress = Annotated[
    str,
    Rule(
        _is_connect_address,
        '"tcp://ADDRESS:PORT" with the other machine\'s IP address, not its name',
    ),
]
SoundCardName = Annotated[
    str,
    Rule(
        lambda name: bool(name.strip()),
        "the name of a sound card or a part of it; leave it out for the usual one",
    ),
]
Cpus = Annotated[
    tuple[int, ...],
    Rule(_are_cpus, "a list of different CPUs, the first one being 0, as [2, 3]"),
]
ExpectedTest = Annotated[
    str,
    Pattern(
        r"(?:(?:mono|\d{2,4}\.\d{3}) )?(?:RWT|RMT)",
        '"RWT" or "RMT", of one channel alone as "162.550 RWT"',
    ),
]

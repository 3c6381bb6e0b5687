"""What the demonstration sends: messages off the air and CAP documents, drawn anew each time.

All of it is tests by event code: practice/demo warnings and required weekly tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from eas_station.ctl.demo.area import counties, nearest
from eas_station.ctl.demo.cap_documents import CapDraft, document
from eas_station.same.header import Header, format_header, without_callsign
from eas_station.tables import Tables

CHANNELS_HZ = tuple(162_400_000 + 25_000 * step for step in range(7))
HALF_HOUR, HOUR, TWO_HOURS = timedelta(minutes=30), timedelta(hours=1), timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Sending:
    """One message on one channel."""

    channel_hz: int
    start_s: float  # since the capture began
    header: str
    attention: bool = False  # with the 1050 Hz tone
    voice_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Document:
    """One CAP document."""

    name: str  # of the file
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """All that the demonstration sends."""

    same_codes: tuple[str, ...]  # the area that it is about: the station's
    sendings: tuple[Sending, ...]  # by the time they start
    documents: tuple[Document, ...]
    alert_count: int  # how many alerts all of it makes, relevant or not


@dataclass(frozen=True, slots=True)
class _Places:
    """Where it happens: three counties of which the first is ours, one beyond, one far away."""

    near: tuple[str, str, str]
    beyond: str
    elsewhere: str


def draw(
    now: datetime, rng: np.random.Generator, known: Tables, same_codes: tuple[str, ...]
) -> Script:
    """A new script. Everything is issued at the minute `now`, in places that exist.

    Among it: two pairs of near twins that are four alerts, one warning that two stations send,
    and one that comes off the air and by CAP.

    Args:
        same_codes: our area; where it is less than three counties, their neighbours help out.
    """
    places = _places(rng, known, same_codes)
    issued_at = now.replace(second=0, microsecond=0)
    sendings = tuple(sorted(_sendings(places, issued_at, rng), key=lambda sent: sent.start_s))
    documents = tuple(
        Document(f"{number}-{name}.xml", document(draft, known))
        for number, (name, draft) in enumerate(_drafts(places, issued_at, rng), start=1)
    )
    off_air = {without_callsign(sent.header) for sent in sendings}
    by_cap_only = len(documents) - 2  # one is also on the air, and two are one alert
    return Script(same_codes, sendings, documents, len(off_air) + by_cap_only)


def _places(rng: np.random.Generator, known: Tables, same_codes: tuple[str, ...]) -> _Places:
    codes = counties(known)
    ours = [code for code in same_codes if code in codes]
    home = ours[0] if ours else codes[rng.integers(len(codes))]
    around = nearest(known, home, codes)
    near = [*ours[:3], *(code for code in around if code not in ours)][:3]
    beyond = next(code for code in around if code not in near and code not in same_codes)
    far = around[len(around) // 2 :]
    return _Places((near[0], near[1], near[2]), beyond, far[rng.integers(len(far))])


def _sendings(places: _Places, issued_at: datetime, rng: np.random.Generator) -> Iterator[Sending]:
    a, b, c = places.near
    channels = [CHANNELS_HZ[i] for i in rng.permutation(7)]

    def sending(
        number: int,
        start_s: float,
        words: tuple[str, str],
        locations: tuple[str, ...],
        valid_for: timedelta,
        attention: bool = False,
        voice_s: float = 0.0,
    ) -> Sending:
        originator, event_code = words
        channel_hz = channels[number]
        callsign = f"DEMO/WX{CHANNELS_HZ.index(channel_hz) + 1}"
        header = Header(originator, event_code, locations, valid_for, issued_at, callsign)
        jitter_s = float(rng.uniform(0, 0.8))
        return Sending(channel_hz, start_s + jitter_s, format_header(header), attention, voice_s)

    warning, drill, weekly = ("WXR", "DMO"), ("CIV", "DMO"), ("EAS", "RWT")
    yield sending(0, 1.0, warning, (a, b), HALF_HOUR, voice_s=6.0)
    yield sending(1, 3.0, BOTH_WAYS, _both_ways(places), HOUR)
    yield sending(2, 8.0, ("WXR", "RWT"), (a, c), HALF_HOUR)
    yield sending(3, 12.0, ("WXR", "RWT"), (a, c), HOUR)  # a twin: other purge time
    yield sending(4, 17.0, drill, (a, c, b), HOUR, voice_s=4.0)
    yield sending(5, 22.0, drill, (a, c, b, places.beyond), HOUR)  # a twin: one county more
    yield sending(6, 28.0, warning, (a, b), HALF_HOUR, voice_s=5.0)  # the first, other station
    yield sending(1, 36.0, warning, (a, b, c, places.beyond), TWO_HOURS, True, 8.0)
    yield sending(3, 48.0, weekly, (places.elsewhere,), HALF_HOUR)
    yield sending(0, 58.0, warning, (a,), TWO_HOURS, True, 6.0)
    yield sending(5, 70.0, weekly, (a,), HOUR)


BOTH_WAYS = ("EAS", "RWT")


def _both_ways(places: _Places) -> tuple[str, ...]:
    return places.near[:2]


def _drafts(
    places: _Places, issued_at: datetime, rng: np.random.Generator
) -> Iterator[tuple[str, CapDraft]]:
    run = f"demo-{int(rng.integers(1 << 32)):08x}"
    earlier_at = issued_at - timedelta(minutes=20)
    yield (
        "both-ways",
        CapDraft(f"{run}-1", issued_at, BOTH_WAYS, _both_ways(places), HOUR),
    )
    chain = CapDraft(f"{run}-2", earlier_at, ("CIV", "DMO"), places.near[::2], TWO_HOURS)
    yield ("chain-alert", chain)
    yield (
        "chain-update",
        CapDraft(
            f"{run}-3",
            issued_at - timedelta(minutes=5),
            ("CIV", "DMO"),
            places.near[:2],
            TWO_HOURS,
            replaces=chain,
        ),
    )
    yield ("relevant", CapDraft(f"{run}-4", earlier_at, ("CIV", "DMO"), places.near, HOUR))
    yield (
        "elsewhere",
        CapDraft(f"{run}-5", earlier_at, ("CIV", "DMO"), (places.elsewhere,), HOUR),
    )

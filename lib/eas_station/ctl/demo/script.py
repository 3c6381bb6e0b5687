"""The contents of the demonstration: transmissions and CAP documents, different each time.

By event code, all of them are tests: practice/demo warnings and required weekly tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from eas_station.config.model import NWR_CHANNELS_HZ
from eas_station.ctl.demo.area import counties, nearest
from eas_station.ctl.demo.cap_documents import CapDraft, document
from eas_station.same.header import Header, format_header, without_callsign
from eas_station.tables import Tables

HALF_HOUR, HOUR, TWO_HOURS = timedelta(minutes=30), timedelta(hours=1), timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Transmission:
    """One message on one channel."""

    channel_hz: int
    start_s: float  # from the start of the capture
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
    """All contents of the demonstration."""

    same_codes: tuple[str, ...]  # the area of the station
    transmissions: tuple[Transmission, ...]  # in the order of their start
    documents: tuple[Document, ...]
    alert_count: int  # number of alerts that result, relevant or not


@dataclass(frozen=True, slots=True)
class _Places:
    """The locations: three neighbouring counties, one next to them, one far away."""

    near: tuple[str, str, str]
    adjacent: str
    far: str


def draw(
    now: datetime, rng: np.random.Generator, known: Tables, same_codes: tuple[str, ...]
) -> Script:
    """A random script, issued at the minute of `now` for existing counties.

    It contains two pairs of similar messages that are four alerts, one warning from two stations,
    and one that comes both off the air and by CAP.

    Args:
        same_codes: the area of the station; neighbours are added up to three counties.
    """
    places = _places(rng, known, same_codes)
    issued_at = now.replace(second=0, microsecond=0)
    transmissions = tuple(
        sorted(_transmissions(places, issued_at, rng), key=lambda one: one.start_s)
    )
    documents = tuple(
        Document(f"{number}-{name}.xml", document(draft, known))
        for number, (name, draft) in enumerate(_drafts(places, issued_at, rng), start=1)
    )
    off_air = {without_callsign(one.header) for one in transmissions}
    by_cap_only = len(documents) - 2  # one is also transmitted, and two are one alert
    return Script(same_codes, transmissions, documents, len(off_air) + by_cap_only)


def _places(rng: np.random.Generator, known: Tables, same_codes: tuple[str, ...]) -> _Places:
    codes = counties(known)
    ours = [code for code in same_codes if code in codes]
    home = ours[0] if ours else codes[rng.integers(len(codes))]
    around = nearest(known, home, codes)
    near = [*ours[:3], *(code for code in around if code not in ours)][:3]
    adjacent = next(code for code in around if code not in near and code not in same_codes)
    far = around[len(around) // 2 :]
    return _Places((near[0], near[1], near[2]), adjacent, far[rng.integers(len(far))])


def _transmissions(
    places: _Places, issued_at: datetime, rng: np.random.Generator
) -> Iterator[Transmission]:
    a, b, c = places.near
    channels = [NWR_CHANNELS_HZ[i] for i in rng.permutation(7)]

    def transmission(
        number: int,
        start_s: float,
        codes: tuple[str, str],
        locations: tuple[str, ...],
        valid_for: timedelta,
        attention: bool = False,
        voice_s: float = 0.0,
    ) -> Transmission:
        originator, event_code = codes
        channel_hz = channels[number]
        callsign = f"DEMO/WX{NWR_CHANNELS_HZ.index(channel_hz) + 1}"
        header = Header(originator, event_code, locations, valid_for, issued_at, callsign)
        jitter_s = float(rng.uniform(0, 0.8))
        return Transmission(
            channel_hz, start_s + jitter_s, format_header(header), attention, voice_s
        )

    warning, drill, weekly = ("WXR", "DMO"), ("CIV", "DMO"), ("EAS", "RWT")
    yield transmission(0, 1.0, warning, (a, b), HALF_HOUR, voice_s=6.0)
    yield transmission(1, 3.0, BOTH_WAYS, _both_ways(places), HOUR)
    yield transmission(2, 8.0, ("WXR", "RWT"), (a, c), HALF_HOUR)
    yield transmission(3, 12.0, ("WXR", "RWT"), (a, c), HOUR)  # differs in the purge time
    yield transmission(4, 17.0, drill, (a, c, b), HOUR, voice_s=4.0)
    yield transmission(5, 22.0, drill, (a, c, b, places.adjacent), HOUR)  # differs in one county
    yield transmission(
        6, 28.0, warning, (a, b), HALF_HOUR, voice_s=5.0
    )  # the first, from another station
    yield transmission(1, 36.0, warning, (a, b, c, places.adjacent), TWO_HOURS, True, 8.0)
    yield transmission(3, 48.0, weekly, (places.far,), HALF_HOUR)
    yield transmission(0, 58.0, warning, (a,), TWO_HOURS, True, 6.0)
    yield transmission(5, 70.0, weekly, (a,), HOUR)


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
        CapDraft(f"{run}-5", earlier_at, ("CIV", "DMO"), (places.far,), HOUR),
    )

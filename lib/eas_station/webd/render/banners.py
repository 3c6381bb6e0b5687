"""What a reader must know before believing anything on the page, in a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from eas_station.webd.render.channel_rows import channel_name
from eas_station.webd.render.times import TimeFormat
from eas_station.webd.state.audio_channels import MONO
from eas_station.webd.state.snapshot import Snapshot

FIRST_ANSWER_S = 5.0  # how long the database may take to answer for the first time
DEAF = ("deaf", "silent")
NAMED_MOST = 3


def banners(snapshot: Snapshot, times: TimeFormat) -> tuple[tuple[str, str], ...]:
    """The banners, each a CSS class and a sentence."""
    found = []
    record = snapshot.record
    if not record.online and (snapshot.record_read or snapshot.waited_s > FIRST_ANSWER_S):
        since = times.moment(record.since_at, snapshot.as_of)
        found.append(("bad", f"Database offline since {since.local}. {_still_shown(snapshot)}"))
    if not snapshot.clock_trusted:
        clock = "The station's clock is not trusted: times may be wrong, and no alert is treated"
        found.append(("busy", f"{clock} as expired."))
    return (*found, *(("bad", sentence) for sentence in _deaf(snapshot, times)))


def _deaf(snapshot: Snapshot, times: TimeFormat) -> Iterator[str]:
    """The channels that should hear a warning and could not now; many in one sentence."""
    deaf = [
        heard.value
        for heard in snapshot.hearings
        if not heard.stale and heard.value.problem and heard.value.state in DEAF
    ]
    if len(deaf) > NAMED_MOST:
        since = times.moment(min(one.since_at for one in deaf), snapshot.as_of)
        sources = ", ".join(dict.fromkeys(one.source for one in deaf))
        which = f"{len(deaf)} channels of {sources}"
        yield f"The station is deaf on {which}, the first since {since.local}."
        return
    for one in deaf:
        where = one.source if one.channel == MONO else channel_name(one.channel)
        since = times.moment(one.since_at, snapshot.as_of)
        why = one.sentence.removeprefix(f"{one.state}: ")
        yield f"The station has been deaf on {where} since {since.local}: {why}."


def _still_shown(snapshot: Snapshot) -> str:
    """What the page shows without the database."""
    waiting = f"{snapshot.waiting} reception{'' if snapshot.waiting == 1 else 's'} not stored yet"
    if snapshot.record_read:
        known, joined = "The last known state is shown", ", with"
    else:
        known, joined = "Stored alerts cannot be shown", ", only"
    return f"{known}{joined} {waiting}." if snapshot.waiting else f"{known}."

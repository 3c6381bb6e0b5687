"""What must be known before anything on a page is believed, in a sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from eas_station.webd.render.times import Clockface
from eas_station.webd.state.snapshot import Snapshot

FIRST_ANSWER_S = 5.0  # how long the database may take to say its first word
DEAF = ("deaf", "silent")
NAMED_MOST = 3


def banners(picture: Snapshot, face: Clockface) -> tuple[tuple[str, str], ...]:
    """What must be known before anything on the page is believed: kind and sentence."""
    said = []
    record = picture.record
    if not record.online and (picture.record_read or picture.waited_s > FIRST_ANSWER_S):
        since = face.moment(record.since_at, picture.as_of)
        said.append(("bad", f"Database offline since {since.local}. {_still_shown(picture)}"))
    if not picture.clock_trusted:
        said.append(
            (
                "busy",
                "The clock of this station is not trusted: times may be wrong, nothing is "
                "taken to be over.",
            )
        )
    return (*said, *_deaf(picture, face))


def _deaf(picture: Snapshot, face: Clockface) -> Iterator[tuple[str, str]]:
    """The channels that would not hear a warning now and should; many in one sentence."""
    deaf = [
        heard.value
        for heard in picture.hearings
        if not heard.stale and heard.value.problem and heard.value.state in DEAF
    ]
    if len(deaf) > NAMED_MOST:
        since = face.moment(min(one.since_at for one in deaf), picture.as_of)
        sources = ", ".join(dict.fromkeys(one.source for one in deaf))
        said = f"The station is deaf on {len(deaf)} channels of {sources}, the first since"
        yield "bad", f"{said} {since.local}."
        return
    for one in deaf:
        where = one.source if one.channel == "mono" else one.channel
        since = face.moment(one.since_at, picture.as_of)
        why = one.sentence.removeprefix(f"{one.state}: ")
        yield "bad", f"The station is deaf on {where} since {since.local}: {why}."


def _still_shown(picture: Snapshot) -> str:
    """What the page knows without the database."""
    known = (
        "What was known before is shown" if picture.record_read else "What it holds is not shown"
    )
    if picture.waiting == 0:
        return f"{known}."
    count = "One reception" if picture.waiting == 1 else f"{picture.waiting} receptions"
    return f"{known}; {count} not stored yet {'is' if picture.waiting == 1 else 'are'} shown."

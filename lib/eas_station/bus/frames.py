"""Messages ⇄ the parts that travel: [topic, JSON header] or [topic, JSON header, samples]."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from eas_station.bus import topics
from eas_station.bus.messages import (
    VERSION,
    AlertNews,
    AudioLevel,
    AudioPcm,
    Body,
    BusMessage,
    Control,
    HearingProof,
    ReceiverState,
    ReceptionNew,
    SameBurst,
    Status,
)
from eas_station.errors import FrameError
from eas_station.wire import from_plain, plain_from_json, plain_to_json, time_to_text, to_plain

LONGEST_MESSAGE = 16 << 20  # bytes of one part; a reception holds a whole CAP document

BODY_OF_TOPIC: dict[str, type[Body]] = {
    topics.RECEPTION_NEW: ReceptionNew,
    topics.ALERT_NEW: AlertNews,
    topics.ALERT_UPDATED: AlertNews,
    topics.ALERT_ENDED: AlertNews,
    topics.ALERT_JOINED: AlertNews,
}
BODY_OF_PREFIX: dict[str, type[Body]] = {
    "audio.pcm.": AudioPcm,
    "audio.level.": AudioLevel,
    "audio.hearing.": HearingProof,
    "same.burst.": SameBurst,
    "receiver.state.": ReceiverState,
    "status.": Status,
    "control.": Control,
}


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """The fields of the JSON part besides the body."""

    sender: str
    run: str  # one process of the sender: with the next one the numbers start again
    seq: int
    sent_at: datetime
    repeated: bool = False


@functools.lru_cache(maxsize=1000)
def body_type(topic: str) -> type[Body]:
    """The type of the body of `topic`. Raises FrameError."""
    found = BODY_OF_TOPIC.get(topic)
    if found is None:
        found = next((b for p, b in BODY_OF_PREFIX.items() if topic.startswith(p)), None)
    if found is None:
        raise FrameError("unknown topic", topic[:200])
    return found


def encode(topic: str, header: FrameHeader, body: Body, samples: bytes | None) -> list[bytes]:
    """The parts of one message."""
    plain = {
        "v": VERSION,
        "from": header.sender,
        "run": header.run,
        "seq": header.seq,
        "sent_at": time_to_text(header.sent_at),
        "body": to_plain(body),
    }
    if header.repeated:
        plain["repeated"] = True
    text = plain_to_json(plain)
    # A lone surrogate, as from a feed's \ud800, is not UTF-8: it must not crash the sender.
    parts = [topic.encode(), text.encode("utf-8", "replace")]
    return parts if samples is None else [*parts, samples]


def decode(parts: Sequence[bytes]) -> tuple[BusMessage, str]:
    """The message in these parts and the sender's run. Raises FrameError."""
    if len(parts) not in (2, 3):
        raise FrameError(f"{len(parts)} parts, not 2 or 3", repr(list(parts))[:200])
    try:
        topic = parts[0].decode()
    except UnicodeDecodeError as error:
        raise FrameError("a topic that is not UTF-8", repr(parts[0])[:200]) from error
    body_class = body_type(topic)
    plain = plain_from_json(parts[1])
    if not isinstance(plain, dict):
        raise FrameError("a header that is not an object", topic)
    if plain.get("v") != VERSION:
        raise FrameError(f"version {plain.get('v')!r}, not {VERSION}", topic)
    samples = parts[2] if len(parts) == 3 else None
    if (samples is not None) != (body_class is AudioPcm):
        raise FrameError("samples are part of audio.pcm, and of no other topic", topic)
    message = BusMessage(
        topic=topic,
        sender=from_plain(str, plain.get("from"), "from"),
        seq=from_plain(int, plain.get("seq"), "seq"),
        sent_at=from_plain(datetime, plain.get("sent_at"), "sent_at"),
        body=from_plain(body_class, plain.get("body"), topic),
        samples=samples,
        repeated=from_plain(bool, plain.get("repeated", False), "repeated"),
    )
    return message, from_plain(str, plain.get("run"), "run")

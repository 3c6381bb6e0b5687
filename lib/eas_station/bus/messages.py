"""What travels on the bus, typed.

On the wire: [topic, JSON header] or [topic, JSON header, raw samples].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from eas_station.alerts.model import ChangeKind, Reception

VERSION = 1


@dataclass(frozen=True, slots=True)
class AudioPcm:
    """One frame of one channel; the samples are the third part of the message, s16le mono."""

    rate_hz: int
    first_sample: int  # number of the first sample since the receiver's process began, gaps counted
    gap_samples: int  # samples lost immediately before this frame
    squelched: bool = False  # too weak to be listened to; it is decoded all the same


@dataclass(frozen=True, slots=True)
class AudioLevel:
    """Level of one channel over the last half second."""

    source: str
    channel: str
    rms_dbfs: float
    peak_dbfs: float
    silent: bool
    carrier_present: bool | None = None  # None: a source that has no carrier


@dataclass(frozen=True, slots=True)
class HearingProof:
    """Whether this channel can receive a warning, tested by a header mixed into a copy of its
    sound."""

    source: str
    channel: str
    state: Literal["hearing", "deaf", "silent", "unproved"]  # unproved: heard, no probe yet
    sentence: str  # the state, its reason and what else is wrong, for the operator
    since_at: datetime  # when this state began
    margin_db: float | None = None  # how much weaker a header could still be read; None: not known
    usual_margin_db: float | None = None  # the median of earlier probes
    probed_at: datetime | None = None
    deaf_today_s: float | None = None  # since midnight UTC, as recorded; None: not known
    problem: bool = False  # needs the operator's attention
    overdue: tuple[str, ...] = ()  # expected tests that were not received, "RWT"


@dataclass(frozen=True, slots=True)
class SameBurst:
    """One of the three transmissions of a header, as read."""

    source: str
    channel: str
    text: str  # best reading of this burst alone
    snr_db: float | None
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class ReceptionNew:
    """A reception, in full, as soon as it is committed to the spool."""

    reception: Reception
    stored: bool  # in the database already
    durable: bool  # False: the spool could not be written


@dataclass(frozen=True, slots=True)
class AlertNews:
    """An alert has changed in the database."""

    alert_id: str
    change_id: int
    kind: ChangeKind
    event_code: str | None
    why: str
    other_id: str | None = None  # joined: the alert that became part of this one


@dataclass(frozen=True, slots=True)
class ChannelState:
    """The signal of one channel, over the last second."""

    channel: str  # "162.550"
    frequency_hz: float
    signal_dbfs: float
    noise_dbfs: float
    snr_db: float
    deviation_hz: float
    offset_hz: float  # carrier offset
    carrier_present: bool


@dataclass(frozen=True, slots=True)
class ReceiverState:
    """The signals of a receiver, and the samples it has lost."""

    receiver: str
    state: Literal["running", "reconnecting", "stopped", "failed"]
    sentence: str
    rate_hz: int
    center_hz: float
    channels: tuple[ChannelState, ...]
    samples: int  # IQ samples since the process began
    lost_samples: int
    ppm: float | None = None
    gain_db: float | None = None  # of the tuner; None: it has none, or none is known
    correction_ppm: int | None = None  # for which the crystal is corrected, positive: runs fast
    spectrum_dbfs: tuple[float, ...] = ()  # of the last second: 256 bins, lowest frequency first


@dataclass(frozen=True, slots=True)
class ItemState:
    """A feed, a source or another part of a daemon that has a state of its own."""

    name: str
    kind: str  # "feed.nws", "source.receiver", "spool", "database" ...
    state: Literal["running", "degraded", "reconnecting", "stopped", "failed"]
    sentence: str
    since_at: datetime
    last_good_at: datetime | None = None
    counters: dict[str, int] = field(default_factory=dict)
    next_at: datetime | None = None  # of a feed: when it is polled again


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a daemon, every five seconds and on change."""

    unit: str
    state: Literal["starting", "running", "degraded", "stopping"]
    sentence: str  # as in systemctl status
    started_at: datetime
    pid: int
    version: str
    clock_trusted: bool
    cpu_s: float  # user + system since start, children included
    memory_bytes: int  # PSS
    spool_depth: int | None = None
    last_change_id: int | None = None  # highest changes.id this daemon has published
    items: tuple[ItemState, ...] = ()
    counters: dict[str, int] = field(default_factory=dict)
    last_seq: dict[str, int] = field(default_factory=dict)  # per topic: a lost message is noticed


@dataclass(frozen=True, slots=True)
class Control:
    """The desired state has changed: read it again."""

    what: str  # "source wx", "receiver wx", "feed nws"


Body = (
    AudioPcm
    | AudioLevel
    | HearingProof
    | SameBurst
    | ReceptionNew
    | AlertNews
    | ReceiverState
    | Status
    | Control
)


@dataclass(frozen=True, slots=True)
class BusMessage:
    """One message as received."""

    topic: str
    sender: str  # unit name
    seq: int  # per sender and topic, from 1
    sent_at: datetime
    body: Body
    samples: bytes | None = None  # AudioPcm only
    repeated: bool = False  # last value sent again to a late subscriber, with its old seq

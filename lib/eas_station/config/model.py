"""The configuration as values, one field per key of station.toml.

Defaults are those of an installed station.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

NWR_CHANNELS_HZ = (
    162_400_000,
    162_425_000,
    162_450_000,
    162_475_000,
    162_500_000,
    162_525_000,
    162_550_000,
)


@dataclass(frozen=True, slots=True)
class StationConfig:
    """Who we are and what we answer for."""

    name: str = "EAS Station"
    callsign: str = "EASTATN"  # LLLLLLLL, at most 8
    same_codes: tuple[str, ...] = ()  # our area, PSSCCC; empty: everything concerns us
    canada_codes: tuple[str, ...] = ()  # and in Canada: SGC or CLC
    point: tuple[float, float] | None = None  # latitude, longitude in degrees
    ignore_events: tuple[str, ...] = ()  # EEE or event names that do not concern us
    ignore_statuses: tuple[Literal["exercise", "system", "test", "draft"], ...] = ()  # CAP's
    least_severity: Literal["Minor", "Moderate", "Severe", "Extreme"] | None = None  # None: any
    language: str = "en-US"  # BCP 47: in which a CAP message of several is shown
    contact: str = ""  # in the User-Agent that NWS asks for
    timezone: str | None = None  # IANA name for the page; None: the host's
    clock: Literal["auto", "trusted"] = "auto"


@dataclass(frozen=True, slots=True)
class PathsConfig:
    """Where the station keeps things."""

    state_dir: Path = Path("/var/lib/eas-station")  # spools, clips, SQLite
    runtime_dir: Path = Path("/run/eas-station")  # sockets, locks


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """Which database holds the record."""

    url: str = "postgresql+psycopg2:///eas_station"
    statement_timeout_s: float = 10.0
    slow_query_s: float = 0.5


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Where the page listens."""

    host: str = "localhost"
    port: int = 8080
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks whose X-Forwarded-For counts
    deadline_s: float = 10.0  # of one answer
    session_idle_h: float = 12.0  # a login that is not used ends
    session_longest_h: float = 168.0  # and any login ends


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """One CAP feed."""

    name: str
    kind: Literal["nws", "ipaws", "nwws", "cap", "folder"]
    url: str | None = None  # nws, ipaws, cap
    path: Path | None = None  # folder
    interval_s: float = 60.0
    area: tuple[str, ...] = ()  # nws: states or marine areas, "OH"
    zone: tuple[str, ...] = ()  # nws: UGC zones
    point: tuple[float, float] | None = None  # nws
    trust_store: Path | None = None  # ipaws: PEM file or folder; None: no signature is checked
    pin_file: Path | None = None  # ipaws: one line; None: the service asks for none
    login_file: Path | None = None  # nwws: the user, and on a second line the password
    host: str = "nwws-oi.weather.gov"  # nwws
    port: int = 5222  # nwws
    room: str | None = None  # nwws; None: nwws@conference.HOST
    ca_file: Path | None = None  # PEM of who alone vouches for the host; None: the system's


@dataclass(frozen=True, slots=True)
class ReceiverConfig:
    """One tuned radio that yields IQ."""

    name: str
    kind: Literal["rtlsdr", "rtl_tcp", "file"]
    path: Path | None = None  # file
    format: Literal["cu8", "cs16", "wav"] = "cu8"  # file
    rate_hz: int = 250_000
    center_hz: int = 162_487_500
    channels_hz: tuple[int, ...] = NWR_CHANNELS_HZ
    realtime: bool = True  # file
    loop: bool = True  # file
    serial: str | None = None  # rtlsdr; None: the only dongle there is
    host: str | None = None  # rtl_tcp
    port: int = 1234  # rtl_tcp
    gain: float | Literal["auto"] = "auto"  # dB; rtlsdr, rtl_tcp, as all that follows
    ppm: float | Literal["auto"] = "auto"  # of the dongle's crystal; positive: it runs fast
    bias_tee: bool = False
    direct_sampling: Literal["off", "i", "q"] = "off"
    bandwidth_hz: int | None = None  # of the tuner's filter; None: the tuner's own choice
    modulation: Literal["nfm", "wbfm"] = "nfm"  # of its channels: weather radio; FM broadcast
    squelch_db: float | None = None  # SNR below which nobody listens; decoding never stops
    # For other machines; not compared, because the radio goes on as it is when they change.
    publish: str | None = field(default=None, compare=False)  # "tcp://0.0.0.0:5600"; None: not
    allow: tuple[str, ...] = field(default=(), compare=False)  # public keys of who may listen


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """A receiver on another machine, which has a [[receiver]] of this name that publishes."""

    name: str
    address: str  # "tcp://10.0.0.5:5600"
    server_key: str  # that machine's public key
    channels_hz: tuple[int, ...] = NWR_CHANNELS_HZ  # those that are of interest here


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """What audiod listens to."""

    name: str
    kind: Literal["receiver", "soundcard", "stream", "pipe", "file"]
    receiver: str | None = None  # receiver
    channels_hz: tuple[int, ...] = ()  # receiver: empty means all of the receiver's channels
    path: Path | None = None  # file (WAV, FLAC), pipe (FIFO)
    rate_hz: int = 25_000  # pipe: s16le mono at this rate
    realtime: bool = True  # file
    loop: bool = False  # file
    probe_interval_s: float = 900.0  # between two proofs that a channel hears
    expect: tuple[str, ...] | None = None  # "RWT", "162.550 RMT"; None: what was heard before
    device: str | None = None  # soundcard: its name or a part of it; None: what the system prefers
    channel: Literal["left", "right", "mix"] = "mix"  # soundcard: of one with two
    url: str | None = None  # stream: Icecast, HLS, RTSP
    cpu_affinity: tuple[int, ...] = ()  # CPUs that the process keeps to; empty: all


@dataclass(frozen=True, slots=True)
class ClipsConfig:
    """Recordings of alerts."""

    pre_roll_s: float = 30.0
    post_roll_s: float = 5.0
    longest_s: float = 135.0  # without an EOM
    keep_days: int = 365  # the daily maintenance removes older ones, unless somebody keeps them
    least_free_mb: int = 500  # the oldest are removed while the disk has less, at once


@dataclass(frozen=True, slots=True)
class AlarmConfig:
    """Who is called when a channel is deaf, silent or overdue."""

    webhook: str | None = None  # its URL; None: nobody
    header_file: Path | None = None  # one line that is sent along, "Authorization: Bearer ..."
    after_s: float = 60.0  # a problem must hold for so long, and be over for so long


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration."""

    station: StationConfig = StationConfig()
    paths: PathsConfig = PathsConfig()
    database: DatabaseConfig = DatabaseConfig()
    web: WebConfig = WebConfig()
    clips: ClipsConfig = ClipsConfig()
    alarm: AlarmConfig = AlarmConfig()
    feeds: tuple[FeedConfig, ...] = ()
    receivers: tuple[ReceiverConfig, ...] = ()
    remotes: tuple[RemoteConfig, ...] = ()
    sources: tuple[SourceConfig, ...] = ()
    files: tuple[str, ...] = ()  # the files it was read from

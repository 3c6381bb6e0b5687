"""The configuration as values, one field per key of station.toml.

Defaults are those of an installed station.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from eas_station.config.key_types import (
    BindAddress,
    Callsign,
    CanadaCode,
    Channels,
    ConnectAddress,
    Cpus,
    DatabaseUrl,
    DnsName,
    ExpectedTest,
    Gain,
    Geocode,
    HttpUrl,
    IgnorableEvent,
    Language,
    LinkHost,
    ListenHost,
    Name,
    Network,
    Point,
    Port,
    Ppm,
    PublicKey,
    ReceiverRate,
    SameCode,
    SerialNumber,
    SoundCardName,
    StreamUrl,
    Timezone,
    UgcArea,
    UgcZone,
    XmppRoom,
)
from eas_station.field_types import Range

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
    """The identity of the station and its area."""

    name: str = "EAS Station"
    callsign: Callsign = "EASTATN"  # LLLLLLLL, at most 8
    same_codes: tuple[SameCode, ...] = ()  # our area, PSSCCC; empty: everywhere
    area: tuple[str, ...] = ()  # the same by name, "Lucas, OH", or by any code
    canada_codes: tuple[CanadaCode, ...] = ()  # and in Canada: SGC or CLC
    zones: tuple[UgcZone, ...] = ()  # forecast and fire weather zones
    geocodes: tuple[Geocode, ...] = ()  # CAP geocodes of any system, "EMMA_ID:AT402"
    point: Point | None = None  # latitude, longitude in degrees
    ignore_events: tuple[IgnorableEvent, ...] = ()  # EEE or event names that do not concern us
    ignore_statuses: tuple[Literal["exercise", "system", "test", "draft"], ...] = ()  # CAP's
    least_severity: Literal["Minor", "Moderate", "Severe", "Extreme"] | None = None  # None: any
    default_lifetime_h: Annotated[float, Range(1, 168, "hours")] = 24.0  # CAP that gives no end
    language: Language = "en-US"  # BCP 47: in which a CAP message of several is shown
    contact: str = ""  # in the User-Agent that NWS asks for
    timezone: Timezone | None = None  # IANA name for the page; None: the host's
    clock: Literal["auto", "trusted"] = "auto"

    @property
    def default_lifetime(self) -> timedelta:
        """How long a CAP message counts that gives no end."""
        return timedelta(hours=self.default_lifetime_h)


@dataclass(frozen=True, slots=True)
class PathsConfig:
    """The folders of the station."""

    state_dir: Path = Path("/var/lib/eas-station")  # spools, clips, SQLite
    runtime_dir: Path = Path("/run/eas-station")  # sockets, locks


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """The database."""

    url: DatabaseUrl = "postgresql+psycopg2:///eas_station"
    statement_timeout_s: Annotated[float, Range(0.1, 600, "seconds")] = 10.0
    slow_query_s: Annotated[float, Range(0, 600, "seconds")] = 0.5


@dataclass(frozen=True, slots=True)
class WebConfig:
    """The web server."""

    host: ListenHost = "localhost"
    port: Annotated[int, Range(0, 65535, "(0: any free one)")] = 8080
    trusted_proxies: tuple[Network, ...] = ()  # whose X-Forwarded-For is trusted
    deadline_s: Annotated[float, Range(1, 600, "seconds")] = 10.0  # of one answer
    # a session ends after so long without use
    session_idle_h: Annotated[float, Range(0.1, 8760, "hours")] = 12.0
    session_longest_h: Annotated[float, Range(0.1, 8760, "hours")] = 168.0  # and in any case


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """One CAP feed."""

    name: Name
    kind: Literal["nws", "ipaws", "nwws", "naad", "cap", "folder"]
    url: HttpUrl | None = None  # nws, ipaws, cap
    path: Path | None = None  # folder
    interval_s: Annotated[float, Range(1, 86_400, "seconds")] = 60.0
    area: tuple[UgcArea, ...] = ()  # nws: states or marine areas, "OH"
    zone: tuple[UgcZone, ...] = ()  # nws: UGC zones
    point: Point | None = None  # nws
    trust_store: Path | None = None  # ipaws: PEM file or folder; None: no signature is checked
    pin_file: Path | None = None  # ipaws: one line; None: the service asks for none
    login_file: Path | None = None  # nwws: the user, and on a second line the password
    link_hosts: tuple[LinkHost, ...] = ()  # cap: where links may lead besides the feed's own host
    host: DnsName | None = None  # nwws, naad; None: the service's own
    port: Port | None = None  # nwws, naad; None: the service's own
    tls: bool | None = None  # naad; None: only if host is not configured
    archive: HttpUrl | None = None  # naad; None: the service's own, or http://HOST
    room: XmppRoom | None = None  # nwws; None: nwws@conference.HOST
    ca_file: Path | None = None  # PEM of the only trusted CA; None: those of the system


@dataclass(frozen=True, slots=True)
class ReceiverConfig:
    """One tuned radio that yields IQ."""

    name: Name
    kind: Literal["rtlsdr", "rtl_tcp", "file"]
    path: Path | None = None  # file
    format: Literal["cu8", "cs16", "wav"] = "cu8"  # file
    rate_hz: ReceiverRate = 250_000
    center_hz: Annotated[int, Range(100_000, 2_000_000_000, "Hz")] = 162_487_500
    channels_hz: Channels = NWR_CHANNELS_HZ
    realtime: bool = True  # file
    loop: bool = True  # file
    serial: SerialNumber | None = None  # rtlsdr; None: the only dongle there is
    host: ListenHost | None = None  # rtl_tcp
    port: Port = 1234  # rtl_tcp
    gain: Gain | Literal["auto"] = "auto"  # dB; rtlsdr, rtl_tcp, as all that follows
    ppm: Ppm | Literal["auto"] = "auto"  # of the dongle's crystal; positive: it runs fast
    bias_tee: bool = False
    direct_sampling: Literal["off", "i", "q"] = "off"
    # of the tuner's filter; None: the tuner's own choice
    bandwidth_hz: Annotated[int, Range(1, 3_200_000, "Hz")] | None = None
    modulation: Literal["nfm", "wbfm"] = "nfm"  # of its channels: weather radio; FM broadcast
    # SNR below which listeners hear silence; decoding goes on
    squelch_db: Annotated[float, Range(-10, 70, "dB")] | None = None
    # For other machines; not compared, because the radio goes on as it is when they change.
    # publish: "tcp://0.0.0.0:5600"; None: not published. allow: public keys of the listeners.
    publish: BindAddress | None = field(default=None, compare=False)
    allow: tuple[PublicKey, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """A receiver on another machine, which publishes a [[receiver]] of this name."""

    name: Name
    address: ConnectAddress  # "tcp://10.0.0.5:5600"
    server_key: PublicKey  # that machine's public key
    channels_hz: Channels = NWR_CHANNELS_HZ  # those to receive


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """One audio source."""

    name: Name
    kind: Literal["receiver", "soundcard", "stream", "pipe", "file"]
    receiver: str | None = None  # receiver
    channels_hz: tuple[int, ...] = ()  # receiver: empty means all of the receiver's channels
    path: Path | None = None  # file (WAV, FLAC), pipe (FIFO)
    rate_hz: Annotated[int, Range(8_000, 192_000, "Hz")] = 25_000  # pipe: s16le mono at this rate
    realtime: bool = True  # file
    loop: bool = False  # file
    # between two tests of the reception
    probe_interval_s: Annotated[float, Range(1, 86_400, "seconds")] = 900.0
    # "RWT", "162.550 RMT"; None: those received before
    expect: tuple[ExpectedTest, ...] | None = None
    # soundcard: its name or a part of it; None: the default of the system
    device: SoundCardName | None = None
    channel: Literal["left", "right", "mix"] = "mix"  # soundcard: of one with two
    url: StreamUrl | None = None  # stream: Icecast, HLS, RTSP
    cpu_affinity: Cpus = ()  # CPUs that the process keeps to; empty: all


@dataclass(frozen=True, slots=True)
class ClipsConfig:
    """Recordings of alerts."""

    pre_roll_s: Annotated[float, Range(0, 120, "seconds")] = 30.0
    post_roll_s: Annotated[float, Range(0, 60, "seconds")] = 5.0
    longest_s: Annotated[float, Range(10, 3600, "seconds")] = 135.0  # without an EOM
    # the daily maintenance removes older ones, except those with the keep flag
    keep_days: Annotated[int, Range(1, 36_500, "days")] = 365
    # the oldest are removed while the disk has less, at once
    least_free_mb: Annotated[int, Range(0, 1_000_000, "MB")] = 500


@dataclass(frozen=True, slots=True)
class AlarmConfig:
    """The alarm when a channel is deaf, silent, or a test of it is overdue."""

    webhook: HttpUrl | None = None  # a URL; None: no alarm
    header_file: Path | None = None  # one header line, "Authorization: Bearer ..."
    # a problem must last, and be over, for so long
    after_s: Annotated[float, Range(0, 86_400, "seconds")] = 60.0


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

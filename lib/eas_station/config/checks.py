"""What several keys must have in common: names, kinds, channels and addresses."""

from __future__ import annotations

from urllib.parse import urlsplit

from eas_station.config.reader import Table, nearest
from eas_station.errors import Fault

# Keys that only some kinds take. "!" marks one that the kind needs.
DONGLE_KEYS = "gain ppm bias_tee direct_sampling bandwidth_hz"
KEYS_OF_KIND = {
    "feed": {
        "nws": "url area zone point interval_s ca_file",
        "ipaws": "url trust_store pin_file interval_s ca_file",
        "nwws": "login_file! host port room ca_file",
        "naad": "host port tls archive ca_file",
        "cap": "url! link_hosts interval_s ca_file",
        "folder": "path! interval_s",
    },
    "receiver": {
        "rtlsdr": f"serial {DONGLE_KEYS}",
        "rtl_tcp": f"host! port {DONGLE_KEYS}",
        "file": "path! format realtime loop",
    },
    "source": {
        "receiver": "receiver! channels_hz",
        "soundcard": "device channel",
        "stream": "url!",
        "pipe": "path! rate_hz",
        "file": "path! realtime loop",
    },
}
NWS_HOST = "api.weather.gov"
NWS_FASTEST_S = 15.0
FEMA_DOMAIN = "fema.gov"
IPAWS_FASTEST_S = 120.0  # FEMA asks for it
DONGLE_RATES_HZ = ((225_001, 300_000), (900_001, 3_200_000))  # what an RTL2832U can resample to
GRID_HZ = 2_500  # the finest distance from the centre that a filter bank reaches
HALF_WIDTH_HZ = {"nfm": 12_500, "wbfm": 105_000}  # of the capture, for a channel


def check_names(section: str, tables: list[Table]) -> list[Fault]:
    """There is one table of each name."""
    faults, first = [], dict[str, Table]()
    for table in tables:
        name = table.values.get("name")
        if name in first:
            at = first[name].fault("name", "")
            message = f"there is a [[{section}]] {name} at {at.file}:{at.line} already"
            faults.append(table.fault("name", message))
        elif name is not None:
            first[name] = table
    return faults


def check_kinds(section: str, tables: list[Table]) -> list[Fault]:
    """Each kind has its own keys."""
    kinds = {kind: keys.split() for kind, keys in KEYS_OF_KIND.get(section, {}).items()}
    special = {key.rstrip("!") for keys in kinds.values() for key in keys}
    faults = []
    for table in tables:
        kind = table.values.get("kind")
        keys = kinds.get(kind or "", ())
        for key in keys if kind else ():
            if key.endswith("!") and key.rstrip("!") not in table.where:
                faults.append(table.fault(key.rstrip("!"), f"missing: kind {kind} needs it"))
        for key in table.where if kind else ():
            if key in special and not {key, f"{key}!"} & set(keys):
                faults.append(table.fault(key, f"means nothing for kind {kind}"))
    return faults


def check_intervals(feeds: list[Table]) -> list[Fault]:
    """Some servers must not be polled often."""
    faults = []
    for feed in feeds:
        kind, url, interval_s = (feed.values.get(key) for key in ("kind", "url", "interval_s"))
        server, fastest_s = None, 0.0
        if kind == "nws" and hostname(url) in (None, NWS_HOST):
            server, fastest_s = NWS_HOST, NWS_FASTEST_S
        elif kind == "ipaws" and is_fema(url):
            server, fastest_s = FEMA_DOMAIN, IPAWS_FASTEST_S
        if interval_s is not None and interval_s < fastest_s:
            message = f"{server} must not be asked more often than every {fastest_s:g} seconds"
            faults.append(feed.fault("interval_s", message))
    return faults


def is_fema(url: str | None) -> bool:
    """Whether a feed of kind ipaws polls FEMA itself."""
    host = hostname(url) or FEMA_DOMAIN
    return host == FEMA_DOMAIN or host.endswith(f".{FEMA_DOMAIN}")


def hostname(url: str | None) -> str | None:
    """The host of a URL in lower case; None if it has none."""
    return urlsplit(url).hostname if url else None


def check_receivers(receivers: list[Table]) -> list[Fault]:
    """A dongle has that rate, and every channel lies inside the capture."""
    faults = []
    for receiver in receivers:
        faults += _check_capture(receiver)
        if all(receiver.value(key) for key in ("channels_hz", "center_hz", "rate_hz")):
            faults += _check_channels(receiver)
    return faults


def _check_capture(receiver: Table) -> list[Fault]:
    kind, rate_hz, path = (receiver.value(key) for key in ("kind", "rate_hz", "path"))
    if kind in ("rtlsdr", "rtl_tcp") and rate_hz is not None:
        if not any(low <= rate_hz <= high for low, high in DONGLE_RATES_HZ):
            legal = " or ".join(f"{low} to {high}" for low, high in DONGLE_RATES_HZ)
            return [receiver.fault("rate_hz", f"must be {legal} Hz: a dongle has no other rates")]
    if kind == "file" and path is not None and path.suffix.lower() == ".wav":
        if receiver.value("format") != "wav":
            return [receiver.fault("format", 'must be "wav" for a path that ends in .wav')]
    return []


def _check_channels(receiver: Table) -> list[Fault]:
    center_hz, channels_hz = receiver.value("center_hz"), receiver.value("channels_hz")
    half_width_hz = HALF_WIDTH_HZ[receiver.value("modulation") or "nfm"]
    reach_hz = max(0, receiver.value("rate_hz") // 2 - half_width_hz)
    outside = [hz for hz in channels_hz if abs(hz - center_hz) > reach_hz]
    if outside:
        low, high = (center_hz - reach_hz) / 1e6, (center_hz + reach_hz) / 1e6
        message = (
            f"{_listed(outside)} lies outside of what is received with this center_hz and"
            f" rate_hz: {low:.4f} to {high:.4f} MHz, in Hz"
        )
        return [receiver.fault("channels_hz", message)]
    beside = [hz for hz in channels_hz if (hz - center_hz) % GRID_HZ]
    if beside:
        above = (beside[0] - center_hz) % GRID_HZ
        nearest_hz = center_hz + (above if 2 * above <= GRID_HZ else above - GRID_HZ)
        message = (
            f"must be a multiple of {GRID_HZ} Hz away from every channel, and from"
            f" {_listed(beside)} it is not; the nearest is {nearest_hz}"
        )
        return [receiver.fault("center_hz", message)]
    return []


def check_published(receivers: list[Table]) -> list[Fault]:
    """A receiver is published to named listeners only, each on a port of its own."""
    faults, taken = [], dict[str, str]()
    for receiver in receivers:
        address, allow = receiver.value("publish"), receiver.value("allow")
        if address is not None and allow == ():
            message = (
                "would send to everybody who connects: name the listeners in allow = [...],"
                " with the keys that `eas-ctl keys` shows on the listening machines"
            )
            faults.append(receiver.fault("publish", message))
        if "publish" not in receiver.where and "allow" in receiver.where:
            message = 'means nothing without publish = "tcp://0.0.0.0:5600"'
            faults.append(receiver.fault("allow", message))
        port = (address or "").rpartition(":")[2]
        if port in taken:
            faults.append(receiver.fault("publish", f"{taken[port]} has this port already"))
        elif port:
            taken[port] = receiver.label
    return faults


def check_remotes(remotes: list[Table], receivers: list[Table]) -> list[Fault]:
    """A receiver on another machine has a name of its own."""
    here = {receiver.value("name") for receiver in receivers} - {None}
    message = (
        "there is a [[receiver]] of this name here: give one of them another, on the machine"
        " that it is on and here"
    )
    return [remote.fault("name", message) for remote in remotes if remote.value("name") in here]


def check_sources(sources: list[Table], receivers: list[Table]) -> list[Fault]:
    """A source of kind receiver names a receiver that exists, and channels that it has."""
    known = {receiver.value("name"): receiver for receiver in receivers}
    faults = []
    for source in sources:
        name = source.value("receiver")
        if name is None or source.value("kind") != "receiver":
            continue
        if name in known:
            faults += _check_source_channels(source, known[name])
        elif None not in known:  # else it may mean one whose name is at fault
            close = nearest(name, tuple(known)) if known else "; there is none"
            faults.append(source.fault("receiver", f"no [[receiver]] has this name{close}"))
    return faults


def _check_source_channels(source: Table, receiver: Table) -> list[Fault]:
    wanted, has = source.value("channels_hz"), receiver.value("channels_hz")
    strange = [hz for hz in wanted if hz not in has] if wanted and has else []
    if not strange:
        return []
    message = f"receiver {receiver.value('name')} has no channel {_listed(strange)}"
    return [source.fault("channels_hz", message)]


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))

"""The systemd generator (systemd.generator(7)): derives units from station.toml.

It decides which instances exist, where the page listens, and which instances may use the network,
devices, or files that their sandbox hides. It runs at boot and at every `systemctl daemon-reload`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from eas_station.config.load import INSTALLED, load
from eas_station.config.model import Config, PathsConfig, ReceiverConfig, SourceConfig
from eas_station.config.units import CAPD, WEBD, receiver_unit, source_unit
from eas_station.errors import ConfigError

UNITS = Path("/usr/lib/systemd/system")
UMBRELLAS = ("eas-sdrd", "eas-audiod")
JOBS = ("eas-station-schema", "eas-station-maintenance")
DROP_IN = "50-station.conf"
SOCKET = f"{WEBD}.socket"
DEFAULT_PORT = 8080
NETWORK_KINDS = frozenset({"rtl_tcp", "stream"})  # of receivers and sources
# Devices by kind: the group with access, the name in /proc/devices, and the kernel module that must
# be loaded for systemd to know that name.
DEVICES = {
    "rtlsdr": ("plugdev", "char-usb_device", "usbcore"),
    "soundcard": ("audio", "char-alsa", "snd"),
}
HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108
EVERYWHERE = ("", "*")


def main(argv: list[str]) -> int:
    """Write the units to the first folder that systemd passes; gives the exit status."""
    try:
        config = load(INSTALLED if INSTALLED.exists() else None)
    except ConfigError as error:
        for fault in error.faults:
            print(f"eas-station-generator: {fault}", file=sys.stderr)
        return 1
    write(Path(argv[0]), config, has_ipv6())
    return 0


def write(folder: Path, config: Config, ipv6: bool) -> None:
    """Write all drop-ins and links under `folder`."""
    for unit, text in drop_ins(config, ipv6):
        path = folder / f"{unit}.d" / DROP_IN
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for umbrella, unit in instances(config):
        link = folder / f"{umbrella}.service.wants" / f"{unit}.service"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(UNITS / f"{umbrella}@.service")


def instances(config: Config) -> Iterator[tuple[str, str]]:
    """Each configured instance: its umbrella and its unit, "eas-sdrd", "eas-sdrd@wx"."""
    for receiver in config.receivers:
        yield "eas-sdrd", receiver_unit(receiver.name)
    for source in config.sources:
        yield "eas-audiod", source_unit(source.name)


def drop_ins(config: Config, ipv6: bool) -> Iterator[tuple[str, str]]:
    """The drop-ins: a unit, "eas-sdrd@wx.service", and the text."""
    addresses = listen_addresses(config.web.host, config.web.port, ipv6)
    lines = ["ListenStream=", *(f"ListenStream={address}" for address in addresses)]
    yield SOCKET, _text((), "[Socket]", lines)
    writable = tuple(_writable(config))
    remote = _is_remote(config.database.url)
    remotes = {receiver.name for receiver in config.remotes}
    folders = [feed.path for feed in config.feeds if feed.path is not None]
    yield from _service(CAPD, [*writable, *_readable(folders)])
    for unit in (WEBD, *JOBS):
        yield from _service(unit, writable)
    for receiver in config.receivers:
        captures = [receiver.path] if receiver.path is not None else []
        network = _network(receiver, remote or receiver.publish is not None)
        lines = [*writable, *network, *_readable(captures)]
        yield from _service(receiver_unit(receiver.name), lines, receiver.kind)
    for source in config.sources:
        paths = [source.path] if source.path is not None else []
        network = _network(source, remote or source.receiver in remotes)
        lines = [*writable, *network, *_readable(paths), *_affinity(source)]
        yield from _service(source_unit(source.name), lines, source.kind)


def listen_addresses(host: str, port: int, ipv6: bool) -> tuple[str, ...]:
    """The addresses of the page, for ListenStream=.

    A name other than localhost cannot be resolved before the network is up: it is taken as
    localhost here, and `eas-ctl apply` rejects it.
    """
    port = port or DEFAULT_PORT
    if host in EVERYWHERE:
        return (str(port),)  # IPv6 and IPv4, or IPv4 only if there is no IPv6
    try:
        address = ip_address(host)
    except ValueError:
        return (f"127.0.0.1:{port}", *([f"[::1]:{port}"] if ipv6 else []))
    return (f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}",)


def is_listenable(host: str) -> bool:
    """Whether the page can listen there."""
    try:
        ip_address(host)
    except ValueError:
        return host in (*EVERYWHERE, "localhost")
    return True


def has_ipv6(proc: Path = Path("/proc")) -> bool:
    """Whether this machine has IPv6."""
    try:
        off = (proc / "sys/net/ipv6/conf/all/disable_ipv6").read_text(encoding="ascii").strip()
    except OSError:
        return False
    return off == "0" and (proc / "net/if_inet6").exists()


def _service(unit: str, lines: Iterable[str], kind: str = "") -> Iterator[tuple[str, str]]:
    listed, before = list(lines), []
    if kind in DEVICES:
        group, devices, module = DEVICES[kind]
        modprobe = f"modprobe@{module}.service"
        before = ["[Unit]", f"Wants={modprobe}", f"After={modprobe}"]
        listed += ["PrivateDevices=no", f"DeviceAllow={devices} rw", f"SupplementaryGroups={group}"]
    if listed:
        yield f"{unit}.service", _text(before, "[Service]", listed)


def _text(before: Iterable[str], section: str, lines: Iterable[str]) -> str:
    head = f"# Generated from {INSTALLED.parent} by eas-station-generator"
    return "\n".join([head, *before, section, *lines]) + "\n"


def _writable(config: Config) -> Iterator[str]:
    """Folders other than the default ones that every daemon writes to."""
    default = PathsConfig()
    folders = {config.paths.state_dir, config.paths.runtime_dir}
    scheme, _, path = config.database.url.partition(":///")
    if scheme.startswith("sqlite") and path.startswith("/"):
        folders.add(Path(path).parent)
    for folder in sorted(folders - {default.state_dir, default.runtime_dir}):
        if default.state_dir not in folder.parents:
            yield f"BindPaths={_quoted(folder)}"
            yield f"ReadWritePaths={_quoted(folder)}"


def _network(configured: ReceiverConfig | SourceConfig, remote: bool) -> Iterator[str]:
    if remote or configured.kind in NETWORK_KINDS:
        yield "PrivateNetwork=no"
        yield "RestrictAddressFamilies=AF_INET AF_INET6"


def _affinity(source: SourceConfig) -> Iterator[str]:
    """The CPUs that exist: systemd cannot start a unit if none of them does."""
    existing = [cpu for cpu in source.cpu_affinity if cpu < (os.cpu_count() or 1)]
    if existing:
        yield f"CPUAffinity={' '.join(map(str, existing))}"


def _readable(paths: Iterable[Path]) -> Iterator[str]:
    """Make files visible that the sandbox would hide."""
    for path in sorted(set(paths)):
        if any(hidden in path.parents for hidden in HIDDEN):
            yield f"BindReadOnlyPaths={_quoted(path)}"


def _quoted(path: Path) -> str:
    """A path in a list of bind mounts; "-" means that it may be missing."""
    text = str(path)
    for sign, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), (":", "\\:")):
        text = text.replace(sign, escaped)
    return f'"-{text}"'


def _is_remote(url: str) -> bool:
    parts = urlsplit(url)
    return not parts.scheme.startswith("sqlite") and bool(parts.hostname)

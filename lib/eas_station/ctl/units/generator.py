"""What station.toml decides about units: a systemd generator (systemd.generator(7)).

Which instances there are, where the page listens, and which instances may use the network, use
devices, or see files that their sandbox hides. Runs at boot and at every `systemctl daemon-reload`.
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
# Which kinds need which devices: the group that may use them, their name in /proc/devices, and the
# module that has to be there for systemd to know that name.
DEVICES = {
    "rtlsdr": ("plugdev", "char-usb_device", "usbcore"),
    "soundcard": ("audio", "char-alsa", "snd"),
}
HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108
EVERYWHERE = ("", "*")


def main(argv: list[str]) -> int:
    """Write the units into the folder that systemd names first; gives the exit status."""
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
    """Every configured instance: its umbrella and its unit, "eas-sdrd", "eas-sdrd@wx"."""
    for receiver in config.receivers:
        yield "eas-sdrd", receiver_unit(receiver.name)
    for source in config.sources:
        yield "eas-audiod", source_unit(source.name)


def drop_ins(config: Config, ipv6: bool) -> Iterator[tuple[str, str]]:
    """What is added to which unit: "eas-sdrd@wx.service" and its text."""
    addresses = listen_addresses(config.web.host, config.web.port, ipv6)
    lines = ["ListenStream=", *(f"ListenStream={address}" for address in addresses)]
    yield SOCKET, _text((), "[Socket]", lines)
    written = tuple(_writable(config))
    remote = _is_remote(config.database.url)
    elsewhere = {receiver.name for receiver in config.remotes}
    folders = [feed.path for feed in config.feeds if feed.path is not None]
    yield from _service(CAPD, [*written, *_shown(folders)])
    for unit in (WEBD, *JOBS):
        yield from _service(unit, written)
    for receiver in config.receivers:
        captures = [receiver.path] if receiver.path is not None else []
        network = _network(receiver, remote or receiver.publish is not None)
        lines = [*written, *network, *_shown(captures)]
        yield from _service(receiver_unit(receiver.name), lines, receiver.kind)
    for source in config.sources:
        paths = [source.path] if source.path is not None else []
        network = _network(source, remote or source.receiver in elsewhere)
        lines = [*written, *network, *_shown(paths), *_affinity(source)]
        yield from _service(source_unit(source.name), lines, source.kind)


def listen_addresses(host: str, port: int, ipv6: bool) -> tuple[str, ...]:
    """Where the page listens, as ListenStream= has it.

    A name other than localhost cannot be looked up before there is a network: then it is
    localhost, and `eas-ctl apply` says so.
    """
    port = port or DEFAULT_PORT
    if host in EVERYWHERE:
        return (str(port),)  # IPv6 and IPv4, or IPv4 alone where there is no IPv6
    try:
        address = ip_address(host)
    except ValueError:
        return (f"127.0.0.1:{port}", *([f"[::1]:{port}"] if ipv6 else []))
    return (f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}",)


def is_listenable(host: str) -> bool:
    """Whether the page really listens there."""
    try:
        ip_address(host)
    except ValueError:
        return host in (*EVERYWHERE, "localhost")
    return True


def has_ipv6(proc: Path = Path("/proc")) -> bool:
    """Whether this machine speaks IPv6."""
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
    head = f"# Made from {INSTALLED.parent} by eas-station-generator"
    return "\n".join([head, *before, section, *lines]) + "\n"


def _writable(config: Config) -> Iterator[str]:
    """Folders beside the usual ones that every daemon writes to."""
    usual = PathsConfig()
    folders = {config.paths.state_dir, config.paths.runtime_dir}
    scheme, _, path = config.database.url.partition(":///")
    if scheme.startswith("sqlite") and path.startswith("/"):
        folders.add(Path(path).parent)
    for folder in sorted(folders - {usual.state_dir, usual.runtime_dir}):
        if usual.state_dir not in folder.parents:
            yield f"BindPaths={_quoted(folder)}"
            yield f"ReadWritePaths={_quoted(folder)}"


def _network(part: ReceiverConfig | SourceConfig, remote: bool) -> Iterator[str]:
    if remote or part.kind in NETWORK_KINDS:
        yield "PrivateNetwork=no"
        yield "RestrictAddressFamilies=AF_INET AF_INET6"


def _affinity(source: SourceConfig) -> Iterator[str]:
    """Of the CPUs, those that there are: with no other systemd could not start the unit."""
    there = [cpu for cpu in source.cpu_affinity if cpu < (os.cpu_count() or 1)]
    if there:
        yield f"CPUAffinity={' '.join(map(str, there))}"


def _shown(paths: Iterable[Path]) -> Iterator[str]:
    """Files that the sandbox would hide."""
    for path in sorted(set(paths)):
        if any(hidden in path.parents for hidden in HIDDEN):
            yield f"BindReadOnlyPaths={_quoted(path)}"


def _quoted(path: Path) -> str:
    """A path for a list of bind mounts; "-": it need not be there."""
    text = str(path)
    for sign, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), (":", "\\:")):
        text = text.replace(sign, escaped)
    return f'"-{text}"'


def _is_remote(url: str) -> bool:
    parts = urlsplit(url)
    return not parts.scheme.startswith("sqlite") and bool(parts.hostname)

"""A configuration, figures, packages and documents for the tests of the booted machine."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from nspawn import Machine

DAEMONS = ("eas-capd", "eas-sdrd@wx", "eas-audiod@wx", "eas-webd")
CONFIGURATION = """\
[station]
clock = "trusted"
same_codes = ["039173", "039095"]

[[feed]]
name = "folder"
kind = "folder"
path = "/var/lib/eas-station/cap"
interval_s = 5.0

[[receiver]]
name = "wx"
kind = "file"
path = "/var/lib/eas-station/demo/capture.cu8"

[[source]]
name = "wx"
kind = "receiver"
receiver = "wx"
"""
SECOND_SOURCE = """
[[source]]
name = "scanner"
kind = "pipe"
path = "/run/eas-station/scanner.pcm"
"""
OURS = "/etc/eas-station/station.d/bench.toml"
INSTALL = "apt-get install -q -y"
FIGURE = "FIGURE "


def figure(name: str, value: object) -> None:
    """Print a measured value, which is shown at the end of the run."""
    print(f"{FIGURE}{name}: {value}")


def active_again(machine: Machine, unit: str, former_pid: str, longest_s: float) -> float:
    """Wait until the unit is active with another process; gives the seconds."""
    # One query: between two, the process may end, and systemd has no PID until the next one starts.
    asked = f"systemctl show '{unit}' -p ActiveState -p MainPID | sort | paste -sd ' '"
    active = "ActiveState=active MainPID="
    another = (
        f"case $({asked}) in '{active}0' | '{active}{former_pid}') false ;;"
        f" '{active}'*) true ;; *) false ;; esac"
    )
    return machine.wait(another, longest_s)


def started_after(machine: Machine, unit: str, moment_s: float) -> float:
    """Seconds from a moment of the monotonic clock, shared with the host, to the unit's start."""
    return int(machine.show(unit, "ExecMainStartTimestampMonotonic")) / 1e6 - moment_s


def has_network(machine: Machine, unit: str) -> bool:
    """Whether the unit is in the network namespace of the machine."""
    pid = machine.show(unit, "MainPID")
    return machine.ask(f"readlink /proc/{pid}/ns/net") == machine.ask("readlink /proc/1/ns/net")


def psql(query: str) -> str:
    """The command of a query as superuser of PostgreSQL."""
    return f'runuser -u postgres -- psql -At eas_station -c "{query}"'


def newer(
    deb: Path, folder: Path, epoch: int = 1, change: Callable[[Path], None] | None = None
) -> Path:
    """The same package with a higher version; `change` may modify its files."""
    tree = folder / f"tree-{epoch}"
    subprocess.run(("dpkg-deb", "-R", deb, tree), check=True)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace("Version: ", f"Version: {epoch}:", 1))
    if change is not None:
        change(tree)
    made = folder / f"newer-{epoch}.deb"
    subprocess.run(("dpkg-deb", "--root-owner-group", "-b", tree, made), check=True)
    return made


def cap_document(name: str) -> str:
    """A CAP 1.2 alert."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S-00:00", time.gmtime())
    ends = time.strftime("%Y-%m-%dT%H:%M:%S-00:00", time.gmtime(time.time() + 3600))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<identifier>bench-{name}</identifier><sender>bench@example.org</sender><sent>{now}</sent>
<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>en-US</language><category>Met</category><event>Warning {name}</event>
<urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>
<eventCode><valueName>SAME</valueName><value>SVR</value></eventCode>
<expires>{ends}</expires><headline>{name}</headline>
<area><areaDesc>Wood, OH</areaDesc>
<geocode><valueName>SAME</valueName><value>039173</value></geocode>
</area></info></alert>
"""

"""Reading station.toml and station.d/*.toml: one Config, or all faults at once."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from eas_station.config import checks, remote_values
from eas_station.config.lines import KeyLines
from eas_station.config.model import (
    AlarmConfig,
    ClipsConfig,
    Config,
    DatabaseConfig,
    FeedConfig,
    PathsConfig,
    ReceiverConfig,
    RemoteConfig,
    SourceConfig,
    StationConfig,
    WebConfig,
)
from eas_station.config.reader import Origin, Table, missing, nearest, read_table
from eas_station.errors import ConfigError, Fault

INSTALLED = Path("/etc/eas-station/station.toml")

SINGLE: dict[str, type] = {
    "station": StationConfig,
    "paths": PathsConfig,
    "database": DatabaseConfig,
    "web": WebConfig,
    "clips": ClipsConfig,
    "alarm": AlarmConfig,
}
SEVERAL: dict[str, type] = {
    "feed": FeedConfig,
    "receiver": ReceiverConfig,
    "remote": RemoteConfig,
    "source": SourceConfig,
}
FIELD_OF = {"feed": "feeds", "receiver": "receivers", "remote": "remotes", "source": "sources"}


class _Reading:
    """What has been read so far, from all files."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.single: dict[str, Table] = {}
        self.several: dict[str, list[Table]] = {name: [] for name in SEVERAL}

    def read(self, path: Path) -> None:
        """Read one file over what the earlier ones said."""
        try:
            text = path.read_bytes().decode("utf-8-sig")
            plain = tomllib.loads(text)
        except OSError as error:
            self.faults.append(_whole(path, f"cannot be read: {error.strerror}"))
        except UnicodeDecodeError as error:
            self.faults.append(_whole(path, f"is not UTF-8 text: byte {error.start}"))
        except tomllib.TOMLDecodeError as error:
            self.faults.append(_syntax(path, str(error)))
        except RecursionError:
            self.faults.append(_whole(path, "is nested too deeply"))
        else:
            self._take(Origin(str(path), path.parent.absolute(), KeyLines(text)), plain)

    def _take(self, origin: Origin, plain: dict[str, Any]) -> None:
        for name, value in plain.items():
            if name in SINGLE:
                table = read_table(SINGLE[name], value, origin, (name,), name, self.faults)
                if name in self.single:
                    self.single[name].update(table)
                else:
                    self.single[name] = table
            elif name in SEVERAL:
                self._take_several(origin, name, value)
            else:
                said = "no such table" + nearest(name, (*SINGLE, *SEVERAL))
                self.faults.append(origin.fault((name,), name, said))

    def _take_several(self, origin: Origin, name: str, value: object) -> None:
        if not isinstance(value, list):
            said = f"there can be several: write [[{name}]] with two brackets"
            self.faults.append(origin.fault((name,), name, said))
            return
        for number, plain in enumerate(value):
            called = plain.get("name") if isinstance(plain, dict) else None
            label = f"{name}.{called}" if isinstance(called, str) else f"{name}[{number}]"
            path = (name, number)
            table = read_table(SEVERAL[name], plain, origin, path, label, self.faults)
            self.several[name].append(table)

    def check(self) -> None:
        """Look for the faults that are not in one value's type."""
        for name, table in self.single.items():
            self.faults += checks.check_values(name, table)
        for name, tables in self.several.items():
            for table in tables:
                self.faults += missing(SEVERAL[name], table)
                self.faults += checks.check_values(name, table)
            self.faults += checks.check_names(name, tables)
        self.faults += checks.check_feeds(self.several["feed"])
        self.faults += checks.check_receivers(self.several["receiver"])
        receivers, remotes = self.several["receiver"], self.several["remote"]
        self.faults += remote_values.check_published(receivers)
        self.faults += remote_values.check_remotes(remotes, receivers)
        self.faults += checks.check_sources(self.several["source"], [*receivers, *remotes])

    def config(self, files: tuple[str, ...]) -> Config:
        """The configuration; only where there is no fault."""
        values: dict[str, Any] = {n: SINGLE[n](**t.values) for n, t in self.single.items()}
        for name, tables in self.several.items():
            values[FIELD_OF[name]] = tuple(SEVERAL[name](**table.values) for table in tables)
        return Config(files=files, **values)


def load(path: Path | None, extra_dir: Path | None = None) -> Config:
    """Read the configuration.

    Args:
        path: None: the installed file; a station without one runs on the defaults.
        extra_dir: whose *.toml are read after it, in the order of their names; None: station.d
            beside `path`.
    Raises:
        ConfigError: with every fault of every file.
    """
    main = path or INSTALLED
    files = [main] if path is not None or main.exists() else []
    files += sorted((extra_dir or main.parent / "station.d").glob("*.toml"))
    reading = _Reading()
    for file in files:
        reading.read(file)
    reading.check()
    if reading.faults:
        raise ConfigError(tuple(sorted(reading.faults, key=lambda f: (f.file, f.line or 0, f.key))))
    return reading.config(tuple(str(file) for file in files))


def _whole(path: Path, message: str) -> Fault:
    return Fault(str(path), None, "file", None, message)


def _syntax(path: Path, said: str) -> Fault:
    found = re.search(r"\(at line (\d+), column \d+\)", said)
    return Fault(str(path), int(found.group(1)) if found else None, "TOML", None, said)

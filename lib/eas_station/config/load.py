"""Reading station.toml and station.d/*.toml: one Config, or all faults at once."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from eas_station.config import checks, places
from eas_station.config.lines import KeyLines
from eas_station.config.model import Config
from eas_station.config.reader import KeyPath, Origin, Table, missing, nearest, read_table
from eas_station.errors import ConfigError, Fault
from eas_station.field_types import fields_of

INSTALLED = Path("/etc/eas-station/station.toml")

SINGLE = {spec.name: spec.type.type for spec in fields_of(Config) if spec.type.form == "dataclass"}
SEVERAL = {  # by the name of the table: [[feed]] is an entry of `feeds`
    spec.name.removesuffix("s"): spec.type.members[0].type
    for spec in fields_of(Config)
    if spec.type.form == "list" and spec.type.members[0].form == "dataclass"
}


class _Reading:
    """The tables and faults of all files read so far."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.single: dict[str, Table] = {}
        self.several: dict[str, list[Table]] = {name: [] for name in SEVERAL}

    def read(self, path: Path) -> None:
        """Read one file; its keys replace earlier ones."""
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
                table = self._table(SINGLE[name], value, origin, (name,), name)
                self.single.setdefault(name, table).update(table)
            elif name in SEVERAL:
                self._take_several(origin, name, value)
            else:
                message = "no such table" + nearest(name, (*SINGLE, *SEVERAL))
                self.faults.append(origin.fault((name,), name, message))

    def _take_several(self, origin: Origin, name: str, value: object) -> None:
        if not isinstance(value, list):
            message = f"there can be several: write [[{name}]] with two brackets"
            self.faults.append(origin.fault((name,), name, message))
            return
        for number, plain in enumerate(value):
            own_name = plain.get("name") if isinstance(plain, dict) else None
            label = f"{name}.{own_name}" if isinstance(own_name, str) else f"{name}[{number}]"
            path = (name, number)
            self.several[name].append(self._table(SEVERAL[name], plain, origin, path, label))

    def _table(self, cls: type, plain: object, origin: Origin, path: KeyPath, label: str) -> Table:
        table, faults = read_table(cls, plain, origin, path, label)
        self.faults += faults
        return table

    def check(self) -> None:
        """Look for the faults that are not in a single value."""
        for name, tables in self.several.items():
            for table in tables:
                self.faults += missing(table)
            self.faults += checks.check_names(name, tables)
            self.faults += checks.check_kinds(name, tables)
        if "station" in self.single:
            self.faults += places.check_area(self.single["station"])
        receivers, remotes = self.several["receiver"], self.several["remote"]
        self.faults += checks.check_intervals(self.several["feed"])
        self.faults += checks.check_receivers(receivers)
        self.faults += checks.check_published(receivers)
        self.faults += checks.check_remotes(remotes, receivers)
        self.faults += checks.check_sources(self.several["source"], [*receivers, *remotes])

    def config(self, files: tuple[str, ...]) -> Config:
        """The configuration; only where there is no fault."""
        values: dict[str, Any] = {n: SINGLE[n](**t.values) for n, t in self.single.items()}
        if "station" in values:
            values["station"] = places.resolved(values["station"])
        for name, tables in self.several.items():
            values[f"{name}s"] = tuple(SEVERAL[name](**table.values) for table in tables)
        return Config(files=files, **values)


def load(path: Path | None, extra_dir: Path | None = None) -> Config:
    """Read the configuration.

    Args:
        path: None: the installed file; a station without it runs with the defaults.
        extra_dir: its *.toml files are read after it, in the order of their names; None: station.d
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


def _syntax(path: Path, message: str) -> Fault:
    found = re.search(r"\(at line (\d+), column \d+\)", message)
    return Fault(str(path), int(found.group(1)) if found else None, "TOML", None, message)

"""The configuration of `make run`: everything in one folder, with a demonstration."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from eas_station.config.model import (
    Config,
    DatabaseConfig,
    FeedConfig,
    PathsConfig,
    ReceiverConfig,
    SourceConfig,
    StationConfig,
    WebConfig,
)

FOLDER_INTERVAL_S = 5.0


def embedded(
    var_dir: Path,
    runtime_dir: Path | None = None,
    port: int = 8080,
    same_codes: tuple[str, ...] = (),
    point: tuple[float, float] | None = None,
    states: tuple[str, ...] = (),
) -> Config:
    """The demonstration: a recorded radio, the National Weather Service, a folder of documents.

    Args:
        var_dir: absolute; for database, spools, clips and the material of the demonstration.
        runtime_dir: for sockets and locks; None: under `var_dir`.
        same_codes: the area of the demonstration; empty: everywhere.
        point: in that area.
        states: polled from the National Weather Service, "OH"; empty: all.
    """
    return Config(
        station=StationConfig(name="EAS Station demo", same_codes=same_codes, point=point),
        paths=PathsConfig(state_dir=var_dir / "state", runtime_dir=runtime_dir or var_dir / "run"),
        database=DatabaseConfig(url=f"sqlite:///{var_dir / 'state' / 'station.sqlite'}"),
        web=WebConfig(port=port),
        feeds=(
            FeedConfig(name="nws", kind="nws", area=states),
            FeedConfig(
                name="folder", kind="folder", path=cap_dir(var_dir), interval_s=FOLDER_INTERVAL_S
            ),
        ),
        receivers=(ReceiverConfig(name="wx", kind="file", path=capture_path(var_dir)),),
        sources=(SourceConfig(name="wx", kind="receiver", receiver="wx"),),
    )


def demo_dir(var_dir: Path) -> Path:
    """The folder of the demonstration's material, created at every start."""
    return var_dir / "demo"


def capture_path(var_dir: Path) -> Path:
    """The path of the demonstration's IQ capture."""
    return demo_dir(var_dir) / "capture.cu8"


def cap_dir(var_dir: Path) -> Path:
    """The folder of the demonstration's CAP documents; more can be added at any time."""
    return demo_dir(var_dir) / "cap"


def to_toml(config: Config) -> str:
    """The configuration as station.toml, as far as it differs from the defaults."""
    tables = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if isinstance(value, tuple):
            name = field.name.removesuffix("s")
            tables += [
                f"[[{name}]]\n{_keys(entry)}" for entry in value if dataclasses.is_dataclass(entry)
            ]
        elif dataclasses.is_dataclass(value) and _keys(value):
            tables.append(f"[{field.name}]\n{_keys(value)}")
    return "\n".join(tables)


def _keys(table: object) -> str:
    lines = []
    for field in dataclasses.fields(table):  # type: ignore[arg-type]
        value = getattr(table, field.name)
        if value != field.default and value is not None:
            lines.append(f"{field.name} = {_literal(value)}\n")
    return "".join(lines)


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(entry) for entry in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return json.dumps(str(value), ensure_ascii=False)  # a JSON text is a TOML text

"""The configuration and the folders of the demonstration."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eas_station import tables
from eas_station.bus.unit_lock import lock_unit
from eas_station.config.embedded import demo_dir, embedded, to_toml
from eas_station.ctl.demo.area import draw_area
from eas_station.errors import BusError, OutsideError

HEAD = """\
# Written by eas-ctl run at every start. To change something, copy this file and run:
# eas-ctl run --config COPY
"""


@contextmanager
def demonstration(var_dir: Path, port: int) -> Iterator[Path]:
    """Write the configuration of a demonstration in `var_dir`; only one process may use it.

    Raises OutsideError.
    """
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutsideError(f"{var_dir} cannot be created: {error.strerror}") from error
    try:
        lock = lock_unit(var_dir, "eas-ctl-run")
    except BusError as error:
        raise OutsideError(
            f"{error}: stop that station first, or use another folder with --var"
        ) from error
    # A path below var_dir could be too long for a socket.
    with lock, tempfile.TemporaryDirectory(prefix="eas-station-") as runtime_dir:
        shutil.rmtree(demo_dir(var_dir), ignore_errors=True)
        area = draw_area(tables.load(), random.SystemRandom())
        config = embedded(
            var_dir, Path(runtime_dir), port, area.same_codes, area.point, (area.state,)
        )
        path = var_dir / "station.toml"
        path.write_text(HEAD + to_toml(config), encoding="utf-8")
        config.paths.state_dir.mkdir(exist_ok=True)
        yield path

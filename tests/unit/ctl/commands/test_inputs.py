"""`eas-ctl sources` and `eas-ctl receivers`: an old message is not shown as the current state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eas_station.bus import topics
from eas_station.bus.messages import Body, ItemState, ReceiverState, Status
from eas_station.bus.publisher import Publisher
from eas_station.config.model import Config
from eas_station.config.units import receiver_unit, source_unit
from eas_station.ctl.main import main
from eas_station.errors import EXIT_FAILED, EXIT_FINE

Publish = Callable[[str, str, Body, float], None]


@pytest.fixture
def publish(config: Config) -> Iterator[Publish]:
    """Publish a message as a unit did some seconds ago."""
    with ExitStack() as stack:

        def publish_as(unit: str, topic: str, body: Body, ago_s: float) -> None:
            at = datetime.now(UTC) - timedelta(seconds=ago_s)
            publisher = Publisher(unit, config.paths.runtime_dir, lambda: at)
            stack.enter_context(closing(publisher)).publish(topic, body)

        yield publish_as


@pytest.mark.parametrize(("ago_s", "exit_status"), [(0.5, EXIT_FINE), (60.0, EXIT_FAILED)])
def test_a_receiver_whose_last_message_is_a_minute_old_does_not_respond(
    publish: Publish,
    config: Config,
    station_toml: Path,
    capsys: pytest.CaptureFixture[str],
    ago_s: float,
    exit_status: int,
) -> None:
    name = config.receivers[0].name
    state = ReceiverState(name, "running", "7 channels", 250_000, 162_487_500.0, (), 9, 0)
    publish(receiver_unit(name), topics.receiver_state(name), state, ago_s)
    assert main(["receivers", "--config", str(station_toml)]) == exit_status
    expected = f"{name}: running" if exit_status == EXIT_FINE else f"{name}: not responding"
    assert capsys.readouterr().out.startswith(expected)


@pytest.mark.parametrize(("ago_s", "exit_status"), [(0.5, EXIT_FINE), (60.0, EXIT_FAILED)])
def test_a_source_whose_last_message_is_a_minute_old_does_not_respond(
    publish: Publish,
    config: Config,
    station_toml: Path,
    capsys: pytest.CaptureFixture[str],
    ago_s: float,
    exit_status: int,
) -> None:
    name = config.sources[0].name
    now = datetime.now(UTC)
    unit = source_unit(name)
    item = ItemState(name, "source.receiver", "running", "listening", now)
    status = Status(unit, "running", "fine", now, 1, "0", True, 1.0, 1, items=(item,))
    publish(unit, topics.status(unit), status, ago_s)
    assert main(["sources", "--config", str(station_toml)]) == exit_status
    expected = f"{name}: running" if exit_status == EXIT_FINE else f"{name}: not responding"
    assert capsys.readouterr().out.startswith(expected)

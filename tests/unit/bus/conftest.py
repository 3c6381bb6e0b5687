"""Publishers and subscribers on a runtime directory of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from eas_station.bus.publisher import Publisher
from eas_station.bus.subscriber import Subscriber

MakePublisher = Callable[[str], Publisher]
MakeSubscriber = Callable[..., Subscriber]


@pytest.fixture
def runtime_dir() -> Iterator[Path]:
    """Short enough for a socket's path, which pytest's own directory may not be."""
    with TemporaryDirectory(prefix="eas-") as name:
        yield Path(name) / "run"


@pytest.fixture
def publisher_of(runtime_dir: Path) -> Iterator[MakePublisher]:
    with ExitStack() as stack:

        def make(unit: str) -> Publisher:
            publisher = Publisher(unit, runtime_dir)
            stack.callback(publisher.close)
            return publisher

        yield make


@pytest.fixture
def subscriber_to(runtime_dir: Path) -> Iterator[MakeSubscriber]:
    with ExitStack() as stack:

        def make(units: list[str], topics: list[str]) -> Subscriber:
            return stack.enter_context(Subscriber(runtime_dir, units, topics))

        yield make

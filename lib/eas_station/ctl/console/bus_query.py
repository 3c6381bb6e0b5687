"""The last messages of the daemons, read from the bus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial

from eas_station.bus.messages import BusMessage
from eas_station.bus.subscriber import Subscriber
from eas_station.clock import utc_now
from eas_station.config.model import Config
from eas_station.config.units import heard_units
from eas_station.service.remote_units import remote_unit

ANSWER_S = 1.5  # a daemon sends its last messages at once; by then it is not running
STATUS_STALE_S = 40.0  # a status comes every 5 s


def last_messages(
    config: Config,
    topics: Iterable[str],
    enough: Callable[[list[BusMessage]], bool],
    longest_s: float = ANSWER_S,
) -> list[BusMessage]:
    """Receive messages on these topics until there are enough or the time is over.

    A publisher sends a new subscriber the last message of each topic, so this returns at once
    if all daemons run.
    """
    received: list[BusMessage] = []
    until_s = time.monotonic() + longest_s
    where = partial(remote_unit, config)
    units = heard_units(config)
    with Subscriber(config.paths.runtime_dir, units, topics, remote=where) as subscriber:
        while not enough(received):
            left_s = until_s - time.monotonic()
            message = subscriber.receive(left_s) if left_s > 0 else None
            if message is None:
                break
            received.append(message)
    return received


def recent(messages: Iterable[BusMessage], longest_s: float = STATUS_STALE_S) -> list[BusMessage]:
    """Drop messages that are older: the bus repeats those of a daemon that hangs."""
    now = utc_now()
    return [one for one in messages if (now - one.sent_at).total_seconds() <= longest_s]

"""All daemons as children of one process: what systemd is on an installed station."""

from __future__ import annotations

import selectors
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from eas_station.ctl.foreground.children import Child, Command, ending
from eas_station.ctl.foreground.log_lines import LogStream
from eas_station.errors import EXIT_CONFIG
from eas_station.service.wakeup import Wakeup

RESTART_S = 2.0  # RestartSec of the units
STOP_S = 4.5  # then SIGKILL; a daemon itself takes 4 s at most
STOP_SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


class Foreground:
    """Starts the commands, shows what they say, restarts what dies, ends them all."""

    def __init__(
        self,
        commands: list[Command],
        environment: Mapping[str, str],
        notify_dir: Path,
        stream: LogStream,
        on_ready: Callable[[str], None],
    ) -> None:
        """`on_ready` is told each daemon that has become ready."""
        self._commands = {command.unit: command for command in commands}
        self._environment = environment
        self._notify_dir = notify_dir
        self._stream = stream
        self._on_ready = on_ready
        self._children: dict[str, Child] = {}
        self._due_s: dict[str, float] = {}  # when to start again
        self._ending = False
        self._selector = selectors.DefaultSelector()
        self._wakeup = Wakeup()
        self._wakeup.catch((*STOP_SIGNALS, signal.SIGCHLD))
        self._selector.register(self._wakeup, selectors.EVENT_READ)

    def run(self) -> int:
        """Until a signal asks for the end; 78 if a daemon cannot use its configuration and
        nothing else is left."""
        try:
            for unit in self._commands:
                self._start(unit)
            while not self._turn(self._wait_s()) & STOP_SIGNALS:
                self._start_what_is_due()
                if not self._children and not self._due_s:
                    self._stream.say("eas-ctl run", "nothing is left that could run", "ERROR")
                    return EXIT_CONFIG
            return 0
        finally:
            self._end_all()
            self._selector.close()
            self._wakeup.close()

    def _start(self, unit: str) -> None:
        child = Child(self._commands[unit], self._environment, self._notify_dir)
        self._children[unit] = child
        self._selector.register(child.lines.descriptor, selectors.EVENT_READ, (self._read, child))
        self._selector.register(child.notify, selectors.EVENT_READ, (self._hear, child))

    def _start_what_is_due(self) -> None:
        for unit, due_s in list(self._due_s.items()):
            if due_s <= time.monotonic():
                del self._due_s[unit]
                self._start(unit)

    def _wait_s(self) -> float:
        if not self._due_s:
            return 60.0
        return max(0.0, min(self._due_s.values()) - time.monotonic())

    def _turn(self, longest_s: float) -> frozenset[signal.Signals]:
        """One look at everything; gives the signals that came."""
        for key, _ in self._selector.select(longest_s):
            if key.data is not None:
                act, child = key.data
                act(child)
        signals = self._wakeup.signals()
        for child in list(self._children.values()):
            status = child.exit_status()
            if status is not None:
                self._bury(child, status)
        return signals

    def _read(self, child: Child) -> bool:
        """Show what the child has written; False: nothing more will come."""
        lines = child.lines.read()
        if lines is None:
            if child.lines.descriptor in self._selector.get_map():
                self._selector.unregister(child.lines.descriptor)
            return False
        for line in lines:
            child.last_text = self._stream.pass_on(child.unit, line) or child.last_text
        return bool(lines)

    def _hear(self, child: Child) -> None:
        for told in child.heard():
            name, _, value = told.partition("=")
            if name == "STATUS":
                child.status = value
            elif name == "READY" and not child.ready:
                child.ready = True
                self._stream.say(child.unit, f"ready: {child.status}")
                self._on_ready(child.unit)

    def _bury(self, child: Child, status: int) -> None:
        """Show its last words, and start it again in a while if it is a daemon."""
        self._hear(child)
        while self._read(child):
            pass
        if child.lines.last():
            child.last_text = self._stream.pass_on(child.unit, child.lines.last())
        for end in (child.lines.descriptor, child.notify):
            if end in self._selector.get_map():
                self._selector.unregister(end)
        del self._children[child.unit]
        child.close()
        self._say_ending(child, status)

    def _say_ending(self, child: Child, status: int) -> None:
        command = self._commands[child.unit]
        why = f" ({child.last_text})" if child.last_text else ""
        if self._ending:
            if status not in (0, -signal.SIGTERM):  # which ends what is no daemon
                self._stream.say(child.unit, ending(status), "WARNING")
        elif command.once:
            if status != 0:
                self._stream.say(child.unit, ending(status) + why, "ERROR")
        elif status == EXIT_CONFIG:
            said = f"{ending(status)}: its configuration is at fault; not started again"
            self._stream.say(child.unit, said, "ERROR")
        else:
            self._due_s[child.unit] = time.monotonic() + RESTART_S
            said = f"{ending(status)}{why}; starting it again in {RESTART_S:g} s"
            self._stream.say(child.unit, said, "WARNING")

    def _end_all(self) -> None:
        """SIGTERM to all, SIGKILL to who has not ended in time."""
        self._ending = True
        self._due_s.clear()
        for child in self._children.values():
            child.end()
        deadline_s = time.monotonic() + STOP_S
        while self._children and time.monotonic() < deadline_s:
            self._turn(deadline_s - time.monotonic())
        for child in self._children.values():
            self._stream.say(
                child.unit, f"did not end within {STOP_S:g} s and is killed", "WARNING"
            )
            child.kill()
        while self._children:
            self._turn(1.0)

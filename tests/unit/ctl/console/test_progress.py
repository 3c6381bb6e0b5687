"""The bar on standard error."""

from __future__ import annotations

import io

from eas_station.ctl.console.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s


def test_nobody_watches_a_pipe() -> None:
    pipe, clock = io.StringIO(), Clock()
    progress = ProgressBar(pipe, clock)
    clock.at_s += 60
    progress.show(0.5, "half")
    progress.clear()
    assert pipe.getvalue() == ""


def test_short_work_has_no_bar() -> None:
    terminal, clock = Terminal(), Clock()
    progress = ProgressBar(terminal, clock)
    clock.at_s += 0.9
    progress.show(0.9, "nearly")
    progress.clear()
    assert terminal.getvalue() == ""


def test_long_work_shows_how_far_it_is_and_what_is_left() -> None:
    terminal, clock = Terminal(), Clock()
    progress = ProgressBar(terminal, clock)
    clock.at_s += 90
    progress.show(0.5, "15 of 30 files")
    assert f"[{'#' * 15}{'.' * 15}]  50 % 15 of 30 files, 1:30 left" in terminal.getvalue()
    progress.clear()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_it_is_drawn_five_times_a_second_at_most() -> None:
    terminal, clock = Terminal(), Clock()
    progress = ProgressBar(terminal, clock)
    clock.at_s += 2
    for _ in range(100):
        progress.show(0.1, "")
        clock.at_s += 0.01
    assert terminal.getvalue().count("\r") == 5

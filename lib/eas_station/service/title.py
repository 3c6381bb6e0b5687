"""How the process and its threads are called in ps, htop and pgrep."""

from __future__ import annotations

import setproctitle

LONGEST_COMM = 15  # bytes, TASK_COMM_LEN of the kernel without its NUL


def name_process(program: str, instance: str | None) -> None:
    """Title `eas-sdrd: wx`; `comm` stays the program's, so that `pgrep -x eas-sdrd` finds it."""
    setproctitle.setproctitle(program if instance is None else f"{program}: {instance}")
    setproctitle.setthreadtitle(program[:LONGEST_COMM])


def name_thread(name: str) -> None:
    """Name the calling thread for `top -H`."""
    setproctitle.setthreadtitle(name[:LONGEST_COMM])

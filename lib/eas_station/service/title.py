"""Names of the process and its threads in ps, htop and pgrep."""

from __future__ import annotations

import setproctitle

LONGEST_COMM = 15  # bytes, TASK_COMM_LEN of the kernel without its NUL


def name_process(program: str, instance: str | None) -> None:
    """Set the title `eas-sdrd: wx`, and `comm` to the program, for `pgrep -x eas-sdrd`."""
    setproctitle.setproctitle(program if instance is None else f"{program}: {instance}")
    setproctitle.setthreadtitle(program[:LONGEST_COMM])


def name_thread(name: str) -> None:
    """Name the calling thread for `top -H`."""
    setproctitle.setthreadtitle(name[:LONGEST_COMM])

"""The user that a command runs as.

PostgreSQL knows the station's users by peer authentication, and root is not one of them; files
that root creates in the station's folders could not be written by the daemons.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from eas_station.config.load import INSTALLED

STATION_USER = "eas-station"
WEBD_USER = "eas-webd"  # owns the passwords and tokens
UMASK = 0o007  # as in the units: the daemons share files with their group


def act_as_station(config_path: Path | None, user_name: str = STATION_USER) -> None:
    """Switch from root to the station's user, or to that of a daemon, for the installed station.

    Do nothing if this process is not root or there is no such user.
    """
    if os.geteuid() != 0 or config_path not in (None, INSTALLED) or not INSTALLED.exists():
        return
    try:
        user = pwd.getpwnam(user_name)
    except KeyError:
        return
    os.umask(UMASK)
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)

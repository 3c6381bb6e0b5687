"""Who eas-ctl is: root for what only root may do, else the station's own user.

The database knows its users by peer authentication, and root is none of them; files that root
makes among the station's could not be written by it.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from eas_station.config.load import INSTALLED

STATION_USER = "eas-station"
WEBD_USER = "eas-webd"  # its keys are its own
UMASK = 0o007  # as in the units: the daemons share through their group


def act_as_station(config_path: Path | None, user_name: str = STATION_USER) -> None:
    """Root becomes the station's user, or one of its daemons', if it is about the installed one.

    Without such a user, or as another user, nothing happens.
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

"""The key pair of this machine for ZeroMQ CURVE, and its file."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import zmq

from eas_station.errors import BusError

FILE = "bus.keys"  # in the state directory
MODE = 0o640  # the daemons read it through their group
LONGEST_FILE = 4096
KEY = re.compile(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}\Z")  # 32 bytes in Z85, ZeroMQ RFC 32
HOW = "make one with: eas-ctl keys"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both keys as Z85. The secret one is never shown, not even by repr."""

    public: str
    secret: str = field(repr=False)


def path_in(state_dir: Path) -> Path:
    """The path of the keys of this machine."""
    return state_dir / FILE


def read(path: Path) -> KeyPair:
    """The keys of this machine. Raises BusError with what to do."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise BusError(f"this machine has no keys in {path}: {HOW}") from None
    except OSError as error:
        raise BusError(f"{path} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & stat.S_IRWXO:
            raise BusError(f"{path} is readable by every user: run chmod 640 {path}")
        try:
            text = file.read(LONGEST_FILE).decode("ascii")
            return _checked(tomllib.loads(text), path)
        except (OSError, ValueError, RecursionError) as error:
            raise BusError(f"{path} contains no keys: remove it and {HOW}") from error


def make(path: Path) -> KeyPair:
    """Create keys in a new file of the group of its folder. Raises BusError."""
    public, secret = (key.decode("ascii") for key in zmq.curve_keypair())
    text = (
        "# The keys of this machine for receivers on other machines, created by eas-ctl keys.\n"
        "# The secret one allows its holder to act as this machine.\n"
        f'public = "{public}"\nsecret = "{secret}"\n'
    )
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            os.fchown(descriptor, -1, path.parent.stat().st_gid)
            os.fchmod(descriptor, MODE)
            file.flush()
            os.fsync(descriptor)
        os.link(part, path)  # fails if another process was faster
    except OSError as error:
        raise BusError(f"cannot create {path}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return KeyPair(public, secret)


def _public_of(secret: str) -> str | None:
    """The public key of the pair; None: not a secret key."""
    try:
        return str(zmq.curve_public(secret.encode("ascii")).decode("ascii"))
    except zmq.ZMQError:
        return None


def _checked(plain: dict[str, object], path: Path) -> KeyPair:
    public, secret = plain.get("public"), plain.get("secret")
    if not (isinstance(public, str) and isinstance(secret, str)):
        raise BusError(f"{path} lacks one of the two keys: remove it and {HOW}")
    if not KEY.match(secret) or _public_of(secret) != public:
        raise BusError(f"the two keys in {path} do not belong together: remove it and {HOW}")
    return KeyPair(public, secret)

"""Receivers on other machines: addresses, keys, and what must go together."""

from __future__ import annotations

import re
from ipaddress import ip_address

from eas_station.config.reader import Table
from eas_station.errors import Fault

KEY = re.compile(r"[0-9A-Za-z.\-:+=^!/*?&<>()\[\]{}@%$#]{40}\Z")  # 32 bytes in Z85, ZeroMQ RFC 32
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
KEY_FORM = "a public key of 40 characters, as `eas-ctl keys` shows it on the other machine"
PLACE = re.compile(r"tcp://(?:\[(?P<six>[^\]]*)\]|(?P<four>[^:\[\]]+)):(?P<port>\d{1,5})\Z")


def publish(address: str) -> str | None:
    """What is wrong with an address to be bound."""
    if _is_place(address, anywhere=True):
        return None
    return (
        'must be "tcp://ADDRESS:PORT": an IP address of this machine, or 0.0.0.0 for all of them,'
        ' as "tcp://0.0.0.0:5600"'
    )


def address(address: str) -> str | None:
    """What is wrong with an address to connect to. A name could not be looked up without
    stopping everything that hears the bus while the network is down."""
    if _is_place(address, anywhere=False):
        return None
    return 'must be "tcp://ADDRESS:PORT" with the other machine\'s IP address, not its name'


def server_key(key: str) -> str | None:
    """What is wrong with a key."""
    return None if _is_key(key) else f"must be {KEY_FORM}"


def allow(keys: tuple[str, ...]) -> str | None:
    """What is wrong with a list of keys."""
    wrong = [key for key in keys if not _is_key(key)]
    return f"{', '.join(map(repr, wrong))} must be {KEY_FORM}" if wrong else None


def _is_key(key: str) -> bool:
    """Five characters stand for four bytes, and not all that five can say fits there."""
    groups = (key[at : at + 5] for at in range(0, len(key), 5))
    return KEY.match(key) is not None and all(map(_fits, groups))


def _fits(group: str) -> bool:
    number = 0
    for character in group:
        number = number * len(DIGITS) + DIGITS.index(character)
    return number < 1 << 32


def check_published(receivers: list[Table]) -> list[Fault]:
    """Nobody publishes for everybody, and no two on one port."""
    faults, taken = [], dict[str, str]()
    for receiver in receivers:
        address = receiver.values.get("publish")
        if address is not None and not receiver.values.get("allow") and _is_sound(receiver):
            message = (
                "would send to anybody who connects: name who may listen in allow = [...],"
                " with the keys that `eas-ctl keys` shows on the listening machines"
            )
            faults.append(receiver.fault("publish", message))
        if address is None and "allow" in receiver.where and "publish" not in receiver.where:
            message = 'means nothing without publish = "tcp://0.0.0.0:5600"'
            faults.append(receiver.fault("allow", message))
        port = (address or "").rpartition(":")[2]
        if port and port in taken:
            faults.append(receiver.fault("publish", f"{taken[port]} has this port already"))
        elif port:
            taken[port] = receiver.label
    return faults


def check_remotes(remotes: list[Table], receivers: list[Table]) -> list[Fault]:
    """A receiver elsewhere needs a name of its own, and channels."""
    here = {receiver.values.get("name") for receiver in receivers}
    faults = []
    for remote in remotes:
        if remote.values.get("name") in here - {None}:
            message = (
                "there is a [[receiver]] of this name here: give one of them another, on the"
                " machine that it is on and here"
            )
            faults.append(remote.fault("name", message))
        if remote.values.get("channels_hz") == ():
            faults.append(remote.fault("channels_hz", "must have at least one frequency in Hz"))
    return faults


def _is_sound(receiver: Table) -> bool:
    """An allow that is at fault itself has been told of already."""
    return "allow" not in receiver.where or "allow" in receiver.values


def _is_place(text: str, *, anywhere: bool) -> bool:
    found = PLACE.match(text)
    if found is None or not 1 <= int(found["port"]) <= 65535:
        return False
    try:
        host = ip_address(found["six"] or found["four"])
    except ValueError:
        return anywhere and found["four"] == "*"
    right_form = host.version == (4 if found["four"] else 6)
    return right_form and (anywhere or not host.is_unspecified)

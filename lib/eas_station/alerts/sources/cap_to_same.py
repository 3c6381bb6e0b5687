"""CAP → SAME header, as every EAS device must translate it, or the stated reason why not.

Source: ECIG CAP-to-EAS Implementation Guide v1.0, sections 3.3 to 3.10 and 6.5 to 6.7, binding by
47 CFR 11.56(a)(2). Nothing from outside is pasted unchecked: a code that is not exactly a code is
refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from eas_station.cap.message import CapInfo, CapMessage
from eas_station.errors import HeaderError
from eas_station.same import header, purge

Outcome = Literal["accepted", "rejected", "ignored"]

ORIGINATORS = ("EAS", "CIV", "WXR", "PEP")  # 47 CFR 11.31(d)
PLACEHOLDER = "NWS"  # the NWS's eventCode for "this product has no SAME code"
IPAWS_CODE = "IPAWSv1.0"  # IPAWS profile v1.0
DEFAULT_LIFE = timedelta(hours=1)  # ECIG 6.7, outside IPAWS
FUTURE_TOLERANCE = timedelta(minutes=15)  # 47 CFR 11.33(a)(10)

_EVENT_CODE = re.compile("[A-Z]{3}")
_LOCATION = re.compile("[0-9]{6}")


@dataclass(frozen=True, slots=True)
class Translation:
    """What a CAP message is in SAME."""

    header: str | None  # exactly as every device must write it, but for the call sign
    refusal: str | None  # why there is none
    outcome: Outcome  # of ECIG 6.7: rejected is an error, ignored is fine but not for EAS
    blocked: str | None = None  # there is a header, but the originator does not want it on EAS


class _Refused(Exception):
    def __init__(self, outcome: Outcome, why: str) -> None:
        super().__init__(why)
        self.outcome: Outcome = outcome


def translate(
    message: CapMessage,
    callsign: str,
    *,
    language: str = "en-US",
    areas: Literal["first", "all"] = "first",
    now: datetime | None = None,
) -> Translation:
    """The SAME header of a CAP message.

    Args:
        callsign: LLLLLLLL, at most 8 characters.
        areas: ECIG 6.7 reads the first area block, 3.4.1.3 every one: real devices differ.
        now: a trusted time; a message from the future is refused. None: not asked.
    """
    try:
        parts = _parts(message, callsign, language, areas, now)
        text = header.format_header(parts)
    except _Refused as refused:
        return Translation(None, str(refused), refused.outcome)
    except HeaderError as error:
        return Translation(None, str(error), "rejected")
    return Translation(text, None, "accepted", _blocked(message, language))


def _blocked(message: CapMessage, language: str) -> str | None:
    """Why a message must not be relayed though it has a header; None: it may."""
    if message.signature is not None and message.signature != "valid":
        return f"never relayed: signature {message.signature}"
    info = message.info(language)
    channels = () if info is None else info.parameter_values("BLOCKCHANNEL")
    return "blocked by BLOCKCHANNEL=EAS" if "EAS" in channels else None


def _parts(
    message: CapMessage,
    callsign: str,
    language: str,
    areas: Literal["first", "all"],
    now: datetime | None,
) -> header.Header:
    _check_envelope(message)
    info = message.info(language)
    if info is None:
        raise _Refused("ignored", "no info block")
    event_code = _event_code(info)
    originator = _originator(message, info)
    valid_for = _valid_for(message, info)
    locations = _locations(message, info, areas)
    if now is not None and message.sent_at > now + FUTURE_TOLERANCE:
        raise _Refused("rejected", "sent lies more than 15 minutes in the future")
    return header.Header(
        originator=originator,
        event_code=event_code,
        locations=locations,
        valid_for=valid_for,
        issued_at=message.sent_at,
        callsign=callsign.rstrip(" "),
    )


def _check_envelope(message: CapMessage) -> None:
    if message.signature is not None and message.signature.startswith("invalid"):
        raise _Refused("rejected", f"signature {message.signature}")  # 47 CFR 11.56(c)
    if message.status != "Actual":
        raise _Refused("ignored", f"status {message.status}: only Actual goes on the air")
    if message.message_type not in ("Alert", "Update"):
        raise _Refused("ignored", f"msgType {message.message_type[:40]}")
    if message.scope != "Public":
        raise _Refused("ignored", f"scope {message.scope[:40]}: only Public goes on the air")


def _event_code(info: CapInfo) -> str:
    """EEE: the eventCode named SAME, known to Part 11 or not. It is case-sensitive."""
    codes = {code.value for code in info.event_codes if code.name == "SAME"} - {""}
    if not codes:
        raise _Refused("ignored", "no SAME eventCode")
    if len(codes) > 1:
        raise _Refused("rejected", "more than one SAME eventCode")
    code = codes.pop()
    if code == PLACEHOLDER:
        raise _Refused("ignored", f"placeholder eventCode {PLACEHOLDER}")
    if _EVENT_CODE.fullmatch(code) is None:
        raise _Refused("rejected", f"eventCode {code[:40]!r} is not three capital letters")
    return code


def _originator(message: CapMessage, info: CapInfo) -> str:
    """ORG: the first parameter EAS-ORG. Missing outside IPAWS it is CIV (ECIG 3.10, 6.7)."""
    originator = info.parameter("EAS-ORG")
    if originator is None and not _keeps_profile(message):
        return "CIV"
    if originator not in ORIGINATORS:
        raise _Refused("rejected", "no valid EAS-ORG")
    return originator


def _valid_for(message: CapMessage, info: CapInfo) -> timedelta:
    """TTTT: expires - sent, rounded up to the next legal step (ECIG 3.4.1.4)."""
    if info.expires_at is None and _keeps_profile(message):
        raise _Refused("rejected", "no expires")
    expires_at = info.expires_at or message.sent_at + DEFAULT_LIFE
    tttt = purge.tttt_from_seconds((expires_at - message.sent_at).total_seconds())
    if tttt is None:
        raise _Refused("ignored", "expires is not after sent")
    return purge.duration(tttt)


def _locations(
    message: CapMessage, info: CapInfo, areas: Literal["first", "all"]
) -> tuple[str, ...]:
    """PSSCCC: the geocodes named SAME in document order, repeats kept, the first 31 of them."""
    names = ("SAME", "FIPS6") if message.version == "1.1" else ("SAME",)  # ECIG 3.10
    codes = [
        geocode.value
        for area in (info.areas[:1] if areas == "first" else info.areas)
        for geocode in area.geocodes
        if geocode.name in names
    ]
    if not codes:
        raise _Refused("ignored", "no SAME geocode")
    for code in codes:
        if _LOCATION.fullmatch(code) is None:
            raise _Refused("rejected", f"geocode {code[:40]!r} is not six digits")
    return tuple(codes[: header.MAX_LOCATIONS])


def _keeps_profile(message: CapMessage) -> bool:
    """Must it have all that the IPAWS profile requires: it says so, or it is of the NWS.

    An NWS product without EAS-ORG is one that is not for EAS; it is never a civil authority's.
    """
    domain = message.sender.lower().rpartition("@")[2]
    return (
        IPAWS_CODE in message.codes
        or message.version == "nws"
        or domain == "noaa.gov"
        or domain.endswith(".noaa.gov")
    )

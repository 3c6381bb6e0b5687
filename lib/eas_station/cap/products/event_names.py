"""Names and SAME codes of P-VTEC events, and the product categories that are SAME codes.

Source: NWS Directive 10-1703, appendix; the SAME codes as the NWS's own CAP messages carry them
(counted in 1,171 of them) and 47 CFR 11.31(e).
"""

from __future__ import annotations

from collections.abc import Mapping

SIGNIFICANCES: Mapping[str, str] = {
    "W": "Warning",
    "A": "Watch",
    "Y": "Advisory",
    "S": "Statement",
    "F": "Forecast",
    "O": "Outlook",
    "N": "Synopsis",
}
PHENOMENA: Mapping[str, str] = {
    "AF": "Ashfall",
    "AS": "Air Stagnation",
    "AV": "Avalanche",
    "BH": "Beach Hazards",
    "BW": "Brisk Wind",
    "BZ": "Blizzard",
    "CF": "Coastal Flood",
    "CW": "Cold Weather",
    "DF": "Debris Flow",
    "DS": "Dust Storm",
    "DU": "Blowing Dust",
    "EC": "Extreme Cold",
    "EH": "Excessive Heat",
    "EW": "Extreme Wind",
    "FA": "Flood",
    "FF": "Flash Flood",
    "FG": "Dense Fog",
    "FL": "Flood",
    "FR": "Frost",
    "FW": "Fire Weather",
    "FZ": "Freeze",
    "GL": "Gale",
    "HF": "Hurricane Force Wind",
    "HT": "Heat",
    "HU": "Hurricane",
    "HW": "High Wind",
    "HY": "Hydrologic",
    "HZ": "Hard Freeze",
    "IS": "Ice Storm",
    "LE": "Lake Effect Snow",
    "LO": "Low Water",
    "LS": "Lakeshore Flood",
    "LW": "Lake Wind",
    "MA": "Special Marine",
    "MF": "Dense Fog",
    "MH": "Ashfall",
    "MS": "Dense Smoke",
    "RB": "Small Craft",
    "RP": "Rip Current",
    "SC": "Small Craft",
    "SE": "Hazardous Seas",
    "SI": "Small Craft",
    "SM": "Dense Smoke",
    "SQ": "Snow Squall",
    "SR": "Storm",
    "SS": "Storm Surge",
    "SU": "High Surf",
    "SV": "Severe Thunderstorm",
    "SW": "Small Craft",
    "TO": "Tornado",
    "TR": "Tropical Storm",
    "TS": "Tsunami",
    "TY": "Typhoon",
    "UP": "Heavy Freezing Spray",
    "WC": "Wind Chill",
    "WI": "Wind",
    "WS": "Winter Storm",
    "WW": "Winter Weather",
    "XH": "Extreme Heat",
    "ZF": "Freezing Fog",
    "ZR": "Freezing Rain",
    "ZY": "Freezing Spray",
}
_OWN_NAMES: Mapping[str, str] = {"FW.W": "Red Flag Warning"}
_SAME_CODES: Mapping[str, str] = {
    "BZ.W": "BZW",
    "CF.A": "CFA",
    "CF.W": "CFW",
    "DS.W": "DSW",
    "EW.W": "EWW",
    "FA.A": "FFA",
    "FA.W": "FLW",
    "FF.A": "FFA",
    "FF.W": "FFW",
    "FL.A": "FLA",
    "FL.W": "FLW",
    "HU.A": "HUA",
    "HU.W": "HUW",
    "HW.A": "HWA",
    "HW.W": "HWW",
    "LE.W": "WSW",
    "MA.W": "SMW",
    "SQ.W": "SQW",
    "SS.A": "SSA",
    "SS.W": "SSW",
    "SV.A": "SVA",
    "SV.W": "SVR",
    "TO.A": "TOA",
    "TO.W": "TOR",
    "TR.A": "TRA",
    "TR.W": "TRW",
    "TS.A": "TSA",
    "TS.W": "TSW",
    "WS.A": "WSA",
    "WS.W": "WSW",
}
_CIVIL = (  # AWIPS categories of messages that the NWS relays: NWS Directive 10-518
    *("ADR", "AVA", "AVW", "BLU", "CAE", "CDW", "CEM", "EQW", "EVI", "FRW", "HMW", "LAE"),
    *("LEW", "MEP", "NMN", "NUW", "RHW", "SPW", "TOE", "VOW"),
)
_TESTS = ("DMO", "RMT", "RWT")
_STATEMENTS = ("SVS", "FFS", "FLS")  # AWIPS categories that are SAME codes: follow-ups of warnings


def event_name(phenomenon: str, significance: str) -> str:
    """ "Severe Thunderstorm Warning"; an unknown event is named by its letters."""
    letters = f"{phenomenon}.{significance}"
    if phenomenon not in PHENOMENA or significance not in SIGNIFICANCES:
        return _OWN_NAMES.get(letters, f"VTEC {letters}")
    return _OWN_NAMES.get(letters, f"{PHENOMENA[phenomenon]} {SIGNIFICANCES[significance]}")


def same_code(phenomenon: str, significance: str, *, is_new: bool, category: str) -> str | None:
    """EEE of a product; None: it has none, or the text does not tell it.

    Args:
        is_new: does it begin an event; a continuation is issued as a statement.
        category: the first three letters of the AWIPS identifier, "SVS".
    """
    if is_new:
        return _SAME_CODES.get(f"{phenomenon}.{significance}")
    return category if category in _STATEMENTS else None


def originator(category: str) -> str | None:
    """ORG of a product whose AWIPS category is an EAS event code; None: it is none."""
    if category in _CIVIL:
        return "CIV"
    weather = (*_SAME_CODES.values(), *_STATEMENTS, "HLS", "SPS", *_TESTS)
    return "WXR" if category in weather else None

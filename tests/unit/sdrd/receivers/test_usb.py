"""The choice of a dongle, and the vendored library."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from eas_station.config.model import ReceiverConfig
from eas_station.errors import SourceError
from eas_station.sdrd.receivers.iq_receiver import Tuning
from eas_station.sdrd.receivers.usb import UsbLink, chosen, reason

CARRIED = Path(__file__).resolve().parents[4] / "lib" / "eas_station_vendor"


def test_the_only_dongle_is_taken() -> None:
    assert chosen(["00000001"], None) == 0


def test_a_dongle_is_chosen_by_its_serial_number() -> None:
    assert chosen(["00000001", "attic", "barn"], "attic") == 1


@pytest.mark.parametrize(
    ("serials", "wanted", "why"),
    [
        ([], None, "no RTL-SDR dongle is plugged in"),
        ([], "attic", "no RTL-SDR dongle is plugged in"),
        (["barn"], "attic", "no dongle has the serial number attic; plugged in: barn"),
        (["b", "a"], None, "2 dongles are plugged in: set serial to one of a, b"),
        (
            ["00000001", "00000001"],
            None,
            "2 dongles have the serial number 00000001: change one with rtl_eeprom -d 1 -s NUMBER",
        ),
        (["x", "1", "1"], "1", "2 dongles have the serial number 1: .* rtl_eeprom -d 2 -s NUMBER"),
        (["x", "1", "1"], None, "2 dongles have the serial number 1"),
    ],
)
def test_an_ambiguous_choice_is_refused_with_the_reason(
    serials: list[str], wanted: str | None, why: str
) -> None:
    with pytest.raises(SourceError, match=why):
        chosen(serials, wanted)


def test_without_the_library_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eas_station.sdrd.receivers.usb.BINDING", "eas_station_vendor.absent")
    with pytest.raises(SourceError, match=r"cannot load librtlsdr: apt install librtlsdr0"):
        UsbLink(ReceiverConfig("wx", "rtlsdr")).open(Tuning(None, 0))


@pytest.mark.parametrize(
    ("number", "what"),
    [(-1, "does not respond"), (-3, "group plugdev"), (-6, "dvb_usb_rtl28xxu"), (-99, "as it was")],
)
def test_the_library_s_errors_name_the_remedy(number: int, what: str) -> None:
    assert what in reason(OSError(number, "as it was"))


class Library:
    """A device whose library drops exceptions of its callback, as C does."""

    librtlsdr = property(lambda self: self)
    dev_p = None
    cancelled = 0

    def rtlsdr_cancel_async(self, device: object) -> None:
        self.cancelled += 1

    def read_bytes_async(self, came: Callable[[bytes, object], None], count: int) -> None:
        while not self.cancelled:
            with contextlib.suppress(MemoryError):
                came(bytes(count), None)


def test_an_exception_in_the_callback_ends_the_process() -> None:
    def take(data: bytes) -> None:
        raise MemoryError

    link = UsbLink(ReceiverConfig("wx", "rtlsdr"))
    link._binding = link._device = Library()
    with pytest.raises(RuntimeError, match="see the traceback above"):
        link.stream(take)


def test_the_vendored_pyrtlsdr_is_unchanged() -> None:
    for line in (CARRIED / "SHA256SUMS").read_text().splitlines():
        expected, name = line.split()
        assert hashlib.sha256((CARRIED / name).read_bytes()).hexdigest() == expected
    assert "pkg_resources" not in (CARRIED / "rtlsdr" / "__init__.py").read_text()

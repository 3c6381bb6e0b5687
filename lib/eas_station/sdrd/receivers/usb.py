"""A dongle on this machine's USB: librtlsdr through pyrtlsdr."""

from __future__ import annotations

import importlib
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from eas_station.config.model import ReceiverConfig
from eas_station.errors import SourceError
from eas_station.sdrd.calibration.auto_gain import nearest_db
from eas_station.sdrd.receivers.iq_receiver import Tuning

BINDING = "eas_station_vendor.rtlsdr"
PIECE_BYTES = 16_384  # USB transfers are multiples of 512; this is what librtlsdr likes
BLOCK_S = 0.04
DIRECT_SAMPLING = {"off": 0, "i": 1, "q": 2}
GONE = "the dongle is gone: it was pulled out, or the USB has failed"
IO, ACCESS, BUSY = -1, -3, -6  # of libusb_error


class UsbLink:
    """One use of a dongle. The library is loaded by the first one, and by no other process."""

    def __init__(self, settings: ReceiverConfig) -> None:
        self._settings = settings
        pieces = max(1, round(settings.rate_hz * 2 * BLOCK_S / PIECE_BYTES))
        self._block_bytes = pieces * PIECE_BYTES
        self._stopping = threading.Event()
        self._binding: Any = None
        self._device: Any = None
        self._use = threading.Lock()  # `tune` and `interrupt` against `close`
        self._crashed = False
        self.gains_db: tuple[float, ...] = ()

    def open(self, tuning: Tuning) -> None:
        """Find the dongle, take it and set it up. Raises SourceError."""
        self._binding = _binding()
        try:
            serials = list(self._binding.RtlSdr.get_device_serial_addresses())
            index = chosen(serials, self._settings.serial)
            self._device = self._binding.RtlSdr(device_index=index)
            self.gains_db = tuple(sorted(self._device.valid_gains_db))
            self._set_up(tuning)
        except OSError as error:
            raise SourceError(f"the dongle cannot be opened: {reason(error)}") from error

    def stream(self, take: Callable[[bytes], None]) -> None:
        """Hand over what the dongle sends. Raises SourceError when it is gone."""

        def came(values: Any, context: object) -> None:
            if self._stopping.is_set() or self._crashed:
                self._cancel()
                return
            self._crashed = True  # what is raised here ends in the C library and goes no further
            take(bytes(values))
            self._crashed = False

        try:
            self._device.read_bytes_async(came, self._block_bytes)
        except OSError as error:
            raise SourceError(GONE) from error
        if self._crashed:
            raise RuntimeError("taking samples has failed: the traceback stands above")
        if not self._stopping.is_set():
            raise SourceError(GONE)

    def tune(self, tuning: Tuning) -> None:
        """Set gain and correction. Raises SourceError."""
        with self._use:
            if self._device is None:
                return
            failed = self._set_ppm(tuning.ppm)
            if tuning.gain_db is not None and len(self.gains_db) > 1:
                tenths = round(nearest_db(self.gains_db, tuning.gain_db) * 10)
                library, handle = self._binding.librtlsdr, self._device.dev_p
                failed |= library.rtlsdr_set_tuner_gain_mode(handle, 1) < 0
                failed |= library.rtlsdr_set_tuner_gain(handle, tenths) < 0
        if failed:
            raise SourceError("the dongle does not take its settings")

    def interrupt(self) -> None:
        """Make `stream` come back soon."""
        self._stopping.set()
        with self._use:
            if self._device is not None:
                self._cancel()

    def close(self) -> None:
        """Give the dongle back."""
        with self._use:
            device, self._device = self._device, None
        if device is not None:
            device.close()

    def _set_up(self, tuning: Tuning) -> None:
        settings, device = self._settings, self._device
        device.set_direct_sampling(DIRECT_SAMPLING[settings.direct_sampling])
        device.set_sample_rate(settings.rate_hz)
        device.set_bandwidth(settings.bandwidth_hz or 0)
        device.set_agc_mode(False)
        self.tune(tuning)
        device.set_center_freq(settings.center_hz)
        if settings.bias_tee:
            device.set_bias_tee(True)
        self._binding.librtlsdr.rtlsdr_reset_buffer(device.dev_p)

    def _set_ppm(self, ppm: int) -> bool:
        """Gives whether it failed. To set what is set is refused by the library."""
        library, handle = self._binding.librtlsdr, self._device.dev_p
        if library.rtlsdr_get_freq_correction(handle) == ppm:
            return False
        return bool(library.rtlsdr_set_freq_correction(handle, ppm) < 0)

    def _cancel(self) -> None:
        # Not pyrtlsdr's own: it closes the device under the thread that is still reading.
        self._binding.librtlsdr.rtlsdr_cancel_async(self._device.dev_p)


def chosen(serials: Sequence[str], wanted: str | None) -> int:
    """Which of the dongles that are plugged in is meant: its index. Raises SourceError."""
    if not serials:
        raise SourceError("no RTL-SDR dongle is plugged in")
    listed = ", ".join(sorted(set(serials)))
    matching = [index for index, serial in enumerate(serials) if wanted in (None, serial)]
    if not matching:
        raise SourceError(f"no dongle has the serial number {wanted}; plugged in: {listed}")
    if len(matching) == 1:
        return matching[0]
    serial, count = Counter(serials[index] for index in matching).most_common(1)[0]
    if count > 1:
        raise SourceError(
            f"{count} dongles have the serial number {serial}: give one of them another, with "
            f"rtl_eeprom -d {matching[-1]} -s NUMBER"
        )
    raise SourceError(f"{len(serials)} dongles are plugged in: choose by serial, one of {listed}")


def _binding() -> ModuleType:
    try:
        return importlib.import_module(BINDING)
    except (ImportError, AttributeError) as error:
        raise SourceError(
            "librtlsdr cannot be loaded: install the package librtlsdr0 "
            f"(apt install librtlsdr0); {error}"
        ) from error


def reason(error: OSError) -> str:
    """What libusb's error means here."""
    number = getattr(error, "errno", None)
    if number == ACCESS:
        return "not allowed: this user must be in the group plugdev, which librtlsdr0's rules give"
    if number == IO:
        return "it does not answer: plug it in anew, or restart this unit"
    if number == BUSY:
        return "in use by another program, or by the kernel's own driver dvb_usb_rtl28xxu"
    return str(error)

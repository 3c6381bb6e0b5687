"""A dongle on USB: librtlsdr through pyrtlsdr."""

from __future__ import annotations

import importlib
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from eas_station.config.model import ReceiverConfig
from eas_station.errors import SourceError
from eas_station.sdrd.receivers.iq_receiver import Tuning, nearest_db

BINDING = "eas_station_vendor.rtlsdr"
PIECE_BYTES = 16_384  # USB transfers are multiples of 512; librtlsdr's preferred size
BLOCK_S = 0.04
DIRECT_SAMPLING = {"off": 0, "i": 1, "q": 2}
GONE = "the dongle was removed, or USB failed"
IO, ACCESS, BUSY = -1, -3, -6  # of libusb_error


class UsbLink:
    """One use of a dongle. The library is loaded only when a dongle is used."""

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
        """Find, open and set up the dongle. Raises SourceError."""
        self._binding = _binding()
        try:
            serials = list(self._binding.RtlSdr.get_device_serial_addresses())
            index = chosen(serials, self._settings.serial)
            self._device = self._binding.RtlSdr(device_index=index)
            self.gains_db = tuple(sorted(self._device.valid_gains_db))
            self._set_up(tuning)
        except OSError as error:
            raise SourceError(f"cannot open the dongle: {reason(error)}") from error

    def stream(self, take: Callable[[bytes], None]) -> None:
        """Pass on samples until interrupted. Raises SourceError if the dongle was removed."""

        def receive(values: Any, context: object) -> None:
            if self._stopping.is_set() or self._crashed:
                self._cancel()
                return
            self._crashed = True  # the C library swallows what is raised here
            take(bytes(values))
            self._crashed = False

        try:
            self._device.read_bytes_async(receive, self._block_bytes)
        except OSError as error:
            raise SourceError(GONE) from error
        if self._crashed:
            raise RuntimeError("the callback for samples failed; see the traceback above")
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
            raise SourceError("the dongle refused its settings")

    def interrupt(self) -> None:
        """Make `stream` return soon."""
        self._stopping.set()
        with self._use:
            if self._device is not None:
                self._cancel()

    def close(self) -> None:
        """Release the dongle."""
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
        """Gives whether it failed. The library refuses the value that is already set."""
        library, handle = self._binding.librtlsdr, self._device.dev_p
        if library.rtlsdr_get_freq_correction(handle) == ppm:
            return False
        return bool(library.rtlsdr_set_freq_correction(handle, ppm) < 0)

    def _cancel(self) -> None:
        # Not pyrtlsdr's method, which closes the device under the reading thread.
        self._binding.librtlsdr.rtlsdr_cancel_async(self._device.dev_p)


def chosen(serials: Sequence[str], wanted: str | None) -> int:
    """The index of the wanted dongle among those plugged in. Raises SourceError."""
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
            f"{count} dongles have the serial number {serial}: change one with "
            f"rtl_eeprom -d {matching[-1]} -s NUMBER"
        )
    raise SourceError(f"{len(serials)} dongles are plugged in: set serial to one of {listed}")


def _binding() -> ModuleType:
    try:
        return importlib.import_module(BINDING)
    except (ImportError, AttributeError) as error:
        raise SourceError(f"cannot load librtlsdr: apt install librtlsdr0 ({error})") from error


def reason(error: OSError) -> str:
    """The meaning of a libusb error."""
    number = getattr(error, "errno", None)
    if number == ACCESS:
        return "permission denied: this user must be in the group plugdev"
    if number == IO:
        return "it does not respond: plug it in again, or restart this unit"
    if number == BUSY:
        return "in use by another program or by the kernel driver dvb_usb_rtl28xxu"
    return str(error)

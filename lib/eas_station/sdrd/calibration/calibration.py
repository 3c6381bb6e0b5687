"""Adjusts a dongle's gain and frequency correction, and keeps them across restarts."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eas_station.config.model import ReceiverConfig
from eas_station.sdrd.calibration.auto_gain import AutoGain, measure
from eas_station.sdrd.calibration.auto_ppm import MAX_PPM, AutoPpm
from eas_station.sdrd.receivers.iq_receiver import Tuning, nearest_db

log = logging.getLogger(__name__)

MAX_DB = 100.0
MEASURED = 32_768  # samples per second
MAX_HOLD_S = 30  # of a step: three bursts of the longest header take 15 s


class Calibration:
    """Decides once a second; the caller sets the device. A file is not adjusted."""

    def __init__(self, settings: ReceiverConfig, folder: Path) -> None:
        """Args: folder: the state directory, which keeps the last tuning."""
        self.settings = settings
        self._path = folder / f"eas-sdrd@{settings.name}.tuning.json"
        self._dongle = [settings.kind, settings.serial, settings.host, settings.port]
        saved = self._saved()
        self._begin_db = saved.gain_db if saved else None
        if isinstance(settings.gain, float | int):
            self._begin_db = float(settings.gain)
        auto_ppm = settings.ppm == "auto"
        known_ppm = saved.ppm if saved else 0
        self._ppm = AutoPpm(known_ppm if auto_ppm else 0, is_known=saved is not None)
        self._fixed_ppm = None if isinstance(settings.ppm, str) else round(settings.ppm)
        self._gain: AutoGain | None = None
        self._gains_db: tuple[float, ...] = ()
        self._gain_db: float | None = None  # that is set
        self._held_s = 0  # for which a step has waited for the end of a message

    @property
    def tuning(self) -> Tuning:
        """The settings for the device."""
        ppm = self._ppm.ppm if self._fixed_ppm is None else self._fixed_ppm
        return Tuning(self._begin_db if self._gain_db is None else self._gain_db, ppm)

    def opened(self, gains_db: tuple[float, ...]) -> bool:
        """Take the tuner's gains; gives whether the device must be tuned again."""
        if not gains_db or gains_db == self._gains_db:
            return False
        self._gains_db = gains_db
        if self.settings.gain == "auto":
            self._gain = AutoGain(gains_db, self._begin_db)
            self._gain_db = self._gain.gain_db
            return self._gain_db != self._begin_db
        wanted_db = float(self.settings.gain)
        self._gain_db = nearest_db(gains_db, wanted_db)
        if abs(self._gain_db - wanted_db) > 0.05:
            log.warning(
                "receiver %s: the tuner has no gain of %s dB; using %s dB, available: %s",
                *(self.settings.name, wanted_db, self._gain_db),
                ", ".join(f"{db:g}" for db in gains_db),
            )
        return False

    def second(
        self,
        iq: NDArray[np.complex64],
        error_ppm: float | None,
        in_message: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Take a second's measurements; gives whether the device must be tuned again.

        Args:
            iq: some of its samples, shape (n,).
            error_ppm: frequency error of the carriers; None: no carrier.
            in_message: whether a step now could damage a header; a step is held back, but not
                for ever.
        """

        def may_step() -> bool:
            self._held_s = self._held_s + 1 if in_message() else 0
            return not 0 < self._held_s <= MAX_HOLD_S

        if not self._gains_db:
            return False
        stepped = self._step_gain(iq[:MEASURED], may_step) if iq.size >= 1024 else False
        if self._fixed_ppm is None:
            before, after = self._ppm.ppm, self._ppm.step(error_ppm, may_step)
            if after is not None:
                self._log_step("frequency correction", before, after, "ppm")
                stepped = True
        if stepped:
            self._held_s = 0
            self._save()
        return stepped

    def _step_gain(self, iq: NDArray[np.complex64], may_step: Callable[[], bool]) -> bool:
        if self._gain is None:
            return False
        before_db, after_db = self._gain.gain_db, self._gain.step(measure(iq), may_step)
        if after_db is None:
            return False
        self._log_step("gain", before_db, after_db, "dB")
        self._gain_db = after_db
        return True

    def _log_step(self, what: str, before: float, after: float, unit: str) -> None:
        log.info("receiver %s: %s %s → %s %s", self.settings.name, what, before, after, unit)

    def _saved(self) -> Tuning | None:
        """The saved tuning of the same dongle, if it is plausible."""
        try:
            plain = json.loads(self._path.read_bytes())
            if plain["dongle"] != self._dongle:
                return None
            gain_db = plain["gain_db"]
            tuning = Tuning(None if gain_db is None else float(gain_db), int(plain["ppm"]))
        except (OSError, ValueError, OverflowError, TypeError, KeyError, RecursionError):
            return None
        sane = abs(tuning.ppm) <= MAX_PPM and abs(tuning.gain_db or 0.0) <= MAX_DB
        return tuning if sane else None

    def _save(self) -> None:
        tuning = self.tuning
        plain = {"dongle": self._dongle, "gain_db": tuning.gain_db, "ppm": tuning.ppm}
        part = self._path.with_suffix(".part")
        try:
            part.write_text(json.dumps(plain) + "\n", encoding="ascii")
            part.replace(self._path)
        except OSError as error:
            log.warning("cannot save the tuning to %s: %s", self._path, error.strerror)
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

"""The measurements of a receiver: levels of its channels, frequency error, and a sentence."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from eas_station.bus.messages import ChannelState
from eas_station.bus.topics import channel_name
from eas_station.config.model import ReceiverConfig
from eas_station.dsp.radio.signal_levels import ChannelLevel
from eas_station.sdrd.receivers.iq_receiver import Tuning

SURE_SNR_DB = 6.0  # of a carrier whose frequency is trusted
WX_NUMBERS = {  # the numbers of the NWR channels on weather radios
    **{162_550_000: 1, 162_400_000: 2, 162_475_000: 3, 162_425_000: 4},
    **{162_450_000: 5, 162_500_000: 6, 162_525_000: 7},
}


@dataclass(frozen=True, slots=True)
class ReceiverReading:
    """The measurements of one receiver at one moment."""

    settings: ReceiverConfig
    levels: tuple[ChannelLevel, ...]  # of the last whole second; () before the first
    samples: int  # IQ samples since the process began
    lost_samples: int
    tuning: Tuning | None = None  # of the dongle; None: none, or not open yet
    spectrum_dbfs: tuple[float, ...] = ()  # of the same second: 256 bins, lowest frequency first

    def channels(self) -> tuple[ChannelState, ...]:
        """The levels of the last second by channel."""
        return tuple(
            ChannelState(
                channel=channel_name(frequency_hz),
                frequency_hz=float(frequency_hz),
                signal_dbfs=round(level.signal_dbfs, 1),
                noise_dbfs=round(level.noise_dbfs, 1),
                snr_db=round(level.snr_db, 1),
                deviation_hz=round(level.deviation_hz, 1),
                offset_hz=round(level.offset_hz, 1),
                carrier_present=level.carrier_present,
            )
            for frequency_hz, level in zip(self.settings.channels_hz, self.levels, strict=False)
        )

    def ppm(self) -> float | None:
        """The frequency error; see `ppm_of`."""
        error = ppm_of(self.levels, self.settings.channels_hz)
        return None if error is None else round(error, 2)

    def sentence(self) -> str:
        """Such as "7 channels, best WX7 (162.525) 31 dB, 0 samples lost, ppm +1.8"."""
        count = len(self.settings.channels_hz)
        parts = ["1 channel" if count == 1 else f"{count} channels"]
        if self.levels:
            parts.append(self._best())
        parts.append(f"{self.lost_samples} samples lost")
        ppm = self.ppm()
        if ppm is not None:
            parts.append(f"ppm {ppm:+.1f}")
        parts += self._tuning_parts()
        return ", ".join(parts)

    def _tuning_parts(self) -> list[str]:
        if self.tuning is None:
            return []
        gain_db, ppm = self.tuning.gain_db, self.tuning.ppm
        parts = [] if gain_db is None else [f"gain {gain_db:g} dB"]
        return [*parts, f"correction {ppm:+d} ppm"] if ppm else parts

    def _best(self) -> str:
        pairs = zip(self.settings.channels_hz, self.levels, strict=False)
        carriers = [(level.snr_db, channel) for channel, level in pairs if level.carrier_present]
        if not carriers:
            return "no carrier"
        snr_db, channel = max(carriers)
        number = WX_NUMBERS.get(channel)
        name = channel_name(channel)
        return f"best {name if number is None else f'WX{number} ({name})'} {snr_db:.0f} dB"


def ppm_of(levels: Sequence[ChannelLevel], channels_hz: Sequence[int]) -> float | None:
    """The median frequency error of strong carriers in ppm; positive: they appear too high."""
    errors = [
        level.offset_hz / channel_hz * 1e6
        for channel_hz, level in zip(channels_hz, levels, strict=False)
        if level.carrier_present and level.snr_db >= SURE_SNR_DB
    ]
    return statistics.median(errors) if errors else None

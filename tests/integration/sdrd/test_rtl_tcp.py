"""eas-sdrd on a dongle over the network, which comes, goes, and misbehaves."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from eas_station.bus.messages import AudioPcm, BusMessage
from eas_station.bus.subscriber import Subscriber
from eas_station.decoder.receiver import SameReceiver
from eas_station.decoder.text import message as decoded

CHANNELS = [f"{162.4 + 0.025 * step:.3f}" for step in range(7)]


def header_of(channel: int) -> str:
    return f"ZCZC-WXR-RWT-0391{channel:02d}+0030-1172114-DEMO/WX{channel}-"


def over_tcp(port: int) -> str:
    return f'kind = "rtl_tcp"\nhost = "127.0.0.1"\nport = {port}'


def changes(log: str) -> list[str]:
    return re.findall(r"receiver wx is (\w+)", log)


class FrameDecoder:
    """Decodes frames and checks their numbers against their samples."""

    def __init__(self) -> None:
        self.texts: set[str] = set()
        self.gap_samples = 0  # of the first channel
        self._same = SameReceiver(7, 25_000)
        self._rows: dict[str, list[np.ndarray]] = {channel: [] for channel in CHANNELS}
        self._ends: dict[str, int] = {}

    def take(self, message: BusMessage) -> None:
        if not isinstance(message.body, AudioPcm):
            return
        channel = message.topic.removeprefix("audio.pcm.wx.")
        samples = np.frombuffer(message.samples or b"", dtype="<i2")
        expected = self._ends.get(channel, 0) + message.body.gap_samples
        assert message.body.first_sample == expected
        self._ends[channel] = message.body.first_sample + samples.size
        self._rows[channel].append(samples)
        self.gap_samples += message.body.gap_samples * (channel == CHANNELS[0])
        if all(self._rows.values()):
            block = np.stack([row.pop(0) for row in self._rows.values()])
            heard = self._same.feed(block.astype(np.float32) / 32768)
            said = [m for m in heard if isinstance(m, decoded.DecodedMessage) and not m.is_eom]
            self.texts |= {message.text for message in said}


def test_seven_headers_calibration_and_losses_over_rtl_tcp(
    station, dongle, wait_for, in_state
) -> None:
    dongle.vanish()
    station.configure(wx=over_tcp(dongle.port))
    station.start("wx")
    decoder, state, before = FrameDecoder(), None, 0
    deadline = time.monotonic() + 90
    with station.subscriber("wx") as subscriber:
        wait_for(subscriber, in_state("reconnecting", said="refused"))
        dongle.listen()
        while time.monotonic() < deadline and not (decoder.gap_samples and len(decoder.texts) == 7):
            message = subscriber.receive(0.5)
            if message is None:
                continue
            decoder.take(message)
            if in_state("running")(message):
                state = message.body
                # The clock needs its first window to know how late samples come.
                if len(decoder.texts) == 7 and state.samples > 5 * 250_000 and not before:
                    before = 1 + state.lost_samples
                    dongle.skip_samples = 100_000  # 0.4 s of the air
        while state is None or state.lost_samples < before + 60_000:
            message = subscriber.receive(0.5)
            assert time.monotonic() < deadline
            state = message.body if message is not None and in_state("running")(message) else state
    assert decoder.texts == set(map(header_of, range(7)))
    assert state.lost_samples - before == pytest.approx(100_000, rel=0.2)
    assert decoder.gap_samples == state.lost_samples // 10
    # The crystal of the server's dongle runs slow: carriers appear 6 millionths too high.
    assert dongle.told("ppm")[0] == 0
    assert -6 in dongle.told("ppm")
    assert state.correction_ppm in dongle.told("ppm")
    assert round(state.gain_db * 10) in dongle.told("gain")
    assert dongle.told("rate") == [250_000]
    assert dongle.told("frequency") == [162_487_500]
    assert changes(station.log("wx")) == ["reconnecting", "running"]


def test_a_server_that_returns_as_another_program_is_reported(
    station, dongle, wait_for, in_state, audio
) -> None:
    station.configure(wx=over_tcp(dongle.port))
    station.start("wx")
    with station.subscriber("wx") as subscriber:
        before = wait_for(subscriber, audio).body
        dongle.vanish()
        wait_for(subscriber, in_state("reconnecting"))
        wait_for(subscriber, in_state("reconnecting", said="refused"))
        good, dongle.greeting = dongle.greeting, b"SSH-2.0-OpenSSH_9.2\r\n"
        dongle.listen()
        wait_for(subscriber, in_state("reconnecting", said="is not an rtl_tcp server"))
        dongle.greeting = good
        again = wait_for(subscriber, lambda m: audio(m) and m.body.gap_samples > 0).body
        state = wait_for(subscriber, in_state("running")).body
    assert again.first_sample > before.first_sample + again.gap_samples
    assert state.lost_samples >= 10 * again.gap_samples
    assert changes(station.log("wx")) == ["running", "reconnecting", "running"]


def test_a_stalled_server_is_left_and_another_receiver_loses_nothing(
    station, dongle, received, wait_for, in_state
) -> None:
    capture = station.folder / "other.cu8"
    capture.write_bytes(received)
    station.configure(wx=over_tcp(dongle.port), other=f'kind = "file"\npath = "{capture}"')
    loaded = station.folder / "modules"
    station.environment = {"EAS_DEBUG_MODULES": str(loaded)}
    other = station.start("other")
    station.start("wx")
    with station.subscriber("other") as beside, station.subscriber("wx") as subscriber:
        wait_for(subscriber, in_state("running"))
        wait_for(beside, in_state("running", "other"))
        drain(beside)
        dongle.stalls.set()
        wait_for(subscriber, in_state("reconnecting", said="no samples for"))
        dongle.hang_up()
        dongle.stalls.clear()
        wait_for(subscriber, in_state("running"))
        ends: dict[str, int] = {}
        for body, topic, size in drain(beside):
            assert body.gap_samples == 0
            assert ends.get(topic, body.first_sample) == body.first_sample
            ends[topic] = body.first_sample + size
        assert len(ends) == 7
        assert beside.missed() == ()
    assert other.poll() is None
    assert "eas_station_vendor" not in loaded.read_text()  # only a dongle on USB needs it
    assert station.log("wx").count("Traceback") == 0


def drain(subscriber: Subscriber) -> list[tuple[AudioPcm, str, int]]:
    """All audio received so far."""
    frames = []
    while (message := subscriber.receive(0.0)) is not None:
        if isinstance(message.body, AudioPcm):
            frames.append((message.body, message.topic, len(message.samples or b"") // 2))
    return frames

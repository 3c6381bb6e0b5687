"""eas-sdrd on USB, with pyrtlsdr as it is carried and a librtlsdr whose dongles are files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eas_station.bus.messages import AudioPcm, ReceiverState

KEYS = 'kind = "rtlsdr"\nserial = "attic"\ngain = 33.0\nppm = 2.2'


@pytest.fixture
def usb(station, fake_librtlsdr: Path, received: bytes, tmp_path: Path) -> Path:
    """The folder of the dongles: none is plugged in."""
    folder = tmp_path / "usb"
    folder.mkdir()
    (folder / "iq.cu8").write_bytes(received)
    station.environment = {
        "LD_LIBRARY_PATH": str(fake_librtlsdr),
        "FAKE_RTLSDR": str(folder),
    }
    return folder


def plug_in(usb: Path, *serials: str) -> None:
    (usb / "new").write_text("".join(f"{serial}\n" for serial in serials))
    (usb / "new").rename(usb / "dongles")


def changes(log: str) -> list[str]:
    return re.findall(r"receiver wx is (\w+)", log)


def test_a_dongle_is_plugged_in_removed_and_plugged_in_again(
    station, usb: Path, wait_for, in_state, audio
) -> None:
    station.configure(wx=KEYS)
    process = station.start("wx")
    with station.subscriber("wx") as subscriber:
        wait_for(subscriber, in_state("reconnecting", said="no RTL-SDR dongle is plugged in"))
        plug_in(usb, "attic", "attic")
        wait_for(subscriber, in_state("reconnecting", said="rtl_eeprom -d 1 -s NUMBER"))
        plug_in(usb, "barn", "attic")
        state = wait_for(
            subscriber, lambda m: in_state("running")(m) and len(m.body.channels) == 7
        ).body
        plug_in(usb, "barn")
        wait_for(subscriber, in_state("reconnecting", said="plugged in: barn"))
        plug_in(usb, "attic")
        again = wait_for(subscriber, lambda m: audio(m) and m.body.gap_samples > 0).body
    assert isinstance(state, ReceiverState)
    assert (state.gain_db, state.correction_ppm, state.lost_samples) == (32.8, 2, 0)
    assert [channel.carrier_present for channel in state.channels] == [True] * 7
    assert isinstance(again, AudioPcm)
    assert process.poll() is None
    log = station.log("wx")
    assert changes(log) == ["reconnecting", "running", "reconnecting", "running"]
    assert log.count("the tuner has no gain of 33.0 dB; using 32.8 dB") == 1
    opened = (usb / "calls").read_text().split("open ")[1:]
    assert [int(calls.split()[0]) for calls in opened] == [1, 0]
    for calls in opened:
        assert {"rate 250000", "gain 328", "ppm 2", "frequency 162487500"} <= set(
            calls.splitlines()
        )


def test_a_hanging_read_ends_the_process_and_a_new_one_works(
    station, usb: Path, wait_for, in_state
) -> None:
    plug_in(usb, "attic")
    station.configure(wx=KEYS)
    process = station.start("wx")
    with station.subscriber("wx") as subscriber:
        wait_for(subscriber, in_state("running"))
        (usb / "hang").touch()
        wait_for(subscriber, in_state("reconnecting", said="no samples for"))
        assert process.wait(timeout=30) == 1
        (usb / "hang").unlink()
        station.start("wx")  # as systemd does, two seconds later
        wait_for(subscriber, in_state("running"))
    assert "the driver did not return" in station.log("wx")

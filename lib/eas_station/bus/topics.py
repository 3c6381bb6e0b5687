"""The topics of the bus. Topics are compared whole: as a prefix `wx1` would match `wx10`."""

from __future__ import annotations

RECEPTION_NEW = "reception.new"
ALERT_NEW = "alert.new"
ALERT_UPDATED = "alert.updated"
ALERT_ENDED = "alert.ended"
ALERT_JOINED = "alert.joined"


def channel_name(frequency_hz: int) -> str:
    """A channel's name in topics and records: MHz with three decimals, "162.550"."""
    return f"{frequency_hz / 1e6:.3f}"


def audio_pcm(receiver: str, channel: str) -> str:
    """sdrd → audiod, webd: s16le mono frames of one channel."""
    return f"audio.pcm.{receiver}.{channel}"


def audio_of(receiver: str) -> str:
    """The audio of all channels of a receiver, as a prefix."""
    return f"audio.pcm.{receiver}."


def audio_level(source: str, channel: str) -> str:
    """audiod → webd: the level meter of one channel, twice a second."""
    return f"audio.level.{source}.{channel}"


def audio_hearing(source: str, channel: str) -> str:
    """audiod → webd: whether one channel would hear a warning; on change and every minute."""
    return f"audio.hearing.{source}.{channel}"


def same_burst(source: str, channel: str) -> str:
    """audiod → webd: the text of one burst and its quality."""
    return f"same.burst.{source}.{channel}"


def receiver_state(receiver: str) -> str:
    """sdrd → webd: the signal of each channel, once a second."""
    return f"receiver.state.{receiver}"


def status(unit: str) -> str:
    """All → webd: the state of a daemon."""
    return f"status.{unit}"


def control(unit: str) -> str:
    """webd → one unit: the desired state has changed, read it again."""
    return f"control.{unit}"

"""Who has the sound of which channel."""

from __future__ import annotations

from eas_station.config.model import Config, ReceiverConfig, RemoteConfig, SourceConfig
from eas_station.webd.state.audio_channels import AudioChannel, channels_of, sound_of

CONFIG = Config(
    receivers=(ReceiverConfig("wx", "rtlsdr", channels_hz=(162_400_000, 162_550_000)),),
    remotes=(RemoteConfig("barn", "tcp://10.0.0.5:5600", "key", channels_hz=(162_475_000,)),),
    sources=(
        SourceConfig("wx", "receiver", "wx"),
        SourceConfig("one", "receiver", "wx", channels_hz=(162_550_000,)),
        SourceConfig("far", "receiver", "barn"),
        SourceConfig("stream", "stream", url="http://radio.example/"),
    ),
)


def test_a_receivers_sound_comes_from_its_receiver_and_any_other_from_its_source() -> None:
    assert sound_of(CONFIG, "one", "162.550") == AudioChannel(
        *("one", "162.550", "eas-sdrd@wx", "audio.pcm.wx.162.550")
    )
    assert sound_of(CONFIG, "far", "162.475") == AudioChannel(
        *("far", "162.475", "eas-sdrd@barn", "audio.pcm.barn.162.475")
    )
    assert sound_of(CONFIG, "stream", "mono") == AudioChannel(
        *("stream", "mono", "eas-audiod@stream", "audio.pcm.stream.mono")
    )


def test_what_is_not_configured_is_not_to_be_heard() -> None:
    for source, channel in (("one", "162.400"), ("nobody", "mono"), ("stream", ""), ("wx", "mono")):
        assert sound_of(CONFIG, source, channel) is None, (source, channel)


def test_a_source_has_its_own_channels_or_all_of_its_receiver() -> None:
    listed = {source.name: channels_of(CONFIG, source) for source in CONFIG.sources}
    assert listed == {
        "wx": ("162.400", "162.550"),
        "one": ("162.550",),
        "far": ("162.475",),
        "stream": ("mono",),
    }

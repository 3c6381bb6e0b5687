"""Who listens to what, from the messages of an XPUB socket."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from eas_station.bus.subscriptions import Subscriptions


def test_a_whole_topic_is_not_a_prefix() -> None:
    subscriptions = Subscriptions()
    assert subscriptions.note(b"\1audio.pcm.wx.162.55") == "audio.pcm.wx.162.55"
    assert subscriptions.include("audio.pcm.wx.162.55")
    assert not subscriptions.include("audio.pcm.wx.162.550")
    assert not subscriptions.include("audio.pcm.wx.162.5")


def test_a_prefix_ends_in_a_dot_and_nothing_at_all_is_everything() -> None:
    subscriptions = Subscriptions()
    subscriptions.note(b"\1audio.pcm.")
    assert subscriptions.include("audio.pcm.wx.mono")
    assert not subscriptions.include("audio.level.wx.mono")
    subscriptions.note(b"\1")
    assert subscriptions.include("audio.level.wx.mono")


def test_the_end_of_a_subscription_ends_it() -> None:
    subscriptions = Subscriptions()
    subscriptions.note(b"\1control.x")
    subscriptions.note(b"\1control.")
    assert subscriptions.note(b"\0control.") is None
    assert subscriptions.include("control.x")
    assert not subscriptions.include("control.y")
    subscriptions.note(b"\0control.x")
    assert not subscriptions.include("control.x")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=12)))
def test_bytes_that_are_no_subscription_ask_for_nothing(said: list[bytes]) -> None:
    subscriptions = Subscriptions()
    for one in said:
        asked = subscriptions.note(one)
        assert (asked is not None) == one.startswith(b"\1")
        assert asked is None or subscriptions.include(asked)

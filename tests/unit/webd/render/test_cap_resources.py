"""The files that a CAP message names, as links."""

from __future__ import annotations

from typing import Any

import pytest

from eas_station.webd.render.cap_resources import resource_links

ALERT = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>i</identifier>
<sender>s</sender><sent>2025-11-22T03:12:00-05:00</sent><status>Actual</status>
<msgType>Alert</msgType><scope>Public</scope><info><category>Met</category>
<event>Tornado Warning</event><urgency>Immediate</urgency><severity>Extreme</severity>
<certainty>Observed</certainty>{0}<area><areaDesc>Wood</areaDesc></area></info></alert>"""
RESOURCE = """<resource><resourceDesc>{0}</resourceDesc><mimeType>{1}</mimeType>
<size>{2}</size><uri>{3}</uri></resource>"""


def links(make: Any, *resources: str) -> Any:
    raw = ALERT.format("".join(resources))
    return resource_links((make.reception(via="cap", raw=raw, channel=None, evidence=None),))


def test_a_file_is_a_link_with_its_type_and_size(make: Any) -> None:
    sound = RESOURCE.format(
        "EAS Broadcast Content", "audio/mpeg", 120400, "https://a.example/x.mp3"
    )
    (found,) = links(make, sound, sound)
    assert (found.title, found.kind) == ("EAS Broadcast Content", "audio/mpeg, 120 kB")
    assert found.url == found.address == "https://a.example/x.mp3"


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//a.example/x",
        "x.mp3",
        "https://user@a.example/",
        "https:\\\\a.example",
        "http://[",
    ],
)
def test_what_a_browser_should_not_open_is_text(make: Any, uri: str) -> None:
    (found,) = links(make, RESOURCE.format("Map", "image/png", 10, uri))
    assert (found.url, found.address) == ("", uri)


def test_without_files_there_is_nothing(make: Any) -> None:
    assert links(make) == ()
    assert resource_links((make.reception(),)) == ()

"""Reading station.toml: one configuration, or all faults at once."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eas_station.config.load import load
from eas_station.config.model import Config, FeedConfig, ReceiverConfig, SourceConfig
from eas_station.errors import ConfigError, Fault

SHIPPED = Path(__file__).parents[3] / "etc" / "eas-station" / "station.toml"
FULL = """\
[station]
name = "Toledo"
same_codes = ["039173", "039095"]
point = [41, -83.63]
timezone = "America/New_York"

[web]
port = 8090

[[feed]]
name = "nws"
kind = "nws"
area = ["OH"]

[[receiver]]
name = "wx"
kind = "file"
path = "captures/wx.cu8"
channels_hz = [162_550_000]

[[source]]
name = "wx"
kind = "receiver"
receiver = "wx"
"""


def written(tmp_path: Path, text: str, name: str = "station.toml") -> Path:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(tmp_path: Path, text: str) -> dict[str, Fault]:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text))
    return {fault.key: fault for fault in caught.value.faults}


def the_fault(tmp_path: Path, text: str) -> Fault:
    faults = faults_of(tmp_path, text)
    assert len(faults) == 1, faults
    return next(iter(faults.values()))


def test_a_whole_file(tmp_path: Path) -> None:
    path = written(tmp_path, FULL)
    config = load(path)
    assert config.station.same_codes == ("039173", "039095")
    assert config.station.point == (41.0, -83.63)
    assert config.web.port == 8090
    assert config.web.host == "localhost"
    assert config.feeds == (FeedConfig(name="nws", kind="nws", area=("OH",)),)
    assert config.receivers == (
        ReceiverConfig("wx", "file", tmp_path / "captures" / "wx.cu8", channels_hz=(162_550_000,)),
    )
    assert config.sources == (SourceConfig(name="wx", kind="receiver", receiver="wx"),)
    assert config.files == (str(path),)


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    assert load(path) == Config(files=(str(path),))


def test_a_station_without_any_file_runs_on_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eas_station.config.load.INSTALLED", tmp_path / "station.toml")
    assert load(None) == Config()


def test_the_shipped_file_is_valid_and_has_only_the_weather_service() -> None:
    config = load(SHIPPED)
    assert [feed.name for feed in config.feeds] == ["nws"]
    assert config == Config(feeds=config.feeds, files=(str(SHIPPED),))


def test_the_commented_keys_of_the_shipped_file_are_valid(tmp_path: Path) -> None:
    text = re.sub(r"^#(?=[a-z\[])", "", SHIPPED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    config = load(written(tmp_path, text))
    assert [source.kind for source in config.sources] == [
        *("receiver", "soundcard", "stream", "pipe", "file"),
    ]
    assert [feed.kind for feed in config.feeds] == ["nws", "cap", "ipaws", "nwws", "naad", "folder"]


def test_the_shipped_file_shows_every_key_of_every_table() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    tables = {"web", "database", "paths", "clips", "station", "alarm"}
    for field in dataclasses.fields(Config):
        if field.name in tables:
            for key in dataclasses.fields(field.default):  # type: ignore[arg-type]
                assert re.search(rf"^#?{key.name} = ", text, re.MULTILINE), key.name


def test_every_fault_is_reported_with_file_line_key_and_value(tmp_path: Path) -> None:
    text = """\
[station]
callsing = "KTOL"
same_codes = ["39173"]
[web]
port = "8080"
[[feed]]
name = "nws"
kind = "nwss"
[[source]]
name = "a"
kind = "receiver"
receiver = "wy"
"""
    faults = faults_of(tmp_path, text)
    path = str(tmp_path / "station.toml")
    lines = {key: (fault.file, fault.line, fault.value) for key, fault in faults.items()}
    assert lines == {
        "station.callsing": (path, 2, '"KTOL"'),
        "station.same_codes": (path, 3, '["39173"]'),
        "web.port": (path, 5, '"8080"'),
        "feed.nws.kind": (path, 8, '"nwss"'),
        "source.a.receiver": (path, 12, '"wy"'),
    }
    assert faults["station.callsing"].message == "no such key; did you mean callsign?"
    assert faults["web.port"].message == "must be a whole number"
    assert '"nwws", "naad", "cap", "folder"' in faults["feed.nws.kind"].message


@pytest.mark.parametrize(
    ("text", "key", "line", "message"),
    [
        ("[wep]", "wep", 1, "no such table; did you mean web?"),
        ("[web]\nport = 70000", "web.port", 2, "must be 0 to 65535"),
        ("[web]\nport = true", "web.port", 2, "must be a whole number"),
        ("[web]\nport = 80.5", "web.port", 2, "must be a whole number"),
        ('[web]\nhost = "localhost:80"', "web.host", 2, "the port is a key of its own"),
        (
            '[web]\ntrusted_proxies = ["10.0.0.0/8", "proxy"]',
            "web.trusted_proxies",
            2,
            "'proxy' must",
        ),
        ("[web]\ndeadline_s = 0", "web.deadline_s", 2, "must be 1 to 600 seconds"),
        ("[web]\nsession_idle_h = 0", "web.session_idle_h", 2, "must be 0.1 to 8760 hours"),
        ("web = 3", "web", 1, "must be a table: [web]"),
        ('[station]\ncallsign = "KTOL-TV"', "station.callsign", 2, 'without "-"'),
        ('[station]\ncallsign = "LONGERTHAN8"', "station.callsign", 2, "1 to 8 characters"),
        ("[station]\npoint = [91, 0]", "station.point", 2, "-90 to 90"),
        ("[station]\npoint = [41]", "station.point", 2, "2 entries"),
        ('[station]\nsame_codes = "039173"', "station.same_codes", 2, "must be a list"),
        (
            "[station]\nsame_codes = [39173]",
            "station.same_codes",
            2,
            "39173 must be a text in quotes",
        ),
        ('[station]\ntimezone = "Ohio"', "station.timezone", 2, "America/Chicago"),
        ('[station]\ntimezone = "../etc"', "station.timezone", 2, "America/Chicago"),
        ('[station]\nclock = "trust"', "station.clock", 2, "did you mean trusted?"),
        (
            '[database]\nurl = "postgresql:///eas"',
            "database.url",
            2,
            "must begin with postgresql+psycopg2:// instead of postgresql://",
        ),
        ('[database]\nurl = "mysql://x"', "database.url", 2, "sqlite:////"),
        ('[[feed]]\nkind = "nws"', "feed[0].name", 1, "missing: a text in quotes"),
        ('[[feed]]\nname = "a b"\nkind = "nws"', "feed.a b.name", 2, "letters, digits"),
        (f'[[feed]]\nname = "{"a" * 25}"\nkind = "nws"', f"feed.{'a' * 25}.name", 2, "1 to 24"),
        ('[[feed]]\nname = "a"\nkind = "cap"', "feed.a.url", 1, "missing: kind cap needs it"),
        (
            '[[feed]]\nname = "a"\nkind = "cap"\nurl = "ftp://x/y"',
            "feed.a.url",
            4,
            "https:// or http://",
        ),
        ('[[feed]]\nname = "a"\nkind = "cap"\nurl = "http://[x"', "feed.a.url", 4, "https://"),
        (
            '[[feed]]\nname = "a"\nkind = "folder"\npath = "x"\nurl = "http://x"',
            "feed.a.url",
            5,
            "means nothing for kind folder",
        ),
        ('[[feed]]\nname = "a"\nkind = "nws"\ninterval_s = 5', "feed.a.interval_s", 4, "15 sec"),
        ('[[feed]]\nname = "a"\nkind = "nws"\narea = ["Ohio"]', "feed.a.area", 4, "'Ohio' must"),
        ('[feed]\nname = "a"', "feed", 1, "write [[feed]] with two brackets"),
        (
            '[[receiver]]\nname = "a"\nkind = "file"\npath = "x"\nchannels_hz = [162_550]',
            "receiver.a.channels_hz",
            5,
            "162550 lies outside",
        ),
        ('[[source]]\nname = "a"\nkind = "pipe"', "source.a.path", 1, "missing: kind pipe"),
    ],
)
def test_one_fault(tmp_path: Path, text: str, key: str, line: int, message: str) -> None:
    fault = the_fault(tmp_path, text)
    assert (fault.key, fault.line) == (key, line)
    assert message in fault.message


def test_a_password_is_not_shown_in_a_fault(tmp_path: Path) -> None:
    fault = the_fault(tmp_path, '[database]\nurl = "postgres://eas:s3cret@db/eas"')
    assert "s3cret" not in str(fault)
    assert fault.value == '"postgres://eas:…@db/eas"'


def test_two_tables_of_one_name(tmp_path: Path) -> None:
    pipe = '[[source]]\nname = "a"\nkind = "pipe"\npath = "x"\n'
    fault = the_fault(tmp_path, pipe + pipe)
    assert (fault.key, fault.line) == ("source.a.name", 6)
    assert f"{tmp_path / 'station.toml'}:2 already" in fault.message


def test_a_source_cannot_have_a_channel_its_receiver_does_not_have(tmp_path: Path) -> None:
    text = FULL + "channels_hz = [162_550_000, 162_400_000]\n"
    fault = the_fault(tmp_path, text)
    assert fault.key == "source.wx.channels_hz"
    assert fault.message == "receiver wx has no channel 162400000"


def test_a_fault_of_a_receiver_is_not_repeated_for_its_source(tmp_path: Path) -> None:
    text = FULL.replace("channels_hz = [162_550_000]", 'channels_hz = "all"')
    assert the_fault(tmp_path, text).key == "receiver.wx.channels_hz"


def test_a_receiver_with_a_wrong_name_does_not_make_its_source_a_fault_too(tmp_path: Path) -> None:
    text = FULL.replace('name = "wx"\nkind = "file"', 'name = "w x"\nkind = "file"')
    assert the_fault(tmp_path, text).key == "receiver.w x.name"


def test_wrong_entries_of_a_list_are_named_in_one_fault(tmp_path: Path) -> None:
    fault = the_fault(tmp_path, '[station]\nsame_codes = ["39173", "039173", "x"]')
    assert fault.message == "'39173', 'x' must be six digits PSSCCC, as \"039173\""


def test_files_in_station_d_come_later_in_the_order_of_their_names(tmp_path: Path) -> None:
    path = written(tmp_path, FULL)
    written(tmp_path / "station.d", "[web]\nport = 3\n", "20.toml")
    extra = '[web]\nport = 2\nhost = "*"\n[[feed]]\nname = "x"\nkind = "folder"\npath = "cap"\n'
    written(tmp_path / "station.d", extra, "10.toml")
    written(tmp_path / "station.d", "not even TOML", "notes.txt")
    config = load(path)
    assert (config.web.port, config.web.host) == (3, "*")
    assert [feed.name for feed in config.feeds] == ["nws", "x"]
    assert config.feeds[1].path == tmp_path / "station.d" / "cap"
    assert [Path(file).name for file in config.files] == ["station.toml", "10.toml", "20.toml"]


def test_faults_of_several_files_name_their_files(tmp_path: Path) -> None:
    path = written(tmp_path, "[web]\nport = 0.5\n")
    written(tmp_path / "station.d", "[web\n", "10.toml")
    written(tmp_path / "station.d", '[[feed]]\nname = "x"\nkind = "x"\n', "20.toml")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert [(Path(f.file).name, f.line) for f in caught.value.faults] == [
        ("10.toml", 1),
        ("20.toml", 3),
        ("station.toml", 2),
    ]
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "absent.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "binary.toml")
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)


TOML_SCALARS = st.sampled_from(
    ["1", "true", '"x"', "[]", "[1]", "{}", "1.5", "1979-05-27", '[["x"]]']
)
KEYS = st.sampled_from(
    ["name", "kind", "port", "host", "url", "path", "point", "zone", "area", "x"]
)
TABLES = st.sampled_from(["[station]", "[web]", "[[feed]]", "[[receiver]]", "[[source]]", "[x]"])


@given(st.lists(st.tuples(TABLES, st.dictionaries(KEYS, TOML_SCALARS, max_size=4)), max_size=4))
def test_any_toml_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, tables: list[tuple[str, dict[str, str]]]
) -> None:
    lines = [f"{t}\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for t, keys in tables]
    path = tmp_path_factory.getbasetemp() / "random.toml"
    path.write_text("".join(lines))
    try:
        load(path)
    except ConfigError as error:
        assert error.faults

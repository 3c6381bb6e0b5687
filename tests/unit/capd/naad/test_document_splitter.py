from __future__ import annotations

import random
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest

from eas_station.cap.documents import document
from eas_station.capd.naad.document_splitter import MAX_DOCUMENT_BYTES, DocumentSplitter
from eas_station.errors import CapError

REAL = Path(__file__).resolve().parents[5] / "shared" / "cap" / "canada_cap"

ONE = b'<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="x"><identifier>1</identifier></alert>'
TWO = b"<?xml version='1.0'?><c:alert xmlns:c='urn:x'><c:identifier>2</c:identifier></c:alert >"
BARE = b"<alert><identifier>3</identifier></alert>"
TEXTS = (
    b"<?xml version='1.0'?><!-- </alert> --><alert><a><![CDATA[</alert><alert>]]></a>"
    b'<b c="&lt;/alert&gt;">\xc3\xa9 &#60;/alert&#62;</b><alert/></alert>'
)
EMPTY = b"<alert xmlns='urn:x'/>"
GOOD = (ONE, TWO, BARE, TEXTS, EMPTY)


def split(*blocks: bytes) -> tuple[list[bytes], list[str]]:
    """The documents of a stream, and the damage."""
    splitter = DocumentSplitter()
    found = [piece for block in blocks for piece in splitter.feed(block)]
    documents = [piece for piece in found if isinstance(piece, bytes)]
    return documents, [str(piece) for piece in found if isinstance(piece, CapError)]


def cut_anywhere(data: bytes, random_cuts: random.Random, count: int) -> list[bytes]:
    cuts = sorted(random_cuts.randrange(len(data) + 1) for _ in range(count))
    return [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]


def test_documents_come_whole_and_as_they_were_sent() -> None:
    assert split(b"\n".join(GOOD)) == (list(GOOD), [])
    assert split(b"".join(GOOD)) == (list(GOOD), [])


def test_a_document_comes_with_its_last_byte() -> None:
    for one in GOOD:
        splitter = DocumentSplitter()
        assert list(splitter.feed(one[:-1])) == []
        assert list(splitter.feed(one[-1:])) == [one]


def test_single_bytes_give_the_same_documents() -> None:
    data = b"\r\n".join(GOOD)
    assert split(*(data[at : at + 1] for at in range(len(data)))) == (list(GOOD), [])


@pytest.mark.parametrize("seed", range(20))
def test_any_blocks_give_the_same_documents_and_the_same_damage(seed: int) -> None:
    data = ONE + b" noise " + TEXTS + TWO[:30] + ONE + BARE + b"</alert>" + TWO
    expected = split(data)
    assert expected[0] == [ONE, TEXTS, ONE, BARE, TWO]
    assert len(expected[1]) == 3
    blocks = cut_anywhere(data, random.Random(seed), 1 + seed * 3)
    assert split(*blocks) == expected


@pytest.mark.parametrize("cut_at", range(1, len(ONE)))
def test_the_document_after_one_that_is_cut_is_read(cut_at: int) -> None:
    documents, damage = split(ONE[:cut_at] + ONE + TWO)
    assert documents[-1] == TWO
    assert ONE in documents or ONE.partition(b"\n")[2] in documents  # without its declaration
    assert len(damage) <= 2


def test_an_alert_in_a_text_is_no_alert() -> None:
    inner = b"<?xml version='1.0'?><alert><identifier>forged</identifier></alert>"
    outer = b"<alert><description><![CDATA[" + inner + b"]]></description></alert>"
    assert split(outer) == ([outer], [])


def test_a_document_without_an_end_is_dropped_and_the_next_one_read() -> None:
    block = b"A" * (1 << 16)
    splitter = DocumentSplitter()
    tracemalloc.start()
    found = list(splitter.feed(b"<alert><description>"))
    for _ in range(3 * MAX_DOCUMENT_BYTES // len(block)):
        found += splitter.feed(block)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    found += splitter.feed(b"</description></alert>" + ONE)
    assert [str(one) for one in found[:-1]] == [
        f"a document of more than {MAX_DOCUMENT_BYTES} bytes"
    ]
    assert found[-1] == ONE
    assert peak < 4 * MAX_DOCUMENT_BYTES


@pytest.mark.parametrize(
    "hostile",
    [
        b"<alert>" * 200_000,
        b"<a" * 500_000,
        b"<?xml " * 1_000_000,
        (b"<?xml " * 10_000 + b"?>") * 50,
        b"\x00\xff<" * 300_000,
        b">" * 1_000_000,
        b"<!-- " * 200_000,
        b"</alert>" * 100_000,
        b"<alert" + b" a='" * 200_000,
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><alert>&b;</alert>' * 10_000,
        b"<?xml version='1.0' encoding='\xff'?>" * 10_000,
        "<?xml version='1.0'?><alert/>".encode("utf-16") * 10_000,
    ],
    ids=lambda hostile: repr(hostile[:12]),
)
def test_hostile_bytes_cost_little_and_the_next_document_is_read(hostile: bytes) -> None:
    splitter = DocumentSplitter()
    began_s = time.process_time()
    found = [
        piece
        for at in range(0, len(hostile), 1 << 16)
        for piece in splitter.feed(hostile[at : at + (1 << 16)])
    ]
    assert time.process_time() - began_s < 10.0
    found += splitter.feed(b"]]> --> ' \" >" + ONE + ONE)
    found += splitter.feed(ONE + ONE)
    assert ONE in found
    parsed = [piece for piece in found if isinstance(piece, bytes) and piece != ONE]
    for piece in parsed:
        with pytest.raises(CapError):
            document.parse(piece)


@pytest.mark.shared
@pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} is not there")
def test_real_documents_of_the_system() -> None:
    real = [path.read_bytes() for path in sorted(REAL.iterdir())]
    wanted = [one.removeprefix(b"\xef\xbb\xbf").strip() for one in real]
    stream = b"\n".join(real)
    for size in (1 << 16, 1000):
        blocks = [stream[at : at + size] for at in range(0, len(stream), size)]
        found, damage = split(*blocks)
        assert [len(one) for one in found] == [len(one) for one in wanted]
        assert damage == []

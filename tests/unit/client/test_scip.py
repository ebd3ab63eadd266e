"""Reading SCIP indexes: what is kept of one, and what is told of a file that is none."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.scip_file import DEFINES, READS, scip_index

from pampax.client.scip import read_scip
from pampax.core.errors import InvalidRequest, LocalIOError

GOOD = scip_index({"a.py": [((0, 4, 9), "s m p v `a`/total().", DEFINES), ((3, 0, 5), "s m p v `a`/total().", READS)]})


@pytest.fixture
def read(tmp_path: Path):
    def of(content: bytes):
        path = tmp_path / "index.scip"
        path.write_bytes(content)
        return read_scip(path)

    return of


def test_places_are_counted_from_line_one(read) -> None:
    (file,) = read(GOOD)
    assert file == {
        "path": "a.py", "position_encoding": 2, "definitions": [0, 1, 4, 9], "names": ["total"],
        "references": [0, 4, 0, 5],
    }  # fmt: skip


def test_locals_parameters_modules_and_places_over_lines_are_left_out(read) -> None:
    symbols = ["local 1", "s m p v `a`/f().(x)", "s m p v `a`/T#[P]", "s m p v `a`/__init__:", "s m p v `a`/"]
    document = [((0, 0, 1), symbol, DEFINES) for symbol in symbols]
    spread = [((2, 4, 5), "s m p v `a`/g().", DEFINES), ((2, 0, 3, 1), "s m p v `a`/g().", READS)]
    (file,) = read(scip_index({"a.py": [*document, *spread]}))
    assert (file["definitions"], file["references"]) == ([0, 3, 4, 5], [])


@pytest.mark.parametrize(
    ("symbol", "names"),
    [
        ("s m p v `a`/Basket#__init__().", "__init__ Basket"),
        ("s m p v `a.ts`/Basket#`<constructor>`().", "constructor Basket"),
        ("s m p v a/Basket#`<init>`(+1).", "Basket"),
        ("s m p v `a.ts`/Basket#`<get>total`().", "total"),
        ("s m p v `a`/`odd``name`.", "odd`name"),
        ("s m p v a/panic!", "panic"),
    ],
)
def test_names_that_a_symbol_is_used_by(read, symbol: str, names: str) -> None:
    (file,) = read(scip_index({"a.py": [((0, 0, 1), symbol, DEFINES)]}))
    assert file["names"] == [names]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        GOOD[:-1],
        scip_index({}),
        scip_index({"a.py": []}),
        scip_index({"a.py": [((0, 0, 1), "s m p v a/f().", DEFINES)]}, signed=False),
        b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    ],
)
def test_what_is_no_index_is_refused(read, content: bytes) -> None:
    with pytest.raises(InvalidRequest, match="is no SCIP index that can be taken") as refused:
        read(content)
    assert refused.value.reason == "SCIP_UNREADABLE"


@given(at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_anywhere_is_refused_or_read(read, at: int, byte: int) -> None:
    with suppress(InvalidRequest):
        read(GOOD[:at] + bytes([byte]) + GOOD[at + 1 :])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LocalIOError, match="cannot read the SCIP index"):
        read_scip(tmp_path / "none.scip")

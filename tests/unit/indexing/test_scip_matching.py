"""Whether the places of a SCIP index stand in a file."""

from __future__ import annotations

import pytest

from pampax.codeintel.imports import Imported
from pampax.codeintel.uses import Use, UseKind, Uses
from pampax.graph.recorded import Place, pack, unpack
from pampax.indexing.scip.matching import ScipFile, Symbol, fit, linked, names_by_symbol

TEXT = 'from m import total as sum_up\ntext = "žluť 🐎"; total(text)\nsum_up()\n'
USES = Uses(
    (Use("total", UseKind.CALL, "", 2), Use("sum_up", UseKind.CALL, "", 3)), (Imported("m", "total", "sum_up", 1),)
)
NAMES = {7: frozenset({"total"})}


def of(references: tuple[int, ...], encoding: int = 0):
    return fit(ScipFile("a.py", encoding, (), (), references), NAMES, TEXT.encode(), USES, ())


@pytest.mark.parametrize(("encoding", "start"), [(1, 22), (2, 18), (3, 17), (0, 22), (0, 18), (0, 17)])
def test_columns_are_those_of_the_encoding(encoding: int, start: int) -> None:
    assert of((7, 2, start, start + 5), encoding).used == [(2, "total", 7)]


def test_aliases_are_used_by_the_name_that_stands_there() -> None:
    found = of((7, 1, 14, 29, 7, 3, 0, 6))
    assert (found.used, found.fits) == ([(3, "sum_up", 7)], True)


@pytest.mark.parametrize("place", [(3, 0, 3), (3, 4, 6), (9, 0, 5), (0, 0, 5), (2, 40, 45), (2, 5, 5)])
def test_other_text_does_not_fit(place: tuple[int, int, int]) -> None:
    found = of((7, *place))
    assert (found.used, found.fits) == ([], False)


def test_a_constructor_is_meant_by_its_type() -> None:
    text = b"class A:\n    def __init__(self): ...\n"
    file = ScipFile("a.py", 1, (1, 2, 8, 16), ("__init__ A",), ())
    symbols = [Symbol("A", "A", 1, 2), Symbol("__init__", "A.__init__", 2, 2)]
    found = fit(file, names_by_symbol([file]), text, Uses(), symbols)
    defined = {1: [place for _, place in found.defined]}
    recorded = linked([(5, "A", 1), (6, "__init__", 1), (7, "A", 2)], defined)
    assert recorded == {(5, "A"): (Place("a.py", "A", 1),), (6, "__init__"): (Place("a.py", "A.__init__", 2),)}
    assert unpack(pack(recorded)) == recorded


def test_what_is_stored_otherwise_is_no_index() -> None:
    with pytest.raises(ValueError, match="not the links of a file"):
        unpack(b"[[], [], [[1, 2, [3]]]]")

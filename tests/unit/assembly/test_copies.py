"""Copies of a better piece lose most of their value."""

from pampax.assembly.candidates import Origin
from pampax.assembly.copies import COPY, without_copies

LINES = [f"value_{n} = compute({n})" for n in range(20)]


def _files(make, **texts):
    return {("demo", f"{name}.js"): make.file(f"{name}.js", lines) for name, lines in texts.items()}


def _values(candidates):
    return {each.place.path: each.value for each in candidates}


def test_a_built_copy_loses_to_its_source_whatever_its_indentation(make):
    files = _files(make, lib=LINES, dist=[f"    {line}" for line in LINES])
    kept = without_copies([make.hit("dist.js", 1, 20, 0.8), make.hit("lib.js", 1, 20, 1.0)], files)
    assert _values(kept) == {"lib.js": 1.0, "dist.js": round(0.8 * COPY, 4)}


def test_what_is_alike_in_part_is_no_copy(make):
    files = _files(make, lib=LINES, other=LINES[:10] + [f"other_{n} = {n}" for n in range(10)])
    kept = without_copies([make.hit("lib.js", 1, 20, 1.0), make.hit("other.js", 1, 20, 0.8)], files)
    assert _values(kept) == {"lib.js": 1.0, "other.js": 0.8}


def test_neither_named_files_nor_short_pieces_nor_the_same_file_are_copies(make):
    files = _files(make, lib=LINES, named=LINES, short=LINES)
    candidates = [
        make.hit("lib.js", 1, 20, 1.0), make.hit("lib.js", 1, 18, 0.9), make.hit("short.js", 1, 4, 0.7),
        make.hit("named.js", 1, 20, 0.6, origin=Origin.OUTLINE), make.hit("named.js", 1, 20, 0.6, origin=Origin.SEED),
    ]  # fmt: skip
    assert sorted(each.value for each in without_copies(candidates, files)) == [0.6, 0.6, 0.7, 0.9, 1.0]

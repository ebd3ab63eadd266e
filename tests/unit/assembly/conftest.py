"""Made-up files, candidates and subjects: enough of them to fill any budget."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import strategies as st

from pampax.assembly.candidates import Origin, candidate
from pampax.assembly.source import Definition, Place, SourceFile, Span
from pampax.assembly.text import Subject
from pampax.storage.snapshots import Snapshot

SIGNATURE = "5e" * 32


def make_snapshot(repository="demo", **changes):
    values = {
        "repository_id": 1, "repository": repository, "ref": "main", "snapshot_id": 7, "build_id": 1, "build": "1-abc",
        "commit": "c0ffee" * 6, "dirty": False, "generation": 3, "published_at": 1.5, "chunk_count": 10,
        "file_count": 2, "term_count": 100, "vector_table": None,
    }  # fmt: skip
    return Snapshot(**{**values, **changes})


def make_file(path, lines, definitions=(), spans=(), repository="demo", language="python"):
    numbered = dict(enumerate(lines, 1))
    return SourceFile(repository, path, language, numbered, tuple(definitions), tuple(spans))


def make_definition(name, start, end, *, kind="function", doc="", holder=""):
    qualified = f"{holder}.{name}" if holder else name
    return Definition(name, qualified, kind, start, end, f"def {name}(self):", doc)


def hit(path, start, end, value, *, symbol="", reason="match", rank=0, repository="demo", origin=Origin.HIT):
    return candidate(Place(repository, path, start, end), origin, value, symbol, reason, (), rank)


@pytest.fixture(scope="session")
def make():
    """The makers above under one name."""

    class Make:
        snapshot = staticmethod(make_snapshot)
        file = staticmethod(make_file)
        definition = staticmethod(make_definition)
        hit = staticmethod(hit)
        cases = staticmethod(cases)
        span = Span

        @staticmethod
        def known(file, blob_id):
            return replace(file, blob_id=blob_id)

        @staticmethod
        def subject(task="fix the pool", repositories=("demo",), degraded=(), signature=SIGNATURE):
            snapshots = tuple(make_snapshot(name) for name in repositories)
            return Subject(task, snapshots, "" if degraded else signature, tuple(degraded))

    return Make


_LINES = st.one_of(
    st.sampled_from(["", "    return self._pool", "```python", "~~~", "# heading", "x = '`' * 40", "\tfoo(bar)"]),
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=60),
)
_NAMES = st.sampled_from(["pool", "Pool.take", "wait_for", "__init__", "a`b", "ünïcode"])


@st.composite
def _files(draw):
    files = {}
    for number in range(draw(st.integers(1, 3))):
        repository = draw(st.sampled_from(["demo", "other"]))
        path = f"src/{draw(st.sampled_from(['a', 'b', 'ß', 'very/' * 9]))}{number}.py"
        lines = draw(st.lists(_LINES, min_size=1, max_size=60))
        starts = draw(st.lists(st.integers(1, len(lines)), max_size=6))
        definitions = [
            make_definition(draw(_NAMES), start, min(start + draw(st.integers(0, 30)), len(lines)), doc=draw(_LINES))
            for start in sorted(starts)
        ]
        files[repository, path] = make_file(path, lines, definitions, repository=repository)
    return files


@st.composite
def cases(draw):
    """(files, candidates) that may overlap in every way."""
    files = draw(_files())
    candidates = []
    for key, file in files.items():
        for _ in range(draw(st.integers(0, 8))):
            start = draw(st.integers(1, len(file.lines)))
            end = min(start + draw(st.integers(0, 25)), len(file.lines))
            origin = draw(st.sampled_from([each for each in Origin if each is not Origin.OUTLINE]))
            value = draw(st.floats(0, 1.5))
            rank = draw(st.integers(1, 60)) if origin is Origin.HIT else 0
            candidates.append(
                candidate(file.place(start, end), origin, value, draw(_NAMES), f"reason {rank}", (), rank)
            )
        if draw(st.booleans()):
            candidates.append(
                candidate(file.place(1, len(file.lines)), Origin.OUTLINE, 1.2, "", "named in the request")
            )
        assert key == (file.repository, file.path)
    return files, candidates

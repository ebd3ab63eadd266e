"""The manifest of an upload: what is kept comes back, what is hostile does not get in."""

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.errors import Internal, InvalidRequest
from pampax.indexing import manifest
from pampax.indexing.manifest import Entry, ManifestBuilder

PART = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=20).filter(
    lambda part: part not in (".", "..")
)
PATH = st.lists(PART, min_size=1, max_size=4).map("/".join)
ENTRY = st.builds(
    Entry,
    path=PATH,
    blob=st.binary(min_size=20, max_size=20),
    size=st.integers(0, manifest.MAX_BLOB_BYTES),
    mode=st.sampled_from(manifest.MODES),
)
ENTRIES = st.lists(ENTRY, max_size=30, unique_by=(lambda entry: entry.path, lambda entry: entry.blob))


@given(ENTRIES)
def test_entries_come_back_by_path(entries: list[Entry]) -> None:
    builder = ManifestBuilder()
    builder.add(entries)
    kept = builder.entries()
    assert kept == sorted(entries, key=lambda entry: entry.path)
    assert manifest.unpack(manifest.pack(kept)) == kept


def test_one_entry_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "MAX_ENTRIES", 2)
    builder = ManifestBuilder()
    builder.add(Entry(f"{number}.py", bytes(20), 1, 0o100644) for number in range(2))
    with pytest.raises(InvalidRequest) as refused:
        builder.add([Entry("3.py", bytes(20), 1, 0o100644)])
    assert list(refused.value.fields) == ["entries"]


@given(st.binary(max_size=200))
def test_a_damaged_frame_is_our_fault(data: bytes) -> None:
    with pytest.raises(Internal):
        manifest.unpack(data)
    with pytest.raises(Internal):
        manifest.unpack(zstandard.compress(data + b"\xff"))


@pytest.mark.parametrize("data", [bytes(4) + b"\xff", b"\x01\0\0\0" + bytes(28)])
def test_entries_and_paths_that_do_not_fit_are_damage(data: bytes) -> None:
    with pytest.raises(Internal):
        manifest.unpack(zstandard.compress(data))

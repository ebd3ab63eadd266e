"""Stored contents: exact, and never larger than they say."""

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.errors import Internal
from pampax.storage import blobs


@given(st.binary(max_size=2_000))
def test_content_comes_back(content: bytes) -> None:
    assert blobs.decompress(blobs.compress(content), len(content)) == content


@pytest.mark.parametrize("size", [0, 999, 1001])
def test_content_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(Internal, match="damaged"):
        blobs.decompress(blobs.compress(b"a" * 1000), size)


def test_a_frame_that_hides_its_size_is_unpacked_only_up_to_the_bound() -> None:
    writer = zstandard.ZstdCompressor(write_content_size=False)
    bomb = writer.compress(b"a" * 10_000_000)

    with pytest.raises(Internal, match="damaged"):
        blobs.decompress(bomb, 100)


@pytest.mark.parametrize("data", [b"", b"no frame", blobs.compress(b"whole" * 100)[:-5]])
def test_damaged_bytes_are_told(data: bytes) -> None:
    with pytest.raises(Internal) as caught:
        blobs.decompress(data, 500)

    assert caught.value.reason == "STORED_DATA_CORRUPT"


def test_a_frame_that_claims_an_exabyte_takes_no_memory() -> None:
    single_segment_with_eight_bytes_of_size = b"\x28\xb5\x2f\xfd\xe0"

    with pytest.raises(Internal, match=f"holds {2**60} bytes instead of 100"):
        blobs.decompress(single_segment_with_eight_bytes_of_size + (2**60).to_bytes(8, "little"), 100)

"""Sets of ordinals as compressed bitmaps: which chunks or files of a (repository, build) are live in a snapshot.

Layout, little endian: u8 version, u32 number of bits, one zstd frame of the bits, eight to a byte, first bit highest.
The number of bits is the highest ordinal + 1, so equal sets pack into equal lengths; 1M ordinals take at most 122 KiB.
"""

from __future__ import annotations

import struct

import numpy as np
import zstandard
from numpy.typing import NDArray

from pampax.core.errors import PampaxError
from pampax.storage import blobs

VERSION = 1
_HEADER = struct.Struct("<BI")


def pack(ordinals: NDArray[np.int32]) -> bytes:
    """In any order; repeated ones count once. ValueError for a negative one."""
    if ordinals.size and int(ordinals.min()) < 0:
        raise ValueError("ordinals start at 0")
    bits = int(ordinals.max()) + 1 if ordinals.size else 0
    mask = np.zeros(bits, dtype=np.bool_)
    mask[ordinals] = True
    return _HEADER.pack(VERSION, bits) + zstandard.compress(np.packbits(mask).tobytes(), blobs.LEVEL)


def unpack(data: bytes, size: int | None = None) -> NDArray[np.bool_]:
    """A dense mask, of `size` entries when given (cut or padded with False). Internal when the bytes are damaged."""
    try:
        version, bits = _HEADER.unpack_from(data)
    except struct.error as error:
        raise blobs.corrupt("bitmap", str(error)) from error
    if version != VERSION:
        raise blobs.corrupt("bitmap", f"version {version} is not known")
    packed = _decompress(data[_HEADER.size :], (bits + 7) // 8)
    length = bits if size is None else size
    mask = np.zeros(length, dtype=np.bool_)
    shared = min(bits, length)
    mask[:shared] = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=bits)[:shared]
    return mask


def _decompress(frame: bytes, size: int) -> bytes:
    try:
        return blobs.decompress(frame, size)
    except PampaxError as error:
        raise blobs.corrupt("bitmap", error.message) from error

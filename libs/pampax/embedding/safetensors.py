"""Read one tensor of a safetensors file: 8 bytes of header length (little endian), a JSON header, raw values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pampax.core.errors import LocalIOError

MAX_HEADER_BYTES = 1 << 20  # ours has under 200; more is not a table of one tensor
DTYPES: dict[str, np.dtype[Any]] = {"I8": np.dtype("i1"), "F16": np.dtype("<f2"), "F32": np.dtype("<f4")}


def map_tensor(path: Path, name: str) -> NDArray[Any]:
    """The tensor, memory-mapped and read-only: processes share its pages. LocalIOError if there is no such tensor."""
    try:
        with path.open("rb") as file:
            entry, start = _entry(file, name)
        offset = start + entry["data_offsets"][0]
        return np.memmap(path, dtype=DTYPES[entry["dtype"]], mode="r", offset=offset, shape=tuple(entry["shape"]))
    except OSError as error:
        raise LocalIOError(f"cannot read the model file {path.name}: {error.strerror}; reinstall pampax") from error
    except (KeyError, TypeError, ValueError) as error:
        raise LocalIOError(f"{path.name} is not a model file with a tensor {name!r}; reinstall pampax") from error


def _entry(file: BinaryIO, name: str) -> tuple[dict[str, Any], int]:
    """The header's entry of the tensor, and where the values of the file begin."""
    length = int.from_bytes(file.read(8), "little")
    if not 0 < length <= MAX_HEADER_BYTES:
        raise ValueError(f"header of {length} bytes")
    entry: dict[str, Any] = json.loads(file.read(length))[name]
    return entry, 8 + length

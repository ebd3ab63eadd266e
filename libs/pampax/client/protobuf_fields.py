"""Fields of a protobuf message as they lie there: enough for files of a few known fields, without the protobuf library,
which a client does not need otherwise. What is not asked for is skipped and costs nothing."""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BITS = 63


def fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field: an integer, or the bytes of a string, message or packed list. ValueError where
    the data is cut off or no message."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if not number:
            raise ValueError("a field has no number")
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise ValueError(f"a field is of the unknown kind {kind}")
        if size > end - at:
            raise ValueError("a field ends behind the data")
        yield number, data[at : at + size]
        at += size


def integers(value: int | memoryview) -> list[int]:
    """A packed list, or the one integer that stands for itself. ValueError where it is cut off."""
    if isinstance(value, int):
        return [value]
    found = []
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        found.append(number)
    return found


def text(value: int | memoryview) -> str:
    """ValueError for an integer and for bytes that are not UTF-8."""
    return message(value).tobytes().decode()


def message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number stands where a message is expected")
    return value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number and where the next field begins."""
    result = shift = 0
    while shift <= _MAX_VARINT_BITS:
        if at >= len(data):
            raise ValueError("a number is cut off")
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7
    raise ValueError("a number is too long")

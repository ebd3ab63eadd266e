"""Stack traces: the files and lines that they name, and where a snapshot has them.

A trace was written on another machine, perhaps from another state of the code: a frame belongs to the files whose paths
end in most of its parts, and its line to the chunk that holds that line or the last one before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pampax.search.directory import Directory, FileRow

MAX_FRAMES = 32  # of a question; the innermost ones are kept
MAX_SAME = 3  # files that a frame may mean; of more, none is meant
# Of the points that the innermost frame gets, for each frame further out.
FADING = 0.6

# A path and behind it the line, as most languages and compilers write them. Each path is read once from its beginning
# on, or a question of nothing but dots would take minutes.
_PLACE = re.compile(r"(?<![\w.@+~/\\-])([\w.@+~/\\-]++)(?:\"?,? line |:line |:|\()(\d{1,7})\b")
_NAMES_A_FILE = re.compile(r"\w\.[A-Za-z]\w{0,5}$")
# The JVM names the file without its folders, which are in the name of the class before it.
_JVM = re.compile(r"\bat ([\w$.]+)\.[\w$<>]+\((\w+\.(?:java|kt|scala|groovy)):(\d{1,7})\)")
_OUTERMOST_FIRST = "most recent call last"


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of a file; `parts` of its path as the trace has it."""

    parts: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class FramePlace:
    """A file in which a frame lies. `weight` is 1 for the innermost frame that the snapshot has."""

    file: FileRow
    line: int
    weight: float


def read_frames(text: str) -> tuple[Frame, ...]:
    """Innermost first, each once."""
    found = [*_jvm_frames(text), *_frames(_JVM.sub("", text))]
    if _OUTERMOST_FIRST in text:
        found.reverse()
    return tuple(dict.fromkeys(found))[:MAX_FRAMES]


def match_frames(directory: Directory, frames: Sequence[Frame]) -> list[FramePlace]:
    """Cost: one pass over the files when there are frames at all."""
    if not frames:
        return []
    named: dict[str, list[FileRow]] = {frame.parts[-1]: [] for frame in frames}
    for file in directory.files:
        name = file.path.rpartition("/")[2]
        if name in named and file.chunk_count:
            named[name].append(file)
    found: list[FramePlace] = []
    weight = 1.0
    for frame in frames:
        meant = _meant(frame, named[frame.parts[-1]])
        found += [FramePlace(file, frame.line, weight) for file in meant]
        weight *= FADING if meant else 1.0
    return found


def _jvm_frames(text: str) -> list[Frame]:
    return [Frame((*owner.split(".")[:-1], file), int(line)) for owner, file, line in _JVM.findall(text)]


def _frames(text: str) -> list[Frame]:
    places = ((path, int(line)) for path, line in _PLACE.findall(text) if _NAMES_A_FILE.search(path))
    parted = ((re.split(r"[/\\]+", path), line) for path, line in places)
    return [Frame(tuple(part for part in parts if part not in ("", ".", "..")), line) for parts, line in parted]


def _meant(frame: Frame, named: Sequence[FileRow]) -> list[FileRow]:
    """Of the files with that name, those that share most of the path's end."""
    shared = [_shared_end(frame.parts, file.path.split("/")) for file in named]
    meant = [file for file, parts in zip(named, shared, strict=True) if parts == max(shared)]
    return meant if len(meant) <= MAX_SAME else []


def _shared_end(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count

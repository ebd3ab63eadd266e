"""A plan for one listing of a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from pampax.codeintel.content import skip_reason
from pampax.codeintel.languages import language_of
from pampax.core.ids import git_blob_id
from pampax.planning.chunks import TOKENIZER, ChunkCounter
from pampax.planning.model import LISTED_FOLDERS, LISTED_PATHS, ContentKey, Folder, Known, Plan, Read
from pampax.planning.pace import Pace
from pampax.planning.sample import Stratum, strata
from pampax.sources.model import Listing, Skipped, SourceFile

BATCH_FILES = 64
_FOLDER_DEPTH = 2

OnProgress = Callable[[str, int, int], None]


def make_plan(listing: Listing, read: Read, known: Known, pace: Pace, on_progress: OnProgress) -> Plan:
    """What a run over this listing, made with `path_skip_reason`, would do. Reads every file once, parses the new ones.

    `on_progress` hears (stage, done, total), the stages being reading and parsing; what it raises ends the plan.
    """
    census = _Census(listing)
    for count, (file, content) in enumerate(_contents(listing.files, read), start=1):
        census.take(file, content)
        on_progress("reading", count, len(listing.files))
    chunks_of_known = known(list(census.files))
    new = {key: file for key, file in census.files.items() if key not in chunks_of_known}
    parts = strata({key: file.size for key, file in new.items()})
    sizes = _Sizes(parts)
    sizes.parse(new, read, on_progress)
    new_paths = sorted(path for key in new for path in census.paths[key])
    kept_files = sum(len(paths) for key, paths in census.paths.items() if key not in new)
    return Plan(
        ref=listing.ref,
        commit=listing.commit,
        dirty=listing.dirty,
        files=kept_files + len(new_paths),
        kept_files=kept_files,
        new_files=len(new_paths),
        new_blobs=len({key.blob_id for key in new}),
        new_bytes=sum(file.size for file in new.values()),
        skipped=dict(Counter(entry.reason for entry in census.skipped).most_common()),
        chunks=sum(chunks_of_known.values()) + sizes.chunks,
        new_chunks=sizes.chunks,
        new_tokens=sizes.tokens,
        tokenizer=TOKENIZER,
        exact=sizes.exact and len(parts) == len(new),
        seconds=round(pace.seconds(sizes.chunks), 1),
        pace=pace.name,
        folders=_folders([path for paths in census.paths.values() for path in paths], census.skipped),
        skipped_files=tuple(sorted(census.skipped, key=lambda entry: entry.path)[:LISTED_PATHS]),
        new_paths=tuple(new_paths[:LISTED_PATHS]),
    )


class _Census:
    """Which contents the tree holds: a file of each, and all paths of each. `skipped` grows with what was read."""

    def __init__(self, listing: Listing) -> None:
        self.files: dict[ContentKey, SourceFile] = {}
        self.paths: dict[ContentKey, list[str]] = {}
        self.skipped: list[Skipped] = list(listing.skipped)

    def take(self, file: SourceFile, content: bytes | None) -> None:
        """By the rules of a run: `pampax.indexing.run.intake`; a test holds the two together."""
        reason = "unreadable" if content is None else skip_reason(file.path, content)
        if content is None or reason is not None:
            self.skipped.append(Skipped(file.path, reason or "unreadable"))
            return
        blob_id = git_blob_id(content)  # it may have changed since it was listed
        key = ContentKey(blob_id, language_of(file.path, content))
        self.files.setdefault(key, SourceFile(file.path, blob_id, len(content), file.mode))
        self.paths.setdefault(key, []).append(file.path)


class _Sizes:
    """Chunks and tokens of all strata, once they are parsed."""

    def __init__(self, parts: Sequence[Stratum]) -> None:
        self._weights = {part.chosen: part.weight for part in parts}
        self._chunks = self._tokens = 0.0
        self.exact = True

    @property
    def chunks(self) -> int:
        return round(self._chunks)

    @property
    def tokens(self) -> int:
        return round(self._tokens)

    def parse(self, files: dict[ContentKey, SourceFile], read: Read, on_progress: OnProgress) -> None:
        chosen = list(self._weights)
        with ChunkCounter() as counted:
            contents = _contents([files[key] for key in chosen], read)
            for count, (key, (file, content)) in enumerate(zip(chosen, contents, strict=True), start=1):
                size = counted.size(key.language, content if content is not None else b" " * file.size)
                self.exact &= size.parsed and content is not None
                self._chunks += size.chunks * self._weights[key]
                self._tokens += size.tokens * self._weights[key]
                on_progress("parsing", count, len(chosen))


def _contents(files: Sequence[SourceFile], read: Read) -> Iterator[tuple[SourceFile, bytes | None]]:
    for start in range(0, len(files), BATCH_FILES):
        yield from read(files[start : start + BATCH_FILES])


def _folders(taken: Sequence[str], skipped: Sequence[Skipped]) -> tuple[Folder, ...]:
    """Those with the most files, taken or left out."""
    files = Counter(map(_folder_of, taken))
    left_out = Counter(_folder_of(entry.path) for entry in skipped)
    found = [Folder(path, files[path], left_out[path]) for path in files.keys() | left_out.keys()]
    found.sort(key=lambda folder: (-max(folder.files, folder.skipped), folder.path))
    return tuple(found[:LISTED_FOLDERS])


def _folder_of(path: str) -> str:
    return "/".join(path.split("/")[:-1][:_FOLDER_DEPTH]) or "."

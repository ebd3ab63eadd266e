"""Which files of a tree are indexed, as which language, and which of their blobs have to be derived for that."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context

from pampax.codeintel.content import MAX_FILE_BYTES, skip_reason
from pampax.codeintel.languages import language_of
from pampax.codeintel.parser_process import ParseFailed
from pampax.core.ids import git_blob_id
from pampax.indexing.model import FileProblem
from pampax.indexing.run import postgres
from pampax.indexing.run.derive import Deriver, Parsed, Pending
from pampax.indexing.run.lease import LeaseKeeper
from pampax.indexing.run.postgres import Place, TreeFile
from pampax.indexing.run.retries import transiently
from pampax.indexing.run.tree import UNREADABLE, Tree
from pampax.indexing.run.writer import Writer
from pampax.runtime.telemetry.tracing import span
from pampax.sources.model import SourceFile
from pampax.storage.database import SyncDatabase
from pampax.storage.paths import path_key

# Small enough to keep both threads busy in a small repository; at most three batches are in memory.
BATCH_FILES = 64
BATCH_BYTES = 4 * 1024 * 1024
BATCHES_AHEAD = 2
LOOKUP_TIMEOUT_S = 120.0

Key = tuple[bytes, str]


class Intake:
    """For one call of `take`; then `files`, `skipped`, `problems` and `new_blobs` say what came of it."""

    def __init__(
        self, database: SyncDatabase, keeper: LeaseKeeper, deriver: Deriver, writer: Writer, place: Place
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._deriver = deriver
        self._writer = writer
        self._place = place
        self._tenant_id = keeper.lease.tenant_id
        self._files: list[TreeFile] = []
        self._seen: set[Key] = set()
        self._failed: dict[Key, str] = {}
        self._derived: set[bytes] = set()
        self.skipped: Counter[str] = Counter()
        self.problems: list[FileProblem] = []

    @property
    def files(self) -> list[TreeFile]:
        """What the tree consists of."""
        return [file for file in self._files if file.document not in self._failed]

    @property
    def new_blobs(self) -> int:
        return len(self._derived)

    def take(self, tree: Tree) -> None:
        """Reads only files that were not indexed under the same path with the same content before."""
        self.skipped.update(tree.skipped)
        known = transiently(lambda: self._known_languages(tree.files))
        unknown: list[SourceFile] = []
        for file in tree.files:
            blob_id = bytes.fromhex(file.blob_id)
            language = known.get((path_key(file.path), blob_id))
            if language is None:
                unknown.append(file)
            else:
                self._files.append(TreeFile(file.path, blob_id, language))
        self._take_unknown(tree, unknown)
        self._count_failed()
        self._keeper.report("parsing", len(tree.files), len(tree.files))

    def _take_unknown(self, tree: Tree, unknown: Sequence[SourceFile]) -> None:
        """Parses one batch, in the parser's process, while a second thread embeds and writes the one before."""
        total, done = len(tree.files), len(self._files)
        waiting: deque[Future[None]] = deque()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="write") as second:
            for batch in _batches(unknown):
                self._keeper.report("parsing", done, total)
                parsed = self._parse(self._new(tree.read(batch)))
                if len(waiting) >= BATCHES_AHEAD:
                    waiting.popleft().result()
                waiting.append(second.submit(copy_context().run, self._embed_and_write, parsed))
                done += len(batch)
            for written in waiting:
                written.result()
        self._writer.flush()

    def _known_languages(self, files: Sequence[SourceFile]) -> dict[tuple[bytes, bytes], str]:
        asked = ((file.path, bytes.fromhex(file.blob_id)) for file in files)
        with self._database.tenant(self._tenant_id, timeout_s=LOOKUP_TIMEOUT_S) as conn:
            return postgres.known_languages(conn, self._place, asked)

    def _new(self, contents: Iterable[tuple[SourceFile, bytes | None]]) -> list[Pending]:
        """Notes every file, and returns what is not derived yet."""
        pending: dict[Key, Pending] = {}
        for file, content in contents:
            found = self._examined(file, content)
            if found is not None and found.document not in self._seen and content is not None:
                self._seen.add(found.document)
                pending[found.document] = Pending(*found.document, content)
        if pending:
            for key in transiently(lambda: self._known_documents(list(pending))):
                del pending[key]
        return list(pending.values())

    def _known_documents(self, keys: Sequence[Key]) -> set[Key]:
        with self._database.tenant(self._tenant_id, timeout_s=LOOKUP_TIMEOUT_S) as conn:
            return postgres.known_documents(conn, self._place, keys)

    def _examined(self, file: SourceFile, content: bytes | None) -> TreeFile | None:
        """The file as it is indexed; None when it is left out, which is then counted."""
        if content is None:
            self.problems.append(FileProblem(file.path, UNREADABLE))
            reason: str | None = UNREADABLE
        else:
            reason = "oversized" if len(content) > MAX_FILE_BYTES else skip_reason(file.path, content)
        if content is None or reason is not None:
            self.skipped[reason or UNREADABLE] += 1
            return None
        # The listing's id is not taken: a file may have changed since.
        blob_id = bytes.fromhex(git_blob_id(content))
        found = TreeFile(file.path, blob_id, language_of(file.path, content))
        self._files.append(found)
        return found

    def _parse(self, pending: Sequence[Pending]) -> list[Parsed]:
        parsed = []
        with span("index.derive", files=len(pending)):
            for each in pending:
                self._keeper.check()
                try:
                    parsed.append(self._deriver.parse(each))
                except ParseFailed as failure:
                    self._failed[each.blob_id, each.language] = failure.reason
        self._derived.update(each.pending.blob_id for each in parsed)
        return parsed

    def _embed_and_write(self, parsed: Sequence[Parsed]) -> None:
        with span("index.embed", documents=len(parsed)):
            documents = self._deriver.embed(parsed)
        self._writer.add(documents)

    def _count_failed(self) -> None:
        for file in self._files:
            reason = self._failed.get(file.document)
            if reason is not None:
                self.skipped[reason] += 1
                self.problems.append(FileProblem(file.path, reason))


def _batches(files: Sequence[SourceFile]) -> Iterator[list[SourceFile]]:
    batch: list[SourceFile] = []
    size = 0
    for file in files:
        if batch and (len(batch) == BATCH_FILES or size + file.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch

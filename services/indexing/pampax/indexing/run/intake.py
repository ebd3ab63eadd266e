"""Which files of a tree are indexed, as which language, and which of their blobs have to be derived for that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from pampax.codeintel.content import skip_reason
from pampax.codeintel.languages import language_of
from pampax.codeintel.parser_process import ParseFailed
from pampax.core.ids import git_blob_id
from pampax.indexing.model import FileProblem
from pampax.indexing.run import postgres
from pampax.indexing.run.derive import Deriver, Document, Parsed, Pending, without_vectors
from pampax.indexing.run.lease import LeaseKeeper
from pampax.indexing.run.postgres import Broken, Key, Place, TreeFile
from pampax.indexing.run.retries import transiently
from pampax.indexing.run.step import Step, one_ahead
from pampax.indexing.run.tree import UNREADABLE, Tree
from pampax.indexing.run.writer import Writer, is_segment
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.tracing import span
from pampax.sources.model import SourceFile
from pampax.storage.database import SyncDatabase
from pampax.storage.operations import assert_fenced

# Small enough to keep all threads busy in a small repository; at most five batches are in memory.
BATCH_FILES = 64
BATCH_BYTES = 4 * 1024 * 1024
BATCHES_AHEAD = 2
SEGMENTS_AHEAD = 1
LOOKUP_TIMEOUT_S = 120.0

_log = get_logger()


class Intake:
    """For one call of `take`; then `files`, `skipped`, `problems` and `new_blobs` say what came of it.

    Without `vectors` it embeds nothing: see `pampax.indexing.run.late_vectors`.
    """

    def __init__(
        self,
        database: SyncDatabase,
        keeper: LeaseKeeper,
        deriver: Deriver,
        writer: Writer,
        place: Place,
        *,
        vectors: bool,
    ) -> None:
        self._database = database
        self._keeper = keeper
        self._deriver = deriver
        self._writer = writer
        self._place = place
        self._vectors = vectors
        self._tenant_id = keeper.lease.tenant_id
        self._files: list[TreeFile] = []
        self._seen: set[Key] = set()
        self._failed: dict[Key, str] = {}
        self._paths: dict[Key, str] = {}  # of what is being derived
        self._parsed = self._by_lines = 0
        self._derived: set[bytes] = set()
        self._waiting: list[Document] = []  # belongs to the thread that embeds
        self.skipped: Counter[str] = Counter()
        self.problems: list[FileProblem] = []

    @property
    def files(self) -> Sequence[TreeFile]:
        """What the tree consists of."""
        if not self._failed:
            return self._files
        return [file for file in self._files if file.document not in self._failed]

    @property
    def new_blobs(self) -> int:
        return len(self._derived)

    def take(self, tree: Tree) -> None:
        """Reads only files that were not indexed under the same path with the same content before."""
        self.skipped.update(tree.skipped)
        known = transiently(lambda: self._known_languages(tree.files))
        unknown: list[SourceFile] = []
        for place, file in enumerate(tree.files):
            language = known.get(place)
            if language is None:
                unknown.append(file)
            else:
                self._files.append(TreeFile(file.path, bytes.fromhex(file.blob_id), language))
        self._take_unknown(tree, unknown)
        self._count_failed()
        self._keeper.check()

    def _take_unknown(self, tree: Tree, unknown: Sequence[SourceFile]) -> None:
        """Parses one batch, in the parser's process, while other threads read the next one, embed the one before, and
        wait for the database to take a segment."""
        total, done = len(tree.files), len(self._files)
        with Step("write", ahead=SEGMENTS_AHEAD) as write, Step("embed", ahead=BATCHES_AHEAD) as embed:
            for files, pending in one_ahead(self._read(tree, unknown), "read"):
                self._keeper.report("parsing", done, total)
                embed.give(self._embed, self._parse(pending, done, total), write)
                done += files
            embed.give(self._write_rest, write)
            self._keeper.report("parsing", total, total)
            self._keeper.report("writing", self._writer.documents, self._parsed)

    def _read(self, tree: Tree, unknown: Sequence[SourceFile]) -> Iterator[tuple[int, list[Pending]]]:
        """Per batch: how many files it has, and what of them is not derived yet."""
        for batch in _batches(unknown):
            yield len(batch), self._new(tree.read(batch))

    def _known_languages(self, files: Sequence[SourceFile]) -> dict[int, str]:
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
                self._paths[found.document] = found.path
                pending[found.document] = Pending(*found.document, content)
        if pending:
            known, broken = transiently(lambda: self._known_documents(list(pending)))
            for key in known:
                del pending[key]
            self._spare(pending, broken)
        return list(pending.values())

    def _known_documents(self, keys: Sequence[Key]) -> tuple[set[Key], dict[Key, Broken]]:
        with self._database.tenant(self._tenant_id, timeout_s=LOOKUP_TIMEOUT_S) as conn:
            known = postgres.known_documents(conn, self._place, keys)
            return known, postgres.quarantined(conn, self._place, keys)

    def _spare(self, pending: dict[Key, Pending], broken: Mapping[Key, Broken]) -> None:
        """What broke a parser under this build is cut by lines, or left out, and not tried again."""
        for key in broken.keys() & pending.keys():
            if broken[key].by_lines:
                pending[key] = replace(pending[key], broke=broken[key].reason)
            else:
                self._failed[key] = broken[key].reason
                del pending[key]

    def _examined(self, file: SourceFile, content: bytes | None) -> TreeFile | None:
        """The file as it is indexed; None when it is left out, which is then counted."""
        if content is None:
            self.problems.append(FileProblem(file.path, UNREADABLE))
            reason: str | None = UNREADABLE
        else:
            reason = skip_reason(file.path, content)
        if content is None or reason is not None:
            self.skipped[reason or UNREADABLE] += 1
            return None
        # The listing's id is not taken: a file may have changed since.
        blob_id = bytes.fromhex(git_blob_id(content))
        found = TreeFile(file.path, blob_id, language_of(file.path, content))
        self._files.append(found)
        return found

    def _parse(self, pending: Sequence[Pending], done: int, total: int) -> list[Parsed]:
        """Tells after each file how far it is: one of them may take half a minute."""
        parsed = []
        with span("index.derive", files=len(pending)), closing(self._deriver.parse_all(pending)) as outcomes:
            for number, (each, outcome) in enumerate(zip(pending, outcomes, strict=True), 1):
                self._keeper.report("parsing", done + number, total)
                key = each.blob_id, each.language
                if isinstance(outcome, ParseFailed):
                    self._failed[key] = outcome.reason
                    self._quarantine(key, Broken(outcome.reason, by_lines=False))
                else:
                    parsed.append(outcome)
                    if outcome.problem is not None:
                        self._by_lines += 1
                        self._quarantine(key, Broken(outcome.problem, by_lines=True))
        self._parsed += len(parsed)
        self._keeper.note_problems(len(self.problems) + len(self._failed) + self._by_lines)
        self._derived.update(each.pending.blob_id for each in parsed)
        return parsed

    def _quarantine(self, key: Key, broken: Broken) -> None:
        """At once: a run that is ended over one such file after the other must come further the next time."""

        def write() -> None:
            with self._database.tenant(self._tenant_id, timeout_s=LOOKUP_TIMEOUT_S) as conn:
                postgres.quarantine(conn, self._place, key, broken, self._paths[key])
                assert_fenced(conn, self._keeper.lease)

        transiently(write)
        _log.warning("content quarantined", op="index", reason=broken.reason, by_lines=broken.by_lines)

    def _embed(self, parsed: Sequence[Parsed], write: Step) -> None:
        if self._vectors:
            with span("index.embed", documents=len(parsed)):
                self._waiting.extend(self._deriver.embed(parsed))
        else:
            self._waiting.extend(without_vectors(parsed))
        if is_segment(self._waiting):
            self._write_rest(write)

    def _write_rest(self, write: Step) -> None:
        """Hands over what is embedded."""
        documents, self._waiting = self._waiting, []
        if documents:
            write.give(self._write, documents)

    def _write(self, documents: Sequence[Document]) -> None:
        self._writer.write(documents)
        if self._keeper.progress.stage == "writing":  # everything is parsed, and this is what is waited for
            self._keeper.note("writing", self._writer.documents, self._parsed)

    def _count_failed(self) -> None:
        for file in self._files if self._failed else ():
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

"""One attempt at one operation: everything between the claim and the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from pampax.core.errors import Aborted, Cancelled, FailedPrecondition, PampaxError
from pampax.indexing.credentials import postgres as credentials
from pampax.indexing.credentials.sealing import Owner, Sealed, Sealer
from pampax.indexing.model import IndexRequest, IndexResult, Source, SourceKind
from pampax.indexing.records import read_request
from pampax.indexing.run import leftovers, postgres
from pampax.indexing.run.build import base_version, target_version
from pampax.indexing.run.derive import Deriver
from pampax.indexing.run.intake import Intake
from pampax.indexing.run.late_vectors import LateVectors
from pampax.indexing.run.lease import LeaseKeeper
from pampax.indexing.run.maintenance import Maintenance, remove_build
from pampax.indexing.run.mirrors import Received, mirror_of
from pampax.indexing.run.past import Past
from pampax.indexing.run.postgres import Place
from pampax.indexing.run.publication import publish_tree
from pampax.indexing.run.retries import transiently
from pampax.indexing.run.step import Step
from pampax.indexing.run.tree import Tree, UploadedTree, Wanted, opened_folder, opened_git, uploaded
from pampax.indexing.run.writer import Writer
from pampax.runtime.logging import get_logger
from pampax.runtime.telemetry.tracing import span
from pampax.storage.database import SyncDatabase
from pampax.storage.operations import assert_fenced
from pampax.storage.session import SyncConnection

# From here on a repository that shows nothing yet shows its words before it embeds. They are there after two thirds of
# the time (measured from 15 to 150 MB, the other third is half embedding, half the index over the vectors), and reading
# the content again takes 2 % more processor time: below this size, nobody would have the words ten seconds earlier.
TWO_STEPS_BYTES = 32 * 1024 * 1024
# With so many files new, and such a share of all, what the planner knows of the tables is not true any more.
STATISTICS_FROM_BLOBS, STATISTICS_SHARE = 200, 0.1
START_TIMEOUT_S = 600.0  # a full run first removes what an abandoned one has left behind
PUBLISH_TIMEOUT_S = 300.0
READ_TIMEOUT_S = 60.0

_log = get_logger()


class SourceFailed(Exception):
    """The source refused; trying again helps only after somebody has changed something. `error` says what."""

    def __init__(self, error: PampaxError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True, slots=True)
class GitPolicy:
    """Where mirrors of git repositories are kept, whether internal hosts may be asked, and whether the keys of the user
    that runs the worker are meant for its repositories: on a person's own machine, never where tenants share one.
    `sealer` opens the credentials that are stored."""

    mirrors: Path
    allow_private: bool
    own_credentials: bool = False
    sealer: Sealer = field(default_factory=lambda: Sealer(""))


@dataclass(frozen=True, slots=True)
class _Start:
    wanted: Wanted
    place: Place
    version: str
    first: bool  # nothing of the repository is published yet
    credential: Sealed | None


class Indexing:
    """For one call of `run`."""

    def __init__(self, database: SyncDatabase, keeper: LeaseKeeper, deriver: Deriver, git: GitPolicy) -> None:
        self._database = database
        self._keeper = keeper
        self._deriver = deriver
        self._git = git
        self._lease = keeper.lease
        self._request: IndexRequest = read_request(keeper.lease.request)

    def run(self) -> IndexResult:
        """What is published now. What an earlier attempt has written or published is not done again."""
        published = transiently(self.kept)
        start = transiently(lambda: self._start(published))
        segments = None
        if published is None:
            published, segments = self._first_step(start)
            self._refresh_statistics(start.place, published)
        result = LateVectors(self._database, self._keeper, self._deriver, start.place).complete(published)
        # From here on a cancel comes too late.
        self._keeper.note("tidying", result.status.files, result.status.files)
        self._maintain(start.place, result, segments)
        return result

    def _first_step(self, start: _Start) -> tuple[IndexResult, int]:
        """What is published then, usually all there is to do, and how many segments were written."""
        writer = Writer(self._database, self._keeper, start.place)
        with self._opened(start) as tree:
            later = transiently(lambda: self._vectors_later(start, tree))
            intake = Intake(self._database, self._keeper, self._deriver, writer, start.place, vectors=not later)
            past = Past(self._database, self._keeper)
            with Step("history", ahead=1) as beside:
                beside.give(past.read, tree)
                intake.take(tree)
        if not intake.files:
            raise _nothing_to_index(start.wanted.source, intake.skipped)
        self._keeper.report("publishing", 0, len(intake.files))
        with span("index.publish", files=len(intake.files)):
            result = transiently(lambda: self._publish(start, tree, intake, past))
        return result, writer.segments

    def _vectors_later(self, start: _Start, tree: Tree) -> bool:
        begin = start.first and sum(file.size for file in tree.files) >= TWO_STEPS_BYTES
        with self._database.tenant(self._lease.tenant_id) as conn:
            later = postgres.put_vectors_off(conn, start.place, begin=begin)
            assert_fenced(conn, self._lease)
        return later

    def _start(self, kept: IndexResult | None) -> _Start:
        """Where an earlier attempt has published, or else where this one shall."""
        repository_id = self._lease.repository_id
        with self._database.tenant(self._lease.tenant_id, timeout_s=START_TIMEOUT_S) as conn:
            wanted = postgres.wanted(conn, repository_id, self._request.ref)
            published = postgres.published_builds(conn, repository_id)
            full = kept is None and (self._request.full or self._anew(conn))
            version = kept.status.build if kept else self._version(published, full=full)
            place = postgres.place(conn, repository_id, version)
            credential = credentials.find_sync(conn, repository_id)
            if full and self._lease.attempts == 1:
                # Left behind by an operation that was given up.
                remove_build(conn, place)
                place = postgres.place(conn, repository_id, version)
        return _Start(wanted, place, version, first=not published, credential=credential)

    def _version(self, published: Sequence[str], *, full: bool) -> str:
        return target_version(base_version(self._deriver.embedder_id), published, full=full)

    def _anew(self, conn: SyncConnection) -> bool:
        """Whether what is quarantined can be tried again only by deriving everything: ordinals that a snapshot shows
        are not given to other chunks. Remembered in the row, for later attempts."""
        if not self._request.retry_quarantined:
            return False
        return postgres.release_quarantine(conn, self._lease.operation_id, self._lease.repository_id)

    def kept(self) -> IndexResult | None:
        """What an earlier attempt has published."""
        with self._database.tenant(self._lease.tenant_id, read_only=True) as conn:
            return postgres.kept_result(conn, self._lease.operation_id)

    @contextmanager
    def _opened(self, start: _Start) -> Iterator[Tree]:
        wanted = start.wanted
        if wanted.source.kind is SourceKind.UPLOAD:
            yield uploaded(wanted, transiently(self._upload), self._blobs)
            return
        with ExitStack() as stack:
            try:
                tree = stack.enter_context(self._source(wanted, start.credential))
            except (Aborted, Cancelled):
                raise  # told by the lease, not by the source
            except PampaxError as error:
                raise SourceFailed(error) from error
            yield tree

    def _source(self, wanted: Wanted, stored: Sealed | None) -> AbstractContextManager[Tree]:
        if wanted.source.kind is SourceKind.PATH:
            return opened_folder(wanted, lambda count: self._keeper.report("listing", count))
        git = self._git
        mirror = mirror_of(git.mirrors, self._lease.tenant_id, self._lease.repository_id)
        received = Received(mirror)

        def fetching() -> None:
            self._keeper.report("fetching", received.mib())

        owner = Owner(self._lease.tenant_id, self._lease.repository_id)
        return opened_git(
            wanted,
            mirror,
            fetching,
            credential=None if stored is None else git.sealer.open(owner, stored),
            allow_private=git.allow_private,
            own_credentials=git.own_credentials,
        )

    def _upload(self) -> UploadedTree:
        with self._database.tenant(self._lease.tenant_id, timeout_s=READ_TIMEOUT_S) as conn:
            return postgres.upload(conn, self._lease.repository_id, self._request.upload)

    def _blobs(self, blob_ids: Sequence[bytes]) -> Mapping[bytes, bytes]:
        def read() -> Mapping[bytes, bytes]:
            with self._database.tenant(self._lease.tenant_id, timeout_s=READ_TIMEOUT_S) as conn:
                return postgres.blobs(conn, self._lease.repository_id, blob_ids)

        return transiently(read)

    def _publish(self, start: _Start, tree: Tree, intake: Intake, past: Past) -> IndexResult:
        with self._database.tenant(self._lease.tenant_id, timeout_s=PUBLISH_TIMEOUT_S) as conn:
            result = publish_tree(conn, self._lease, start.place, start.version, tree, intake)
            past.save(conn)
            if self._request.upload:
                postgres.delete_upload(conn, self._request.upload)
        return result

    def _refresh_statistics(self, place: Place, result: IndexResult) -> None:
        """Now, because whoever waits for the index searches next."""
        status, new = result.status, result.new_blobs
        if new >= STATISTICS_FROM_BLOBS and new >= STATISTICS_SHARE * status.files:
            maintenance = Maintenance(self._database, self._keeper, place)
            _try("refresh statistics", maintenance.refresh_statistics)

    def _maintain(self, place: Place, result: IndexResult, written_segments: int | None) -> None:
        """What fails here is left to a later run: the index is right without it, only slower or larger."""
        with span("index.maintain"):
            self._maintained(place, result, written_segments)

    def _maintained(self, place: Place, result: IndexResult, written_segments: int | None) -> None:
        maintenance = Maintenance(self._database, self._keeper, place)
        steps: tuple[tuple[str, Callable[[], int]], ...] = (
            ("own vector table", lambda: maintenance.give_own_vector_table(result.status.chunks)),
            ("merge postings", lambda: maintenance.merge_postings(written_segments)),
            ("drop old snapshots", maintenance.drop_old_snapshots),
            ("remove unused builds", maintenance.remove_unused_builds),
            ("collect", maintenance.collect),
            ("renew vector index", lambda: maintenance.renew_vector_index(result.status.chunks)),
            ("remove uploads", lambda: maintenance.remove_leftovers(leftovers.remove_uploads)),
            ("remove blobs", lambda: maintenance.remove_leftovers(leftovers.remove_blobs)),
            ("remove operations", lambda: maintenance.remove_leftovers(leftovers.remove_operations)),
        )
        for name, step in steps:
            _try(name, step)


def _try(name: str, step: Callable[[], int]) -> None:
    """A step of maintenance, which says how much it has done."""
    try:
        done = step()
    except PampaxError as error:
        _log.warning("maintenance failed", op="index", step=name, err_code=error.reason, detail=error.message)
    except psycopg.Error as error:
        _log.error("maintenance failed", op="index", step=name, exc_info=error)
    else:
        if done:
            _log.info("maintenance done", op="index", step=name, count=int(done))


def _nothing_to_index(source: Source, skipped: Mapping[str, int]) -> FailedPrecondition:
    where = f"the folder {source.location}" if source.kind is SourceKind.PATH else "the source"
    counts = ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items()) if count)
    advice = f"all were left out ({counts})" if counts else "check that it is the right one, and its .gitignore"
    return FailedPrecondition(f"{where} holds no files to index: {advice}", reason="NO_FILES")

"""Making a check: the snapshot as a whole, then a sample of its documents, then its lists and its vector index."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from uuid import UUID

import numpy as np
from psycopg import errors as pg

from pampax.codeintel.parser_process import ParseFailed
from pampax.core.errors import Aborted
from pampax.core.ids import git_blob_id
from pampax.indexing.checking import postgres
from pampax.indexing.checking.documents import Derived, Strays
from pampax.indexing.checking.model import Check, Difference, ShownDocument
from pampax.indexing.checking.recall import Asked
from pampax.indexing.checking.snapshot import StoredSnapshot, differences_of, documents_of
from pampax.indexing.run.build import base_version, is_of
from pampax.indexing.run.derive import Deriver, Parsed, Pending
from pampax.indexing.run.postgres import Place
from pampax.storage.session import SyncConnection
from pampax.storage.snapshots import SNAPSHOT_REPLACED
from pampax.storage.sync_database import SyncDatabase

BATCH_DOCUMENTS = 16
STATEMENT_S = 20.0
# Shares of the time after which the next part begins.
DOCUMENTS_UNTIL = 0.6
LISTS_UNTIL = 0.8
LISTS_AT_ONCE = 250  # the longest have a megabyte
MOST_LISTS = 20_000


class Checking:
    """For one call of `run`. `parts` gathers what differs, by path, in the order of finding."""

    def __init__(
        self, database: SyncDatabase, deriver: Deriver, tenant_id: UUID, repository_id: int, dice: random.Random
    ) -> None:
        self._database = database
        self._deriver = deriver
        self._tenant_id = tenant_id
        self._repository_id = repository_id
        self._dice = dice
        self._parts: dict[str, list[str]] = {}
        self._compared: list[Derived] = []
        self._undecided = 0

    def run(self, ref: str, most: int, seconds: float) -> Check:
        """Of at most `most` documents, in about so many seconds. Aborted when the snapshot is replaced and gone."""
        began = time.monotonic()
        with self._reading() as conn:
            place, shown = postgres.snapshot(conn, self._repository_id, ref)
            files = postgres.shown_files(conn, place, shown)
            suspected = postgres.known_differences(conn, self._repository_id)
        for difference in differences_of(shown, files):
            self._note(difference.path, difference.parts)
        documents = documents_of(files)
        detail = ""
        if is_of(base_version(self._deriver.embedder_id), shown.build):
            sample = self._sample(documents, suspected, most)
            self._check_documents(place, shown, sample, began + DOCUMENTS_UNTIL * seconds)
            self._check_lists(place, shown, began + LISTS_UNTIL * seconds)
        else:
            detail = "another version of the code has derived it: index in full, and then check"
        recall = self._ask(shown, began + seconds)
        return Check(
            ref=shown.ref, commit=shown.commit, build=shown.build, documents=len(self._compared),
            of_documents=len(documents), undecided=self._undecided,
            differences=tuple(Difference(path, tuple(parts)) for path, parts in sorted(self._parts.items())),
            recall=recall.recall, detail=detail, seconds=time.monotonic() - began,
        )  # fmt: skip

    def _sample(self, documents: Sequence[ShownDocument], suspected: set[str], most: int) -> list[ShownDocument]:
        """What differed the last time comes first: a difference is not forgotten because the dice fell otherwise."""
        first = [each for each in documents if each.path in suspected]
        others = [each for each in documents if each.path not in suspected]
        return [*first, *self._dice.sample(others, min(max(most - len(first), 0), len(others)))]

    def _check_documents(
        self, place: Place, shown: StoredSnapshot, sample: Sequence[ShownDocument], until: float
    ) -> None:
        """At least one batch, whatever the time."""
        for start in range(0, len(sample), BATCH_DOCUMENTS):
            if start and time.monotonic() > until:
                return
            batch = self._derived(place, shown, sample[start : start + BATCH_DOCUMENTS])
            with self._reading() as conn:
                table = postgres.own_vector_table(conn, shown)
                terms = frozenset().union(*(each.terms for each in batch))
                stored = postgres.stored_rows(conn, place, table, [each.shown for each in batch], terms)
            for each in batch:
                self._note(each.shown.path, each.differing(stored, vectors=shown.vectors))
            self._compared.extend(batch)

    def _derived(self, place: Place, shown: StoredSnapshot, batch: Sequence[ShownDocument]) -> list[Derived]:
        with self._reading() as conn:
            contents = postgres.contents(conn, place, batch)
            postgres.own_vector_table(conn, shown)
        pending, of = [], []
        for each in batch:
            content = contents.get(each.blob_id)
            if content is None or bytes.fromhex(git_blob_id(content)) != each.blob_id:
                self._note(each.path, ["content"])
            else:
                pending.append(Pending(each.blob_id, each.language, content))
                of.append(each)
        return list(self._parsed(pending, of))

    def _parsed(self, pending: Sequence[Pending], of: Sequence[ShownDocument]) -> Iterator[Derived]:
        with closing(self._deriver.parse_all(pending)) as outcomes:
            for each, outcome in zip(of, outcomes, strict=True):
                if isinstance(outcome, ParseFailed) or outcome.problem is not None:
                    self._undecided += 1
                else:
                    yield self._embedded(each, outcome)

    def _embedded(self, shown: ShownDocument, parsed: Parsed) -> Derived:
        (document,) = self._deriver.embed([parsed])
        return Derived(shown, document)

    def _check_lists(self, place: Place, shown: StoredSnapshot, until: float) -> None:
        """What no list of a document's own terms can show: damaged lists, and those that name it without reason."""
        strays = Strays(self._compared)
        terms = sorted(term for each in self._compared for term in each.terms)
        after = self._dice.choice(terms) if terms else (-1, "")
        for at in (after, (-1, "")):  # to the end, then from the beginning
            looked, position = 0, at
            while looked < MOST_LISTS and time.monotonic() < until:
                with self._reading() as conn:
                    rows = list(postgres.lists_from(conn, place, position, LISTS_AT_ONCE))
                    postgres.own_vector_table(conn, shown)
                for term, entries in rows:
                    listed = postgres.unpacked_or_none(entries)
                    if listed is None or (np.diff(listed.ordinals) <= 0).any():
                        self._note("", ["lists"])
                        continue
                    for each in strays.among(term, listed):
                        self._note(each.path, ["terms"])
                looked += len(rows)
                if len(rows) < LISTS_AT_ONCE:
                    break
                position = rows[-1][0]

    def _ask(self, shown: StoredSnapshot, until: float) -> Asked:
        """At least one question, where there is an index to ask."""
        asked = Asked(shown, self._dice)
        for number, ordinal in enumerate(asked.ordinals if shown.vectors else ()):
            if number and time.monotonic() > until:
                break
            with self._reading() as conn:
                table = postgres.own_vector_table(conn, shown)
                if table is None:
                    break
                asked.ask(conn, table, ordinal)
        return asked

    def _note(self, path: str, parts: Sequence[str]) -> None:
        known = self._parts.setdefault(path, []) if parts else []
        known.extend(part for part in parts if part not in known)

    @contextmanager
    def _reading(self) -> Iterator[SyncConnection]:
        """A vector table that is dropped under a reader, or between two of them, went with its snapshot."""
        try:
            with self._database.tenant(self._tenant_id, timeout_s=STATEMENT_S, read_only=True) as conn:
                yield conn
        except pg.UndefinedTable as error:
            raise Aborted(
                "the snapshot was replaced while it was checked; ask again", reason=SNAPSHOT_REPLACED
            ) from error

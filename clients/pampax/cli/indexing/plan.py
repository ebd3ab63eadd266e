"""What indexing would do: asked of the system where it can read the source, worked out here where only we can."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pampax.cli.indexing.folder import resolved_ref
from pampax.cli.indexing.progress import Reporter
from pampax.cli.indexing.source import Wanted, find
from pampax.client.client import Client
from pampax.client.repository import IndexPlan, NewCredential, Operation, Repository
from pampax.codeintel.content import path_rule
from pampax.planning.making import make_plan
from pampax.planning.model import ContentKey, Known, Plan
from pampax.planning.pace import Pace, PastRun, pace_of
from pampax.planning.reading import from_folder, from_mirror
from pampax.sources.folder import list_folder
from pampax.sources.git import BlobReader, GitCredential, SshKey, Token, list_commit, resolve_ref, sync_mirror

# Contents asked for at once: as many as the gateway takes.
AT_ONCE = 10_000


def plan_for(
    client: Client,
    wanted: Wanted,
    ref: str,
    report: Reporter,
    *,
    full: bool,
    local: bool,
    credential: NewCredential | None = None,
) -> IndexPlan:
    """Nothing is created for it, here or there; a clone of a git URL that is made here goes away again. A credential
    serves that clone alone; a repository that is there already has its own."""
    found = find(client, wanted, local=local)
    if found is not None and not found.source.upload:
        report("reading", 0, 0)
        return client.plan(found.name, ref=ref, full=full)
    pace = _pace(client.operations())
    include, exclude = (found.include, found.exclude) if found else (wanted.include, wanted.exclude)
    if wanted.folder is not None:
        known = _known(client, None if full else found)
        made = _of_folder(wanted.folder, (include, exclude), ref, known, pace, report)
    else:
        made = _of_url(wanted.git_url, (include, exclude), ref, pace, report, credential)
    return IndexPlan.model_validate(made.document())


def _of_folder(
    folder: Path, patterns: tuple[Sequence[str], Sequence[str]], ref: str, known: Known, pace: Pace, report: Reporter
) -> Plan:
    listing = list_folder(
        folder, *patterns, on_progress=lambda count: report("scanning", count, 0), skip=path_rule(patterns[0])
    )
    return make_plan(resolved_ref(listing, ref), from_folder(folder), known, pace, report)


def _of_url(
    url: str,
    patterns: tuple[Sequence[str], Sequence[str]],
    ref: str,
    pace: Pace,
    report: Reporter,
    credential: NewCredential | None,
) -> Plan:
    """Of one commit, fetched without history; without a credential with the user's own keys, as git itself would."""
    with tempfile.TemporaryDirectory(prefix="pampax-plan-") as scratch:
        mirror = Path(scratch, "mirror")
        report("fetching", 0, 0)
        shown = None if credential is None else _git_credential(credential)
        sync_mirror(url, mirror, depth_1_ref=ref or "HEAD", credential=shown, own_credentials=True)
        name, commit = resolve_ref(mirror, ref or None)
        listing = list_commit(mirror, commit, *patterns, path_rule(patterns[0]), ref=name)
        with BlobReader(mirror) as blobs:
            return make_plan(listing, from_mirror(blobs), lambda _keys: {}, pace, report)


def _git_credential(given: NewCredential) -> GitCredential:
    if given.token is not None:
        return Token(given.token, given.username or "")
    return SshKey(given.ssh_key or "", given.known_hosts or "")


def _known(client: Client, repository: Repository | None) -> Known:
    def asked(keys: Sequence[ContentKey]) -> Mapping[ContentKey, int]:
        found: dict[ContentKey, int] = {}
        if repository is None or not repository.refs:
            return found
        for start in range(0, len(keys), AT_ONCE):
            known = client.known_contents(repository.name, keys[start : start + AT_ONCE])
            found.update({ContentKey(each.blob_id, each.language): each.chunks for each in known})
        return found

    return asked


def _pace(operations: Sequence[Operation]) -> Pace:
    return pace_of([run for each in operations if (run := _past_run(each)) is not None])


def _past_run(operation: Operation) -> PastRun | None:
    result = operation.result
    if result is None or not (operation.create_time and operation.update_time):
        return None
    begun, ended = (datetime.fromisoformat(text) for text in (operation.create_time, operation.update_time))
    return PastRun((ended - begun).total_seconds(), result.new_blobs, result.status.files, result.status.chunks)

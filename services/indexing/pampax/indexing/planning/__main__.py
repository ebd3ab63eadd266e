"""`python -m pampax.indexing.planning REPOSITORY_ID TENANT_ID REF full|changes`: one plan, as a message on stdout.

See pampax.indexing.beside.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from uuid import UUID

from pampax.embedding.static import load_default
from pampax.indexing.beside import answer
from pampax.indexing.credentials import postgres as credentials
from pampax.indexing.credentials.sealing import Owner, Sealer
from pampax.indexing.planning import postgres
from pampax.indexing.planning.source import opened
from pampax.indexing.planning.wire import plan_message
from pampax.indexing.run.build import base_version, target_version
from pampax.indexing.run.mirrors import mirror_of
from pampax.indexing.run.postgres import published_builds, wanted
from pampax.planning.making import make_plan
from pampax.planning.model import ContentKey, Known
from pampax.planning.pace import pace_of
from pampax.runtime.configuration.load import load_settings
from pampax.runtime.settings import Settings
from pampax.storage.sync_database import SyncDatabase
from pampax.v1 import indexing_service_pb2 as pb

COMPONENT = "indexing-plan"
_STATEMENT_S = 30.0


def plan(settings: Settings, repository_id: int, tenant_id: UUID, ref: str, *, full: bool) -> pb.IndexPlan:
    git = settings.indexing
    with closing(SyncDatabase(settings.database.url, pool_max=1, component=COMPONENT)) as database:
        with database.tenant(tenant_id, timeout_s=_STATEMENT_S, read_only=True) as conn:
            asked = wanted(conn, repository_id, ref)
            stored = credentials.find_sync(conn, repository_id)
            version = target_version(base_version(load_default().id), published_builds(conn, repository_id), full=full)
            build = None if full else postgres.build_id(conn, version)
            pace = pace_of(postgres.past_runs(conn))
        mirror = mirror_of(git.cache_dir / "mirrors", tenant_id, repository_id)
        owner = Owner(tenant_id, repository_id)
        with opened(
            asked.source,
            (asked.include, asked.exclude),
            ref,
            mirror,
            credential=None if stored is None else Sealer(git.credential_keys).open(owner, stored),
            allow_private=git.allow_private_git,
            own_credentials=settings.mode == "embedded",
        ) as (listing, read):
            known = _known(database, tenant_id, repository_id, build)
            return plan_message(make_plan(listing, read, known, pace, lambda *_step: None))


def _known(database: SyncDatabase, tenant_id: UUID, repository_id: int, build: int | None) -> Known:
    if build is None:
        return lambda _keys: {}

    def asked(keys: Sequence[ContentKey]) -> dict[ContentKey, int]:
        with database.tenant(tenant_id, timeout_s=_STATEMENT_S, read_only=True) as conn:
            return postgres.known_contents(conn, repository_id, build, keys)

    return asked


def main(arguments: list[str]) -> int:
    repository_id, tenant_id, ref, how = arguments
    return answer(lambda: plan(load_settings(), int(repository_id), UUID(tenant_id), ref, full=how == "full"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m pampax.indexing.checking REPOSITORY_ID TENANT_ID REF DOCUMENTS SECONDS`: one check, as a message.

See pampax.indexing.beside. The result is kept for the metrics, too.
"""

from __future__ import annotations

import os
import random
import sys
from contextlib import closing
from uuid import UUID

from pampax.codeintel.parser_process import ParserProcess
from pampax.embedding.static import load_default
from pampax.indexing.beside import answer
from pampax.indexing.checking import postgres
from pampax.indexing.checking.making import Checking
from pampax.indexing.checking.model import Check
from pampax.indexing.checking.wire import check_message
from pampax.indexing.run.derive import Deriver
from pampax.runtime.configuration.load import load
from pampax.runtime.logging import get_logger
from pampax.runtime.process import begin_logging
from pampax.runtime.settings import Settings
from pampax.storage.sync_database import SyncDatabase
from pampax.v1 import indexing_service_pb2 as pb

COMPONENT = "indexing-check"
LOW_PRIORITY = 10  # a tenth of what the services get on a busy machine: with less it does not even connect in time

_log = get_logger()


def check(settings: Settings, repository_id: int, tenant_id: UUID, ref: str, documents: int, seconds: float) -> Check:
    with (
        closing(SyncDatabase(settings.database.url, pool_max=1, component=COMPONENT)) as database,
        closing(ParserProcess()) as parser,
    ):
        dice = random.Random()  # noqa: S311 - for a sample
        checking = Checking(database, Deriver(parser, load_default()), tenant_id, repository_id, dice)
        found = checking.run(ref, documents, seconds)
        with database.tenant(tenant_id) as conn:
            postgres.keep(conn, repository_id, found)
    return found


def _tell(found: Check, repository_id: int) -> None:
    """Paths and the names of parts; nothing of what the files hold."""
    of = {"op": "check", "repository_id": repository_id, "ref": found.ref}
    for each in found.differences:
        _log.error("index differs", **of, path=each.path, parts=list(each.parts))
    _log.info(
        "index checked", **of, documents=found.documents, differing=len(found.differences),
        recall=found.recall.share if found.recall else None, duration_ms=round(found.seconds * 1_000),
    )  # fmt: skip


def main(arguments: list[str]) -> int:
    repository_id, tenant_id, ref, documents, seconds = arguments
    os.nice(LOW_PRIORITY)

    def work() -> pb.IndexCheck:
        loaded = load()
        begin_logging(COMPONENT, loaded)
        found = check(loaded.settings, int(repository_id), UUID(tenant_id), ref, int(documents), float(seconds))
        _tell(found, int(repository_id))
        return check_message(found)

    return answer(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

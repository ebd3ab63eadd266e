"""One round over the sources that are due: look, start the runs that are needed, say when to look again."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from pampax.core.errors import PampaxError
from pampax.indexing.measures import looked_at
from pampax.indexing.refresh import postgres
from pampax.indexing.refresh.postgres import Scheduled
from pampax.indexing.refresh.sources import moved_refs
from pampax.indexing.run.indexing import GitPolicy
from pampax.runtime.context import tenant
from pampax.runtime.logging import get_logger
from pampax.sources.hashes import Hashes
from pampax.storage.database import SyncDatabase

# Of one round, which a worker's process is busy with meanwhile: so many looks, the last of them begun within ROUND_S.
MOST_AT_ONCE = 20
ROUND_S = 60.0
LOOK_S = 60.0
# How long nobody else looks at what was taken: longer than a round. What it did not come to is due then.
PATIENCE = timedelta(minutes=5)
# Sources that were scheduled together drift apart.
JITTER = 0.05
# Failing sources are looked at ever more rarely, at least once a day unless their own interval is longer.
LONGEST_PAUSE_S = 24 * 3600.0
MOST_DOUBLINGS = 16
LONGEST_ERROR_CHARS = 500

_log = get_logger()


class Looking:
    """What a process keeps from round to round; for one thread."""

    def __init__(self, database: SyncDatabase, git: GitPolicy) -> None:
        self._database = database
        self._git = git
        self._hashes = Hashes()

    def close(self) -> None:
        self._database.close()

    def round(self) -> int:
        """The number of runs that it has started. What a source runs into is told in its row; raises the database's."""
        with self._database.untenanted() as conn:
            due = postgres.take_due(conn, MOST_AT_ONCE, PATIENCE)
        begin_until = time.monotonic() + ROUND_S
        started = 0
        for repository_id, tenant_id in due:
            if time.monotonic() > begin_until:
                break
            started += self._look(repository_id, tenant_id)
        return started

    def _look(self, repository_id: int, tenant_id: UUID) -> int:
        tenant.set(str(tenant_id))
        with self._database.tenant(tenant_id, read_only=True) as conn:
            repository = postgres.scheduled(conn, tenant_id, repository_id)
        # While a run that was started before goes on, nobody knows what will be published.
        if repository is None or repository.open:
            return 0
        try:
            refs = moved_refs(repository, self._git, self._hashes, time.monotonic() + LOOK_S)
        except PampaxError as error:
            return self._noted(repository, tenant_id, [], error.message)
        except Exception as error:  # noqa: BLE001 - one source must not keep the others from being looked at
            _log.error("look failed", op="refresh", repository=repository.name, exc_info=error)
            return self._noted(repository, tenant_id, [], "looking at the source failed: see the workers' log")
        # Whatever the last run failed over, without anything to index it is over.
        return self._noted(repository, tenant_id, refs, repository.error if refs else "")

    def _noted(self, repository: Scheduled, tenant_id: UUID, refs: Sequence[str], error: str) -> int:
        failures = repository.failures + 1 if error else 0
        pause_s = next_pause_s(repository.interval_s, failures)
        corr_id = uuid4().hex
        with self._database.tenant(tenant_id) as conn:
            started = sum(postgres.insert_run(conn, repository, ref, corr_id) for ref in refs)
            postgres.looked(conn, repository, pause_s, failures, error[:LONGEST_ERROR_CHARS])
        looked_at("failed" if error else "moved" if refs else "unchanged")
        if error:
            _log.warning("source not refreshed", op="refresh", repository=repository.name, detail=error)
        if started:
            _log.info("source has moved", op="refresh", repository=repository.name, count=started)
        return started


def next_pause_s(interval_s: int, failures: int) -> float:
    """Seconds until the next look after so many failures in a row, with some jitter."""
    longest = max(float(interval_s), LONGEST_PAUSE_S)
    pause_s = min(interval_s * 2.0 ** min(failures, MOST_DOUBLINGS), longest)
    return pause_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, hides nothing

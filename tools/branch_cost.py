"""What branches cost: a generated repository, and many branches of which each changes one percent of its files.

python tools/branch_cost.py [--size small|medium] [--branches 100] [--json]

It starts a database of its own, indexes the main branch and then each of the others in this process, and compares rows,
bytes on disk and processor time with what one index takes. Every few branches it vacuums, as the server does by itself
when there are minutes between them. Asked is that all together take at most 1 + 1.2 x the sum of the differences on
disk, a difference being the share of the repository's bytes whose content is new. Exit code 7 when they take more.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import structlog
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pampax.bench.corpus.generated import write
from pampax.bench.corpus.plan import SIZES, Plan
from pampax.bench.processes import Processes
from pampax.embedded.postgres import running_server
from pampax.embedding.static import load_default
from pampax.indexing.run.indexing import GitPolicy
from pampax.indexing.run.runner import Runner
from pampax.storage.migrate import LOCAL_TENANT, migrate
from pampax.storage.sync_database import SyncDatabase

EXIT_WORSE = 7
ALLOWED_PER_DIFFERENCE = 1.2
CHANGED_SHARE = 0.01  # of the files, in each branch
VACUUM_EVERY = 4  # branches
PASSWORD = "branch-cost"  # noqa: S105 - of a database that lives for minutes, on loopback
# What a repository's index consists of, biggest first on most. An own vector table is counted as chunk_vector.
TABLES = ("posting", "chunk_vector", "chunk", "symbol", "blob", "document", "file", "snapshot", "ref")
SIZE_OF = """
SELECT sum(pg_total_relation_size(c.oid))::bigint AS bytes
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
  AND (to_regclass(%(table)s) IN (c.oid, i.inhparent) OR (%(table)s = 'chunk_vector' AND c.relname LIKE 'vector\\_%%'))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of everything that is indexed. `rows` and `bytes` by table; `cpu_s` and `wall_s` are those of the runs alone."""

    rows: dict[str, int]
    bytes: dict[str, int]
    cpu_s: float
    wall_s: float


class Measured:
    """One repository in a database of its own."""

    def __init__(self, url: str, service_url: str, folder: Path, scratch: Path) -> None:
        self.folder = folder
        self._url = url
        self._database = SyncDatabase(service_url, pool_max=3, component="branch-cost")
        self._runner = Runner(self._database, load_default(), GitPolicy(scratch, allow_private=False))
        self._processes = Processes({"all": os.getpid()}, scratch)
        self._empty = self._bytes()
        with self._database.tenant(LOCAL_TENANT) as conn:
            statement = "INSERT INTO repository (name, source_kind, source) VALUES ('r', 'path', %s)"
            conn.execute(statement, [str(folder)])
        self._cpu_s = self._wall_s = 0.0

    def close(self) -> None:
        self._runner.close()
        self._database.close()

    def index(self) -> None:
        operation_id = uuid4()
        with self._database.tenant(LOCAL_TENANT) as conn:
            conn.execute(
                "INSERT INTO operation (operation_id, repository_id, repository_name, request)"
                " SELECT %s, repository_id, name, %s FROM repository",
                [operation_id, Jsonb({"ref": "", "full": False, "upload": ""})],
            )
        spent, began = self._processes.cpu_s(), time.perf_counter()
        self._runner.run(operation_id, LOCAL_TENANT)
        self._cpu_s += self._processes.cpu_s() - spent
        self._wall_s += time.perf_counter() - began
        with self._database.tenant(LOCAL_TENANT) as conn:
            row = conn.execute("SELECT state, error FROM operation WHERE operation_id = %s", [operation_id]).fetchone()
        if row is None or row["state"] != "succeeded":
            raise SystemExit(f"the run failed: {row}")

    def cost(self) -> Cost:
        now = self._bytes()
        grown = {table: now[table] - self._empty[table] for table in TABLES}
        return Cost(self._rows(), grown, self._cpu_s, self._wall_s)

    def vacuum(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as conn:
            conn.execute(f"VACUUM {', '.join(TABLES)}")

    def _bytes(self) -> dict[str, int]:
        self.vacuum()
        with psycopg.connect(self._url, autocommit=True, row_factory=dict_row) as conn:
            return {table: _number(conn, SIZE_OF, {"table": table}) for table in TABLES}

    def _rows(self) -> dict[str, int]:
        with self._database.tenant(LOCAL_TENANT, timeout_s=60.0) as conn:
            row = conn.execute("SELECT vector_table FROM repository_build").fetchone()
            tables = {table: table for table in TABLES}
            if row is not None and row["vector_table"]:
                tables["chunk_vector"] = row["vector_table"]
            return {name: _number(conn, f"SELECT count(*) FROM {table}") for name, table in tables.items()}  # noqa: S608


def _number(conn: psycopg.Connection[Any], statement: str, parameters: dict[str, str] | None = None) -> int:
    row = conn.execute(statement.encode(), parameters).fetchone()  # of this file alone
    return int(next(iter(row.values())) or 0) if row else 0


@contextmanager
def measured(size: str) -> Iterator[Measured]:
    with tempfile.TemporaryDirectory(prefix="pampax-branches-") as scratch, running_server() as server:
        folder = Path(scratch, "repository")
        write(Plan(SIZES[size]), folder)
        git(folder, "init", "-q", "-b", "main")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", "main")
        migrate(server.dsn(), service_password=PASSWORD)
        service = f"postgresql://pampax_service:{PASSWORD}@127.0.0.1:{server.port}/pampax"
        with psycopg.connect(server.dsn()) as conn:
            conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(LOCAL_TENANT)])
            conn.execute("INSERT INTO tenant (tenant_id, name) VALUES (%s, 'local')", [LOCAL_TENANT])
        made = Measured(server.dsn("postgres"), service, folder, Path(scratch, "mirrors"))
        try:
            yield made
        finally:
            made.close()


def branch(folder: Path, number: int, files: Sequence[Path]) -> int:
    """Makes and checks out a branch off main; the bytes of the files that it changes."""
    git(folder, "checkout", "-q", "-b", f"branch-{number}", "main")
    step = round(1 / CHANGED_SHARE)
    size = 0
    for file in files[number % step :: step]:
        text = file.read_text()
        file.write_text(f"{text}\n// what branch {number} says of {file.name}\n")
        size += file.stat().st_size
    git(folder, "commit", "-q", "-a", "-m", f"branch {number}")
    return size


def git(folder: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, timeout=120)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", choices=("small", "medium"), default="small", help="of the repository")
    parser.add_argument("--branches", type=int, default=100, help="beside main")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with measured(asked.size) as system:
        files = sorted(path for path in system.folder.rglob("*") if path.is_file() and ".git" not in path.parts)
        whole = sum(file.stat().st_size for file in files)
        system.index()
        one = system.cost()
        changed = 0
        for number in range(asked.branches):
            changed += branch(system.folder, number, files)
            system.index()
            if number % VACUUM_EVERY == 0:
                system.vacuum()
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{number + 1} of {asked.branches} branches ")
        every = system.cost()
    return tell(one, every, changed / whole, asked.branches, asked.size, as_json=asked.json)


def tell(one: Cost, every: Cost, difference: float, branches: int, size: str, *, as_json: bool) -> int:
    """The table, and the exit code."""
    allowed = 1 + ALLOWED_PER_DIFFERENCE * difference
    lines = [(f"rows of {table}", one.rows[table], every.rows[table]) for table in TABLES]
    lines += [(f"bytes of {table}", one.bytes[table], every.bytes[table]) for table in TABLES]
    sums = [
        ("rows", sum(one.rows.values()), sum(every.rows.values())),
        ("bytes", sum(one.bytes.values()), sum(every.bytes.values())),
        ("processor ms", round(1_000 * one.cpu_s), round(1_000 * every.cpu_s)),
        ("wall ms", round(1_000 * one.wall_s), round(1_000 * every.wall_s)),
    ]
    ratios = {what: after / before for what, before, after in sums}
    missed = ratios["bytes"] > allowed
    if as_json:
        document = {
            "size": size, "branches": branches, "difference": difference, "allowed": allowed, "ratios": ratios,
            "rows": {"one": one.rows, "all": every.rows}, "bytes": {"one": one.bytes, "all": every.bytes},
            "cpu_s": {"one": one.cpu_s, "all": every.cpu_s}, "wall_s": {"one": one.wall_s, "all": every.wall_s},
        }  # fmt: skip
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        rows = [
            (what, f"{before:,}", f"{after:,}", f"{after / max(before, 1):.2f}") for what, before, after in lines + sums
        ]
        _print_table(("", "ONE REF", f"{branches + 1} REFS", "RATIO"), rows)
        sys.stdout.write(f"sum of the differences {difference:.3f}, so at most {allowed:.2f} is asked of the bytes\n")
    return EXIT_WORSE if missed else 0


def _print_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    for first, *cells in (headers, *rows):
        shown = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))]
        sys.stdout.write("  ".join(shown).rstrip() + "\n")


if __name__ == "__main__":
    sys.exit(main())

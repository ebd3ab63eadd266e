"""How the database fares: sizes, dead rows, unused indexes, cache hits, slow statements, the plans of the hot queries.

python tools/index_analyzer.py [--data-dir DIR | --database-url URL] [--tenant UUID] [--json]

Without an address it asks the system that `pampax up` runs here. It reads only, in one connection; the plans are
made for the largest repository of one tenant. docs/query-tuning.md says what to do about each finding.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from pampax.core.errors import ConfigError, PampaxError
from pampax.embedded.layout import DataDir, default_data_dir
from pampax.embedded.state import verified_state
from pampax.storage.migrate import LOCAL_TENANT, SERVICE_ROLE
from pampax.storage.queries import load_queries
from pampax.storage.session import connection_string

Conn = psycopg.Connection[DictRow]
Row = dict[str, Any]

STATEMENT_S = 60
# From where on something is worth a look; docs/query-tuning.md explains each.
DEAD_SHARE = 0.2
LEAST_DEAD = 10_000  # rows: below, a vacuum is not worth the name
UNUSED_BYTES = 1_000_000
LEAST_HIT_RATIO = 0.99
LEAST_BLOCKS = 10_000  # looked at: below, a ratio says nothing yet
SLOW_MS = 50.0  # what a read may take at the 95th percentile
MISJUDGED = 100  # times more or fewer rows than the planner thought
CANDIDATES = 384  # of HNSW, as a search asks for them

# Partitions are summed up under their table.
TABLES: LiteralString = """
SELECT coalesce(i.inhparent, s.relid)::regclass::text AS name, count(*) AS parts,
       sum(pg_table_size(s.relid))::bigint AS table_bytes, sum(pg_indexes_size(s.relid))::bigint AS index_bytes,
       sum(s.n_live_tup)::bigint AS live_rows, sum(s.n_dead_tup)::bigint AS dead_rows,
       max(greatest(s.last_vacuum, s.last_autovacuum)) AS vacuumed_at,
       max(greatest(s.last_analyze, s.last_autoanalyze)) AS analyzed_at
FROM pg_stat_user_tables s LEFT JOIN pg_inherits i ON i.inhrelid = s.relid
WHERE s.schemaname = 'public' GROUP BY 1 ORDER BY sum(pg_total_relation_size(s.relid)) DESC, 1
"""
# An index of a partitioned table has a part in each partition.
INDEXES: LiteralString = """
SELECT coalesce(i.inhparent, s.indexrelid)::regclass::text AS name,
       coalesce(t.inhparent, s.relid)::regclass::text AS of_table,
       sum(pg_relation_size(s.indexrelid))::bigint AS bytes, sum(s.idx_scan)::bigint AS scans,
       bool_or(x.indisunique) AS is_unique, bool_and(x.indisvalid) AS is_valid, max(a.amname) AS method
FROM pg_stat_user_indexes s JOIN pg_index x ON x.indexrelid = s.indexrelid JOIN pg_class c ON c.oid = s.indexrelid
JOIN pg_am a ON a.oid = c.relam
LEFT JOIN pg_inherits i ON i.inhrelid = s.indexrelid LEFT JOIN pg_inherits t ON t.inhrelid = s.relid
WHERE s.schemaname = 'public' GROUP BY 1, 2 ORDER BY 3 DESC, 1
"""
CACHE: LiteralString = """
SELECT sum(heap_blks_hit + toast_blks_hit)::bigint AS table_hits,
       sum(heap_blks_read + toast_blks_read)::bigint AS table_reads,
       sum(idx_blks_hit + tidx_blks_hit)::bigint AS index_hits,
       sum(idx_blks_read + tidx_blks_read)::bigint AS index_reads
FROM (SELECT coalesce(heap_blks_hit, 0) AS heap_blks_hit, coalesce(toast_blks_hit, 0) AS toast_blks_hit,
             coalesce(heap_blks_read, 0) AS heap_blks_read, coalesce(toast_blks_read, 0) AS toast_blks_read,
             coalesce(idx_blks_hit, 0) AS idx_blks_hit, coalesce(tidx_blks_hit, 0) AS tidx_blks_hit,
             coalesce(idx_blks_read, 0) AS idx_blks_read, coalesce(tidx_blks_read, 0) AS tidx_blks_read
      FROM pg_statio_user_tables) counted
"""
HAS_STATEMENTS: LiteralString = "SELECT to_regclass('pg_stat_statements') IS NOT NULL AS there"
STATEMENTS: LiteralString = """
SELECT left(regexp_replace(query, '\\s+', ' ', 'g'), 160) AS statement, calls, total_exec_time AS total_ms,
       mean_exec_time AS mean_ms, max_exec_time AS longest_ms, rows
FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid AND d.datname = current_database()
ORDER BY total_exec_time DESC LIMIT 15
"""
LARGEST: LiteralString = """
SELECT s.repository_id AS repository, s.build_id AS build, s.snapshot_id AS snapshot, s.chunk_count, r.name,
       rb.vector_table
FROM snapshot s JOIN ref f ON f.snapshot_id = s.snapshot_id JOIN repository r ON r.repository_id = s.repository_id
JOIN repository_build rb ON rb.repository_id = s.repository_id AND rb.build_id = s.build_id
ORDER BY s.chunk_count DESC LIMIT 1
"""
# What searches ask for: the longest lists, the commonest names, chunks from all over.
SAMPLES: LiteralString = """
SELECT ARRAY(SELECT term FROM posting WHERE repository_id = %(repository)s AND build_id = %(build)s AND field = 0
             GROUP BY term ORDER BY sum(octet_length(entries)) DESC LIMIT 8) AS terms,
       ARRAY(SELECT folded FROM symbol WHERE repository_id = %(repository)s AND build_id = %(build)s
             GROUP BY folded ORDER BY count(*) DESC LIMIT 8) AS names,
       ARRAY(SELECT ordinal FROM chunk WHERE repository_id = %(repository)s AND build_id = %(build)s
             ORDER BY md5(ordinal::text) LIMIT 50) AS ordinals,
       ARRAY(SELECT blob_id FROM file WHERE repository_id = %(repository)s AND build_id = %(build)s LIMIT 1) AS blobs
"""
# By name in the files beside the code; the ones that every search runs.
HOT = ("directory", "directory_files", "postings", "definitions", "kinds", "passages", "blob", "nearest_by_index")


def analyse(conn: Conn, tenant_id: UUID) -> Row:
    """Everything, as one document; `findings` says in words what is worth a look."""
    tables, indexes = conn.execute(TABLES).fetchall(), conn.execute(INDEXES).fetchall()
    cache = _cache(conn)
    statements = _statements(conn)
    plans = list(_plans(conn, tenant_id))
    findings = [
        *_table_findings(tables), *_index_findings(indexes), *_cache_findings(cache), *_statement_findings(statements),
        *(f"query {plan['name']}: {verdict}" for plan in plans for verdict in plan["verdicts"]),
    ]  # fmt: skip
    return {
        "findings": findings, "tables": tables, "indexes": indexes, "cache": cache, "statements": statements,
        "plans": plans,
    }  # fmt: skip


def _table_findings(tables: Sequence[Row]) -> Iterator[str]:
    for table in tables:
        share = table["dead_rows"] / max(table["live_rows"] + table["dead_rows"], 1)
        if share > DEAD_SHARE and table["dead_rows"] > LEAST_DEAD:
            yield f"table {table['name']}: {share:.0%} of its rows are dead: VACUUM (ANALYZE) {table['name']}"
        if table["live_rows"] > LEAST_DEAD and table["analyzed_at"] is None:
            yield f"table {table['name']}: never analysed: ANALYZE {table['name']}"


def _index_findings(indexes: Sequence[Row]) -> Iterator[str]:
    for index in indexes:
        if not index["is_valid"]:
            yield f"index {index['name']}: not valid: a build of it was cut off; drop it and make it again"
        elif index["scans"] == 0 and not index["is_unique"] and index["bytes"] > UNUSED_BYTES:
            yield f"index {index['name']}: {index['bytes']:,} bytes and never used since the counters began"


def _cache(conn: Conn) -> Row:
    row = conn.execute(CACHE).fetchone() or {}
    for kind in ("table", "index"):
        blocks = (row[f"{kind}_hits"] or 0) + (row[f"{kind}_reads"] or 0)
        row[f"{kind}_hit_ratio"] = round(row[f"{kind}_hits"] / blocks, 4) if blocks else None
    return row


def _cache_findings(cache: Row) -> Iterator[str]:
    for kind in ("table", "index"):
        ratio = cache[f"{kind}_hit_ratio"]
        blocks = (cache[f"{kind}_hits"] or 0) + (cache[f"{kind}_reads"] or 0)
        if ratio is not None and blocks > LEAST_BLOCKS and ratio < LEAST_HIT_RATIO:
            yield f"cache: {ratio:.1%} of the {kind} blocks were in memory: shared_buffers is small for it"


def _statements(conn: Conn) -> Row:
    there = (conn.execute(HAS_STATEMENTS).fetchone() or {})["there"]
    try:
        with conn.transaction():
            rows = conn.execute(STATEMENTS).fetchall() if there else []
    except psycopg.Error as error:  # the extension is made, but the server does not load the library
        return {"available": False, "why": str(error).partition("\n")[0], "slowest": []}
    return {
        "available": there,
        "why": "" if there else "the extension pg_stat_statements is not there",
        "slowest": rows,
    }


def _statement_findings(statements: Row) -> Iterator[str]:
    for row in statements["slowest"]:
        if row["mean_ms"] > SLOW_MS and row["calls"] > 1:
            yield f"statement: {row['mean_ms']:.0f} ms on average, {row['calls']:,} times: {row['statement']}"


def _plans(conn: Conn, tenant_id: UUID) -> Iterator[Row]:
    """Of the hot queries over the tenant's largest repository, run once each; nothing when it has none."""
    queries = load_queries("pampax.search")
    with conn.transaction():
        conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(tenant_id)])
        conn.execute(queries["set_ef_search"], {"ef_search": CANDIDATES})
        place = conn.execute(LARGEST).fetchone()
        if place is None:
            return
        asked = _asked(conn, place)
        for name in HOT:
            if name == "nearest_by_index" and place["vector_table"] is None:
                name = "nearest"  # small repositories are scanned
            table = sql.Identifier(place["vector_table"] or "")
            statement = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ") + sql.SQL(queries[name]).format(table=table)
            (row,) = conn.execute(statement, asked).fetchall()
            yield _judged(name, place["name"], row["QUERY PLAN"][0])


def _asked(conn: Conn, place: Mapping[str, Any]) -> Row:
    (samples,) = conn.execute(SAMPLES, place).fetchall()
    size = 1 + max(samples["ordinals"], default=0)
    return {
        **place, **samples, "fields": [0, 1], "chunks": samples["ordinals"], "most": CANDIDATES,
        "blob": samples["blobs"][0] if samples["blobs"] else b"", "vector": str([0.0625] * 256), "size": size,
        "live": b"\xff" * (size // 8 + 1),
    }  # fmt: skip


def _judged(name: str, repository: str, plan: Mapping[str, Any]) -> Row:
    nodes = list(_nodes(plan["Plan"]))
    took_ms = plan["Execution Time"]
    relations = sorted({node["Relation Name"] for node in nodes if "Relation Name" in node})
    read = plan["Plan"].get("Shared Read Blocks", 0)
    return {
        "name": name, "repository": repository, "took_ms": round(took_ms, 2),
        "planned_ms": round(plan["Planning Time"], 2), "rows": plan["Plan"]["Actual Rows"],
        "blocks_hit": plan["Plan"].get("Shared Hit Blocks", 0), "blocks_read": read,
        "relations": relations, "scans": sorted({f"{node['Node Type']} {node.get('Index Name', '')}".strip()
                                                 for node in nodes if "Scan" in node["Node Type"]}),
        "verdicts": list(_verdicts(name, nodes, relations, took_ms, read)),
    }  # fmt: skip


def _verdicts(name: str, nodes: Sequence[Row], relations: Sequence[str], took_ms: float, read: int) -> Iterator[str]:
    for node in nodes:
        looked_at = node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0)
        # Directories are read whole, and so are the vectors of a small repository.
        if node["Node Type"] == "Seq Scan" and looked_at > LEAST_DEAD and name not in ("directory", "nearest"):
            yield f"reads all of {node['Relation Name']} ({looked_at:,.0f} rows): no index fits, or ANALYZE is due"
        thought, found = max(node["Plan Rows"], 1), max(node["Actual Rows"], 1)
        if (
            not node["limited"]
            and max(thought / found, found / thought) > MISJUDGED
            and max(thought, found) > LEAST_DEAD
        ):
            yield f"the planner thought of {thought:,.0f} rows, {found:,.0f} were found: ANALYZE is due"
    for parent in ("chunk", "symbol", "posting", "chunk_vector"):
        parts = [each for each in relations if each.startswith(f"{parent}_p") and each[len(parent) + 2 :].isdigit()]
        if len(parts) > 1:
            yield f"looks into {len(parts)} partitions of {parent}: the repository is not given as a constant"
    if took_ms > SLOW_MS:
        where = f", {read:,} blocks from the disk" if read else ", all from memory"
        yield f"took {took_ms:.0f} ms{where}; {SLOW_MS:.0f} ms are promised for a read"


def _nodes(plan: Row, *, limited: bool = False) -> Iterator[Row]:
    """`limited`: what is above may have enough before the node is through, so its rows say nothing of the planner."""
    yield {**plan, "limited": limited}
    for below in plan.get("Plans", ()):
        yield from _nodes(below, limited=limited or plan["Node Type"] == "Limit")


def address(data_dir: str | None, database_url: str | None) -> str:
    """Of the database that runs here, as the services see it, unless another is given."""
    if database_url:
        return database_url
    named = data_dir or os.environ.get("PAMPAX_DATA_DIR")
    place = DataDir(Path(named)) if named else default_data_dir()
    state = verified_state(place)
    found = [each.address for each in state.services if each.name == "postgres"] if state else []
    if not found or not found[0]:
        raise ConfigError(f"no system runs from {place.root}: start it with `pampax up`, or give --database-url")
    password = (place.root / "secrets" / "service_password").read_text().strip()
    return f"postgresql://{SERVICE_ROLE}:{password}@{found[0]}/pampax"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--data-dir", help="of the embedded system to look at")
    where.add_argument("--database-url", help="as the services have it (database.url), for any other system")
    parser.add_argument("--tenant", type=UUID, default=LOCAL_TENANT, help="whose repository the plans are made for")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    try:
        conninfo = connection_string(address(asked.data_dir, asked.database_url), "analyzer")
        with psycopg.connect(conninfo, autocommit=True, row_factory=dict_row) as conn:
            conn.execute(sql.SQL("SET statement_timeout = {}").format(sql.Literal(f"{STATEMENT_S}s")))
            conn.execute("SET default_transaction_read_only = on")
            report = analyse(conn, asked.tenant)
    except PampaxError as error:
        sys.stderr.write(f"index_analyzer: {error.message}\n")
        return error.exit_code
    except psycopg.OperationalError as error:
        sys.stderr.write(f"index_analyzer: the database does not answer: {str(error).partition(chr(10))[0]}\n")
        return 4
    sys.stdout.write(json.dumps(report, indent=2, default=str) + "\n" if asked.json else _page(report))
    return 0


def _page(report: Row) -> str:
    def moment(value: Any) -> str:  # noqa: ANN401 - a time or nothing
        return f"{value:%Y-%m-%d %H:%M}" if value else "never"

    parts = [
        "\n".join(report["findings"]) or "nothing is worth a look",
        _table(("TABLE", "PARTS", "BYTES", "INDEXES", "ROWS", "DEAD", "VACUUMED", "ANALYSED"), [
            (each["name"], each["parts"], each["table_bytes"], each["index_bytes"], each["live_rows"],
             each["dead_rows"], moment(each["vacuumed_at"]), moment(each["analyzed_at"]))
            for each in report["tables"]]),
        _table(("INDEX", "TABLE", "METHOD", "BYTES", "SCANS"), [
            (each["name"], each["of_table"], each["method"], each["bytes"], each["scans"])
            for each in report["indexes"]]),
        _in_memory(report["cache"]),
        _table(("QUERY", "REPOSITORY", "ROWS", "TOOK MS", "PLANNED MS", "HIT", "READ", "BY"), [
            (each["name"], each["repository"], each["rows"], each["took_ms"], each["planned_ms"], each["blocks_hit"],
             each["blocks_read"], "; ".join(each["scans"])) for each in report["plans"]]),
        _table(("STATEMENT", "CALLS", "TOTAL MS", "MEAN MS"), [
            (each["statement"][:80], each["calls"], round(each["total_ms"]), round(each["mean_ms"], 2))
            for each in report["statements"]["slowest"]])
        if report["statements"]["available"] else f"slowest statements are not known: {report['statements']['why']}",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _in_memory(cache: Row) -> str:
    tables, indexes = _percent(cache["table_hit_ratio"]), _percent(cache["index_hit_ratio"])
    return f"in memory: {tables} of table blocks, {indexes} of index blocks"


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2%}"


def _table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Numbers to the right, with separators."""
    shown = [[f"{cell:,}" if isinstance(cell, (int, float)) else str(cell) for cell in row] for row in rows]
    right = [bool(rows) and isinstance(cell, (int, float)) for cell in (rows[0] if rows else headers)]
    widths = [max(map(len, column)) for column in zip(headers, *shown, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in (headers, *shown)
    )


if __name__ == "__main__":
    sys.exit(main())

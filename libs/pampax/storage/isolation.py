"""Where the schema fails to keep tenants apart, read from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import DictRow

from pampax.storage.queries import load_queries

_QUERIES = load_queries(__package__)
_TABLES = _QUERIES["tenant_tables"]
_POLICIES = _QUERIES["tenant_policies"]
_ROLES = _QUERIES["role_weaknesses"]
_FUNCTIONS = _QUERIES["definer_functions"]

# Tables without tenant data, readable by everybody.
SHARED_TABLES = frozenset({"build", "schema_migration", "worker_heartbeat"})
POLICY = "tenant_isolation"
SERVICE = "pampax_service"
DEFINER = "pampax_definer"
# The one condition, as Postgres prints it back.
CONDITION = (
    """(tenant_id = ( SELECT (NULLIF(current_setting('pampax.tenant'::text, true), ''::text))::uuid AS "nullif"))"""
)

Row = Mapping[str, Any]

_THE_POLICY: Row = {
    "permissive": True,
    "command": "*",
    "roles": ["public"],
    "using_condition": CONDITION,
    "check_condition": CONDITION,
}


def isolation_findings(conn: psycopg.Connection[DictRow]) -> list[str]:
    """One line per weakness, none in a sound schema. Any role may ask; costs four catalogue queries."""
    policies = conn.execute(_POLICIES).fetchall()
    return [
        *(line for table in conn.execute(_TABLES) for line in _table_findings(table, policies)),
        *(f"role {row['role']} {row['why']}" for row in conn.execute(_ROLES)),
        *(line for function in conn.execute(_FUNCTIONS) for line in _function_findings(function)),
    ]


def _table_findings(table: Row, policies: Sequence[Row]) -> Iterator[str]:
    name = table["name"]
    if table["kind"] not in ("r", "p"):
        yield from _view_findings(table)
    elif table["has_tenant"]:
        yield from (f"table {name} {why}" for wrong, why in _guards(table) if wrong)
        yield from _policy_findings(name, [policy for policy in policies if policy["table_name"] == name])
    elif table["short_name"] not in SHARED_TABLES:
        yield f"table {name} has no tenant_id and is not among the shared tables"


def _guards(table: Row) -> Iterator[tuple[bool, str]]:
    yield not table["tenant_required"], "allows rows without tenant_id"
    yield not table["enabled"], "has row security disabled"
    yield not table["forced"], "does not force row security on its owner"
    yield table["owner"] == SERVICE, "belongs to the service role, which could switch its row security off"
    yield table["service_may_more"], "grants the service role more than reading and writing rows"


def _view_findings(table: Row) -> Iterator[str]:
    if table["kind"] != "v":
        yield f"{table['name']} is a materialized view or foreign table, which row security cannot guard"
    elif not table["invoker"]:
        yield f"view {table['name']} reads with its owner's rights: make it security_invoker"


def _policy_findings(table: str, policies: Sequence[Row]) -> Iterator[str]:
    if POLICY not in {policy["name"] for policy in policies}:
        yield f"table {table} has no policy {POLICY}"
    for policy in policies:
        if policy["name"] == POLICY:
            if not _is_the_policy(policy):
                yield f"table {table}: policy {POLICY} does not compare tenant_id with the transaction's tenant"
        elif policy["permissive"] and policy["roles"] != [DEFINER]:
            yield f"table {table}: policy {policy['name']} opens rows to {', '.join(policy['roles'])}"


def _is_the_policy(policy: Row) -> bool:
    return all(policy[key] == value for key, value in _THE_POLICY.items())


def _function_findings(function: Row) -> Iterator[str]:
    name = function["name"]
    if function["owner"] != DEFINER:
        yield f"function {name} runs with the rights of {function['owner']} instead of {DEFINER}"
    if not function["has_search_path"]:
        yield f"function {name} runs with its owner's rights on the caller's search_path"
    if function["public_may"]:
        yield f"function {name} may be called by everybody"

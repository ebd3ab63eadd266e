"""Answers of the code graph as the JSON that REST answers with."""

from __future__ import annotations

import time

from pampax.core.names import plain_repository
from pampax.gateway.rest.answers import Json, ids_json, snapshots_json
from pampax.gateway.rest.request_state import took_ms
from pampax.v1.graph_service_pb2 import (
    FindSymbolsResponse,
    GraphEdge,
    GraphNode,
    MappedRepository,
    MapRepositoriesResponse,
    Package,
    RepositoryLink,
    TraverseGraphResponse,
)

CONFIDENCE_DECIMALS = 3  # of a number that the wire has in single precision


def symbols_json(answer: FindSymbolsResponse) -> Json:
    return {
        "symbols": [_node(node) for node in answer.symbols],
        "total": answer.total,
        "snapshots": snapshots_json(answer.snapshots, time.time()),
        "took_ms": took_ms(),
        **ids_json(),
    }


def traversal_json(answer: TraverseGraphResponse) -> Json:
    return {
        "nodes": [_node(node) for node in answer.nodes],
        "edges": [_edge(edge) for edge in answer.edges],
        "notices": list(answer.notices),
        "snapshots": snapshots_json(answer.snapshots, time.time()),
        "took_ms": took_ms(),
        **ids_json(),
    }


def map_json(answer: MapRepositoriesResponse) -> Json:
    return {
        "repositories": [_mapped(each) for each in answer.repositories],
        "links": [_link(each, answer) for each in answer.links],
        "notices": list(answer.notices),
        "snapshots": snapshots_json(answer.snapshots, time.time()),
        "took_ms": took_ms(),
        **ids_json(),
    }


def _mapped(each: MappedRepository) -> Json:
    return {
        "repo": plain_repository(each.repository),
        "packages": [_package(package) for package in each.packages],
        "package_count": each.package_count,
        "modules": {modules.language: list(modules.names) for modules in each.modules},
    }


def _package(each: Package) -> Json:
    return {"ecosystem": each.ecosystem, "name": each.name, "version": each.version, "manifest": each.manifest}


def _link(each: RepositoryLink, answer: MapRepositoriesResponse) -> Json:
    return {
        "source": plain_repository(answer.repositories[each.source].repository),
        "target": plain_repository(answer.repositories[each.target].repository),
        "dependencies": [_package(package) for package in each.dependencies],
        "dependency_count": each.dependency_count,
        "statements": each.statements,
        "files": each.files,
        "shared_statements": each.shared_statements,
        "examples": [
            {"path": one.path, "line": one.line, "module": one.module, "name": one.name, "target": one.target}
            for one in each.examples
        ],
    }


def _node(node: GraphNode) -> Json:
    return {
        "repo": plain_repository(node.repository),
        "path": node.path,
        "symbol": node.symbol,
        "kind": node.kind,
        "start_line": node.start_line,
        "end_line": node.end_line,
        "signature": node.signature,
        "depth": node.depth,
    }


def _edge(edge: GraphEdge) -> Json:
    return {
        "source": edge.source,
        "target": edge.target,
        "relation": edge.relation,
        "line": edge.line,
        "count": edge.count,
        "certainty": edge.certainty,
        "confidence": round(edge.confidence, CONFIDENCE_DECIMALS),
        "why": edge.why,
    }

"""Protobuf <-> the graph, nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from pampax.graph.walking import CODE_RELATIONS, Direction, Edge, Node, Relation
from pampax.search import wire
from pampax.search.graph.request import (
    DEFAULT_NODES,
    DEFAULT_SYMBOLS,
    MAX_SYMBOLS,
    NameQuestion,
    Traversal,
    read_start,
    refused,
)
from pampax.search.graph.service import Answer, Symbols
from pampax.v1 import graph_service_pb2 as pb


def name_question(message: pb.FindSymbolsRequest) -> NameQuestion:
    if not 0 <= message.limit <= MAX_SYMBOLS:
        raise refused("limit", f"must be from 1 to {MAX_SYMBOLS}")
    return NameQuestion(
        message.name, _repositories(message.repositories), message.ref or None, message.limit or DEFAULT_SYMBOLS
    )


def traversal(message: pb.TraverseGraphRequest) -> Traversal:
    """InvalidRequest for values that have no meaning here."""
    known = ", ".join(Relation)
    unknown = sorted(set(message.relations) - set(Relation))
    if unknown:
        raise refused("relations", f"must be of {known}, got {unknown[0][:64]!r}")
    if message.direction not in ("", *Direction):
        raise refused("direction", f"must be one of {', '.join(Direction)}, got {message.direction[:64]!r}")
    return Traversal(
        start=read_start(message.start, "start"),
        repositories=_repositories(message.repositories),
        ref=message.ref or None,
        direction=Direction(message.direction or Direction.OUT),
        relations=frozenset(map(Relation, message.relations)) or CODE_RELATIONS,
        depth=message.depth or 1,
        most=message.max_nodes or DEFAULT_NODES,
        end=read_start(message.end, "end") if message.end else None,
    )


def symbols_response(symbols: Symbols) -> pb.FindSymbolsResponse:
    return pb.FindSymbolsResponse(
        symbols=[_node(snapshot.repository, Node.of(each), 0) for snapshot, each in symbols.found],
        total=symbols.total,
        snapshots=[wire.snapshot_info(snapshot) for snapshot in symbols.snapshots],
    )


def traversal_response(answer: Answer) -> pb.TraverseGraphResponse:
    response = pb.TraverseGraphResponse(
        notices=answer.notices, snapshots=[wire.snapshot_info(snapshot) for snapshot in answer.snapshots]
    )
    for found in answer.found:
        ordered = sorted(found.neighbourhood.depths.items(), key=lambda each: (each[1], each[0].order))
        places = {node: len(response.nodes) + at for at, (node, _) in enumerate(ordered)}
        response.nodes.extend(_node(found.snapshot.repository, node, depth) for node, depth in ordered)
        response.edges.extend(_edge(edge, places) for edge in found.neighbourhood.edges)
    return response


def _repositories(names: Iterable[str]) -> tuple[str, ...] | None:
    return tuple(wire.repository_id(name, "repositories") for name in names) or None


def _node(repository: str, node: Node, depth: int) -> pb.GraphNode:
    return pb.GraphNode(
        repository=wire.PREFIX + repository,
        path=node.path,
        symbol=node.symbol,
        kind=node.kind,
        start_line=node.start_line,
        end_line=node.end_line,
        signature=node.signature,
        depth=depth,
    )


def _edge(edge: Edge, places: dict[Node, int]) -> pb.GraphEdge:
    return pb.GraphEdge(
        source=places[edge.source],
        target=places[edge.target],
        relation=edge.relation,
        line=edge.line,
        count=edge.count,
        certainty=edge.certainty,
        confidence=edge.confidence,
        why=edge.why,
    )

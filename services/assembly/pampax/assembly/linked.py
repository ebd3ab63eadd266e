"""What the code graph links to the best hits, where their own repository does not tell: definitions that they use in
other repositories, and code that uses theirs. Asked of the search service, which knows all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grpc import aio

from pampax.assembly.candidates import Candidate, Origin, best_first, candidate
from pampax.assembly.markup import code
from pampax.assembly.searching import PREFIX, SEARCH, Hit, identities, identity
from pampax.assembly.source import Place
from pampax.core.errors import InvalidRequest, NotFound
from pampax.runtime.channel import call
from pampax.runtime.policy import Guard, Policy
from pampax.storage.snapshots import Snapshot
from pampax.v1 import graph_service_pb2 as pb
from pampax.v1 import graph_service_pb2_grpc as pb_grpc

TIMEOUT_S = 3.0
MAX_LINKED = 4  # best hits whose links are asked for
MAX_REPOSITORIES = 16  # that are looked into, those with the best hits first
MAX_NODES = 40  # around one hit
FAR = 2  # depth from which on links inside of a repository count as well
USED, USES = 0.25, 0.15  # share of the hit's value, times the confidence of the link
_RELATIONS: Final = {"calls": "calls", "references": "uses", "inherits": "extends", "tests": "tests"}


@dataclass(frozen=True, slots=True)
class Linked:
    """`is_whole`: whether all was answered from the snapshots that were asked for."""

    candidates: tuple[Candidate, ...] = ()
    is_whole: bool = True


class Links:
    """Calls for the caller of the request, whose token goes along."""

    def __init__(self, channel: aio.Channel) -> None:
        self._stub = pb_grpc.GraphServiceStub(channel)
        self._guard = Guard(Policy(SEARCH, TIMEOUT_S, breaker=None))

    async def around(
        self, hits: Mapping[Candidate, Hit], snapshots: Sequence[Snapshot], ref: str, depth: int
    ) -> Linked:
        """Nothing for one repository alone, unless it is asked to look far. `ref` as in the request, "" for each
        repository's own. DeadlineExceeded and Unavailable."""
        wanted = _best(hits)
        if not wanted or not depth or (len(snapshots) < 2 and depth < FAR):
            return Linked()
        known = _nearest(hits, snapshots)
        answers = await asyncio.gather(*(self._ask(each, known, ref) for each in wanted))
        found = [
            linked
            for each, answer in zip(wanted, answers, strict=True)
            for linked in _candidates(each, answer, everywhere=depth >= FAR)
        ]
        expected = identities(known)
        return Linked(
            tuple(dict.fromkeys(sorted(found, key=best_first))),
            all({identity(info) for info in answer.snapshots} <= expected for answer in answers),
        )

    async def _ask(self, each: Candidate, snapshots: Iterable[Snapshot], ref: str) -> pb.TraverseGraphResponse:
        """Nothing for what the graph has no name for, such as a heading."""
        asked = pb.TraverseGraphRequest(
            start=f"{each.place.path}#{each.symbol}",
            repositories=[PREFIX + snapshot.repository for snapshot in snapshots],
            ref=ref,
            direction="both",
            relations=_RELATIONS,
            depth=1,
            max_nodes=MAX_NODES,
        )
        try:
            return await call(self._stub.TraverseGraph, asked, timeout_s=TIMEOUT_S, guard=self._guard)
        except (InvalidRequest, NotFound):
            return pb.TraverseGraphResponse()


def _best(hits: Mapping[Candidate, Hit]) -> list[Candidate]:
    """The best hits that have a name, each definition once."""
    named = [each for each in sorted(hits, key=best_first) if each.symbol]
    by_name = {(each.place.file, each.symbol): each for each in reversed(named)}
    return sorted(by_name.values(), key=best_first)[:MAX_LINKED]


def _nearest(hits: Mapping[Candidate, Hit], snapshots: Sequence[Snapshot]) -> tuple[Snapshot, ...]:
    """Those with the best hits first, as many as are looked into."""
    best = dict.fromkeys((snapshot.repository for snapshot in snapshots), 0.0)
    for each in hits:
        best[each.place.repository] = max(best[each.place.repository], each.value)
    order = sorted(snapshots, key=lambda snapshot: (-best[snapshot.repository], snapshot.repository))
    return tuple(order[:MAX_REPOSITORIES])


def _candidates(hit: Candidate, answer: pb.TraverseGraphResponse, *, everywhere: bool) -> list[Candidate]:
    """Definitions at the other ends of the hit's links, in other repositories or `everywhere`."""
    found: list[Candidate] = []
    for edge in answer.edges:
        source, target = answer.nodes[edge.source], answer.nodes[edge.target]
        for own, other in ((source, target), (target, source)):
            if _is(own, hit) and other.symbol and (everywhere or other.repository != own.repository):
                out = own is source
                value = hit.value * edge.confidence * (USED if out else USES)
                origin = Origin.DEFINITION if out else Origin.USER
                found.append(candidate(_place(other), origin, value, other.symbol, _reason(hit, edge, other, out=out)))
    return found


def _is(node: pb.GraphNode, hit: Candidate) -> bool:
    place = _place(node)
    return place.file == hit.place.file and node.symbol == hit.symbol


def _place(node: pb.GraphNode) -> Place:
    return Place(node.repository.removeprefix(PREFIX), node.path, node.start_line, node.end_line)


def _reason(hit: Candidate, edge: pb.GraphEdge, other: pb.GraphNode, *, out: bool) -> str:
    place = _place(other)
    where = f" of {code(hit.place.repository)}" if place.repository != hit.place.repository else ""
    if out:
        return f"defines {code(other.symbol)}, which {code(hit.symbol)}{where} {_RELATIONS[edge.relation]}"
    return f"{_RELATIONS[edge.relation]} {code(hit.symbol)}{where}"

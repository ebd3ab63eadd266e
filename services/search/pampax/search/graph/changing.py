"""Files that change together: where a traversal along history begins, and what it says where there is no history."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pampax.graph.walking import Node, Relation
from pampax.search.graph.shelf import SnapshotShelf
from pampax.storage.snapshots import Snapshot


def with_files(nodes: Sequence[Node], relations: Collection[Relation]) -> list[Node]:
    """History knows files: beside other relations those of the nodes are there as well, and alone when it is alone."""
    if Relation.CHANGES_WITH not in relations:
        return list(nodes)
    files = dict.fromkeys(Node(node.path, repository=node.repository) for node in nodes)
    return list(files) if len(set(relations)) == 1 else list(dict.fromkeys([*nodes, *files]))


async def why_nothing(shelf: SnapshotShelf, snapshot: Snapshot, starts: Sequence[Node]) -> str:
    """Why nothing can change together there, in words; "" when something does."""
    where = f"{snapshot.repository} at {snapshot.ref}"
    history = await shelf.history()
    if history is None and not snapshot.commit:
        return f"{where} has no history to tell what changes together: its source is no git repository"
    if history is None:
        told = f"nothing is known of what changes together in {where}: it came without its history"
        return f"{told}; index it again with `pampax index`"
    if not history.commits:
        told = f"what {where} was indexed from holds no commits before {snapshot.commit[:12]}"
        return f"{told}: if its clone is shallow, fetch its history (git fetch --unshallow) and index it again"
    if not any(history.knows(node.path) for node in starts):
        return f"none of the last {len(history.commits):,} commits of {where} changed it together with a few others"
    if not any([await shelf.co_changes(node.path) for node in starts]):
        return f"no other file that {where} has changed in two commits together with it"
    return ""

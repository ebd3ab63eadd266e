"""Everything that the gateway can do, however it is asked: REST and gRPC call these and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from pampax.gateway.bundles import Bundles
from pampax.gateway.code_graph import CodeGraph
from pampax.gateway.contexts import Contexts
from pampax.gateway.health.report import HealthChecks
from pampax.gateway.operations import Operations
from pampax.gateway.repositories import Repositories
from pampax.gateway.retrieval import Retrieval
from pampax.gateway.uploads import Uploads


@dataclass(frozen=True, slots=True)
class UseCases:
    """Each acts for `current_caller()`, which whoever calls has set."""

    retrieval: Retrieval
    bundles: Bundles
    graph: CodeGraph
    repositories: Repositories
    contexts: Contexts
    uploads: Uploads
    operations: Operations
    health: HealthChecks

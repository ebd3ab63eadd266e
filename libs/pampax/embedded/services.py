"""What an embedded system is made of: the two servers, the migration and the services, as process specs."""

from __future__ import annotations

import signal
import sys

from pampax.embedded.environment import (
    Installation,
    indexing_environment,
    migration_environment,
    service_environment,
)
from pampax.embedded.spec import ProcessSpec, Ready

SUPERVISOR = "supervisor"  # the name of both of them in marks and logs
PORT_NAMES = (
    "gateway", "gateway_grpc", "search", "assembly", "indexing", "postgres", "valkey",
    "gateway_metrics", "search_metrics", "assembly_metrics", "indexing_metrics", "worker_metrics",
)  # fmt: skip
POSTGRES_STOP_TIMEOUT_S = 30.0  # its last checkpoint may have much to write
SERVER_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
TAKES_WORK, SERVES, CACHES, KEEPS = range(4)  # the order in which they are stopped


def server_specs(installation: Installation) -> tuple[ProcessSpec, ...]:
    postgres, valkey = installation.postgres, installation.valkey
    return (
        ProcessSpec(
            name="postgres",
            command=tuple(postgres.command()),
            ready=Ready.POSTGRES,
            probe=postgres.dsn(),
            address=installation.address("postgres"),
            env=SERVER_ENVIRONMENT,
            inherit_env=False,
            account=postgres.run_as,
            home=str(postgres.data),
            stop_signal=signal.SIGINT,
            abort_signal=signal.SIGQUIT,  # in the midst of crash recovery it takes SIGINT and then hangs
            stop_stage=KEEPS,
            stop_timeout_s=POSTGRES_STOP_TIMEOUT_S,
        ),
        ProcessSpec(
            name="valkey",
            command=tuple(valkey.command()),
            ready=Ready.VALKEY,
            probe=valkey.url(),
            address=installation.address("valkey"),
            env=SERVER_ENVIRONMENT,
            inherit_env=False,
            account=valkey.run_as,
            home=str(valkey.data),
            stop_stage=CACHES,
        ),
    )


def service_specs(installation: Installation) -> tuple[ProcessSpec, ...]:
    """The migration, and after it all services at once: each reaches the others when it needs them."""
    env = service_environment(installation)
    git_env = {**env, **indexing_environment(installation)}
    after = ("migrate", "valkey")
    return (
        ProcessSpec(
            name="migrate",
            command=_module("pampax.storage", "migrate"),
            ready=Ready.EXIT,
            env={**env, **migration_environment(installation)},
            depends_on=("postgres",),
            stop_stage=TAKES_WORK,
        ),
        *(
            ProcessSpec(
                name=name,
                command=_module(f"pampax.{name}"),
                ready=Ready.GRPC,
                probe=installation.address(name),
                address=installation.address(name),
                metrics=installation.metrics(name),
                env=git_env if name == "indexing" else env,
                depends_on=after,
                stop_stage=SERVES,
            )
            for name in ("search", "assembly", "indexing")
        ),
        ProcessSpec(
            name="worker",
            command=_module("pampax.indexing", "worker"),
            ready=Ready.BEAT,
            probe=str(installation.data_dir.beat_file),
            metrics=installation.metrics("worker"),
            env=git_env,
            depends_on=after,
            stop_stage=TAKES_WORK,
        ),
        ProcessSpec(
            name="gateway",
            command=_module("pampax.gateway"),
            ready=Ready.HTTP,
            probe=f"{installation.endpoint}/readyz",
            address=installation.address("gateway"),
            metrics=installation.metrics("gateway"),
            env=env,
            depends_on=after,
            stop_stage=TAKES_WORK,
        ),
    )


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    # -P: the folder that a process works in is no place to import from.
    return (sys.executable, "-P", "-m", name, *arguments)

"""`python -m pampax.indexing` serves gRPC; `worker` runs operations from the queue; `run OPERATION TENANT` runs one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn
from uuid import UUID

# Before grpc is loaded: this process forks only to run another program, and grpc would warn each time.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from pampax.core.errors import ConfigError, Internal, PampaxError
from pampax.runtime.configuration.flags import Flags, read_flags
from pampax.runtime.configuration.load import load
from pampax.runtime.logging import get_logger
from pampax.runtime.process import begin_logging, main
from pampax.runtime.settings import Settings
from pampax.runtime.telemetry.children import share_metrics

PROGRAM = "python -m pampax.indexing"
WORDS = "[worker | run OPERATION_ID TENANT_ID]"
USAGE = f"usage: {PROGRAM} {WORDS}; --help shows its flags"


def _work(arguments: Sequence[str]) -> Callable[[Settings], None]:
    """What the command line asks for; ConfigError when it asks for something else. Workers run without a loop."""
    match arguments:
        case ["worker"]:
            return _run_worker
        case ["run", operation, tenant]:
            try:
                operation_id, tenant_id = UUID(operation), UUID(tenant)
            except ValueError as error:
                raise ConfigError(f"{USAGE}; both ids are UUIDs") from error
            return lambda settings: _run_operation(settings, operation_id, tenant_id)
    raise ConfigError(USAGE)


# What is imported only when it is run: the server needs neither parsers nor the model, and metrics are shared between
# processes, or not, from the first import on that defines one.


def _run_worker(settings: Settings) -> None:
    shown = settings.telemetry.metrics and settings.indexing.worker_metrics_address
    metrics = share_metrics() if shown else None
    from pampax.indexing import worker

    worker.run_worker(settings, metrics)


def _run_operation(settings: Settings, operation_id: UUID, tenant_id: UUID) -> None:
    from pampax.indexing import worker

    worker.run_operation(settings, operation_id, tenant_id)


def _serve() -> NoReturn:
    from pampax.indexing import app

    main(app.COMPONENT, app.run)


def _run(flags: Flags) -> int:
    try:
        work = _work(flags.words)
        loaded = load(flags)
        begin_logging("indexing-worker", loaded)
        work(loaded.settings)
    except PampaxError as error:
        for line in error.message.splitlines():
            sys.stderr.write(f"pampax indexing: {line}\n")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the process ends here; exit code 1 is never used
        get_logger().error("the process failed", op="main", exc_info=error)
        return Internal.exit_code
    return 0


if __name__ == "__main__":
    given = read_flags(sys.argv[1:], PROGRAM, usage=WORDS)
    if given.words:
        sys.exit(_run(given))
    _serve()

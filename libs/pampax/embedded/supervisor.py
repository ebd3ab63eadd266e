"""The process that supervises one data directory; two of them run, and the one that holds the lock leads.

`python -m pampax.embedded.supervisor --detach|--standby DATA_DIR`. The standby waits for the lock, which the system
frees the moment the leader dies. It then starts the next standby before anything else, imports what leading needs and
adopts the processes that still run; until then it costs a bare interpreter.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sys
import time
from pathlib import Path

from pampax.embedded.layout import DataDir
from pampax.embedded.standby import start_standby

CRASH_PAUSE_S = 1.0  # a leader that fails at once must not make the two supervisors replace one another in a spin


def main(arguments: list[str]) -> int:
    role, root = arguments
    data_dir = DataDir(Path(root))
    if role == "--detach" and os.fork() > 0:
        return 0  # the command that started us has no child left to reap
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {os.getpid()} %(message)s", stream=sys.stderr)
    lock = os.open(data_dir.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # without a deadline on purpose: a standby waits for as long as its leader lives
    if not _has_work(data_dir):
        return 0
    standby = start_standby(data_dir)
    from pampax.embedded.lead import lead  # here, after the wait: see above

    try:
        lead(data_dir, lock, standby, takes_over=role == "--standby")
    except Exception:
        logging.exception("the supervisor failed; its standby takes over")
        time.sleep(CRASH_PAUSE_S)
        return 1
    return 0


def _has_work(data_dir: DataDir) -> bool:
    """Not when the system was stopped, or its folder taken away, while we waited."""
    try:
        state = json.loads(data_dir.state_file.read_text("utf-8"))["state"]
    except (OSError, ValueError, KeyError):
        return data_dir.plan_file.exists()
    return bool(state != "stopped")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

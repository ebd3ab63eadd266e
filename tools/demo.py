"""The main job end to end on this repository: start, index, search, assemble. `make demo` runs it.

The system it starts keeps running, so that the commands it ends with can be typed. Its data lies apart from any other
PAMPAX on the machine: in .demo, or for root below /var/lib.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAMPAX = Path(sys.executable).parent / "pampax"
QUESTION = "where is a stale page token refused"
TASK = "make a search fail when the index is older than the caller allows"


def data_dir() -> Path:
    """Root's servers run as another user, who must be able to reach their files: not below a private home."""
    given = os.environ.get("PAMPAX_DATA_DIR")
    if given:
        return Path(given)
    clone = hashlib.sha256(bytes(ROOT)).hexdigest()[:8]  # each clone has a demo of its own
    return Path(f"/var/lib/pampax-demo-{clone}") if os.geteuid() == 0 else ROOT / ".demo"


def main() -> None:
    started = time.monotonic()
    where = data_dir()
    environment = {**os.environ, "PAMPAX_DATA_DIR": str(where)}
    for arguments in (
        ["up", "--detach"],
        # This file holds the questions word for word, and would be the answer to each.
        ["index", str(ROOT), "--name", "pampax", "--exclude", "/tools/demo.py"],
        ["search", QUESTION, "-r", "pampax", "-k", "3"],
        ["assemble", TASK, "-r", "pampax", "-b", "1500"],
    ):
        print(f"\n$ pampax {' '.join(repr(word) if ' ' in word else word for word in arguments)}", flush=True)
        finished = subprocess.run([str(PAMPAX), *arguments], env=environment, check=False)
        if finished.returncode:
            sys.exit(finished.returncode)
    print(f"\nDone in {time.monotonic() - started:.0f} s. The system keeps running; try next:\n")
    print(f"  export PAMPAX_DATA_DIR={where} PATH={PAMPAX.parent}:$PATH")
    for line in (
        "pampax search 'how are tenants kept apart' --explain",
        "pampax index FOLDER_OR_GIT_URL",
        "pampax assemble 'add retries to the git mirror' -b 4000",
        "pampax health",
        "pampax down",
    ):
        print(f"  {line}")


if __name__ == "__main__":
    main()

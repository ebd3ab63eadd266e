"""Fetch packages by the clients of their ecosystems: pip, npm, go, cargo, mvn and apt-get, as they are set up here.

What is already in the folder is not fetched again. A package that its client refuses is left out by `sources`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from packages import Package

TIMEOUT_SECONDS = 1_800  # of one call of a client
BATCH = 20  # packages a call; a refused one makes the batch be asked for one by one
PYTHON = "3.12"  # whose wheels are taken, whatever runs this


def fetch(packages: Sequence[Package], folder: Path) -> None:
    """Bring what is missing to `folder`/ecosystem/."""
    for ecosystem, client in CLIENTS.items():
        there = folder / ecosystem
        there.mkdir(parents=True, exist_ok=True)
        missing = [each for each in packages if each.ecosystem == ecosystem and not sources(each, folder)]
        if missing:
            client(missing, there)


def sources(package: Package, folder: Path) -> list[Path]:
    """The archives or folders that hold a fetched package's code; none if it is not there."""
    there = folder / package.ecosystem
    match package.ecosystem:
        case "pypi":
            return [each for each in there.glob("*.whl") if _wheel(each) == (_plain(package.name), package.version)]
        case "npm":
            return sorted(there.glob(f"{package.name.lstrip('@').replace('/', '-')}-{package.version}.tgz"))
        case "go":
            return sorted(there.glob(f"{package.key}.zip"))
        case "crates":
            return sorted(each for each in _crate_folders(package, there) if each.is_dir())
        case "maven":
            return sorted(there.glob(f"{package.name.split(':')[1]}-{package.version}-sources.jar"))
        case _:
            return sorted(each for each in (there / package.key).glob("*.tar.*") if _is_upstream(each.name))


def _wheel(path: Path) -> tuple[str, str]:
    name, version = path.name.split("-")[:2]
    return _plain(name), version


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _crate_folders(package: Package, there: Path) -> list[Path]:
    """Cargo names a folder by the crate, and by its version too where there are several."""
    folders = [there / f"vendor/{package.name}-{package.version}", there / f"vendor/{package.name}"]
    return [each for each in folders if (each / "Cargo.toml").is_file()][:1]


def _is_upstream(name: str) -> bool:
    return ".debian.tar." not in name and not name.endswith(".asc")


def _pip(packages: Sequence[Package], folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", PYTHON, "--dest", str(folder)]
    _in_batches(command, [f"{each.name}=={each.version}" for each in packages], folder)


def _npm(packages: Sequence[Package], folder: Path) -> None:
    command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    _in_batches(command, [f"{each.name}@{each.version}" for each in packages], folder)


def _go(packages: Sequence[Package], folder: Path) -> None:
    cache = folder / "cache"
    environment = {"GOMODCACHE": str(cache), "GOFLAGS": "-modcacherw"}
    for each in packages:
        answer = _run(["go", "mod", "download", "-json", f"{each.name}@{each.version}"], folder, environment)
        if answer:
            shutil.move(json.loads(answer)["Zip"], folder / f"{each.key}.zip")
    shutil.rmtree(cache, ignore_errors=True)


def _cargo(packages: Sequence[Package], folder: Path) -> None:
    """One crate that depends on all: cargo vendors them and what they need; only the listed ones are read."""
    wanted = [
        f'"c{number}" = {{ package = "{each.name}", version = "={each.version}" }}'
        for number, each in enumerate(packages)
    ]
    lines = ["[package]", 'name = "corpus"', 'version = "0.0.0"', 'edition = "2021"', "[dependencies]", *wanted]
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src/lib.rs").touch()
    (folder / "Cargo.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _run(["cargo", "vendor", "--quiet", "vendor"], folder)


def _mvn(packages: Sequence[Package], folder: Path) -> None:
    """One project that depends on all, or one for each if that is refused; poms, which tell licences, come along."""
    if not _mvn_project(packages, folder) and len(packages) > 1:
        for each in packages:
            _mvn_project([each], folder)


def _mvn_project(packages: Sequence[Package], folder: Path) -> bool:
    wanted = "".join(_dependency(each) for each in packages)
    head = "<modelVersion>4.0.0</modelVersion><groupId>corpus</groupId><artifactId>corpus</artifactId>"
    project = f"<project>{head}<version>0</version><dependencies>{wanted}</dependencies></project>"
    (folder / "pom.xml").write_text(project, encoding="utf-8")
    command = ["mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies", "-Dclassifier=sources"]
    command += [f"-DoutputDirectory={folder}", f"-Dmaven.repo.local={maven_repository(folder)}"]
    return _run([*command, "-Dmdep.failOnMissingClassifierArtifact=false"], folder) is not None


def maven_repository(folder: Path) -> Path:
    """Where mvn keeps the poms, of parents too: group/artifact/version/artifact-version.pom."""
    return folder / "repository"


def _dependency(package: Package) -> str:
    """Without what it needs itself."""
    group, _, artifact = package.name.partition(":")
    names = f"<groupId>{escape(group)}</groupId><artifactId>{escape(artifact)}</artifactId>"
    nothing_else = "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"
    return f"<dependency>{names}<version>{escape(package.version)}</version>{nothing_else}</dependency>"


def _apt(packages: Sequence[Package], folder: Path) -> None:
    """Needs source packages (deb-src) in apt's list of sources, and `apt-get update`."""
    for each in packages:
        there = folder / each.key
        there.mkdir(exist_ok=True)
        _run(["apt-get", "source", "--quiet=2", "--download-only", f"{each.name}={each.version}"], there)


CLIENTS: Mapping[str, Callable[[Sequence[Package], Path], None]] = {
    "pypi": _pip,
    "npm": _npm,
    "go": _go,
    "crates": _cargo,
    "maven": _mvn,
    "debian": _apt,
}


def _in_batches(command: Sequence[str], names: Sequence[str], folder: Path) -> None:
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        if _run([*command, *batch], folder) is None:
            for name in batch:
                _run([*command, name], folder)


def _run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> str | None:
    """What the client printed; None, after telling why, if it refused."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    if done.returncode == 0:
        return done.stdout
    told = (done.stderr or done.stdout).strip().splitlines()
    print(*command[:3], "refused", command[-1], "-", told[-1] if told else "without a word", file=sys.stderr)
    return None

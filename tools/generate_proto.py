"""Writes libs/pampax/v1 from proto/pampax/v1; with --check, tells whether what is there is up to date.

python tools/generate_proto.py [--check]
"""

from __future__ import annotations

import filecmp
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "proto/pampax/v1").glob("*.proto"))
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
BASELINE = ROOT / "proto/baseline.binpb"
BUF = Path(sys.executable).parent / "buf"
PACKAGE_DOC = '"""Generated from proto/pampax/v1 by `make proto`; never edited."""\n'


def generate(out: Path) -> None:
    arguments = ["protoc", f"-I{ROOT / 'proto'}", f"-I{ROOT / 'third_party/proto'}", f"-I{WELL_KNOWN}"]
    arguments += [f"--{kind}_out={out}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    if protoc.main([*arguments, *(str(source) for source in SOURCES)]) != 0:
        raise SystemExit("protoc failed: see the lines above")
    (out / "pampax/v1/__init__.py").write_text(PACKAGE_DOC)
    for source in SOURCES:
        if "\nservice " not in source.read_text():  # grpc_tools writes an empty module for a file without services
            for stub in out.glob(f"pampax/v1/{source.stem}_pb2_grpc.py*"):
                stub.unlink()


def refuse_breaking() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        present = Path(scratch) / BASELINE.name
        write_baseline(present)
        if BASELINE.exists() and buf("breaking", str(present), "--against", str(BASELINE)) != 0:
            raise SystemExit("these changes break the contract: keep pampax.v1 as it is and put a v2 beside it")


def buf(*arguments: str) -> int:
    return subprocess.run([str(BUF), *arguments], cwd=ROOT, check=False).returncode


def write_baseline(target: Path) -> None:
    if buf("build", "--exclude-source-info", "-o", str(target)) != 0:
        raise SystemExit("the contract does not build: see the lines above")


def main() -> None:
    refuse_breaking()
    if "--check" not in sys.argv:
        generate(ROOT / "libs")
        write_baseline(BASELINE)
        return
    checked_in = ROOT / "libs/pampax/v1"
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        write_baseline(Path(scratch) / BASELINE.name)
        if not filecmp.cmp(Path(scratch) / BASELINE.name, BASELINE, shallow=False):
            raise SystemExit("proto/baseline.binpb is stale: run `make proto`")
        fresh = Path(scratch) / "pampax/v1"
        names = sorted({p.name for folder in (fresh, checked_in) for p in folder.glob("*.py*")})
        _, differing, missing = filecmp.cmpfiles(fresh, checked_in, names, shallow=False)
    if differing or missing:
        raise SystemExit(f"generated code is stale ({', '.join([*differing, *missing])}): run `make proto`")


if __name__ == "__main__":
    main()

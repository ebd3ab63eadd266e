"""Folders for tests."""

import subprocess
from pathlib import Path


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    """Makes or changes the files of a folder."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def module(number: int, *, functions: int = 3) -> str:
    """A Python module that no other number gives."""
    each = (f"\n\ndef task_{number}_{n}(value):\n    return value * {number} + {n}\n" for n in range(functions))
    return "".join((f'"""Module {number}."""\n', *each))


def modules(count: int, *, functions: int = 3) -> dict[str, str | bytes]:
    return {f"pkg{number % 7}/mod_{number}.py": module(number, functions=functions) for number in range(count)}


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()

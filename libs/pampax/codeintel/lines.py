"""The lines of a file as everybody counts them: who parses it, who shows it and who quotes it."""

from __future__ import annotations


def text_lines(content: bytes) -> list[str]:
    """The lines that chunks and symbols count, without their newlines."""
    lines = content.decode("utf-8-sig", "replace").split("\n")
    return lines if lines[-1] else lines[:-1]

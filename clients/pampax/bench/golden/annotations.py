"""Annotations of other repositories: a JSON file for each, beside the folders with their sources.

A file NAME.json is a list of {"query", "category", "relevant", "secondary"}; a target is a path, or an object with
"path", "start_line" and "end_line". Relevant and secondary count the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pampax.bench.golden.model import Annotated, Query, Target
from pampax.codeintel.languages import language_of
from pampax.core.errors import ConfigError


def annotated_repositories(annotations: Path, sources: Path) -> Iterator[Annotated]:
    """Ordered by name. ConfigError when there is nothing, a folder is missing, or a file is not of that form."""
    found = sorted(annotations.glob("*.json"))
    if not found:
        raise ConfigError(f"{annotations} holds no NAME.json with questions")
    for file in found:
        folder = sources / file.stem
        if not folder.is_dir():
            raise ConfigError(f"{folder} is not there: --sources names the folder with the sources of each NAME.json")
        try:
            queries = tuple(map(_query, json.loads(file.read_text("utf-8"))))
            if not queries:
                raise ValueError("it is empty")
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise ConfigError(f"{file} is no list of questions: {error!r}") from error
        yield Annotated(file.stem, folder, queries)


def _query(row: Mapping[str, Any]) -> Query:
    targets = tuple(_target(each) for each in (*row["relevant"], *row.get("secondary", ())))
    if not targets:
        raise ValueError(f"{row['query']!r} has no target")
    return Query(row["query"], language_of(targets[0].path), row["category"], targets)


def _target(row: str | Mapping[str, Any]) -> Target:
    if isinstance(row, str):
        return Target(row)
    lines = (row["start_line"], row["end_line"]) if "start_line" in row else None
    return Target(row["path"], lines)

"""Which files a bundle may show: those of the request's languages and path patterns. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pampax.assembly.markup import code
from pampax.assembly.request import BundleRequest
from pampax.core.globs import compile_glob


@dataclass(frozen=True, slots=True)
class Inside:
    """Nothing given lets everything through. What the request names as a seed is shown wherever it lies."""

    languages: frozenset[str] = frozenset()
    matching: tuple[Callable[[str], bool], ...] = ()

    def allows(self, path: str, language: str) -> bool:
        if self.languages and language not in self.languages:
            return False
        return not self.matching or any(matches(path) for matches in self.matching)


def inside_of(request: BundleRequest) -> Inside:
    """`request` is normalised, so that every pattern can be read."""
    return Inside(frozenset(request.languages), tuple(compile_glob(glob) for glob in request.path_globs))


def narrowed_to(request: BundleRequest) -> str:
    """What a reader should know of it, in a sentence; empty when everything is let through."""
    parts = [
        f"files in {', '.join(request.languages)}" if request.languages else "",
        f"paths like {' or '.join(map(code, request.path_globs))}" if request.path_globs else "",
        f"matches that are a {' or '.join(request.kinds)}" if request.kinds else "",
    ]
    said = "; ".join(filter(None, parts))
    return f"Narrowed to {said}." if said else ""

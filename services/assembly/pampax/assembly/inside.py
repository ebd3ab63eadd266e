"""Which files a bundle may show: by languages, path patterns and what kind of file a path says. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pampax.assembly.markup import code
from pampax.assembly.request import BundleRequest
from pampax.codeintel.path_kinds import is_config, is_docs, is_test
from pampax.core.globs import compile_glob

# Which option speaks of which files.
KINDS_OF_FILES: Final[dict[str, Callable[[str], bool]]] = {"tests": is_test, "docs": is_docs, "config": is_config}


@dataclass(frozen=True, slots=True)
class Inside:
    """Nothing given lets everything through. What the request names itself is shown wherever it lies."""

    languages: frozenset[str] = frozenset()
    matching: tuple[Callable[[str], bool], ...] = ()
    hiding: tuple[Callable[[str], bool], ...] = ()

    def allows(self, path: str, language: str) -> bool:
        if self.languages and language not in self.languages:
            return False
        if self.hides(path):
            return False
        return not self.matching or any(matches(path) for matches in self.matching)

    def hides(self, path: str) -> bool:
        """Whether the request leaves it out expressly, which search knows nothing of."""
        return any(matches(path) for matches in self.hiding)


def inside_of(request: BundleRequest) -> Inside:
    """`request` is normalised, so that every pattern can be read."""
    return Inside(
        frozenset(request.languages),
        tuple(compile_glob(glob) for glob in request.path_globs),
        tuple(compile_glob(glob) for glob in request.exclude_globs)
        + tuple(KINDS_OF_FILES[name] for name in kinds_of_files(request, "without")),
    )


def kinds_of_files(request: BundleRequest, wanted: str) -> tuple[str, ...]:
    """Of tests, docs and config those for which the request says `wanted`."""
    return tuple(name for name in KINDS_OF_FILES if getattr(request, name) == wanted)


def narrowed_to(request: BundleRequest) -> str:
    """What a reader should know of it, in a sentence; empty when everything is let through."""
    without = kinds_of_files(request, "without")
    parts = [
        f"files in {', '.join(request.languages)}" if request.languages else "",
        f"paths like {' or '.join(map(code, request.path_globs))}" if request.path_globs else "",
        f"paths not like {' or '.join(map(code, request.exclude_globs))}" if request.exclude_globs else "",
        f"no {' and no '.join(without)}" if without else "",
        f"matches that are a {' or '.join(request.kinds)}" if request.kinds else "",
    ]
    said = "; ".join(filter(None, parts))
    return f"Narrowed to {said}." if said else ""

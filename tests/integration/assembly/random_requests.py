"""Requests for bundles as nobody would write them: every option at random over the files of a repository."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pampax.codeintel.lines import text_lines
from pampax.codeintel.tokens import KNOWN_COUNTERS
from pampax.core.choices import KINDS, LAYOUTS, POLICIES, WANTED
from pampax.v1 import assembly_service_pb2 as pb

_GLOBS = ("tests/**", "*.md", "**/*.json", "docs/", "*.py", "src/**", "lib*", "**/conftest.py", "*.toml", "nothing/**")
_WORDS = ("add", "fix", "how", "is", "retry", "cache", "the", "order", "parse", "test", "of", "configuration", "where")
_WORD = re.compile(r"[A-Za-z_]{4,24}")


@dataclass(frozen=True)
class Text:
    """A file that requests name."""

    path: str
    lines: Sequence[str]


class Requests:
    """The same ones for the same seed and files. `texts` are at the repository's paths."""

    def __init__(self, seed: int, texts: Sequence[Text]) -> None:
        self._random = random.Random(seed)
        self._texts = texts
        self._languages = ("python", "markdown", "go", "yaml")

    def next(self) -> pb.AssembleBundleRequest:
        draw = self._random
        depth = draw.choice((None, 0, 1, 2, 3))
        request = pb.AssembleBundleRequest(
            task=self._task(),
            token_budget=draw.choice(
                (256, draw.randint(256, 900), draw.randint(256, 12_000), draw.randint(1_000, 60_000))
            ),
            tokenizer=draw.choice(KNOWN_COUNTERS),
            format=draw.choice(("", *LAYOUTS)),
            policy=draw.choice(("", *POLICIES)),
            tests=draw.choice(WANTED),
            docs=draw.choice(WANTED),
            config=draw.choice(WANTED),
            seed_paths=[text.path for text in self._some(0.25, 3)],
            must_include=[self._place(text) for text in self._some(0.4, 3)],
            exclude_globs=draw.sample(_GLOBS, draw.choice((0, 0, 1, 2))),
            path_globs=draw.sample(_GLOBS, 1) if draw.random() < 0.1 else (),
            kinds=draw.sample(KINDS, 2) if draw.random() < 0.1 else (),
            languages=draw.sample(self._languages, 1) if draw.random() < 0.1 else (),
        )
        if depth is not None:
            request.depth = depth
        return request

    def _task(self) -> str:
        draw = self._random
        if draw.random() < 0.05:
            return draw.choice(("💥" * 200, "```\n# Left out\n", "x" * 8_000, "\u202e<script>", "-"))
        text = draw.choice(self._texts)
        own = _WORD.findall(draw.choice(text.lines or [""])) or [text.path]
        return " ".join(draw.sample(_WORDS, 3) + own[:3])

    def _some(self, share: float, most: int) -> list[Text]:
        draw = self._random
        return draw.sample(self._texts, draw.randint(1, most)) if draw.random() < share else []

    def _place(self, text: Text) -> str:
        draw = self._random
        last = max(len(text.lines), 1)
        if draw.random() < 0.2:
            return text.path
        start = draw.randint(1, last)
        return f"{text.path}:{start}-{min(start + draw.choice((0, 3, 30, 300)), last + 5)}"


def texts_of(folder: Path, paths: Sequence[str]) -> list[Text]:
    return [Text(path, text_lines((folder / path).read_bytes())) for path in paths]

"""`.pampaxignore`: what a project keeps out of the index, in gitignore syntax, at any level, tracked by git or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pampax.sources.candidate import Candidate
from pampax.sources.patterns import FolderRules, ignore_rules, ignored_by

IGNORE_FILE = b".pampaxignore"
IGNORED = "ignored"
# A file above this is no list of patterns.
IGNORE_FILE_BYTES = 64 * 1024
# Along one path, outermost first. Whoever can push to a repository writes these, and each is tried on each path below.
_MOST_RULES = 2_000


class OwnRules:
    """What the ignore files of one tree leave out. A file below an ignored folder cannot be brought back, as in git.

    `read` gives the content of a folder's ignore file (b"" is the root), None where there is none; it is asked once for
    each folder.
    """

    def __init__(self, read: Callable[[bytes], bytes | None]) -> None:
        self._read = read
        # What holds inside a folder; None inside one that is ignored.
        self._levels: dict[bytes, tuple[FolderRules, ...] | None] = {b"": self._own(b"", ())}

    def ignores(self, path: bytes, *, is_folder: bool = False) -> bool:
        """Whether the entry, or a folder that holds it, is left out."""
        rules = self._inside(path.rpartition(b"/")[0])
        return rules is None or (bool(rules) and ignored_by(path, rules, is_folder=is_folder))

    def told(self, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        """The candidates, with the reason of those that are left out."""
        for candidate in candidates:
            yield Candidate(candidate.path, IGNORED) if self.ignores(candidate.path) else candidate

    def _inside(self, folder: bytes) -> tuple[FolderRules, ...] | None:
        """Not recursive: paths may have thousands of parts."""
        unknown = []
        while folder not in self._levels:
            unknown.append(folder)
            folder = folder.rpartition(b"/")[0]
        rules = self._levels[folder]
        for below in reversed(unknown):
            if rules is not None:
                rules = None if ignored_by(below, rules, is_folder=True) else self._own(below, rules)
            self._levels[below] = rules
        return rules

    def _own(self, folder: bytes, above: tuple[FolderRules, ...]) -> tuple[FolderRules, ...]:
        content = self._read(folder)
        room = _MOST_RULES - sum(len(rules.rules) for _, rules in above)
        if content is None or room <= 0:
            return above
        return (*above, (folder, ignore_rules(content, most=room)))

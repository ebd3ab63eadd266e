"""pampax://codemap: folders, their main files and what these define, in few tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pampax.client.browsing import FileOutline, Outline
from pampax.core.errors import FailedPrecondition, PampaxError
from pampax.mcp import words
from pampax.mcp.resources.resource import Resource
from pampax.mcp.services import Services

MOST_TOKENS = 4_000
# Of the map of all: a repository whose share were smaller than that is named in the overview only.
_LEAST_SHARE = 250
_FILES = 400
# Main files and symbols of each: from the map that says all to the one that takes next to nothing.
_DETAIL = (
    (400, 8), (400, 5), (330, 5), (270, 4), (220, 4), (180, 4), (150, 3), (125, 3), (105, 3), (90, 3), (75, 3),
    (60, 3), (50, 2), (40, 2), (30, 2), (22, 2), (16, 1), (12, 1), (8, 1), (8, 0),
)  # fmt: skip


async def codemap(services: Services, _repo: str) -> str:
    """Of every readable repository, as far as their shares go."""
    published = [each.name for each in await services.repositories() if each.refs]
    if not published:
        return "# Code map\n\nNothing is indexed yet: the tool index_project adds a repository.\n"
    shown = published[: MOST_TOKENS // _LEAST_SHARE]
    tail = f"and {len(published) - len(shown)} more: pampax://codemap/{{repo}} maps one\n" if shown != published else ""
    share = (MOST_TOKENS - words.tokens(tail)) // len(shown)
    return "\n".join([await _map_or_reason(services, name, share) for name in shown]) + tail


async def codemap_of(services: Services, repo: str) -> str:
    return _map(await services.outline(repo, ref="", files=_FILES), MOST_TOKENS)


RESOURCE = Resource(
    uri="pampax://codemap",
    name="codemap",
    title="Code map",
    description=f"Folders, main files and their symbols of every repository, in at most {MOST_TOKENS:,} tokens.",
    read=codemap,
)
OF_ONE = Resource(
    uri="pampax://codemap/{repo}",
    name="codemap_of_repository",
    title="Code map of a repository",
    description=f"Folders, main files and their symbols of one repository, in at most {MOST_TOKENS:,} tokens.",
    read=codemap_of,
)


async def _map_or_reason(services: Services, name: str, budget: int) -> str:
    """One repository that cannot be mapped now does not keep the others from it."""
    try:
        outline = await services.outline(name, ref="", files=_FILES)
    except FailedPrecondition:
        return f"# {name}: not indexed yet"
    except PampaxError as error:
        return f"# {name}: {words.one_line(error.message)}"
    # The line break between two maps is a token as well.
    return _map(outline, budget - 2)


def _map(outline: Outline, budget: int) -> str:
    files = _by_importance(outline)
    return words.first_that_fits(budget, _written(outline, files))


def _written(outline: Outline, files: Sequence[FileOutline]) -> Iterator[str]:
    for most_files, most_symbols in _DETAIL:
        yield _text(outline, files[:most_files], most_symbols)
    yield _heading(outline) + "\n"


def _by_importance(outline: Outline) -> list[FileOutline]:
    """What defines the most in each folder first, then the second of each: a cut leaves something of every folder."""
    places: dict[str, int] = {}
    ranked = []
    for file in sorted(outline.main_files, key=lambda each: (-len(each.symbols), each.path)):
        folder = _folder(file.path)
        places[folder] = places.get(folder, -1) + 1
        ranked.append((places[folder], -len(file.symbols), file.path, file))
    return [file for *_, file in sorted(ranked, key=lambda each: each[:3])]


def _text(outline: Outline, files: Sequence[FileOutline], most_symbols: int) -> str:
    shown: dict[str, list[FileOutline]] = {}
    for file in sorted(files, key=lambda each: each.path):
        shown.setdefault(_folder(file.path), []).append(file)
    counts = {each.path: each.files for each in outline.folders}
    lines = [_heading(outline)]
    for folder in sorted(shown):
        more = counts.get(folder, 0) - len(shown[folder])
        lines.append(f"{folder or '.'}/" + (f" (+{more} more)" if more > 0 else ""))
        lines += [_file_line(file, most_symbols) for file in shown[folder]]
    hidden = len(counts.keys() - shown.keys())
    if hidden:
        lines.append(f"and {words.counted(hidden, 'more folder')}")
    return "\n".join(lines) + "\n"


def _file_line(file: FileOutline, most_symbols: int) -> str:
    names = [words.one_line(each.name, 60) for each in file.symbols[:most_symbols]]
    return f"  {words.one_line(file.path.rpartition('/')[2], 80)}" + (f": {', '.join(names)}" if names else "")


def _heading(outline: Outline) -> str:
    languages = ", ".join(f"{each.language} {each.files}" for each in outline.languages[:5])
    snapshot = outline.snapshot
    commit = f" {snapshot.commit[:10]}" if snapshot.commit else ""
    return f"# {snapshot.repo}@{snapshot.ref}{commit}: {words.counted(outline.files, 'file')} ({languages})"


def _folder(path: str) -> str:
    return path.rpartition("/")[0]

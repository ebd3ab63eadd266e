"""A request for a bundle as the service understands it, with its bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pampax.codeintel.languages import LANGUAGES
from pampax.codeintel.tokens import counter
from pampax.core.choices import KINDS, LAYOUTS, POLICIES, WANTED
from pampax.core.errors import InvalidRequest
from pampax.core.globs import compile_glob
from pampax.core.places import NamedPlace, read_place

MAX_TASK_BYTES = 8_192
MIN_BUDGET, MAX_BUDGET, DEFAULT_BUDGET = 256, 200_000, 8_000  # tokens
DEFAULT_TOKENIZER = "o200k_base"
MAX_SEED_PATHS = 20
MAX_REPOSITORIES = 50
MAX_LANGUAGES = 32
MAX_GLOBS = 16
MAX_MUST_INCLUDE = 20
DEPTHS = (0, 3)
DEFAULT_DEPTH = 1


@dataclass(frozen=True, slots=True)
class BundleRequest:
    """`repositories` are names without prefix; None means every readable one. `token_budget` bounds the markdown.

    `languages`, `path_globs` and `exclude_globs` are of the files that may be shown, `kinds` of the chunks that are
    looked for. `tests`, `docs` and `config` are auto, with or without. `depth` is how far around the hits it looks.
    """

    task: str
    repositories: tuple[str, ...] | None = None
    ref: str | None = None
    token_budget: int = DEFAULT_BUDGET
    tokenizer: str = DEFAULT_TOKENIZER
    seed_paths: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    path_globs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    must_include: tuple[str, ...] = ()
    exclude_globs: tuple[str, ...] = ()
    tests: str = WANTED[0]
    docs: str = WANTED[0]
    config: str = WANTED[0]
    depth: int = DEFAULT_DEPTH
    policy: str = POLICIES[0]
    format: str = LAYOUTS[0]

    @property
    def leaves_out(self) -> bool:
        """Whether files are hidden that search, which knows only of what may be shown, would find."""
        return bool(self.exclude_globs) or "without" in (self.tests, self.docs, self.config)

    @property
    def must_places(self) -> tuple[NamedPlace, ...]:
        """Of a normalised request."""
        return tuple(read_place(text) for text in self.must_include)


def normalised(request: BundleRequest) -> BundleRequest:
    """The one form of all requests that mean the same, or InvalidRequest that names every wrong field."""
    known = replace(
        request,
        task=request.task.strip(),
        repositories=tuple(sorted(set(request.repositories))) if request.repositories else None,
        tokenizer=request.tokenizer or DEFAULT_TOKENIZER,
        token_budget=request.token_budget or DEFAULT_BUDGET,
        seed_paths=tuple(sorted({_relative(path) for path in request.seed_paths})),
        languages=tuple(sorted({language.lower() for language in request.languages})),
        path_globs=tuple(sorted(set(request.path_globs))),
        kinds=tuple(sorted(set(request.kinds))),
        must_include=tuple(sorted({_relative(text) for text in request.must_include})),
        exclude_globs=tuple(sorted(set(request.exclude_globs))),
        tests=request.tests or WANTED[0],
        docs=request.docs or WANTED[0],
        config=request.config or WANTED[0],
        policy=request.policy or POLICIES[0],
        format=request.format or LAYOUTS[0],
    )
    wrong = _mistakes(known)
    if wrong:
        raise InvalidRequest("; ".join(f"{name} {what}" for name, what in wrong.items()), fields=wrong)
    counter(known.tokenizer)
    return known


def _mistakes(request: BundleRequest) -> dict[str, str]:
    wrong: dict[str, str] = {}
    size = len(request.task.encode())
    if not size:
        wrong["task"] = "must not be empty; say in plain words what is to be done"
    elif size > MAX_TASK_BYTES:
        wrong["task"] = f"must have at most {MAX_TASK_BYTES} bytes, has {size}"
    if not MIN_BUDGET <= request.token_budget <= MAX_BUDGET:
        wrong["token_budget"] = f"must be between {MIN_BUDGET} and {MAX_BUDGET}, got {request.token_budget}"
    if len(request.seed_paths) > MAX_SEED_PATHS:
        wrong["seed_paths"] = f"at most {MAX_SEED_PATHS} can be given, got {len(request.seed_paths)}"
    elif "" in request.seed_paths:
        wrong["seed_paths"] = "must not be empty; give the path of a file, as in src/app.py"
    if len(request.repositories or ()) > MAX_REPOSITORIES:
        wrong["repositories"] = f"at most {MAX_REPOSITORIES} can be named, got {len(request.repositories or ())}"
    return wrong | _wrong_filters(request) | _wrong_options(request)


def _wrong_filters(request: BundleRequest) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for name, given, known in (("languages", request.languages, LANGUAGES), ("kinds", request.kinds, KINDS)):
        unknown = sorted(set(given) - set(known))
        if unknown:
            wrong[name] = f"{unknown[0][:64]!r} is not known; see `pampax assemble --help`"
    if len(request.languages) > MAX_LANGUAGES:
        wrong["languages"] = f"at most {MAX_LANGUAGES} can be named, got {len(request.languages)}"
    for name, globs in (("path_globs", request.path_globs), ("exclude_globs", request.exclude_globs)):
        if len(globs) > MAX_GLOBS:
            wrong[name] = f"at most {MAX_GLOBS} can be given, got {len(globs)}"
        for index, glob in enumerate(globs[:MAX_GLOBS]):
            try:
                compile_glob(glob, f"{name}[{index}]")
            except InvalidRequest as error:
                wrong |= error.fields
    return wrong


def _wrong_options(request: BundleRequest) -> dict[str, str]:
    wrong: dict[str, str] = {}
    chosen: dict[str, tuple[str, tuple[str, ...]]] = {
        name: (getattr(request, name), WANTED) for name in ("tests", "docs", "config")
    }
    chosen |= {"policy": (request.policy, POLICIES), "format": (request.format, LAYOUTS)}
    for name, (value, known) in chosen.items():
        if value not in known:
            wrong[name] = f"must be one of {', '.join(known)}, got {value[:60]!r}"
    low, high = DEPTHS
    if not low <= request.depth <= high:
        wrong["depth"] = f"must be between {low} and {high}, got {request.depth}"
    return wrong | _wrong_places(request)


def _wrong_places(request: BundleRequest) -> dict[str, str]:
    if len(request.must_include) > MAX_MUST_INCLUDE:
        return {"must_include": f"at most {MAX_MUST_INCLUDE} can be given, got {len(request.must_include)}"}
    places: list[NamedPlace] = []
    for text in request.must_include:
        try:
            places.append(read_place(text))
        except ValueError as error:
            return {"must_include": str(error)}
    if any(not place.path for place in places):
        return {"must_include": "must not be empty; give a path, path:10-20 or path#name"}
    return _contradiction(request, places)


def _contradiction(request: BundleRequest, places: Sequence[NamedPlace]) -> dict[str, str]:
    """A place that must be shown and must not."""
    for glob in request.exclude_globs[:MAX_GLOBS]:
        try:
            matches = compile_glob(glob)
        except InvalidRequest:
            continue  # told of on its own
        for place in places:
            if matches(place.path):
                return {"must_include": f"names {place.path!r}, which exclude_globs leaves out by {glob!r}; drop one"}
    return {}


def _relative(path: str) -> str:
    """`./src/app.py` means src/app.py."""
    while path.startswith("./"):
        path = path[2:]
    return path

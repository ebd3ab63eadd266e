"""A request for a bundle as the service understands it, with its bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pampax.codeintel.languages import LANGUAGES
from pampax.codeintel.tokens import counter
from pampax.core.choices import KINDS
from pampax.core.errors import InvalidRequest
from pampax.core.globs import compile_glob

MAX_TASK_BYTES = 8_192
MIN_BUDGET, MAX_BUDGET, DEFAULT_BUDGET = 256, 200_000, 8_000  # tokens
DEFAULT_TOKENIZER = "o200k_base"
MAX_SEED_PATHS = 20
MAX_REPOSITORIES = 50
MAX_LANGUAGES = 32
MAX_GLOBS = 16


@dataclass(frozen=True, slots=True)
class BundleRequest:
    """`repositories` are names without prefix; None means every readable one. `token_budget` bounds the markdown.

    `languages` and `path_globs` are of the files that may be shown, `kinds` of the chunks that are looked for.
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
    return wrong | _wrong_filters(request)


def _wrong_filters(request: BundleRequest) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for name, given, known in (("languages", request.languages, LANGUAGES), ("kinds", request.kinds, KINDS)):
        unknown = sorted(set(given) - set(known))
        if unknown:
            wrong[name] = f"{unknown[0][:64]!r} is not known; see `pampax assemble --help`"
    if len(request.languages) > MAX_LANGUAGES:
        wrong["languages"] = f"at most {MAX_LANGUAGES} can be named, got {len(request.languages)}"
    if len(request.path_globs) > MAX_GLOBS:
        wrong["path_globs"] = f"at most {MAX_GLOBS} can be given, got {len(request.path_globs)}"
    for index, glob in enumerate(request.path_globs[:MAX_GLOBS]):
        try:
            compile_glob(glob, f"path_globs[{index}]")
        except InvalidRequest as error:
            wrong |= error.fields
    return wrong


def _relative(path: str) -> str:
    """`./src/app.py` means src/app.py."""
    while path.startswith("./"):
        path = path[2:]
    return path

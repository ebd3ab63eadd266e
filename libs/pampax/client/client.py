"""The gateway's REST API as methods."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from pampax.client.browsing import Chunk, Outline
from pampax.client.bundle import Bundle, BundlePart, BundleRequest, Verification
from pampax.client.context import NewPack, Pack, PackPage
from pampax.client.graph import Symbols, Traversal, TraverseRequest
from pampax.client.health import Health
from pampax.client.model import Answer
from pampax.client.problems import not_pampax
from pampax.client.repository import (
    Build,
    BuildPage,
    Check,
    Freshness,
    IndexPlan,
    KnownContent,
    Manifest,
    NewCredential,
    NewRepository,
    Operation,
    OperationPage,
    Pruned,
    Quarantine,
    Repository,
    RepositoryPage,
    ScipTaken,
    SourceText,
    Upload,
    UploadHistory,
    UploadProgress,
)
from pampax.client.search import SearchAnswer, SearchRequest
from pampax.client.transport import Exchange, Transport
from pampax.core import names
from pampax.core.errors import InvalidRequest, Unavailable

# Seconds; the gateway's own limits are 10 for a search, 20 for a bundle, 60 for an upload or pruning, 90 for a check,
# 120 for a plan.
SEARCH_S = 15.0
BUNDLE_S = 30.0
STREAM_S = 75.0
UPLOAD_S = 120.0
PLAN_S = 150.0
PRUNE_S = 75.0
CHECK_S = 105.0
OTHER_S = 15.0
PAGE_SIZE = 100
BUILDS_PAGE_SIZE = 20  # each is measured, which takes a second for a large repository

Kind = TypeVar("Kind", bound=Answer)


class Client:
    """Calls one gateway with one key; a context manager that closes its connections.

    Every method raises the errors of `pampax.core.errors`: what the gateway says, Unavailable when it cannot be
    reached, DeadlineExceeded when it does not answer in time, ConfigError when something else answers.
    """

    def __init__(
        self, endpoint: str, token: str, on_exchange: Callable[[Exchange], None] = lambda _exchange: None
    ) -> None:
        self._transport = Transport(endpoint, token, on_exchange)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def search(self, request: SearchRequest) -> SearchAnswer:
        content = self._transport.call("POST", "/v1/search", body=request.body(), timeout_s=SEARCH_S)
        return self._read(SearchAnswer, content)

    def assemble(self, request: BundleRequest) -> Bundle:
        content = self._transport.call("POST", "/v1/bundles", body=request.body(), timeout_s=BUNDLE_S)
        return self._read(Bundle, content)

    def stream_bundle(self, request: BundleRequest, *, markdown: bool = False) -> Iterator[BundlePart]:
        """A header, every piece in order of value, and a summary, with the whole text if `markdown` is wanted. Closing
        the iterator ends the work; what fails on the way is raised where it would have gone on."""
        lines = self._transport.lines(
            "POST",
            "/v1/bundles",
            body=request.body(),
            query={"markdown": "true"} if markdown else {},
            timeout_s=STREAM_S,
        )
        for line in lines:
            part = self._read(BundlePart, line)
            if part.error is not None:
                raise part.error.error()
            yield part
            if part.summary is not None:
                return
        raise Unavailable("the bundle ended before it was whole; try again")

    def bundle(self, signature: str, *, with_content: bool = False) -> Bundle:
        """A kept bundle, by its signature or 12 of its first digits; NotFound when it is not kept any more."""
        query = {"format": "json"} if with_content else {}
        return self._read(Bundle, self._transport.call("GET", _bundle(signature), query=query, timeout_s=OTHER_S))

    def verify_bundle(self, signature: str) -> Verification:
        """Assembles a kept bundle again: the same, or what changed."""
        content = self._transport.call("POST", f"{_bundle(signature)}:verify", timeout_s=BUNDLE_S)
        return self._read(Verification, content)

    def symbols(self, name: str, *, repos: Sequence[str] = (), ref: str = "", limit: int = 50) -> Symbols:
        """Definitions of a name, or of the end of a qualified one."""
        query: dict[str, str | int | Sequence[str]] = {"name": name, "limit": limit}
        query |= {"repos": tuple(repos)} if repos else {}
        query |= {"ref": ref} if ref else {}
        return self._read(Symbols, self._transport.call("GET", "/v1/graph/symbols", query=query, timeout_s=SEARCH_S))

    def traverse(self, request: TraverseRequest) -> Traversal:
        content = self._transport.call("POST", "/v1/graph:traverse", body=request.body(), timeout_s=SEARCH_S)
        return self._read(Traversal, content)

    def read_file(self, repository: str, path: str, *, ref: str = "", lines: str = "") -> SourceText:
        """`lines` is a line or a range such as 10-20, 1-based and inclusive."""
        query = {name: value for name, value in (("ref", ref), ("lines", lines)) if value}
        route = f"{_repository(repository)}/files/{_path(path)}"
        return self._read(SourceText, self._transport.call("GET", route, query=query, timeout_s=OTHER_S))

    def chunk(self, chunk: str, *, repository: str = "", ref: str = "") -> Chunk:
        """One that is published now, by its id; NotFound when its lines have changed. Faster with its repository."""
        query = {**({"repo": _checked(repository)} if repository else {}), **({"ref": ref} if ref else {})}
        route = f"/v1/chunks/{quote(chunk, safe='')}"
        return self._read(Chunk, self._transport.call("GET", route, query=query, timeout_s=OTHER_S))

    def outline(self, repository: str, *, ref: str = "", folder: str = "", files: int | None = None) -> Outline:
        """Languages, folders and main files of what is published."""
        query: dict[str, str | int] = {name: value for name, value in (("ref", ref), ("folder", folder)) if value}
        if files is not None:
            query["files"] = files
        route = f"{_repository(repository)}:outline"
        return self._read(Outline, self._transport.call("GET", route, query=query, timeout_s=OTHER_S))

    def repositories(self) -> Iterator[Repository]:
        """Every readable repository, by name."""
        token = ""
        while True:
            query: dict[str, str | int] = {"page_size": PAGE_SIZE, **({"page_token": token} if token else {})}
            content = self._transport.call("GET", "/v1/repositories", query=query, timeout_s=OTHER_S)
            page = self._read(RepositoryPage, content)
            yield from page.repositories
            if not page.next_page_token or page.next_page_token == token:
                return
            token = page.next_page_token

    def repository(self, name: str) -> Repository:
        return self._read(Repository, self._transport.call("GET", _repository(name), timeout_s=OTHER_S))

    def contexts(self) -> Iterator[Pack]:
        """Every context pack of one's own and every shared one, by name; of two with one name one's own comes first."""
        token = ""
        while True:
            query: dict[str, str | int] = {"page_size": PAGE_SIZE, **({"page_token": token} if token else {})}
            content = self._transport.call("GET", "/v1/contexts", query=query, timeout_s=OTHER_S)
            page = self._read(PackPage, content)
            yield from page.contexts
            if not page.next_page_token or page.next_page_token == token:
                return
            token = page.next_page_token

    def context(self, name: str) -> Pack:
        """One's own pack of this name, or else the shared one."""
        return self._read(Pack, self._transport.call("GET", _context(name), timeout_s=OTHER_S))

    def save_context(self, name: str, pack: NewPack) -> Pack:
        """In place of one's own pack of this name, if there is one. AlreadyExists when somebody else shares one."""
        return self._read(Pack, self._transport.call("PUT", _context(name), body=pack.body(), timeout_s=OTHER_S))

    def delete_context(self, name: str) -> None:
        self._transport.call("DELETE", _context(name), timeout_s=OTHER_S, repeatable=False)

    def create_repository(self, new: NewRepository) -> Repository:
        """AlreadyExists when the name is taken."""
        _repository(new.name)
        content = self._transport.call("POST", "/v1/repositories", body=new.body(), timeout_s=OTHER_S, repeatable=False)
        return self._read(Repository, content)

    def delete_repository(self, name: str) -> None:
        self._transport.call("DELETE", _repository(name), timeout_s=OTHER_S, repeatable=False)

    def delete_ref(self, repository: str, ref: str) -> None:
        """NotFound when the ref is not published."""
        route = f"{_repository(repository)}/refs/{_ref(ref)}"
        self._transport.call("DELETE", route, timeout_s=OTHER_S, repeatable=False)

    def set_refresh(self, repository: str, interval_s: int) -> Repository:
        """Has its source looked at regularly; 0 ends that."""
        route = f"{_repository(repository)}/refresh"
        content = self._transport.call("PUT", route, body={"interval_s": interval_s}, timeout_s=OTHER_S)
        return self._read(Repository, content)

    def set_credential(self, repository: str, credential: NewCredential) -> Repository:
        """In place of the one that is stored; it is never shown again."""
        route = f"{_repository(repository)}/credential"
        content = self._transport.call("PUT", route, body=credential.body(), timeout_s=OTHER_S, repeatable=False)
        return self._read(Repository, content)

    def delete_credential(self, repository: str) -> None:
        """NotFound when none is stored."""
        route = f"{_repository(repository)}/credential"
        self._transport.call("DELETE", route, timeout_s=OTHER_S, repeatable=False)

    def index(
        self,
        repository: str,
        *,
        ref: str = "",
        full: bool = False,
        upload: str = "",
        retry_quarantined: bool = False,
        priority: str = "",
    ) -> Operation:
        """The operation that was started, or the equal one that waits already. `priority` is interactive, bulk or left
        to the service."""
        asked = {"ref": ref, "full": full, "upload": upload, "retry_quarantined": retry_quarantined}
        asked["priority"] = priority
        body = {name: value for name, value in asked.items() if value}
        content = self._transport.call("POST", f"{_repository(repository)}:index", body=body, timeout_s=OTHER_S)
        return self._read(Operation, content)

    def plan(self, repository: str, *, ref: str = "", full: bool = False) -> IndexPlan:
        """What `index` would do now, for a source that the system reads itself. Nothing is written."""
        body = {name: value for name, value in {"ref": ref, "full": full}.items() if value}
        return self._plan(repository, body)

    def known_contents(self, repository: str, contents: Sequence[tuple[str, str]]) -> list[KnownContent]:
        """Which of these (blob id, language) an upload repository has derived already; 10,000 at most."""
        asked = [{"blob_id": blob, "language": language} for blob, language in contents]
        return self._plan(repository, {"contents": asked}).known

    def _plan(self, repository: str, body: dict[str, Any]) -> IndexPlan:
        content = self._transport.call("POST", f"{_repository(repository)}:plan", body=body, timeout_s=PLAN_S)
        return self._read(IndexPlan, content)

    def quarantine(self, repository: str) -> Quarantine:
        """Content that broke a parser and is not tried again."""
        content = self._transport.call("GET", f"{_repository(repository)}:quarantine", timeout_s=OTHER_S)
        return self._read(Quarantine, content)

    def freshness(self, repository: str, *, ref: str = "") -> Freshness:
        """What is published of a ref, or of the default one, against its source now."""
        query = {"ref": ref} if ref else {}
        content = self._transport.call("GET", f"{_repository(repository)}:freshness", query=query, timeout_s=OTHER_S)
        return self._read(Freshness, content)

    def check(self, repository: str, *, ref: str = "", documents: int = 100) -> Check:
        """Compares a sample of what is published with what its content gives; may take a minute."""
        body: dict[str, Any] = {**({"ref": ref} if ref else {}), "documents": documents}
        route = f"{_repository(repository)}:check"
        content = self._transport.call("POST", route, body=body, timeout_s=CHECK_S, repeatable=False)
        return self._read(Check, content)

    def builds(self, repository: str = "") -> Iterator[Build]:
        """Every build of a repository, or of all readable ones."""
        named = {"repo": _checked(repository)} if repository else {}
        token = ""
        while True:
            query: dict[str, str | int] = {
                **named,
                "page_size": BUILDS_PAGE_SIZE,
                **({"page_token": token} if token else {}),
            }
            content = self._transport.call("GET", "/v1/builds", query=query, timeout_s=PRUNE_S)
            page = self._read(BuildPage, content)
            yield from page.builds
            if not page.next_page_token or page.next_page_token == token:
                return
            token = page.next_page_token

    def prune_builds(self, repository: str = "", *, dry_run: bool = False) -> Pruned:
        """Removes those that nothing uses, or with `dry_run` tells which; some may be left for another call."""
        body = {**({"repo": _checked(repository)} if repository else {}), "dry_run": dry_run}
        content = self._transport.call("POST", "/v1/builds:prune", body=body, timeout_s=PRUNE_S, repeatable=False)
        return self._read(Pruned, content)

    def open_upload(self, repository: str, manifest: Manifest, history: UploadHistory | None = None) -> Upload:
        """`history` tells what changes together; without it the tree is indexed all the same."""
        told = {} if history is None else {"history": history.model_dump()}
        body = {**manifest.model_dump(), **told}
        content = self._transport.call("POST", f"{_repository(repository)}:upload", body=body, timeout_s=UPLOAD_S)
        return self._read(Upload, content)

    def send_blobs(self, repository: str, upload: str, blobs: Mapping[str, bytes]) -> int:
        """Sends blobs by their ids; how many of the manifest are still missing. A few MB at a time."""
        sent = [{"id": blob, "content_base64": b64encode(content).decode()} for blob, content in blobs.items()]
        body = {"upload": upload, "blobs": sent}
        content = self._transport.call("POST", f"{_repository(repository)}:upload", body=body, timeout_s=UPLOAD_S)
        return self._read(UploadProgress, content).missing

    def send_scip(self, repository: str, files: Sequence[Mapping[str, Any]], *, ref: str = "") -> ScipTaken:
        """What `pampax.client.scip.read_scip` has read. FailedPrecondition when it was made of something else."""
        body = {"files": files, **({"ref": ref} if ref else {})}
        content = self._transport.call("POST", f"{_repository(repository)}:scip", body=body, timeout_s=UPLOAD_S)
        return self._read(ScipTaken, content)

    def operation(self, operation: str) -> Operation:
        return self._read(Operation, self._transport.call("GET", _operation(operation), timeout_s=OTHER_S))

    def operations(self, count: int = PAGE_SIZE) -> list[Operation]:
        """The latest ones, latest first; 1 to 1000 of them."""
        content = self._transport.call("GET", "/v1/operations", query={"page_size": count}, timeout_s=OTHER_S)
        return self._read(OperationPage, content).operations

    def cancel(self, operation: str) -> Operation:
        """Asks for the operation to stop; it may still finish."""
        route = f"{_operation(operation)}:cancel"
        return self._read(Operation, self._transport.call("POST", route, timeout_s=OTHER_S))

    def health(self, service: str = "") -> Health:
        """Of all parts, or of those that one service needs."""
        query = {"service": service} if service else {}
        return self._read(Health, self._transport.call("GET", "/v1/health", query=query, timeout_s=OTHER_S))

    def _read(self, kind: type[Kind], content: bytes) -> Kind:
        try:
            return kind.model_validate_json(content)
        except ValidationError as error:
            raise not_pampax(f"{self._transport.endpoint} answers in a form that is unknown here") from error


def _bundle(signature: str) -> str:
    """What could be no signature never becomes part of a URL; the gateway looks closer."""
    if not signature.isalnum():
        text = f"must be a bundle's signature, or 12 or more of its first digits, got {signature[:60]!a}"
        raise InvalidRequest(f"signature {text}", fields={"signature": text})
    return f"/v1/bundles/{quote(signature, safe='')}"


def _repository(name: str) -> str:
    """The path of a repository's resource."""
    return f"/v1/repositories/{_checked(name)}"


def _context(name: str) -> str:
    """The path of a context pack, which is called as a repository is."""
    return f"/v1/contexts/{_checked(name, 'context pack')}"


def _checked(name: str, what: str = "repository") -> str:
    """A name that could not be one never becomes part of a URL."""
    if not names.is_repository(name):
        text = f"must be {names.REPOSITORY_RULE}, got {name[:60]!a}"
        raise InvalidRequest(f"a {what}'s name {text}", fields={"name": text})
    return name


def _ref(ref: str) -> str:
    """The same for a ref: an empty one would name all of them."""
    if not names.is_ref(ref):
        text = f"must be {names.REF_RULE}, got {ref[:60]!a}"
        raise InvalidRequest(f"a ref {text}", fields={"ref": text})
    return quote(ref)


def _path(path: str) -> str:
    """The same for a path: one that leads upwards would become another route."""
    if any(part in ("", ".", "..") for part in path.split("/")):
        text = f"must be a path relative to the repository's root, got {path[:60]!a}"
        raise InvalidRequest(f"the path {text}", fields={"path": text})
    return quote(path)


def _operation(operation: str) -> str:
    return f"/v1/operations/{quote(operation, safe='')}"

"""get_project_stats: what is indexed, how fresh it is, and what is under way."""

from __future__ import annotations

from pydantic import Field

from pampax.client.repository import Freshness, Operation, Repository
from pampax.core.errors import PampaxError
from pampax.mcp import words
from pampax.mcp.running import how_far
from pampax.mcp.services import Services
from pampax.mcp.tool import Arguments, Outcome, Result, Tell, Tool

# Of a list; more would fill a context with names.
MOST_SHOWN = 50
_LATEST_OPERATIONS = 100


class GetProjectStats(Arguments):
    """One repository, or all."""

    repo: str | None = Field(None, description="Its name; all that can be read, in less detail, if absent.")


class Language(Result):
    """How many files are in a language."""

    language: str
    files: int


class Project(Result):
    """What is published of a repository's default ref; `freshness` (current, behind, diverged, unknown) and `languages`
    are told of one repository alone, and so are the other repositories that it needs and that need it, by manifests and
    imports."""

    repo: str
    source: str
    ref: str
    refs: list[str]
    commit: str
    generation: int
    age_s: float
    files: int
    chunks: int
    pending_vectors: int
    running: str = Field(description="How far a run is that is under way; empty without one.")
    languages: list[Language] = Field(default_factory=list)
    freshness: str = ""
    behind: int = 0
    detail: str = ""
    needs: list[str] = Field(default_factory=list)
    needed_by: list[str] = Field(default_factory=list)


class Stats(Result):
    """By name."""

    projects: list[Project]
    total: int


async def get_project_stats(services: Services, asked: GetProjectStats, _tell: Tell) -> Outcome:
    running = {each.repository: each for each in await services.operations(_LATEST_OPERATIONS) if not each.done}
    if asked.repo is not None:
        repository = await services.repository(asked.repo)
        project = await _in_detail(services, repository, _project(repository, running.get(repository.name)))
        return Outcome(_detail_text(project), Stats(projects=[project], total=1))
    repositories = await services.repositories()
    projects = [_project(each, running.get(each.name)) for each in repositories[:MOST_SHOWN]]
    more = len(repositories) - len(projects)
    lines = [_line(project) for project in projects] or ["nothing is indexed yet: index_project adds a repository"]
    if more > 0:
        lines.append(f"and {more} more")
    return Outcome("\n".join(lines), Stats(projects=projects, total=len(repositories)))


TOOL = Tool(
    name="get_project_stats",
    title="Project statistics",
    description="Tells which repositories can be read, what is indexed of them, how fresh that is, what is under way.",
    arguments=GetProjectStats,
    result=Stats,
    run=get_project_stats,
)


def _project(repository: Repository, operation: Operation | None) -> Project:
    published = repository.published()
    return Project(
        repo=repository.name,
        source=repository.source.words,
        ref=repository.default_ref,
        refs=[each.ref for each in repository.refs[:MOST_SHOWN]],
        commit=published.commit if published else "",
        generation=published.generation if published else 0,
        age_s=published.age_s if published else 0.0,
        files=published.files if published else 0,
        chunks=published.chunks if published else 0,
        pending_vectors=published.pending_vectors if published else 0,
        running=how_far(operation) if operation else "",
    )


async def _in_detail(services: Services, repository: Repository, project: Project) -> Project:
    if repository.published() is None:
        return project
    outline = await services.outline(repository.name, ref="", files=1)
    freshness = await _freshness(services, repository.name)
    languages = [Language(language=each.language, files=each.files) for each in outline.languages]
    told = {"freshness": freshness.state, "behind": freshness.behind, "detail": freshness.detail} if freshness else {}
    needs, needed_by = await _neighbours(services, repository.name)
    return project.model_copy(
        update={"languages": languages, **told, "needs": needs[:MOST_SHOWN], "needed_by": needed_by[:MOST_SHOWN]}
    )


async def _neighbours(services: Services, repository: str) -> tuple[list[str], list[str]]:
    """The repositories that it needs, and those that need it; nothing when they cannot be told now."""
    try:
        links = (await services.map_repositories()).links
    except PampaxError:
        return [], []
    return (
        [link.target for link in links if link.source == repository],
        [link.source for link in links if link.target == repository],
    )


async def _freshness(services: Services, repository: str) -> Freshness | None:
    """None when the source cannot be asked now: the rest is worth telling without it."""
    try:
        return await services.freshness(repository)
    except PampaxError:
        return None


def _line(project: Project) -> str:
    running = f", under way: {project.running}" if project.running else ""
    if not project.ref:
        return f"{project.repo}: not indexed yet{running}"
    commit = f" {project.commit[:10]}" if project.commit else ""
    return (
        f"{project.repo}@{project.ref}{commit}: {words.counted(project.files, 'file')}, "
        f"{words.counted(project.chunks, 'chunk')}, indexed {words.age(project.age_s)} ago{running}"
    )


def _detail_text(project: Project) -> str:
    lines = [_line(project), f"source: {words.one_line(project.source)}"]
    if len(project.refs) > 1:
        lines.append(f"refs: {words.listed(project.refs, 10)}")
    if project.languages:
        lines.append("languages: " + ", ".join(f"{each.language} {each.files}" for each in project.languages[:15]))
    if project.freshness:
        behind = f" by {words.counted(project.behind, 'commit')}" if project.behind else ""
        detail = f" ({words.one_line(project.detail)})" if project.detail else ""
        lines.append(f"against its source: {project.freshness}{behind}{detail}")
    if project.needs:
        lines.append(f"needs {words.listed(project.needs, 10)}")
    if project.needed_by:
        lines.append(f"is needed by {words.listed(project.needed_by, 10)}")
    if project.pending_vectors:
        lines.append(f"{words.counted(project.pending_vectors, 'chunk')} can be found by words and names only so far")
    return "\n".join(lines)

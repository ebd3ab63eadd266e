"""index_project: a repository made and indexed."""

from __future__ import annotations

from pathlib import PurePath

from pydantic import Field

from pampax.client.repository import NewRepository, Repository, Source
from pampax.client.repository_names import name_of_folder, name_of_url
from pampax.core.errors import AlreadyExists, FailedPrecondition, InvalidRequest, NotFound, PampaxError
from pampax.mcp.running import Run, outcome_of, run_of
from pampax.mcp.services import Services
from pampax.mcp.tool import Arguments, Outcome, Tell, Tool

# Operations that are looked at for one that still goes on.
_LATEST = 100


class IndexProject(Arguments):
    """A source."""

    git_url: str | None = Field(None, description="What to index: a git URL.")
    path: str | None = Field(
        None, description="Or an absolute folder, where the endpoint is the system of this machine."
    )
    name: str | None = Field(None, description="Name of the repository; made of the URL or folder if absent.")
    ref: str | None = Field(None, description="Branch or tag of a git URL; its default if absent.")
    include: tuple[str, ...] = Field((), description="Only these files, gitignore-style.")
    exclude: tuple[str, ...] = Field((), description="Not these files, gitignore-style.")
    wait: bool = Field(True, description="Wait for the end; false returns as soon as it is under way.")


async def index_project(services: Services, asked: IndexProject, tell: Tell) -> Outcome:
    name, source = _wanted(asked)
    found = await _found(services, name, source)
    created = None if found is not None else await _created(services, name, source, asked)
    ref = asked.ref or ""
    try:
        operation = await services.index(name, ref=ref, full=False)
        operation = await run_of(services, operation, tell, wait=asked.wait)
    except PampaxError as error:
        if created is not None and await _taken_back(services, created):
            error.message = f"{error.message} (the new repository {name} is deleted again)"
        raise
    return outcome_of(operation)


TOOL = Tool(
    name="index_project",
    title="Index a project",
    description=(
        "Adds a repository from a git URL, or from a folder of this machine, and indexes it; tells its progress. "
        "update_project brings one that is there up to date."
    ),
    arguments=IndexProject,
    result=Run,
    run=index_project,
    reads_only=False,
)


def _wanted(asked: IndexProject) -> tuple[str, Source]:
    if asked.git_url is not None and asked.path is None:
        return asked.name or name_of_url(asked.git_url), Source(git_url=asked.git_url)
    if asked.path is not None and asked.git_url is None:
        return asked.name or name_of_folder(PurePath(asked.path)), Source(path=asked.path)
    told = "give exactly one of git_url and path"
    raise InvalidRequest(told, fields={"git_url": told})


async def _found(services: Services, name: str, source: Source) -> Repository | None:
    """The repository of that name, when it has this source; None when there is none yet."""
    try:
        found = await services.repository(name)
    except NotFound:
        return None
    if found.source.document() != source.document():
        raise FailedPrecondition(
            f"repository {name!r} is there already and comes from {found.source.words}", reason="OTHER_SOURCE"
        )
    return found


async def _created(services: Services, name: str, source: Source, asked: IndexProject) -> Repository | None:
    """None when somebody else has just made it from the same source."""
    new = NewRepository(name=name, source=source, include=asked.include, exclude=asked.exclude)
    try:
        return await services.create_repository(new)
    except AlreadyExists:
        if await _found(services, name, source) is None:
            raise
        return None


async def _taken_back(services: Services, created: Repository) -> bool:
    """Whether it is deleted now: a name without content would be in everybody's way. It stays while an operation may
    still fill it."""
    try:
        found = await services.repository(created.name)
        operations = await services.operations(_LATEST)
        open_ones = [each for each in operations if each.repository == created.name and not each.done]
        if found.refs or found.create_time != created.create_time or open_ones:
            return False
        await services.delete_repository(created.name)
    except PampaxError:
        return False
    return True

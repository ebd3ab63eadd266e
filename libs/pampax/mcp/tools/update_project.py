"""update_project: a repository brought up to date with its source."""

from __future__ import annotations

from pydantic import Field

from pampax.core.errors import FailedPrecondition
from pampax.mcp.running import Run, outcome_of, run_of
from pampax.mcp.services import Services
from pampax.mcp.tool import Arguments, Outcome, Tell, Tool


class UpdateProject(Arguments):
    """A repository that is there."""

    repo: str = Field(description="Its name.")
    ref: str | None = Field(None, description="Branch or tag; the default if absent.")
    full: bool = Field(False, description="Derive everything anew instead of what has changed.")
    wait: bool = Field(True, description="Wait for the end; false returns as soon as it is under way.")


async def update_project(services: Services, asked: UpdateProject, tell: Tell) -> Outcome:
    if (await services.repository(asked.repo)).source.upload:
        raise FailedPrecondition(
            f"{asked.repo} is filled by uploads: a person brings it up to date with `pampax index FOLDER` or "
            "`pampax watch FOLDER`",
            reason="FILLED_BY_UPLOADS",
        )
    operation = await services.index(asked.repo, ref=asked.ref or "", full=asked.full)
    return outcome_of(await run_of(services, operation, tell, wait=asked.wait))


TOOL = Tool(
    name="update_project",
    title="Update a project",
    description="Brings the index of a repository up to date with its source; only what changed is processed.",
    arguments=UpdateProject,
    result=Run,
    run=update_project,
    reads_only=False,
)

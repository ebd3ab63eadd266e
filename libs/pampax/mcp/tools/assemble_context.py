"""assemble_context: the code that a task needs, inside a token budget."""

from __future__ import annotations

from pydantic import Field

from pampax.client.bundle import BundleRequest
from pampax.core.choices import Policy, Wanted
from pampax.mcp.services import Services
from pampax.mcp.tool import Arguments, Outcome, Result, Tell, Tool

DEFAULT_TOKENS = 8_000


class AssembleContext(Arguments):
    """A task."""

    task: str = Field(description="What is to be done, in plain words.")
    repos: tuple[str, ...] = Field((), description="Only these repositories; all that can be read if empty.")
    token_budget: int = Field(DEFAULT_TOKENS, ge=256, le=200_000, description="Never more tokens than this.")
    seed_paths: tuple[str, ...] = Field((), description="Files that must be considered.")
    must_include: tuple[str, ...] = Field(
        (), description="Places that must be shown in full: path, path:10-20 or path#name."
    )
    exclude_globs: tuple[str, ...] = Field((), description="Leave out files that match, gitignore-style.")
    tests: Wanted = Field("auto", description="Tests: with or without them.")
    docs: Wanted = Field("auto", description="Prose: with or without it.")
    config: Wanted = Field("auto", description="Configuration: with or without it.")
    depth: int = Field(1, ge=0, le=3, description="0: matches alone; 1: what they use; 2, 3: what that uses.")
    policy: Policy = Field("balanced", description="focused: fewer pieces, in full; broad: more files, in signatures.")
    ref: str | None = Field(None, description="Branch or tag; the latest publish if absent.")
    pack: str | None = Field(
        None, description="Context pack that narrows all this, and fills token_budget; see use_context_pack."
    )


class ContextItem(Result):
    """A piece; `rendering` is full, skeleton, signature or reference. get_code_chunk shows its `id` in full."""

    repo: str
    path: str
    start_line: int
    end_line: int
    symbol: str
    rendering: str
    tokens: int
    reason: str
    id: str


class Context(Result):
    """`signature` gives the same bytes again; it is empty for what is not complete."""

    markdown: str
    items: list[ContextItem]
    tokens_used: int
    token_budget: int
    omitted: int
    stopping_reason: str
    signature: str
    confidence: float
    confidence_reasons: list[str]
    degraded: list[str]
    notices: list[str]
    pack: str


async def assemble_context(services: Services, asked: AssembleContext, _tell: Tell) -> Outcome:
    # What was not given stays open: a pack may fill it.
    bundle = await services.assemble(BundleRequest(**asked.model_dump(exclude_unset=True), format="compact"))
    context = Context(
        markdown=bundle.markdown,
        items=[ContextItem(**item.model_dump(include=set(ContextItem.model_fields))) for item in bundle.items],
        tokens_used=bundle.budget.used,
        token_budget=bundle.budget.limit,
        omitted=len(bundle.omitted),
        stopping_reason=bundle.stopping_reason,
        signature=bundle.signature,
        confidence=bundle.confidence.value if bundle.confidence else 0.0,
        confidence_reasons=bundle.confidence.reasons if bundle.confidence else [],
        degraded=bundle.degraded,
        notices=bundle.notices,
        pack=bundle.pack,
    )
    return Outcome(bundle.markdown, context)


TOOL = Tool(
    name="assemble_context",
    title="Assemble context",
    description=(
        "Assembles the code that a task needs (definitions, callers, tests) inside a token budget, as one markdown "
        "document with line numbers, and the reason and the id of every piece "
        "(get_code_chunk shows more of it). Use it at the start of a task, search_code for single questions."
    ),
    arguments=AssembleContext,
    result=Context,
    run=assemble_context,
)

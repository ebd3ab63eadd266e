"""What a tool is: its arguments and result as types, and the function that answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from pampax.mcp.services import Services


class Arguments(BaseModel):
    """What a tool takes; the text of each field is what an agent reads of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(BaseModel):
    """What a tool answers, as a program reads it; an agent may be shown this instead of the text."""

    model_config = ConfigDict(frozen=True)


class Tell(Protocol):
    """Tells the client how far a call is; does nothing where it did not ask for it."""

    async def __call__(self, message: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for an agent, and for a program."""

    text: str
    result: Result


Asked = TypeVar("Asked", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Tool(Generic[Asked]):
    """`reads_only` and `repeatable` (twice is as good as once) help a client to decide whether to ask its user."""

    name: str
    title: str
    description: str
    arguments: type[Asked]
    result: type[Result]
    run: Callable[[Services, Asked, Tell], Awaitable[Outcome]]
    reads_only: bool = True
    repeatable: bool = True


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """JSON Schema without the titles that only repeat names: every agent has it in its context all the time."""
    schema: dict[str, Any] = _without_titles(model.model_json_schema(mode="validation"))
    schema.pop("description", None)
    return schema


def _without_titles(node: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(node, list):
        return [_without_titles(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        # Below `properties` keys are names of fields, and one of them may be `title`.
        key: {name: _without_titles(each) for name, each in value.items()}
        if key == "properties"
        else _without_titles(value)
        for key, value in node.items()
        if key != "title"
    }

"""Field types of the REST models: the rules of the gateway, told to pydantic and to the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from pampax.core import names
from pampax.core.ids import CHUNK_ID_PATTERN
from pampax.gateway import bounds, rules

# The type of mistakes whose text is complete as it is.
OWN_MISTAKE = "pampax"


@dataclass(frozen=True, slots=True)
class Ruled:
    """Checks a value by one of the gateway's rules; `schema` is what the document says about it."""

    rule: Callable[[Any], str | None]
    schema: tuple[tuple[str, Any], ...] = ()

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), **dict(self.schema)}

    def _check(self, value: object) -> object:
        mistake = self.rule(value)
        if mistake is not None:
            raise PydanticCustomError(OWN_MISTAKE, "{mistake}", {"mistake": mistake})
        return value


@dataclass(frozen=True, slots=True)
class _AtMost:
    """Refuses a long list before each of its entries is looked at."""

    entries: int

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "maxItems": self.entries}

    def _check(self, value: object) -> object:
        mistake = rules.count(len(value), self.entries) if isinstance(value, list) else None
        if mistake is not None:
            raise PydanticCustomError(OWN_MISTAKE, "{mistake}", {"mistake": mistake})
        return value


def _between(limits: tuple[int, int]) -> Ruled:
    low, high = limits
    return Ruled(lambda value: rules.number(value, limits), (("minimum", low), ("maximum", high)))


def _pattern(expression: str) -> tuple[tuple[str, str], ...]:
    return (("pattern", f"^{expression}$"),)


RepositoryName = Annotated[str, Ruled(rules.repository, _pattern(names.REPOSITORY_PATTERN))]
ContextName = Annotated[str, Ruled(rules.context, _pattern(names.REPOSITORY_PATTERN))]
ChunkId = Annotated[str, Ruled(rules.chunk_id, _pattern(CHUNK_ID_PATTERN))]
Signature = Annotated[str, Ruled(rules.signature, _pattern(rules.SIGNATURE_PATTERN))]
Ref = Annotated[str, Ruled(rules.ref, (("maxLength", names.LONGEST_REF),))]
Commit = Annotated[str, Ruled(rules.commit, _pattern(f"({names.GIT_OBJECT_PATTERN})?"))]
Language = Annotated[str, Ruled(rules.language)]
Query = Annotated[str, Ruled(rules.query, (("minLength", 1), ("maxLength", bounds.QUERY_BYTES)))]
Task = Annotated[str, Ruled(rules.task, (("minLength", 1), ("maxLength", bounds.TASK_BYTES)))]
Pattern = Annotated[str, Ruled(rules.pattern, (("maxLength", bounds.PATTERN_BYTES),))]
Glob = Annotated[str, Ruled(rules.glob, (("maxLength", bounds.GLOB_BYTES),))]
ReadableGlob = Annotated[str, Ruled(rules.readable_glob, (("minLength", 1), ("maxLength", bounds.GLOB_BYTES)))]
Description = Annotated[str, Ruled(rules.description, (("maxLength", bounds.DESCRIPTION_BYTES),))]
PageToken = Annotated[str, Ruled(rules.page_token, (("maxLength", bounds.PAGE_TOKEN_BYTES),))]
FilePath = Annotated[str, Ruled(rules.path, (("minLength", 1), ("maxLength", bounds.PATH_BYTES)))]
TypedPath = Annotated[str, Ruled(rules.typed_path, (("minLength", 1), ("maxLength", bounds.PATH_BYTES)))]
Folder = Annotated[str, Ruled(rules.folder, (("minLength", 1), ("maxLength", bounds.PATH_BYTES)))]
GitUrl = Annotated[str, Ruled(rules.git_url, (("minLength", 1), ("maxLength", bounds.URL_CHARS)))]
GitToken = Annotated[str, Ruled(rules.secret_word, (("minLength", 1), ("maxLength", bounds.TOKEN_CHARS)))]
GitUsername = Annotated[str, Ruled(rules.git_username, (("maxLength", bounds.USERNAME_CHARS),))]
PrivateKey = Annotated[str, Ruled(rules.private_key, (("minLength", 1), ("maxLength", bounds.PRIVATE_KEY_BYTES)))]
KnownHosts = Annotated[str, Ruled(rules.known_hosts, (("maxLength", bounds.KNOWN_HOSTS_BYTES),))]
UploadId = Annotated[str, Field(min_length=1, max_length=64)]
BlobId = Annotated[str, Field(pattern=f"^{names.GIT_OBJECT_PATTERN}$")]
SymbolName = Annotated[
    str,
    Ruled(
        lambda value: rules.text(value.strip(), bounds.SYMBOL_CHARS, required=True),
        (("minLength", 1), ("maxLength", bounds.SYMBOL_CHARS)),
    ),
]
GraphPlace = Annotated[
    str,
    Ruled(
        lambda value: rules.text(value.strip(), bounds.START_BYTES, required=True),
        (("minLength", 1), ("maxLength", bounds.START_BYTES)),
    ),
]
SymbolLimit = Annotated[int, _between(bounds.SYMBOLS)]
GraphDepth = Annotated[int, _between(bounds.GRAPH_DEPTH)]
GraphNodes = Annotated[int, _between(bounds.GRAPH_NODES)]
SearchLimit = Annotated[int, _between(bounds.SEARCH_LIMIT)]
TokenBudget = Annotated[int, _between(bounds.TOKEN_BUDGET)]
CheckedDocuments = Annotated[int, _between(bounds.CHECKED_DOCUMENTS)]
OutlineFiles = Annotated[int, _between(bounds.OUTLINE_FILES)]
PageSize = Annotated[int, _between(bounds.PAGE_SIZE)]
MaxStaleness = Annotated[float, Field(allow_inf_nan=False), _between(bounds.MAX_STALENESS_S)]
RefreshInterval = Annotated[int, Ruled(lambda value: (value and rules.number(value, bounds.REFRESH_S)) or None)]
SearchedRepositories = Annotated[list[RepositoryName], _AtMost(bounds.SEARCH_REPOSITORIES)]
Languages = Annotated[list[Language], _AtMost(bounds.LANGUAGES)]
Globs = Annotated[list[ReadableGlob], _AtMost(bounds.GLOBS)]
BundleDepth = Annotated[int, _between(bounds.BUNDLE_DEPTH)]
NamedPlace = Annotated[str, Ruled(rules.named_place, (("minLength", 1), ("maxLength", bounds.PATH_BYTES)))]
MustInclude = Annotated[list[NamedPlace], _AtMost(bounds.MUST_INCLUDE)]
SeedPaths = Annotated[list[TypedPath], _AtMost(bounds.SEED_PATHS)]
Patterns = Annotated[list[Pattern], _AtMost(bounds.PATTERNS)]


class RequestModel(BaseModel):
    """A body: no conversions between types, no fields that nobody reads."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AnswerModel(BaseModel):
    """An answer, for the document alone."""

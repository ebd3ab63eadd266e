"""The words that requests may choose from, for the gateway and its clients: types, and the same as tuples."""

from __future__ import annotations

from typing import Final, Literal, get_args

Mode = Literal["hybrid", "lexical", "semantic", "symbol", "regex", "literal"]
Kind = Literal["type", "function", "variable", "declaration", "block", "text"]
Intent = Literal["symbol", "question", "architecture", "error_trace", "path", "regex", "literal"]
GroupBy = Literal["chunk", "file"]
Rerank = Literal["off", "local"]
HealthService = Literal["all", "gateway", "search", "assembly", "indexing", "worker", "database", "redis"]
# The first is the default.
Tokenizer = Literal["o200k_base", "cl100k_base", "bytes4"]
BundleFormat = Literal["markdown", "json", "compact"]
# Of one that is kept, whose markdown is as it was given.
KeptFormat = Literal["markdown", "json"]
# How the markdown of a bundle is written; how room is shared in it; whether a kind of file is shown.
Layout = Literal["markdown", "compact"]
Policy = Literal["balanced", "focused", "broad"]
Wanted = Literal["auto", "with", "without"]
KindOfFiles = Literal["tests", "docs", "config"]
# Of the code graph: what a node uses, or what uses it; what an edge says of its source.
Direction = Literal["out", "in", "both"]
Relation = Literal["calls", "references", "inherits", "imports", "tests", "changes_with"]
Visibility = Literal["private", "shared"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
HEALTH_SERVICES: Final[tuple[HealthService, ...]] = get_args(HealthService)
INTENTS: Final[tuple[Intent, ...]] = get_args(Intent)
DIRECTIONS: Final[tuple[Direction, ...]] = get_args(Direction)
RELATIONS: Final[tuple[Relation, ...]] = get_args(Relation)
TOKENIZERS: Final[tuple[Tokenizer, ...]] = get_args(Tokenizer)
LAYOUTS: Final[tuple[Layout, ...]] = get_args(Layout)
POLICIES: Final[tuple[Policy, ...]] = get_args(Policy)
WANTED: Final[tuple[Wanted, ...]] = get_args(Wanted)

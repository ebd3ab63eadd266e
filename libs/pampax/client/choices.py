"""The words that requests may choose from. Apart from the messages, because a command line needs them at once."""

from __future__ import annotations

from typing import Literal

Mode = Literal["hybrid", "lexical", "semantic", "symbol"]
Kind = Literal["type", "function", "variable", "declaration", "block", "text"]
Intent = Literal["symbol", "question", "architecture", "error_trace", "path"]
GroupBy = Literal["chunk", "file"]
Tokenizer = Literal["o200k_base", "cl100k_base", "bytes4"]

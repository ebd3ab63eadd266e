"""A repository made from a seed: the same files, bytes and names everywhere.

Files look like what they stand for: modules of a few classes and functions with doc comments, calls to each other and
words of one domain each, so that searches have something to tell apart. About 3 KB a file.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

SEED = 20251121
SMALL_FILES = 500

VERBS = ("cancel", "close", "decode", "encode", "merge", "open", "parse", "publish", "read", "resolve", "retry",
         "schedule", "sign", "split", "verify", "write")  # fmt: skip
NOUNS = ("beacon", "buffer", "cookie", "courier", "cursor", "digest", "frame", "gateway", "invoice", "ledger", "packet",
         "pallet", "parcel", "quota", "reading", "refund", "replica", "route", "sensor", "session", "shard", "snapshot",
         "tenant", "ticket", "token", "voucher", "webhook")  # fmt: skip
QUALITIES = (
    "compressed",
    "duplicate",
    "expired",
    "ordered",
    "partial",
    "pending",
    "remote",
    "shared",
    "signed",
    "stale",
)
LANGUAGES = ("python", "typescript", "go", "java", "rust", "c")
ENDINGS = {"python": "py", "typescript": "ts", "go": "go", "java": "java", "rust": "rs", "c": "c"}


def write_corpus(folder: Path, files: int = SMALL_FILES, seed: int = SEED) -> int:
    """Writes the corpus below `folder` and returns its size in bytes."""
    total = 0
    for path, text in corpus(files, seed):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        total += len(text.encode())
    return total


def corpus(files: int, seed: int = SEED) -> Iterator[tuple[str, str]]:
    """(path, text) of each file."""
    chance = random.Random(seed)
    for number in range(files):
        language = LANGUAGES[number % len(LANGUAGES)]
        noun, other = chance.sample(NOUNS, 2)
        path = f"{language}/{noun}/{chance.choice(VERBS)}_{other}_{number}.{ENDINGS[language]}"
        functions = [_function(language, chance, noun, number, nth) for nth in range(chance.randint(6, 12))]
        yield path, _module(language, noun, number, functions)


def questions(count: int, seed: int = SEED) -> list[str]:
    """Distinct questions in plain words and by name."""
    chance = random.Random(seed + 1)
    asked: dict[str, None] = {}
    while len(asked) < count:
        verb, noun, quality = chance.choice(VERBS), chance.choice(NOUNS), chance.choice(QUALITIES)
        asked[
            chance.choice(
                (
                    f"how is a {quality} {noun} handled when we {verb} it",
                    f"{verb} the {quality} {noun}",
                    f"where do we {verb} a {noun} number {chance.randint(0, 999)}",
                    f"{verb}_{quality}_{noun}_{chance.randint(0, 499)}_{chance.randint(0, 11)}",
                )
            )
        ] = None
    return list(asked)


def _function(language: str, chance: random.Random, noun: str, number: int, nth: int) -> str:
    verb, quality, other = chance.choice(VERBS), chance.choice(QUALITIES), chance.choice(NOUNS)
    name = f"{verb}_{quality}_{noun}_{number}_{nth}"
    doc = f"{verb.capitalize()} the {quality} {noun} before its {other} is used; a missing {other} counts as empty."
    steps = [(chance.choice(VERBS), chance.choice(NOUNS), chance.randint(2, 90)) for _ in range(chance.randint(2, 4))]
    if language == "python":
        body = "\n".join(f"        {noun} = self.{v}_{n}({noun}, limit={k})" for v, n, k in steps)
        return f'    def {name}(self, {noun}, {other}=None):\n        """{doc}"""\n{body}\n        return {noun}\n'
    if language == "typescript":
        body = "\n".join(f"    {noun} = this.{v}{n.capitalize()}({noun}, {k});" for v, n, k in steps)
        return (
            f"  /** {doc} */\n  {name}({noun}: string, {other}?: string): string {{\n{body}\n    return {noun};\n  }}\n"
        )
    if language == "go":
        body = "\n".join(f"\t{noun} = {v}{n.capitalize()}({noun}, {k})" for v, n, k in steps)
        return f"// {name} {doc}\nfunc {name}({noun} string, {other} *int) string {{\n{body}\n\treturn {noun}\n}}\n"
    if language == "java":
        body = "\n".join(f"        {noun} = {v}{n.capitalize()}({noun}, {k});" for v, n, k in steps)
        head = f"    /** {doc} */\n    String {name}(String {noun}, String {other}) {{\n"
        return f"{head}{body}\n        return {noun};\n    }}\n"
    if language == "rust":
        body = "\n".join(f"        let {noun} = self.{v}_{n}({noun}, {k});" for v, n, k in steps)
        head = f"    /// {doc}\n    pub fn {name}(&self, {noun}: u64, _{other}: u64) -> u64 {{\n"
        return f"{head}{body}\n        {noun}\n    }}\n"
    body = "\n".join(f"    {noun} = {v}_{n}({noun}, {k});" for v, n, k in steps)
    return f"/* {doc} */\nint {name}(int {noun}, int {other}) {{\n{body}\n    return {noun};\n}}\n"


def _module(language: str, noun: str, number: int, functions: list[str]) -> str:
    title, body = f"{noun.capitalize()}Keeper{number}", "\n".join(functions)
    heading = f"Keeps what is known of each {noun}."
    if language == "python":
        return f'"""{heading}"""\n\n\nclass {title}:\n    """{heading}"""\n\n{body}'
    if language == "typescript":
        return f"/** {heading} */\nexport class {title} {{\n{body}}}\n"
    if language == "go":
        return f"// Package {noun}: {heading}\npackage {noun}\n\n{body}"
    if language == "java":
        return f"package demo.{noun};\n\n/** {heading} */\nclass {title} {{\n{body}}}\n"
    if language == "rust":
        return f"//! {heading}\n\npub struct {title};\n\nimpl {title} {{\n{body}}}\n"
    return f'/* {heading} */\n#include "{noun}.h"\n\n{body}'

"""Generated repositories: the same everywhere, as large as asked for, with questions that have an answer."""

import json
import random
import re
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from pampax.bench.corpus.dialects import camel, dialects, kebab, languages, pascal, snake, title
from pampax.bench.corpus.generated import Written, generate, write
from pampax.bench.corpus.plan import SIZES, Plan, Size
from pampax.bench.corpus.questions import pattern_of, questions, questions_of
from pampax.bench.corpus.vocabulary import coined, draw, prose
from pampax.bench.repository import generated, unpacked
from pampax.codeintel.content import path_rule, skip_reason
from pampax.codeintel.grammars import grammar
from pampax.codeintel.languages import SYNTAX_LANGUAGES, language_of
from pampax.codeintel.parse import parse_file
from pampax.core.errors import ConfigError

SMALL_DIGEST = "cce6097f35675659951f7e7860a82ea99c4775642cc7a99c361d976e358a810e"
ASKED_LANGUAGES_TEXT = """
    javascript python typescript java go rust cpp dart c csharp php ruby kotlin scala swift lua ocaml haskell elixir
    html css json markdown bash
"""
ASKED_LANGUAGES = set(ASKED_LANGUAGES_TEXT.split())


@pytest.fixture(scope="module")
def small() -> dict[str, bytes]:
    return dict(generate(Plan(SIZES["small"])))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Written]:
    folder = tmp_path_factory.mktemp("corpus")
    return folder, write(Plan(SIZES["small"]), folder)


def test_the_small_corpus_has_the_same_bytes_everywhere(written: tuple[Path, Written]) -> None:
    assert written[1].digest == SMALL_DIGEST


def test_another_process_writes_the_same(tmp_path: Path, written: tuple[Path, Written]) -> None:
    code = (
        "import sys; from pathlib import Path; from pampax.bench.corpus.plan import SIZES, Plan\n"
        "from pampax.bench.corpus.generated import write\n"
        "print(write(Plan(SIZES['small']), Path(sys.argv[1])).digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == written[1].digest


def test_another_seed_is_another_corpus() -> None:
    size = Size("few", 20, 60_000)
    assert dict(generate(Plan(size))) != dict(generate(Plan(size, seed=2)))


def test_what_is_written_is_what_was_generated(written: tuple[Path, Written], small: dict[str, bytes]) -> None:
    folder, told = written
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == small
    assert (told.files, told.bytes) == (500, sum(map(len, small.values())))


@pytest.mark.parametrize("name", ["small", "medium"])
def test_a_corpus_is_as_large_as_it_says(name: str) -> None:
    size = SIZES[name]
    paths, total = set(), 0
    for path, content in generate(Plan(size)):
        paths.add(path)
        total += len(content)
    assert len(paths) == size.files
    assert abs(total / size.bytes - 1) < 0.01


def test_the_large_corpus_plans_its_bytes() -> None:
    plan = Plan(SIZES["large"])
    planned = sum(plan.wanted_bytes(number) for number in range(plan.size.files))
    assert abs(planned / 150_000_000 - 1) < 0.01


def test_every_asked_language_is_there_and_recognised(small: dict[str, bytes]) -> None:
    assert set(dialects()) == ASKED_LANGUAGES
    found = Counter(language_of(path, content) for path, content in small.items())
    assert set(found) == ASKED_LANGUAGES
    plan = Plan(SIZES["small"])
    for number in range(plan.size.files):
        module = plan.module(number)
        assert language_of(module.path) == module.dialect.language


def test_nothing_of_it_is_skipped_by_an_index(small: dict[str, bytes]) -> None:
    for path, content in small.items():
        assert path_rule()(path, len(content)) is None
        assert skip_reason(path, content) is None


def test_sizes_follow_a_power_law(small: dict[str, bytes]) -> None:
    sizes = sorted(map(len, small.values()))
    assert sizes[250] < 0.8 * sum(sizes) / len(sizes)
    assert sizes[-1] > 30 * sizes[250]
    assert sum(sizes[-50:]) > 0.35 * sum(sizes)


def test_words_follow_a_power_law() -> None:
    counts = [count for _, count in Counter(prose(random.Random(1), 50_000).split()).most_common()]
    assert counts[0] > 8 * counts[50] > 8 * counts[500]
    assert len(counts) > 1_500
    assert draw(random.Random(1), ("one",)) == "one"


def test_coined_words_differ() -> None:
    assert len({coined(number) for number in range(50_000)}) == 50_000


@pytest.mark.parametrize("language", sorted(SYNTAX_LANGUAGES - {"tsx", "zig"}))
def test_grammars_read_the_code_without_errors_and_find_its_symbols(language: str, small: dict[str, bytes]) -> None:
    plan = Plan(SIZES["small"])
    modules = [plan.module(number) for number in range(200)]
    modules = [module for module in modules if module.dialect.language == language]
    usable = grammar(language)
    assert modules
    assert usable is not None
    for module in modules:
        content = small[module.path]
        names = {symbol.name for symbol in parse_file(language, content).symbols}
        assert module.type in names or language == "bash", module.path
        assert {module.dialect.case(words) for words in module.methods} <= names, module.path


def test_json_is_json_and_python_compiles(small: dict[str, bytes]) -> None:
    for path, content in small.items():
        if path.endswith(".json"):
            json.loads(content)
        if path.endswith(".py"):
            compile(content, path, "exec")


def test_files_call_files_of_their_language_and_a_few_are_called_by_many() -> None:
    plan = Plan(SIZES["medium"])
    called: Counter[int] = Counter()
    for number in range(plan.size.files):
        module = plan.module(number)
        assert number not in module.uses
        assert {plan.module(used).dialect.language for used in module.uses} <= {module.dialect.language}
        called.update(module.uses)
    most = [count for _, count in called.most_common()]
    assert most[0] > 10 * most[len(most) // 2]


def test_a_call_names_a_method_that_is_defined_there(small: dict[str, bytes]) -> None:
    plan = Plan(SIZES["small"])
    module = next(
        plan.module(n) for n in range(500) if plan.module(n).dialect.language == "python" and plan.module(n).uses
    )
    used = plan.module(module.uses[0])
    assert f"import {used.type}" in small[module.path].decode()
    for words in used.methods:
        assert f"def {snake(words)}(" in small[used.path].decode()


def test_types_and_terms_are_those_of_one_file_only() -> None:
    plan = Plan(SIZES["large"])
    modules = [plan.module(number) for number in range(plan.size.files)]
    assert len({module.words for module in modules}) == len(modules)
    assert len({module.term for module in modules}) == len(modules)
    assert len({module.path for module in modules}) == len(modules)


def test_questions_are_distinct_and_their_answers_hold_what_was_asked(small: dict[str, bytes]) -> None:
    asked = list(questions(Plan(SIZES["small"])))
    assert len(asked) > 9_000
    assert len({question.text for question in asked}) == len(asked)
    assert {question.kind for question in asked} == {"name", "words", "error", "path"}
    for question in asked[:400]:
        content = small[question.path].decode()
        if question.kind == "name":
            assert question.text in content
        if question.kind == "error":
            assert question.text.removeprefix("Error: ") in content
        if question.kind == "path":
            assert question.text == question.path


def test_a_pattern_matches_in_the_file_that_answers_the_question(small: dict[str, bytes]) -> None:
    asked = list(questions(Plan(SIZES["small"])))[:400]
    patterns = [pattern for question in asked if (pattern := pattern_of(question))]
    assert {pattern.kind for pattern in patterns} == {"regex", "literal"}
    for pattern in patterns:
        written = pattern.text if pattern.kind == "regex" else re.escape(pattern.text)
        assert re.search(written, small[pattern.path].decode())


def test_a_repository_asks_without_end(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(
        'def solve_everything():\n    """Solve everything that was ever asked by anybody."""\n'
    )
    repository = unpacked("own", tmp_path, "d")
    texts = [question.text for question in islice(repository.endless(), 5)]
    assert len(set(texts)) == 5
    assert repository.corpus.files == 1


def test_a_repository_without_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no question"):
        next(unpacked("empty", tmp_path, "d").endless())


def test_questions_of_a_folder_are_about_what_it_defines_once(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        'class RequestContext:\n    """Keeps what belongs to one request while it lasts. More."""\n\n'
        "def defined_twice(): ...\n\nasync def _private_thing(): ...\n"
    )
    (tmp_path / "b.py").write_text("def defined_twice(): ...\n")
    (tmp_path / "broken.py").write_text("def (:\n")
    found = {(question.text, question.kind, question.path) for question in questions_of(tmp_path)}
    assert found == {
        ("RequestContext", "name", "a.py"),
        ("Keeps what belongs to one request while it lasts", "words", "a.py"),
    }


def test_names_are_cased_as_languages_want() -> None:
    words = ("cancel", "stale", "route")
    assert [case(words) for case in (snake, kebab, camel, pascal, title)] == [
        "cancel_stale_route",
        "cancel-stale-route",
        "cancelStaleRoute",
        "CancelStaleRoute",
        "Cancel stale route",
    ]


def test_languages_take_turns_by_their_share() -> None:
    counts = Counter(languages())
    assert all(counts[dialect.language] == dialect.share for dialect in dialects().values())


def test_generated_repositories_describe_themselves(tmp_path: Path) -> None:
    repository = generated("small", tmp_path)
    assert (repository.corpus.name, repository.corpus.files, repository.corpus.digest) == ("small", 500, SMALL_DIGEST)
    assert next(repository.questions()).path

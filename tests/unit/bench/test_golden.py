"""Golden queries: the set is what it claims to be, rankings are scored by the formula, and bad sources are refused."""

import json
import math
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from pampax.bench.golden import packages
from pampax.bench.golden.annotations import annotated_repositories
from pampax.bench.golden.model import Query, Target
from pampax.bench.golden.packages import GoldenPackage, golden_packages, golden_repositories
from pampax.bench.golden.pages import page_path, write_page
from pampax.bench.golden.scoring import Chunk, scored
from pampax.bench.suites.quality import Judged, figures
from pampax.core.errors import ConfigError, LocalIOError

ALL = [query for package in golden_packages() for query in package.queries]


def query(*targets: Target, text: str = "how are cards charged") -> Query:
    return Query(text, "python", "semantic", targets)


def test_the_set_is_large_mixed_and_mostly_without_the_names_of_files() -> None:
    assert len(ALL) >= 150
    assert len({each.language for each in ALL}) >= 12
    assert {each.category for each in ALL} == {"semantic", "architecture", "symbol", "literal", "trace"}
    assert sum(each.blind for each in ALL) >= len(ALL) / 3
    assert max(Counter(each.text.casefold() for each in ALL).values()) == 1


def test_every_answer_is_a_span_that_one_can_read() -> None:
    for target in (target for each in ALL for target in each.targets):
        assert target.lines is not None
        assert 1 <= target.lines[0] <= target.lines[1] <= target.lines[0] + 149


def test_packages_are_pinned_and_permissive() -> None:
    for package in golden_packages():
        assert package.requirement.count("==") == 1
        assert len(package.sha256) == 64
        assert package.licence in ("MIT", "BSD-3-Clause", "Apache-2.0")


def test_a_question_is_blind_when_no_file_that_answers_has_a_word_of_it() -> None:
    assert query(Target("src/payments.py")).blind
    assert not query(Target("src/payments.py"), Target("src/card_store.py")).blind


@pytest.mark.parametrize(
    ("ranks", "wanted", "chunk"),
    [
        ((1,), 1, 1.0),
        ((2,), 1, 1 / math.log2(3)),
        ((11,), 1, 0.0),
        ((), 1, 0.0),
        ((1, 3), 2, (1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3))),
    ],
)
def test_gains_fall_with_the_logarithm_of_the_rank(ranks: tuple[int, ...], wanted: int, chunk: float) -> None:
    asked = query(*(Target(f"{number}.py", (5, 9)) for number in range(wanted)))
    ranked = [Chunk(("other.py",), 1, 99)] * 12
    for number, rank in enumerate(ranks):
        ranked[rank - 1] = Chunk((f"{number}.py",), 9, 20)
    found = scored(asked, ranked)
    assert found.chunk == pytest.approx(chunk)
    assert found.hit == float(any(rank <= 10 for rank in ranks))
    assert found.reciprocal == (1 / min(ranks) if ranks else 0)


def test_lines_beside_the_answer_are_none_but_the_file_is_right() -> None:
    found = scored(query(Target("a.py", (5, 9))), [Chunk(("a.py",), 1, 4), Chunk(("a.py",), 10, 12)])
    assert (found.chunk, found.hit, found.file) == (0.0, 0.0, 1.0)


def test_a_copy_of_the_answer_at_another_path_counts() -> None:
    assert scored(query(Target("b.py")), [Chunk(("a.py", "b.py"), 1, 2)]).chunk == 1.0


def test_figures_are_means_by_category_and_language() -> None:
    right, wrong = [Chunk(("a.py",), 1, 2)], [Chunk(("z.py",), 1, 2)]
    asked = query(Target("a.py"))
    judged = [Judged(asked, scored(asked, ranked), ranked is right) for ranked in (right, wrong, wrong, wrong)]
    by_name = {each.name: each.value for each in figures(judged)}
    for name in ("chunk NDCG@10", "file NDCG@10, filename-blind", "chunk NDCG@10, semantic", "chunk NDCG@10, python"):
        assert by_name[name] == 0.25
    assert by_name["all files in a bundle of 4,000 tokens"] == 0.25


def test_a_page_tells_the_ranks_of_answers_and_marks_what_answers(tmp_path: Path) -> None:
    asked = query(Target("a.py", (5, 9)), Target("b.py", (1, 2)), text="How are cards charged?")
    ranked = [Chunk(("c.py",), 1, 9), Chunk(("a.py", "copy.py"), 9, 12)]
    write_page(tmp_path, "shop", asked, ranked)
    assert (tmp_path / "shop" / "how-are-cards-charged.txt").read_text() == (
        "How are cards charged?\n(semantic, python)\n\n"
        "wanted a.py:5-9: rank 2\nwanted b.py:1-2: not among 2\n\n"
        " 1   c.py:1-9\n 2 * a.py:9-12\n"
    )


def test_every_golden_query_has_its_page_and_every_page_its_query() -> None:
    """`pampax bench run --suite quality --answers tests/golden` writes them; who removes a query removes its page."""
    folder = Path(__file__).parents[2] / "golden"
    wanted = {page_path(package.name, each): each for package in golden_packages() for each in package.queries}
    assert {file.relative_to(folder) for file in folder.rglob("*.txt")} == set(wanted)
    for path, each in wanted.items():
        assert (folder / path).read_text().startswith(f"{each.text}\n({each.category}, {each.language})\n"), path


def test_annotations_are_read_with_and_without_lines(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    lines = {"path": "b.go", "start_line": 3, "end_line": 4}
    rows = [{"query": "q", "category": "symbol", "relevant": ["a.go"], "secondary": [lines]}]
    (tmp_path / "shop.json").write_text(json.dumps(rows))
    (found,) = annotated_repositories(tmp_path, tmp_path)
    assert found.queries == (Query("q", "go", "symbol", (Target("a.go"), Target("b.go", (3, 4)))),)


@pytest.mark.parametrize("content", ["", "{}", '[{"query": "q"}]', '[{"query": "q", "category": "c", "relevant": []}]'])
def test_what_is_no_list_of_questions_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop.json").write_text(content)
    with pytest.raises(ConfigError, match=r"shop\.json is no list of questions"):
        list(annotated_repositories(tmp_path, tmp_path))


def test_missing_questions_and_sources_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no NAME\.json"):
        list(annotated_repositories(tmp_path, tmp_path))
    (tmp_path / "shop.json").write_text("[]")
    with pytest.raises(ConfigError, match="--sources names the folder"):
        list(annotated_repositories(tmp_path, tmp_path))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A cache that holds one sdist."""
    cache = tmp_path / "cache" / "pampax" / "corpora"
    cache.mkdir(parents=True)
    source = tmp_path / "pay.py"
    source.write_text("def charge(): ...\n")
    with tarfile.open(cache / "shop==1.0.tar.gz", "w:gz") as sdist:
        sdist.add(source, "shop-1.0/src/pay.py")
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def one_package(monkeypatch: pytest.MonkeyPatch, sha256: str) -> None:
    package = GoldenPackage("shop==1.0", "sdist", sha256, "MIT", ("src",), ("*.map",), (query(Target("src/pay.py")),))
    monkeypatch.setattr(packages, "golden_packages", lambda: [package])


def test_a_package_is_unpacked_without_its_top_folder(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one_package(monkeypatch, packages.digest_of(tmp_path / "cache/pampax/corpora/shop==1.0.tar.gz"))
    (found,) = golden_repositories(tmp_path / "out", lambda _text: None, environ)
    assert (found.folder / "src" / "pay.py").read_text() == "def charge(): ...\n"
    assert (found.include, found.exclude) == (("/src/",), ("*.map",))


def test_a_package_that_has_changed_is_refused(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one_package(monkeypatch, "0" * 64)
    with pytest.raises(LocalIOError, match="is not what the golden queries are about"):
        list(golden_repositories(tmp_path / "out", lambda _text: None, environ))
    assert not (tmp_path / "cache/pampax/corpora/shop==1.0.tar.gz").exists()

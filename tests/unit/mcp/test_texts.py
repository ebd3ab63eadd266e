"""What agents read stays within its tokens, whatever it is made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.client.browsing import FileOutline, FolderFiles, LanguageFiles, Outline, OutlineSymbol
from pampax.client.search import SearchAnswer, SearchResult, SnapshotInfo
from pampax.mcp import words
from pampax.mcp.resources import codemap
from pampax.mcp.tools import search_code

TEXT = st.text(max_size=300)
SNAPSHOT = SnapshotInfo(repo="r", ref="main", commit="", generation=1, build="b", age_s=0.0)


def result_of(path: str = "a.py", symbol: str = "", content: str = "", matched: tuple[int, ...] = ()) -> SearchResult:
    return SearchResult(
        id="0123456789abcdef01234567", repo="r", ref="main", commit="", path=path, other_paths=[], start_line=1,
        end_line=9, language="python", kind="function", symbol=symbol, score=1.0, content=content, evidence=[],
        matched_lines=list(matched),
    )  # fmt: skip


def answer_of(results: list[SearchResult], *, notices: tuple[str, ...] = ()) -> SearchAnswer:
    return SearchAnswer(
        results=results, intent="question", cache="hit", took_ms=0.0, degraded=["semantic"], generation=1, build="b",
        age_s=0.0, snapshots=[SNAPSHOT], corr_id="", trace_id="", next_page_token="t", notices=list(notices),
    )  # fmt: skip


def text_of(answer: SearchAnswer, budget: int) -> str:
    return search_code._text(answer, [search_code._snippet(each) for each in answer.results], budget)


@given(st.lists(st.builds(result_of, TEXT, TEXT, TEXT), max_size=12), st.integers(200, 3_000), TEXT)
def test_results_of_a_search_stay_within_the_tokens_asked_for(
    results: list[SearchResult], budget: int, notice: str
) -> None:
    assert words.tokens(text_of(answer_of(results, notices=(notice,)), budget)) <= budget


def test_ten_results_of_the_worst_kind_fit_into_the_default() -> None:
    worst = result_of("/".join(["漢字" * 40] * 20), "名前" * 150, "𝕏" * 2_000)
    text = text_of(answer_of([worst] * 10), search_code.DEFAULT_TOKENS)
    assert words.tokens(text) <= search_code.DEFAULT_TOKENS


def test_a_snippet_begins_where_the_symbol_is_defined() -> None:
    shown = result_of(symbol="Pool.take", content="# a comment\nimport os\n    def take(self):\n        return 1\n")
    assert search_code._snippet(shown) == ["def take(self):", "    return 1"]
    assert search_code._snippet(result_of(symbol="gone", content="a\n\nb\n")) == ["a", "b"]


def test_a_snippet_of_a_pattern_is_the_lines_that_match() -> None:
    shown = result_of(content="one\ntwo\nthree\n", matched=(2, 3, 40))
    assert search_code._snippet(shown) == ["2: two", "3: three"]


def outline_of(folders: int, files: int) -> Outline:
    paths = [f"folder_{folder}/deeper/file_{number}.py" for folder in range(folders) for number in range(files)]
    return Outline(
        snapshot=SNAPSHOT,
        files=len(paths),
        languages=[LanguageFiles(language="python", files=len(paths))],
        folders=[FolderFiles(path=f"folder_{folder}/deeper", files=files) for folder in range(folders)],
        main_files=[
            FileOutline(
                path=path,
                language="python",
                symbols=[OutlineSymbol(name=f"Symbol{n}.method", kind="method", start_line=n + 1) for n in range(8)],
            )
            for path in paths[:400]
        ],
    )


@pytest.mark.parametrize(("folders", "files"), [(0, 0), (1, 1), (3, 400), (400, 1), (60, 60), (1_000, 1)])
@pytest.mark.parametrize("budget", [200, 1_000, codemap.MOST_TOKENS])
def test_a_map_stays_within_its_tokens(folders: int, files: int, budget: int) -> None:
    assert words.tokens(codemap._map(outline_of(folders, files), budget)) <= budget


def test_a_map_that_is_cut_shows_something_of_every_folder() -> None:
    text = codemap._map(outline_of(8, 50), 600)
    for folder in range(8):
        assert f"folder_{folder}/deeper/" in text
    assert "more)" in text


@given(st.text(max_size=2_000), st.integers(1, 50))
def test_a_cut_text_is_its_beginning_and_short_enough(text: str, budget: int) -> None:
    cut = words.cut(text, budget)
    assert text.startswith(cut)
    assert words.tokens(cut) <= budget


def test_of_texts_that_say_less_and_less_the_first_that_fits_is_taken() -> None:
    assert words.first_that_fits(3, iter(["one two three four five", "one two", "one"])) == "one two"
    assert words.first_that_fits(2, iter(["a b c d\ne f g h i j"])) == ""


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7_200, "2 h"), (259_200, "3 d")]
)
def test_ages_are_told_in_the_largest_unit(seconds: float, shown: str) -> None:
    assert words.age(seconds) == shown

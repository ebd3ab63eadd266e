"""What agents read stays within its tokens, whatever it is made of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.client.browsing import FileOutline, FolderFiles, LanguageFiles, Outline, OutlineSymbol
from pampax.client.context import Pack, ShownDefaults, ShownScope
from pampax.client.graph import GraphEdge, GraphNode, Traversal
from pampax.client.search import SearchAnswer, SearchResult, SnapshotInfo
from pampax.mcp import words
from pampax.mcp.resources import codemap
from pampax.mcp.tools import search_code, traverse_graph, use_context_pack

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


def node_of(symbol: str, depth: int = 0, path: str = "a.py", repo: str = "r") -> GraphNode:
    return GraphNode(
        repo=repo, path=path, symbol=symbol, kind="function", start_line=7, end_line=9, signature="", depth=depth
    )


def edge_of(source: int, target: int, why: str = "", *, relation: str = "calls", count: int = 1) -> GraphEdge:
    return GraphEdge(
        source=source, target=target, relation=relation, line=8, count=count, why=why,
        certainty="inferred" if why else "precise", confidence=0.5 if why else 1.0,
    )  # fmt: skip


def told_of(
    nodes: list[GraphNode], edges: list[GraphEdge], *, notices: tuple[str, ...] = (), **asked: Any
) -> tuple[str, int]:
    found = Traversal(
        nodes=nodes, edges=edges, notices=list(notices), snapshots=[SNAPSHOT], took_ms=0.0, corr_id="", trace_id=""
    )
    question = traverse_graph.TraverseGraph(start="x", **asked)
    told = traverse_graph._by_steps(found, question.direction) if question.end is None else traverse_graph._ways(found)
    text, count = traverse_graph._text(found, told, question)
    traversed = traverse_graph._traversed(found, [edge for _, edge in told[:count]])
    assert traversed.left_out == len(edges) - len(traversed.edges)
    for edge in traversed.edges:
        assert max(edge.source, edge.target) < len(traversed.nodes)
    return text, len(traversed.edges)


@given(
    st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=12), st.integers(200, 3_000), TEXT,
    st.sampled_from(("out", "in", "both")),
)  # fmt: skip
def test_edges_stay_within_the_tokens_asked_for(
    made: list[tuple[str, str, str]], budget: int, notice: str, direction: str
) -> None:
    nodes = [node_of(symbol, min(at, 3), path) for at, (path, symbol, _) in enumerate(made)]
    edges = [edge_of(at // 2, at, why) for at, (_, _, why) in enumerate(made)]
    text, _ = told_of(nodes, edges, notices=(notice,), max_tokens=budget, direction=direction)
    assert words.tokens(text) <= budget


def test_edges_that_do_not_fit_are_counted_and_reasons_are_left_out_before_them() -> None:
    nodes = [node_of("start"), *(node_of(f"caller_{number}", 1) for number in range(40))]
    edges = [edge_of(number, 0, "a reason in so many words that it costs") for number in range(1, 41)]
    whole, shown = told_of(nodes, edges, direction="in")
    assert shown == 40
    assert whole.count("inferred 0.5: a reason") == 40
    shorter, shown = told_of(nodes, edges, direction="in", max_tokens=900)
    assert shown == 40
    assert "a reason" not in shorter
    cut, shown = told_of(nodes, edges, direction="in", max_tokens=300)
    assert 5 < shown < 40
    assert cut.endswith(
        f"{40 - shown} more edges did not fit: name relations or repos, lower depth or raise max_tokens"
    )


@pytest.mark.parametrize(
    ("direction", "line"),
    [
        ("out", "a.py:7 g (1 step away)\n  calls a.py:7 f, line 8"),
        ("in", "a.py:7 f\n  called by a.py:7 g, line 8"),
        ("both", "a.py:7 f\n  called by a.py:7 g, line 8"),
    ],
)
def test_an_edge_is_told_from_where_the_walk_came(direction: str, line: str) -> None:
    text, _ = told_of([node_of("f"), node_of("g", 1)], [edge_of(1, 0)], direction=direction)
    assert text == f"1 edge, 2 nodes in r\n{line}"


def test_the_sure_edges_of_a_node_come_before_the_inferred_ones() -> None:
    nodes = [node_of("f"), node_of("g", 1), node_of("f")]
    text, _ = told_of(nodes, [edge_of(0, 1, "by its name"), edge_of(0, 2, count=3), edge_of(0, 0)])
    assert text.splitlines()[1:] == [
        "a.py:7 f", "  calls a.py:7 f, line 8 and 2 more", "  calls a.py:7 f, line 8",
        "  calls a.py:7 g, line 8, inferred 0.5: by its name",
    ]  # fmt: skip


def test_a_line_is_not_told_twice() -> None:
    nodes = [node_of("Base"), GraphNode(**{**node_of("Derived", 1).model_dump(), "start_line": 8})]
    text, _ = told_of(nodes, [edge_of(1, 0, relation="inherits")], direction="in")
    assert text.splitlines()[2] == "  inherited by a.py:8 Derived"


def test_ways_in_several_repositories_are_told_one_after_another() -> None:
    nodes = [node_of("f"), node_of("g", 1), *(node_of(name, at, repo="s") for at, name in enumerate(("f", "h", "g")))]
    text, _ = told_of(nodes, [edge_of(0, 1), edge_of(2, 3), edge_of(3, 4)], end="g")
    assert text.splitlines() == [
        "2 ways, 3 steps", "r a.py:7 f", "  calls r a.py:7 g, line 8", "s a.py:7 f", "  calls s a.py:7 h, line 8",
        "  calls s a.py:7 g, line 8",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"direction": "in"}, "nothing uses it in r that is known"),
        ({"relations": ("tests",)}, "it uses nothing in r that is known by these relations"),
        ({"end": "g"}, "no way there in r along what uses what"),
    ],
)
def test_where_nothing_hangs_together_it_is_told_what_was_looked_at(asked: dict[str, Any], told: str) -> None:
    text, _ = told_of([node_of("f")], [], **asked)
    assert text.startswith(told)
    assert text.endswith("\na.py:7 f")


def pack_of(name: str, values: list[str], description: str = "", hidden: int = 0) -> use_context_pack.ContextPack:
    return use_context_pack._pack(
        Pack(
            name=name, description=description, visibility="shared", owner="o", mine=False, hidden_repos=hidden,
            scope=ShownScope(repos=values, ref=None, languages=[], path_globs=values, kinds=[]),
            defaults=ShownDefaults(mode=None, limit=None, token_budget=None), create_time="", update_time="",
        )
    )  # fmt: skip


@given(st.lists(TEXT, max_size=16), TEXT)
def test_packs_stay_within_their_tokens_and_tell_how_to_use_them(values: list[str], description: str) -> None:
    pack = pack_of("web", values, description)
    for text in (use_context_pack._scope_text(pack), use_context_pack._list_text([pack] * 50, 2_000)):
        assert words.tokens(text) <= use_context_pack.MOST_TOKENS
        assert "search_code and assemble_context" in text


def test_a_pack_tells_what_is_not_shown_of_it() -> None:
    assert "2 repositories not shown" in use_context_pack._scope_text(pack_of("web", [], hidden=2))
    assert "narrows nothing" in use_context_pack._scope_text(pack_of("web", []))
    assert "narrows nothing" not in use_context_pack._list_text([pack_of("web", [], hidden=2)], 1)


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


@pytest.mark.parametrize("direction", ["out", "in", "both"])
def test_what_changes_together_has_no_line_and_no_direction(direction: str) -> None:
    def file(path: str, depth: int) -> GraphNode:
        return GraphNode(**{**node_of("", depth, path).model_dump(), "start_line": 1, "end_line": 0})

    edge = edge_of(0, 1, "changed together in 2 of 3 commits", relation="changes_with", count=2)
    edge = GraphEdge(**{**edge.model_dump(), "line": 0})
    text, _ = told_of([file("a.py", 0), file("b.py", 1)], [edge], direction=direction, relations=("changes_with",))
    assert text.splitlines()[1:] == ["a.py", "  changes with b.py, inferred 0.5: changed together in 2 of 3 commits"]
    text, _ = told_of([file("a.py", 0)], [], notices=("why",), relations=("changes_with",))
    assert text.splitlines() == ["nothing in r is known to change together with it", "a.py", "why"]

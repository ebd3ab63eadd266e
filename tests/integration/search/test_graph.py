"""What uses what, of real snapshots: names linked over files, both directions, bounds, tenants and bad input."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from pampax.core.errors import InvalidRequest, NotFound
from pampax.graph.co_changes import co_changes
from pampax.graph.walking import CODE_RELATIONS, Direction, Relation
from pampax.search.graph.request import NameQuestion, Traversal, read_start
from pampax.search.graph.service import GraphService
from pampax.storage.snapshots import resolve

FILES = {
    "shop/money.py": "class Price:\n    def rounded(self) -> int:\n        return 1\n\n\n"
    "def parse(text: str) -> Price:\n    return Price()\n",
    "shop/basket.py": "from .money import Price, parse\n\n\nclass Basket:\n    def total(self) -> int:\n"
    "        return parse('1').rounded()\n\n\nclass Gift(Basket):\n    def total(self) -> int:\n"
    "        return super().total()\n",
    "shop/main.py": "from shop.basket import Basket\n\n\ndef main() -> None:\n    basket = Basket()\n"
    "    print(basket.total())\n",
    "tests/test_basket.py": "from shop.basket import Basket\n\n\ndef test_total():\n    assert Basket().total() == 1\n",
    "many.py": "\n".join(f"class C{number}:\n    def often(self): ...\n" for number in range(20)),
    "README.md": "# Shop\n",
}


@pytest.fixture(scope="module")
def indexed(new_repository):
    made = new_repository("graph", FILES)
    assert made.index() == "succeeded"
    return made


@pytest.fixture(scope="module")
def graph(database, service):
    return GraphService(database, service.directories)


@pytest.fixture
def walk(graph, indexed):
    async def ask(start, direction="in", relations=(), depth=1, most=100, end=None):
        asked = Traversal(
            read_start(start, "start"), ("graph",), None, Direction(direction),
            frozenset(map(Relation, relations)) or CODE_RELATIONS, depth, most,
            read_start(end, "end") if end else None,
        )  # fmt: skip
        answer = await graph.traverse(indexed.caller, asked)
        (found,) = answer.found
        edges = [
            (edge.source.symbol or edge.source.path, edge.relation.value, edge.target.symbol or edge.target.path)
            for edge in found.neighbourhood.edges
        ]
        return sorted(edges), answer

    return ask


async def test_callers_are_found_through_types_and_imports(walk):
    edges, _ = await walk("Basket.total", relations=["calls", "tests"])
    assert edges == [
        ("Gift.total", "calls", "Basket.total"),
        ("main", "calls", "Basket.total"),
        ("test_total", "tests", "Basket.total"),
    ]


async def test_what_a_function_uses(walk):
    edges, _ = await walk("shop/basket.py:6", "out", ["calls"])
    assert edges == [("Basket.total", "calls", "Price.rounded"), ("Basket.total", "calls", "parse")]


async def test_imports_bases_and_tests(walk):
    assert (await walk("shop/basket.py", "out", ["imports"]))[0] == [("shop/basket.py", "imports", "shop/money.py")]
    importers, _ = await walk("shop/basket.py", "in", ["imports"])
    assert importers == [
        ("shop/main.py", "imports", "shop/basket.py"), ("tests/test_basket.py", "imports", "shop/basket.py"),
    ]  # fmt: skip
    assert (await walk("Basket", "in", ["inherits"]))[0] == [("Gift", "inherits", "Basket")]
    assert (await walk("Basket.total", "in", ["tests"]))[0] == [("test_total", "tests", "Basket.total")]


async def test_an_impact_goes_on_step_by_step(walk):
    near, _ = await walk("parse", "in", ["calls"])
    far, answer = await walk("parse", "in", ["calls"], depth=2)
    assert near == [("Basket.total", "calls", "parse")]
    assert ("main", "calls", "Basket.total") in far
    assert max(answer.found[0].neighbourhood.depths.values()) == 2


async def test_a_way_from_one_to_the_other(walk):
    edges, _ = await walk("main", end="Price.rounded")
    assert edges == [("Basket.total", "calls", "Price.rounded"), ("main", "calls", "Basket.total")]
    assert (await walk("Price.rounded", end="main"))[0] == []


async def test_nodes_are_bounded_and_that_is_told(walk):
    edges, answer = await walk("Basket.total", most=2)
    assert len(edges) == 1
    assert answer.notices == ("more than 2 nodes: ask for more, or for less depth",)


async def test_the_same_question_has_the_same_answer(walk):
    assert (await walk("Basket", "both", depth=3))[1].found[0].neighbourhood.edges == (
        await walk("Basket", "both", depth=3)
    )[1].found[0].neighbourhood.edges


async def test_symbols_of_a_name(graph, indexed):
    found = await graph.symbols(indexed.caller, NameQuestion("basket.TOTAL", ("graph",), None, 10))
    assert [(each.path, each.qualified_name) for _, each in found.found] == [("shop/basket.py", "Basket.total")]
    often = await graph.symbols(indexed.caller, NameQuestion("often", ("graph",), None, 5))
    assert (len(often.found), often.total) == (5, 20)


@pytest.mark.parametrize(
    ("start", "error", "message"),
    [
        ("Basket.totl", NotFound, r"defines no 'Basket.totl'; did you mean 'Basket.total'"),
        ("shop/basket.py#totall", NotFound, r"defines no 'totall'; did you mean 'total'"),
        ("shop/basket.py:0", NotFound, r"shop/basket.py has 11 lines, line 0 is not there"),
        ("shop/basket.py:999", NotFound, r"shop/basket.py has 11 lines, line 999 is not there"),
        ("often", InvalidRequest, r"defined 20 times in graph; name one of them by its place: many.py:2"),
        ("nothing", NotFound, r"defines no 'nothing'"),
        ("shop/baskt.py", NotFound, r"no indexed file 'shop/baskt.py'; the nearest is 'shop/basket.py'"),
        ("shop/basket.py#absent", NotFound, r"shop/basket.py defines no 'absent'"),
        ("  ", InvalidRequest, r"start must be"),
        ("a\0b", InvalidRequest, r"start must be"),
        ("x" * 1001, InvalidRequest, r"start must be"),
    ],
)
async def test_what_cannot_be_answered_says_why(walk, start, error, message):
    with pytest.raises(error, match=message):
        await walk(start)


async def test_the_end_of_a_path_is_enough(walk):
    assert (await walk("basket.py:6", "out", ["calls"]))[0] == (await walk("shop/basket.py:6", "out", ["calls"]))[0]
    assert (await walk("/shop/basket.py", "out", ["imports"]))[0]
    assert (await walk("many.py", "out", ["imports"]))[0] == []  # a file at the top, and no name
    assert (await walk("main.py", "out", ["imports"]))[0]


async def test_both_directions_go_on_each_for_itself(walk):
    edges, _ = await walk("Gift", "both", ["inherits"], depth=3)
    assert edges == [("Gift", "inherits", "Basket")]


async def test_a_way_to_itself_says_so(walk):
    edges, answer = await walk("main", end="main")
    assert (edges, answer.notices) == ([], ("it begins where it shall end",))


async def test_overloads_are_one(new_repository, database, service):
    text = (
        "from typing import overload\n\n\n@overload\ndef get(a: int) -> int: ...\n"
        "@overload\ndef get(a: str) -> str: ...\n"
        "def get(a):\n    value = a\n    return value\n\n\ndef use():\n    get(1)\n"
    )
    made = new_repository("overloads", {"a.py": text})
    assert made.index() == "succeeded"
    graph = GraphService(database, service.directories)
    asked = Traversal(
        read_start("get", "start"), ("overloads",), None, Direction.IN, frozenset({Relation.CALLS}), 1, 10, None
    )
    (found,) = (await graph.traverse(made.caller, asked)).found
    assert [(edge.source.symbol, edge.target.start_line) for edge in found.neighbourhood.edges] == [("use", 8)]


async def test_one_of_several_repositories_is_enough(graph, indexed, new_repository):
    other = new_repository("other", {"often.py": "def rare(): ...\n\n\ndef use():\n    rare()\n"}, beside=indexed)
    assert other.index() == "succeeded"

    def asking(start):
        return Traversal(read_start(start, "start"), None, None, Direction.IN, frozenset(Relation), 1, 10, None)

    answer = await graph.traverse(indexed.caller, asking("rare"))
    assert [found.snapshot.repository for found in answer.found] == ["other"]
    with pytest.raises(NotFound, match=r"looked into 2 repositories"):
        await graph.traverse(indexed.caller, asking("zzzzzz"))
    with pytest.raises(NotFound, match=r"the nearest is 'shop/basket.py'"):
        await graph.traverse(indexed.caller, asking("shop/baskt.py"))


async def test_another_tenant_sees_nothing(graph, indexed, new_repository):
    other = new_repository("graph", {"a.py": "def alone(): ...\n"})
    assert other.index() == "succeeded"
    found = await graph.symbols(other.caller, NameQuestion("Basket", None, None, 10))
    assert found.total == 0


async def test_a_refresh_links_anew(new_repository, database, service):
    made = new_repository(
        "moving", {"a.py": "def helper(): ...\n", "b.py": "from a import helper\n\n\ndef use():\n    helper()\n"}
    )
    assert made.index() == "succeeded"
    graph = GraphService(database, service.directories)
    asked = Traversal(
        read_start("use", "start"), ("moving",), None, Direction.OUT, frozenset({Relation.CALLS}), 1, 10, None
    )
    before = await graph.traverse(made.caller, asked)
    made.write(
        {"a.py": "", "c.py": "def helper(): ...\n", "b.py": "from c import helper\n\n\ndef use():\n    helper()\n"}
    )
    assert made.index() == "succeeded"
    after = await graph.traverse(made.caller, asked)
    assert [edge.target.path for edge in before.found[0].neighbourhood.edges] == ["a.py"]
    assert [edge.target.path for edge in after.found[0].neighbourhood.edges] == ["c.py"]


def _git(folder, *arguments):
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder), *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=30)


def _commit(folder, **changes):
    for name, text in changes.items():
        (folder / f"{name}.py").write_text(text)
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", "m")


@pytest.fixture(scope="module")
def with_history(new_repository):
    """a and b change together in two of three commits of a, c with them in one, gone in both."""
    made = new_repository("past", {"a.py": "def alpha():\n    return 0\n", "b.py": "y = 0\n", "c.py": "z = 0\n"})
    _git(made.folder, "init", "-q", "-b", "main")
    _commit(made.folder, gone="")
    for number in (1, 2):
        _commit(made.folder, a=f"def alpha():\n    return {number}\n", b=f"y = {number}\n", gone=f"g = {number}\n")
    (made.folder / "gone.py").unlink()
    _commit(made.folder, a="def alpha():\n    return 3\n", c="z = 3\n")
    assert made.index() == "succeeded"
    return made


async def changing(graph, made, start, *, relations=("changes_with",), direction="out"):
    only = frozenset(map(Relation, relations))
    asked = Traversal(read_start(start, "start"), (made.name,), None, Direction(direction), only, 1, 100, None)
    answer = await graph.traverse(made.caller, asked)
    return answer.found[0].neighbourhood, answer.notices


@pytest.mark.parametrize("start", ["a.py", "alpha", "a.py:2"])
@pytest.mark.parametrize("direction", ["in", "out", "both"])
async def test_what_changes_together_is_told_of_the_file_of_whatever_is_named(graph, with_history, start, direction):
    found, notices = await changing(graph, with_history, start, direction=direction)
    (edge,) = found.edges
    assert (edge.source.path, edge.source.symbol, edge.target.path) == ("a.py", "", "b.py")
    assert (edge.certainty, edge.confidence, edge.count, edge.line) == ("inferred", 2 / 5, 2, 0)
    assert edge.why == "changed together in 2 of 3 commits"
    assert notices == ()


async def test_with_other_relations_a_definition_and_its_file_are_looked_at(graph, with_history):
    found, _ = await changing(graph, with_history, "alpha", relations=("changes_with", "calls"))
    assert [edge.target.path for edge in found.edges] == ["b.py"]
    assert {node.symbol for node, depth in found.depths.items() if not depth} == {"alpha", ""}


async def test_a_file_that_never_changed_with_others_and_a_folder_without_history_say_so(graph, with_history, indexed):
    found, notices = await changing(graph, with_history, "c.py")
    assert found.edges == []  # it changed, and once only
    assert notices == ("no other file that past at main has changed in two commits together with it",)
    found, (notice,) = await changing(graph, indexed, "README.md")
    assert found.edges == []
    assert notice == "graph at worktree has no history to tell what changes together: its source is no git repository"


async def test_histories_lost_and_clones_without_one_are_told_apart(graph, new_repository, tmp_path):
    made = new_repository("short", {"a.py": "x = 1\n"})
    _git(made.folder, "init", "-q", "-b", "main")
    _commit(made.folder, a="x = 2\n")
    assert made.index() == "succeeded"
    _, (notice,) = await changing(graph, made, "a.py")
    assert "holds no commits before" in notice
    with made.database.tenant(made.caller.tenant_id) as conn:
        conn.execute("DELETE FROM commit_history")
    _, (notice,) = await changing(graph, made, "a.py")
    assert "it came without its history" in notice
    for number in range(3):
        _commit(made.folder, b=f"x = {number}\n")
    assert made.index() == "succeeded"
    _, (notice,) = await changing(graph, made, "a.py")
    assert notice == "none of the last 3 commits of short at main changed it together with a few others"


async def test_another_reader_gets_the_same_without_a_directory(database, with_history):
    caller = with_history.caller
    async with database.tenant(caller.tenant_id, read_only=True) as conn:
        (snapshot,) = await resolve(conn, caller.principal_id, [with_history.name], None)
        found = (await co_changes(conn, snapshot, ["a.py", "b.py", "never.py"])).by_path
        assert found == {
            "a.py": (("b.py", 2 / 5, 2, 3),), "b.py": (("a.py", 2 / 4, 2, 2),), "never.py": (),
        }  # fmt: skip
        unknown = replace(snapshot, commit="")
        assert (await co_changes(conn, unknown, ["a.py"])).by_path == {"a.py": ()}

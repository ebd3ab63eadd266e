"""What uses what over the borders of repositories that import each other: languages, directions, grants, maps."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest

from pampax.core.errors import NotFound
from pampax.core.identity import Caller, Role
from pampax.graph.walking import CODE_RELATIONS, Direction, Relation
from pampax.search.graph.request import Traversal, read_start
from pampax.search.graph.service import GraphService

# Provides something in every language, and imports of `shop`, which makes a cycle.
BASE = {
    "py/pyproject.toml": '[project]\nname = "acme-http"\nversion = "2.1"\n',
    "py/src/acme_http/__init__.py": "from ._client import Client, get\n",
    "py/src/acme_http/_client.py": (
        "class Transport:\n    def drain(self): ...\n\n\nclass Client(Transport):\n"
        "    def dispatch(self) -> 'Client':\n        return self\n\n\ndef get(address: str) -> Client:\n"
        "    return Client()\n"
    ),
    "py/src/acme_http/plugins.py": "from shop.main import settle\n\n\ndef load():\n    settle()\n",
    "package.json": '{"private": true, "workspaces": ["packages/*"]}',
    "packages/kit/package.json": '{"name": "@acme/kit", "version": "1.0.0", "main": "./dist/index.js"}',
    "packages/kit/src/index.ts": "export { Button } from './button';\nexport * from './helpers';\n",
    "packages/kit/src/button.ts": "export class Button {\n  press(): void {}\n}\n",
    "packages/kit/src/helpers.ts": "export function paint(): number { return 1; }\n",
    "go.mod": "module example.com/acme/base\n\ngo 1.22\n",
    "store/store.go": (
        "package store\n\ntype Store struct{}\n\nfunc Open() *Store { return &Store{} }\n\n"
        "func (s *Store) Sweep() int { return 1 }\n"
    ),
    "java/pom.xml": (
        "<project><groupId>com.acme</groupId><artifactId>ledger</artifactId><version>3</version></project>"
    ),
    "java/src/main/java/com/acme/ledger/Ledger.java": (
        "package com.acme.ledger;\n\npublic class Ledger {\n    public void post() {}\n"
        "    public static Ledger create() { return new Ledger(); }\n}\n"
    ),
}
SHOP = {
    "pyproject.toml": (
        "[project]\nname = 'shop'\ndependencies = ['acme-http[fast] >= 2, <3 ; python_version > \"3\"']\n"
    ),
    "shop/__init__.py": "",
    "shop/main.py": (
        "import json\n\nimport acme_http\nfrom acme_http import Client, get as fetch\n"
        "from acme_http.absent import nothing\n"
        "\n\nclass Own(Client):\n    def run(self):\n        self.drain()\n\n\ndef settle():\n    client = fetch('x')\n"
        "    client.dispatch()\n    json.dumps(1)\n    nothing()\n\n\ndef again():\n"
        "    got = acme_http.get('y')\n    got.drain()\n"
    ),
    "tests/test_main.py": "from acme_http import get\n\n\ndef test_get():\n    get('z')\n",
    "web/package.json": '{"name": "shop-web", "dependencies": {"@acme/kit": "^1.0.0"}}',
    "web/src/app.ts": (
        "import { Button, paint as colour } from '@acme/kit';\n\nexport function draw(): void {\n"
        "  const button = new Button();\n  button.press();\n  colour();\n}\n"
    ),
    "go.mod": "module example.com/acme/shop\n\nrequire example.com/acme/base v1.2.3\n",
    "store/store.go": "package store\n\nfunc Unrelated() {}\n",
    "cmd/main.go": (
        'package main\n\nimport (\n\t"example.com/acme/base/store"\n)\n\nfunc Begin() {\n\tkept := store.Open()\n'
        "\tkept.Sweep()\n}\n"
    ),
    "java/pom.xml": (
        "<project><groupId>com.shop</groupId><artifactId>books</artifactId><dependencies><dependency>"
        "<groupId>com.acme</groupId><artifactId>ledger</artifactId><version>[3,4)</version></dependency></dependencies>"
        "</project>"
    ),
    "java/src/main/java/com/shop/Books.java": (
        "package com.shop;\n\nimport com.acme.ledger.Ledger;\n\npublic class Books extends Ledger {\n"
        "    void close() {\n        Ledger.create();\n        post();\n    }\n}\n"
    ),
    "broken/package.json": '{"name": "cut off',
}
# Reaches `base` by way of `shop` alone.
DESK = {
    "setup.py": "from setuptools import setup\n\nsetup(name='desk', install_requires=['shop'])\n",
    "desk/__init__.py": "from shop.main import Own\n\n\ndef open_desk():\n    own = Own()\n    own.dispatch()\n",
}
ALL = ("base", "desk", "shop")


@pytest.fixture(scope="module")
def base(new_repository):
    made = new_repository("base", BASE)
    assert made.index() == "succeeded"
    for name, files in (("shop", SHOP), ("desk", DESK)):
        assert new_repository(name, files, beside=made).index() == "succeeded"
    return made


@pytest.fixture(scope="module")
def graph(database, service):
    return GraphService(database, service.directories)


def named(node):
    return f"{node.repository}:{node.symbol or node.path}"


def edges_of(answer):
    return sorted(
        (named(edge.source), edge.relation.value, named(edge.target))
        for found in answer.found
        for edge in found.neighbourhood.edges
    )


@pytest.fixture
def walk(graph, base):
    async def ask(start, direction="out", relations=(), depth=1, most=100, end=None, repos=ALL, caller=None):
        asked = Traversal(
            read_start(start, "start"), repos, None, Direction(direction),
            frozenset(map(Relation, relations)) or CODE_RELATIONS, depth, most,
            read_start(end, "end") if end else None,
        )  # fmt: skip
        answer = await graph.traverse(caller or base.caller, asked)
        return edges_of(answer), answer

    return ask


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("settle", ["base:get", "base:Client.dispatch"]),
        ("again", ["base:get", "base:Transport.drain"]),
        ("Own.run", ["base:Transport.drain"]),
        ("draw", ["base:Button", "base:Button.press", "base:paint"]),
        ("Begin", ["base:Open", "base:Store.Sweep"]),
        ("Books.close", ["base:Ledger.create", "base:Ledger.post"]),
        ("load", ["shop:settle"]),
        ("open_desk", ["base:Client.dispatch", "shop:Own"]),
    ],
)
async def test_calls_lead_to_the_repository_that_provides_the_module(walk, start, expected):
    edges, answer = await walk(start, relations=["calls"])
    assert [target for _, _, target in edges] == sorted(expected)
    (found,) = answer.found
    assert {edge.certainty.value for edge in found.neighbourhood.edges} == {"precise"}


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("Client.dispatch", ["desk:open_desk", "shop:settle"]),
        ("Transport.drain", ["shop:Own.run", "shop:again"]),
        ("get", ["shop:again", "shop:settle", "shop:test_get"]),
        ("Button.press", ["shop:draw"]),
        ("Store.Sweep", ["shop:Begin"]),
        ("Ledger.post", ["shop:Books.close"]),
        ("settle", ["base:load"]),
    ],
)
async def test_callers_are_found_in_every_repository_that_imports_it(walk, start, expected):
    edges, _ = await walk(start, "in", ["calls", "tests"])
    assert [source for source, _, _ in edges] == expected


async def test_bases_and_imports_go_over_the_border(walk):
    assert (await walk("Own", relations=["inherits"]))[0] == [("shop:Own", "inherits", "base:Client")]
    assert ("shop:Books", "inherits", "base:Ledger") in (await walk("Ledger", "in", ["inherits"]))[0]
    assert (await walk("shop/main.py", relations=["imports"]))[0] == [
        ("shop:shop/main.py", "imports", "base:py/src/acme_http/__init__.py")
    ]
    assert (await walk("cmd/main.go", relations=["imports"]))[0] == [
        ("shop:cmd/main.go", "imports", "base:store/store.go")
    ]
    assert (await walk("packages/kit/src/index.ts", "in", ["imports"]))[0] == [
        ("shop:web/src/app.ts", "imports", "base:packages/kit/src/index.ts")
    ]
    importers, _ = await walk("py/src/acme_http/__init__.py", "in", ["imports"])
    assert importers == [
        ("shop:shop/main.py", "imports", "base:py/src/acme_http/__init__.py"),
        ("shop:tests/test_main.py", "imports", "base:py/src/acme_http/__init__.py"),
    ]


async def test_a_walk_goes_on_over_several_borders_and_round_a_cycle(walk):
    edges, answer = await walk("Client.dispatch", "in", ["calls"], depth=3)
    assert ("base:load", "calls", "shop:settle") in edges
    assert ("shop:settle", "calls", "base:Client.dispatch") in edges
    (found,) = answer.found
    assert len(edges) == len(set(edges))
    assert max(found.neighbourhood.depths.values()) == 2


async def test_a_way_leads_from_one_repository_to_another(walk):
    edges, _ = await walk("load", end="Client.dispatch")
    assert edges == [
        ("base:load", "calls", "shop:settle"), ("shop:settle", "calls", "base:Client.dispatch"),
    ]  # fmt: skip
    assert (await walk("open_desk", end="Transport.drain"))[0][0][0] == "desk:open_desk"
    assert (await walk("Transport.drain", end="open_desk"))[0] == []


async def test_one_repository_alone_knows_nothing_of_others(walk):
    edges, _ = await walk("settle", repos=("shop",))
    assert edges == []
    assert (await walk("Begin", repos=("shop",)))[0] == []


async def test_nodes_are_bounded_over_all_repositories_together(walk):
    edges, answer = await walk("get", "in", ["calls", "tests"], most=2)
    assert len(edges) == 1
    assert answer.notices == ("more than 2 nodes: ask for more, or for less depth",)


async def test_the_same_question_has_the_same_answer(walk):
    first, second = [(await walk("Client", "both", depth=3))[1].found[0].neighbourhood for _ in range(2)]
    assert (first.edges, first.depths) == (second.edges, second.depths)


@pytest.fixture(scope="module")
def outsider(base, database_urls):
    """Reads `shop` and `desk`, and not `base`."""
    principal = uuid4()
    with psycopg.connect(database_urls.owner) as conn:
        conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(base.caller.tenant_id)])
        conn.execute(
            "INSERT INTO principal (principal_id, tenant_id, name) VALUES (%s, %s, 'outsider')",
            [principal, base.caller.tenant_id],
        )
        conn.execute(
            "INSERT INTO role_binding SELECT tenant_id, %s, repository_id, 'reader' FROM repository"
            " WHERE name = ANY(%s)",
            [principal, ["shop", "desk"]],
        )
    return Caller(base.caller.tenant_id, principal, Role.READER)


async def test_what_a_caller_may_not_read_is_not_linked_to(walk, graph, outsider):
    edges, answer = await walk("settle", repos=None, caller=outsider)
    assert edges == []
    assert [snapshot.repository for snapshot in answer.snapshots] == ["desk", "shop"]
    assert (await walk("settle", "in", repos=None, caller=outsider))[0] == []
    with pytest.raises(NotFound, match=r"'base' is not found"):
        await walk("settle", caller=outsider)
    related = await graph.relate(outsider, None, None)
    assert [each.repository for each in related.members] == ["desk", "shop"]
    assert [(each.source, each.target) for each in related.relationships] == [("desk", "shop")]
    assert "base" not in repr((related.relationships, related.notices))


async def test_the_map_tells_what_each_provides_and_needs(graph, base):
    related = await graph.relate(base.caller, ALL, None)
    provides = {each.repository: each.provided for each in related.members}
    assert [(each.ecosystem.value, each.name, each.version) for each in provides["base"].packages] == [
        ("go", "example.com/acme/base", ""), ("jvm", "com.acme:ledger", "3"), ("node", "@acme/kit", "1.0.0"),
        ("python", "acme-http", "2.1"),
    ]  # fmt: skip
    assert dict(provides["base"].names) == {
        "go": ("example.com/acme/base",), "jvm": ("com.acme.ledger",), "python": ("acme_http",),
        "script": ("@acme/kit",),
    }  # fmt: skip
    pairs = {(each.source, each.target): each for each in related.relationships}
    assert sorted(pairs) == [("base", "shop"), ("desk", "shop"), ("shop", "base")]
    needed = pairs["shop", "base"]
    assert [(each.name, each.spec, each.manifest) for each in needed.dependencies] == [
        ("example.com/acme/base", "v1.2.3", "go.mod"), ("com.acme:ledger", "[3,4)", "java/pom.xml"),
        ("@acme/kit", "^1.0.0", "web/package.json"), ("acme-http", ">= 2, <3", "pyproject.toml"),
    ]  # fmt: skip
    assert (needed.statements, needed.files, needed.shared) == (6, 5, 0)
    assert (needed.examples[0].path, needed.examples[0].line, needed.examples[0].target) == (
        "shop/main.py", 4, "py/src/acme_http/__init__.py",
    )  # fmt: skip
    assert (pairs["base", "shop"].declared, pairs["base", "shop"].statements) == (0, 1)


async def test_a_broken_manifest_is_passed_over_with_a_notice(graph, base):
    related = await graph.relate(base.caller, ALL, None)
    (notice,) = related.notices
    assert notice.startswith("shop: broken/package.json is not read: Unterminated string")


async def test_what_two_repositories_provide_is_linked_to_both_and_inferred(graph, base, new_repository):
    twin = {path.removeprefix("py/"): text for path, text in BASE.items() if path.startswith("py/")}
    assert new_repository("twin", twin, beside=base).index() == "succeeded"
    repos = ("base", "shop", "twin")
    asked = Traversal(
        read_start("settle", "start"), repos, None, Direction.OUT, frozenset({Relation.CALLS}), 1, 100, None
    )
    answer = await graph.traverse(base.caller, asked)
    # What a doubtful function returns is not followed further.
    assert edges_of(answer) == [("shop:settle", "calls", "base:get"), ("shop:settle", "calls", "twin:get")]
    for edge in answer.found[0].neighbourhood.edges:
        assert (edge.certainty.value, edge.confidence < 0.5) == ("inferred", True)
        assert "one of 2 repositories that provide it" in edge.why
    related = await graph.relate(base.caller, repos, None)
    pairs = {(each.source, each.target): each for each in related.relationships}
    assert pairs["shop", "twin"].shared == pairs["shop", "twin"].statements == 3
    assert "python package acme-http is provided by base, twin: imports of it may mean each" in related.notices


async def test_what_is_left_out_is_told(database, service, base, monkeypatch):
    monkeypatch.setattr("pampax.search.graph.service.MAX_MAPPED", 2)
    monkeypatch.setattr("pampax.search.graph.members.MAX_MANIFESTS", 1)
    monkeypatch.setattr("pampax.search.graph.members.MAX_MANIFEST_BYTES", 60)
    related = await GraphService(database, service.directories).relate(base.caller, ALL, None)
    assert [each.repository for each in related.members] == ["base", "desk"]
    assert "of 3 repositories the first 2 are looked at: name others" in related.notices
    assert "base: of 5 manifests 1 are read" in related.notices
    assert "desk: setup.py has more than 60 bytes" in related.notices


async def test_imports_that_are_not_read_in_time_are_told_and_read_the_next_time(database, service, base, monkeypatch):
    graph = GraphService(database, service.directories)
    with monkeypatch.context() as hurried:
        hurried.setattr("pampax.search.graph.service.WALK_S", -1.0)
        related = await graph.relate(base.caller, ALL, None)
        assert sum(each.statements for each in related.relationships) == 0
        assert "not all imports of shop were read in time: ask again, or for fewer repositories" in related.notices
        assert "base: what it provides was not read in time: ask again, or for fewer repositories" in related.notices
    again = await graph.relate(base.caller, ALL, None)
    assert sum(each.statements for each in again.relationships) == 8
    assert len(again.notices) == 1


async def test_too_many_imports_are_told(database, service, base, monkeypatch):
    for module in ("pampax.graph.imports", "pampax.search.graph.members"):
        monkeypatch.setattr(f"{module}.MAX_STATEMENTS", 2)
    related = await GraphService(database, service.directories).relate(base.caller, ("base", "shop"), None)
    assert "shop has more than 2 imports: the first ones are looked at" in related.notices

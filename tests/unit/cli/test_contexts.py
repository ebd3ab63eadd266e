"""Packs as files, the defaults of folders, and what commands make of packs of others."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.cli.contexts.defaults import Default, in_force, read_defaults, write_defaults
from pampax.cli.contexts.pack_file import pack_text, read_pack
from pampax.client.context import NewPack, PackDefaults, PackScope
from pampax.core.choices import KINDS

from ..client.conftest import Gateway, Told  # noqa: TID252 - test folders are no packages with a name of their own
from .conftest import Run
from .test_commands import ANSWER

PACK: dict[str, Any] = {
    "name": "web",
    "description": "The shop",
    "visibility": "shared",
    "scope": {"repos": ["shop"], "ref": None, "languages": [], "path_globs": ["src/"], "kinds": []},
    "defaults": {"mode": None, "limit": None, "token_budget": 9000},
    "owner": "ann",
    "mine": False,
    "hidden_repos": 2,
    "create_time": "2025-01-01T00:00:00Z",
    "update_time": "2025-01-02T00:00:00Z",
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
PACKS = st.builds(
    NewPack,
    description=TEXT,
    visibility=st.sampled_from(["private", "shared"]),
    scope=st.builds(
        PackScope, repos=TEXTS, ref=TEXT.filter(bool) | st.none(), languages=TEXTS, path_globs=TEXTS,
        kinds=st.lists(st.sampled_from(KINDS), max_size=3).map(tuple),
    ),
    defaults=st.builds(
        PackDefaults, mode=st.sampled_from([None, "symbol"]), limit=st.sampled_from([None, 7]),
        token_budget=st.sampled_from([None, 300]), policy=st.sampled_from([None, "broad"]),
        tests=st.sampled_from([None, "with"]), docs=st.sampled_from([None, "auto"]),
        config=st.sampled_from([None, "without"]),
    ),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _asked(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAMPAX_ENDPOINT", gateway.endpoint)
    monkeypatch.setenv("PAMPAX_TOKEN", "pampax_k")


@given(pack=PACKS)
def test_a_written_pack_is_read_back(tmp_path_factory: pytest.TempPathFactory, pack: NewPack) -> None:
    file = tmp_path_factory.mktemp("packs") / "pack.toml"
    file.write_text(pack_text(pack), "utf-8", newline="\n")
    assert read_pack(str(file)) == pack


@given(defaults=st.lists(st.builds(Default, TEXT.map(lambda name: Path("/", name)), TEXT, TEXT), max_size=4))
def test_written_defaults_are_read_back(tmp_path_factory: pytest.TempPathFactory, defaults: list[Default]) -> None:
    file = tmp_path_factory.mktemp("defaults") / "new" / "contexts.toml"
    write_defaults(file, defaults)
    assert sorted(read_defaults(file), key=str) == sorted(defaults, key=str)


def test_the_nearest_folder_wins_within_a_system() -> None:
    top, deep, other = Default(Path("/a"), "s", "top"), Default(Path("/a/b"), "s", "deep"), Default(Path("/"), "t", "t")
    found = [in_force([top, deep, other], Path(folder), "s") for folder in ("/a/b/c", "/a/x", "/ab", "/")]
    assert found == [deep, top, None, None]
    assert in_force([top, other], Path("/elsewhere")) == other


def test_another_persons_pack_is_shown_with_what_is_hidden(gateway: Gateway, run: Run) -> None:
    gateway.will(Told(PACK))
    code, out, _ = run("context", "show", "web")
    assert (code, out.splitlines()[0].startswith("web  shared, of ann, saved ")) == (0, True)
    assert out.splitlines()[1:] == [
        "The shop",
        "repos     shop",
        "paths     src/",
        "budget    9,000 tokens",
        "2 repositories not shown: gone, or not readable with this key",
    ]
    _, text, err = run("context", "show", "web", "--toml")
    assert ('repos = ["shop"]' in text, err) == (
        True, "2 of its repositories, which this key may not read, are left out\n"
    )  # fmt: skip


def test_a_list_tells_which_pack_a_name_stands_for(gateway: Gateway, run: Run) -> None:
    own = {**PACK, "mine": True, "visibility": "private", "owner": "me", "hidden_repos": 0}
    empty = {"repos": [], "ref": None, "languages": [], "path_globs": [], "kinds": []}
    gateway.will(
        Told({"contexts": [own, PACK], "next_page_token": "more"}),
        Told({"contexts": [{**own, "name": "x", "scope": empty}], "next_page_token": ""}),
    )
    _, out, _ = run("context", "list")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "NAME VISIBILITY OWNER SCOPE SAVED DESCRIPTION"
    assert lines[1].startswith("web private you shop · src/ ")
    assert lines[2].startswith("web shared (hidden by yours) ann shop, 2 hidden · src/ ")
    assert lines[3].startswith("x private you - ")
    assert "page_token=more" in gateway.asked[1].path


def test_an_empty_list_says_how_to_begin(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({"contexts": [], "next_page_token": ""}))
    assert run("context") == (0, "no context packs yet\n", "save one with `pampax context save NAME -r REPO`\n")


def test_only_what_was_typed_is_sent_so_that_a_pack_may_fill_the_rest(gateway: Gateway, run: Run) -> None:
    gateway.will(Told({**ANSWER, "pack": "web"}))
    run("search", "x", "--context", "web")
    assert not {"mode", "limit"} & gateway.asked[-1].body.keys()
    assert gateway.asked[-1].body["pack"] == "web"
    run("search", "x", "-c", "web", "-m", "hybrid", "-k", "10")
    assert (gateway.asked[-1].body["mode"], gateway.asked[-1].body["limit"]) == ("hybrid", 10)


def test_a_default_is_for_the_system_that_it_was_made_for(
    gateway: Gateway, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.will(Told(PACK))
    assert run("context", "use", "web", "--quiet") == (0, "", "")
    gateway.will(Told({**ANSWER, "pack": "web"}))
    run("search", "x")
    assert gateway.asked[-1].body["pack"] == "web"
    monkeypatch.setenv("PAMPAX_ENDPOINT", gateway.endpoint.replace("127.0.0.1", "localhost"))
    run("search", "x")
    assert "pack" not in gateway.asked[-1].body


def test_deleting_asks_on_a_terminal(gateway: Gateway, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda *_: "n")
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda *_: "n")
    gateway.will(Told(PACK))
    assert run("context", "delete", "web")[0] == 130
    assert [each.method for each in gateway.asked] == ["GET"]

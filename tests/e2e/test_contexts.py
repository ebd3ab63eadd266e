"""`pampax context`: packs by the command, as files, and as the default of a folder."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Cli, Done

Run = Callable[..., Done]
QUESTION = "checkout of the basket"


@pytest.fixture
def run(pampax: Cli, shop: Path, tmp_path: Path) -> Run:
    """The command of somebody with a configuration of its own, in an empty folder."""
    here = tmp_path / "work"
    here.mkdir()
    config = str(tmp_path / "config")
    return lambda *arguments, cwd=here: pampax(*arguments, cwd=cwd, XDG_CONFIG_HOME=config)


@pytest.fixture
def name() -> str:
    return f"pack-{secrets.token_hex(3)}"


def paths(done: Done) -> set[str]:
    return {each["path"] for each in done.json["results"]}


def test_a_pack_is_saved_shown_used_listed_and_deleted(run: Run, name: str) -> None:
    scope = ("-r", "shop", "-l", "python", "-p", "shop/", "-p", "web/", "--kind", "type", "--kind", "function")
    saved = run("context", "save", name, *scope, "--limit", "3", "-d", "The shop, not its tests")
    assert (saved.code, saved.err) == (0, "")
    assert saved.out == f"saved {name} (private): shop · python · shop/, web/ · type, function\n"
    shown = run("context", "show", name).out.splitlines()
    assert shown[0].startswith(f"{name}  private, yours, saved ")
    assert shown[1:] == [
        "The shop, not its tests",
        "repos     shop",
        "languages python",
        "paths     shop/, web/",
        "kinds     type, function",
        "limit     3",
    ]
    found = run("search", QUESTION, "--context", name, "--json").json
    assert found["pack"] == name
    assert {each["path"] for each in found["results"]} <= {"shop/basket.py", "shop/payment.py"}
    assert found["results"]
    bundle = run("assemble", QUESTION, "--context", name, "--json").json
    assert {each["path"].partition("/")[0] for each in bundle["items"]} == {"shop"}
    assert name in run("context", "list", "-q").out.splitlines()
    assert run("context", "save", name, "-l", "go").out == f"replaced {name} (private): go\n"
    refused = run("context", "delete", name)
    assert (refused.code, "needs --yes" in refused.err) == (2, True)
    assert run("context", "delete", name, "--yes").out == f"deleted {name}\n"
    gone = run("context", "show", name)
    assert (gone.code, gone.err.startswith(f"pampax: there is no context pack '{name}'")) == (2, True)


def test_a_pack_goes_through_a_file_unchanged(run: Run, name: str, tmp_path: Path) -> None:
    text = f'description = "{name}"\nvisibility = "shared"\n\n[scope]\nrepos = ["shop"]\nref = "main"\n'
    text += 'languages = ["python", "go"]\npath_globs = ["shop/**", "stock/"]\nkinds = ["function"]\n\n'
    text += '[defaults]\nmode = "lexical"\nlimit = 5\ntoken_budget = 900\n'
    text += 'policy = "broad"\ntests = "without"\n'
    file = tmp_path / "pack.toml"
    file.write_text(text)
    saved = run("context", "save", name, "--file", file, "--json").json
    assert (saved["visibility"], saved["defaults"]) == (
        "shared",
        {"mode": "lexical", "limit": 5, "token_budget": 900, "policy": "broad", "tests": "without", "docs": None,
         "config": None},
    )  # fmt: skip
    shown = run("context", "show", name, "--toml")
    assert (shown.out, shown.err) == (text, "")
    file.write_text(shown.out)
    again = run("context", "save", name, "--file", file, "--json").json
    assert {**again, "update_time": ""} == {**saved, "update_time": ""}


def test_a_default_holds_in_its_folder_and_below_and_says_so(run: Run, name: str, tmp_path: Path) -> None:
    here, below = tmp_path / "work", tmp_path / "work" / "deep" / "down"
    below.mkdir(parents=True)
    assert run("context", "use").out == "no context pack is the default here\n"
    run("context", "save", name, "-r", "shop", "-p", "shop/basket.py", "--budget", "400")
    file = tmp_path / "config" / "pampax" / "contexts.toml"
    used = run("context", "use", name)
    assert used.out == f"{name} is now the default of search and assemble in {here} and below\n"
    assert used.err == f"kept in {file}; `pampax context use --none` takes it back\n"
    assert run("context", "use", cwd=below).out == f"{name} is the default in {here} and below\n"
    said = (
        f"under context pack '{name}', the default in {here}; --no-context leaves it out once, "
        "`pampax context use --none` for good"
    )
    searched, assembled = run("search", QUESTION, cwd=below), run("assemble", QUESTION, cwd=below)
    for done in (searched, assembled):
        assert (done.code, done.err.splitlines()[0]) == (0, said)
    assert "of 400 tokens" in assembled.err
    assert paths(run("search", QUESTION, "--json", cwd=below)) == {"shop/basket.py"}
    assert len(paths(run("search", QUESTION, "--no-context", "--json"))) > 1
    assert paths(run("search", QUESTION, "--json", cwd=tmp_path)) != {"shop/basket.py"}
    starred = next(line for line in run("context", "list").out.splitlines() if line.startswith(name))
    assert starred.startswith(f"{name} *")
    outside = run("search", QUESTION, "-l", "go")
    assert (outside.code, outside.out) == (0, f"no results for '{QUESTION}'\n")
    assert outside.err.splitlines()[1].startswith("try without -l and the context pack")
    assert run("context", "use", "--none", cwd=below).out == f"{name} is not the default in {here} any more\n"
    assert run("context", "use", "--none").out == "there was no default here\n"
    assert run("search", QUESTION).err == ""


def test_the_nearest_default_holds_and_then_the_next(run: Run, name: str, tmp_path: Path) -> None:
    for pack in (name, f"{name}-too"):
        run("context", "save", pack, "-r", "shop")
    everywhere = run("context", "use", f"{name}-too", "--everywhere", "--json").json
    assert (everywhere["pack"], everywhere["folder"]) == (f"{name}-too", "/")
    run("context", "use", name)
    assert run("search", QUESTION, "--json").json["pack"] == name
    taken = run("context", "use", "--none", "--json").json
    assert (taken["taken_back"], taken["still"]) == (name, f"{name}-too")
    assert run("search", QUESTION, "--json").json["pack"] == f"{name}-too"
    assert run("context", "use", "--json").json == {"pack": f"{name}-too", "folder": "/"}


def test_a_default_that_is_gone_is_told_with_the_way_out(run: Run, name: str) -> None:
    run("context", "save", name)
    run("context", "use", name)
    run("context", "delete", name, "-y")
    done = run("search", QUESTION)
    assert done.code == 2
    assert done.err.startswith(f"pampax: there is no context pack '{name}'")
    assert "--no-context leaves it out once, `pampax context use --none` for good" in done.err
    assert run("search", QUESTION, "--no-context").code == 0
    assert run("context", "use", "--none").code == 0
    assert run("search", QUESTION).code == 0


def test_what_is_mistyped_gets_a_line_and_exit_code_2(run: Run, name: str, tmp_path: Path) -> None:
    run("context", "save", name)
    (tmp_path / "bad.toml").write_text('[scope]\nlanguges = ["go"]\nrepos = "shop"\n')
    (tmp_path / "none.toml").write_text("[scope")
    for arguments, said in (
        (("search", "x", "--context", f"{name}x"), f"there is no context pack '{name}x'; did you mean '{name}'?"),
        (("context", "use", f"{name}x"), f"did you mean '{name}'?"),
        (("context", "save", "x", "-r", "shp"), "repository 'shp' is not found, or not readable with this key; did"),
        (
            ("context", "save", "x", "-l", "pyton"),
            "--lang/-l is not a known language, got 'pyton'; did you mean python",
        ),
        (("context", "save", "x", "-p", "!a"), "--path/-p '!a' names no paths; write a pattern as in .gitignore"),
        (("context", "save", "x", "-k", "0"), "--limit/-k must be between 1 and 100, got 0"),
        (("context", "save", "Über"), "a context pack's name must be 1 to 63 of a-z"),
        (("context", "save", "x", "--file", tmp_path / "bad.toml"), "scope.languges is not a key of a pack; did you"),
        (("context", "save", "x", "--file", tmp_path / "none.toml"), "none.toml is no TOML"),
        (("context", "save", "x", "--file", "-", "-l", "go"), "--file goes without other options"),
        (("context", "sav", "x"), "there is no command 'sav'; did you mean save?"),
        (("context", "use", "x", "--none"), "--none goes without a name"),
        (("search", "x", "-c", name, "--no-context"), "--no-context goes without --context"),
        (("context", "show", name, "--toml", "--json"), "give one of --toml and --json"),
    ):
        done = run(*arguments)
        assert (done.code, done.err.count("\n")) == (2, 1), done
        assert said in done.err
    assert run("context", "save", "x", "--file", tmp_path / "missing.toml").code == 3
    refused = json.loads(run("search", "x", "-c", "none-such", "--json").err)["error"]
    assert (refused["reason"], refused["exit_code"]) == ("PACK_NOT_FOUND", 2)


def test_a_damaged_file_of_defaults_is_told_with_its_place(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "config" / "pampax" / "contexts.toml"
    file.parent.mkdir(parents=True)
    for text in ("[[default", 'default = "x"', '[[default]]\nfolder = "/"\n'):
        file.write_text(text)
        done = run("search", QUESTION)
        assert (done.code, str(file) in done.err, "--no-context" in done.err) == (2, True, True)
    assert run("search", QUESTION, "--no-context").code == 0

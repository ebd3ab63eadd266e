"""Repositories that import each other, through the command: edges over the border, the map, its picture, bad input."""

import subprocess
from pathlib import Path

import pytest

from .conftest import PAMPAX, Cli
from .test_mcp import Agents, agents, transports

__all__ = ["agents"]

HERE, THERE = "map-app", "map-lib"


@pytest.fixture(scope="module", autouse=True)
def _indexed(pampax: Cli, home: Path) -> None:
    """One repository that needs another one."""
    written = {
        f"{THERE}/pyproject.toml": "[project]\nname = 'map-lib'\nversion = '1.5'\n",
        f"{THERE}/src/map_lib/__init__.py": "def measure_twice(length: int) -> int:\n    return length * 2\n",
        f"{HERE}/pyproject.toml": "[project]\nname = 'map-app'\ndependencies = ['map-lib>=1']\n",
        f"{HERE}/map_app/__init__.py": (
            "from map_lib import measure_twice\n\n\ndef cut_once() -> int:\n    return measure_twice(3)\n"
        ),
        f"{HERE}/package.json": '{"name": ',
    }
    for path, text in written.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    for name in (HERE, THERE):
        assert pampax("index", home / name).code == 0


def test_callers_are_told_with_their_repository(pampax: Cli) -> None:
    done = pampax("graph", "callers", "measure_twice", "-r", HERE, "-r", THERE)
    assert "measure_twice  map-lib src/map_lib/__init__.py:1" in done.out
    assert "<- calls it  cut_once  map-app map_app/__init__.py:4  line 5" in done.out
    alone = pampax("graph", "callers", "measure_twice", "-r", THERE)
    assert "nothing found" in alone.out
    way = pampax("graph", "path", "cut_once", "measure_twice", "-r", HERE, "-r", THERE)
    assert "  calls in line 5 measure_twice  map-lib" in way.out


def test_the_map_is_told_and_drawn(pampax: Cli, tmp_path: Path) -> None:
    drawn = tmp_path / "map.svg"
    done = pampax("graph", "repositories", "-r", HERE, "-r", THERE, "--svg", drawn)
    assert "map-lib  map-lib 1.5" in done.out
    assert "  -> map-lib  1 dependency, 1 import in 1 file" in done.out
    assert "map-lib >=1  pyproject.toml" in done.out
    assert "map_app/__init__.py:1 imports map_lib  src/map_lib/__init__.py" in done.out
    assert "map-app: package.json is not read: Expecting value" in done.out
    assert "1 dependency, 1 import in 1 file" in drawn.read_text()
    answer = pampax("graph", "repositories", "-r", HERE, "-r", THERE, "--json").json
    (link,) = answer["links"]
    assert (link["source"], link["target"], link["statements"], link["files"]) == (HERE, THERE, 1, 1)
    assert pampax("graph", "repositories", "-r", HERE, "-r", THERE, "--quiet").out == f"{HERE} {THERE}\n"


@transports
async def test_an_agent_is_told_what_a_repository_needs_and_who_needs_it(agents: Agents, transport: str) -> None:
    async with agents(transport) as agent:
        here = await agent.call("get_project_stats", repo=HERE)
        assert here.structured_content["projects"][0]["needs"] == [THERE]
        assert f"needs {THERE}" in here.content[0].text
        assert f"is needed by {HERE}" in await agent.text("get_project_stats", repo=THERE)
        used = await agent.text("traverse_graph", start="measure_twice", repos=[HERE, THERE], direction="in")
        assert f"called by {HERE} map_app/__init__.py:4 cut_once, line 5" in used
        way = await agent.text("traverse_graph", start="cut_once", end="measure_twice", repos=[HERE, THERE])
        assert "a way of 1 step" in way


def test_what_is_not_there_and_what_cannot_be_written_is_refused(pampax: Cli, tmp_path: Path) -> None:
    missing = pampax("graph", "repositories", "-r", "no-such")
    assert (missing.code, "'no-such' is not found" in missing.err) == (2, True)
    unwritten = pampax("graph", "repositories", "-r", HERE, "--svg", tmp_path / "none" / "map.svg")
    assert (unwritten.code, "name another file" in unwritten.err) == (3, True)


def test_the_help_has_an_example() -> None:
    told = subprocess.run([PAMPAX, "graph", "repositories", "--help"], capture_output=True, text=True, check=True)
    assert "pampax graph repositories -r shop -r base --svg map.svg" in told.stdout

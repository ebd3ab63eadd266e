"""The map of repositories as a picture: whoever needs stands left, cycles end, names are escaped."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from pampax.cli.map_picture import map_picture
from pampax.client.graph import RepositoryMap

ANSWER = {"notices": [], "snapshots": [], "took_ms": 1.0, "corr_id": "c", "trace_id": "t"}


def map_of(names: str, *links: str, statements: int = 3) -> RepositoryMap:
    """`links` are like `a>b`."""
    return RepositoryMap.model_validate(
        {
            "repositories": [
                {"repo": name, "packages": [], "package_count": 0, "modules": {"python": [name]}} for name in names
            ],
            "links": [
                {
                    "source": source, "target": target, "dependencies": [], "dependency_count": 1,
                    "statements": statements, "files": 2, "shared_statements": 0, "examples": [],
                }
                for source, target in (link.split(">") for link in links)
            ],
            **ANSWER,
        }
    )  # fmt: skip


def columns(svg: str) -> dict[str, int]:
    """How far to the right each repository stands."""
    found = re.findall(r'<text x="(\d+)" y="\d+" font-weight="600">(.*?)</text>', svg)
    return {name: int(across) for across, name in found}


def test_whoever_needs_another_one_stands_left_of_it() -> None:
    placed = columns(map_picture(map_of("abcd", "a>b", "b>c", "a>c")))
    assert placed["a"] < placed["b"] < placed["c"]
    assert placed["d"] == placed["a"]


def test_a_cycle_is_drawn_as_well() -> None:
    svg = map_picture(map_of("abc", "a>b", "b>a", "b>c", "c>a"))
    assert len(columns(svg)) == 3
    assert svg.count("marker-end") == 4
    assert svg.count("1 dependency, 3 imports in 2 files") == 8  # a label and a title each


def test_the_same_map_has_the_same_picture_and_is_well_formed() -> None:
    found = map_of("<&z", "<>&", "&>z", statements=0)
    assert map_picture(found) == map_picture(found)
    assert "stroke-dasharray" in map_picture(found)
    ET.fromstring(map_picture(found))


def test_nothing_is_a_picture_too() -> None:
    ET.fromstring(map_picture(map_of("")))
    assert len(columns(map_picture(map_of("abcdefghijklmnopqrstuvwxyz")))) == 26

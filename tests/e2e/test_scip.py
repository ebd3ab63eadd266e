"""A SCIP index given to `pampax index`: precise edges for its commit, and words for one that does not fit."""

from __future__ import annotations

import json
from pathlib import Path

from tests.scip_file import DEFINES, found_in, scip_index

from .conftest import Cli

FILES = {
    "ports.py": "class Serial:\n    def transmit(self): ...\n\n\nclass Radio:\n    def transmit(self): ...\n",
    "station.py": "def announce(port):\n    port.transmit()\n\n\ndef relay(port):\n    port.transmit()\n",
}
SERIAL, RADIO = "scip-python python p 1 `ports`/Serial#transmit().", "scip-python python p 1 `ports`/Radio#transmit()."
DOCUMENTS = {
    "ports.py": [
        found_in(FILES["ports.py"], "transmit", SERIAL, DEFINES),
        found_in(FILES["ports.py"], "transmit", RADIO, DEFINES, nth=1),
    ],
    "station.py": [found_in(FILES["station.py"], "transmit", RADIO), ((4, 10, 14), "local 3", DEFINES)],
}


def edges(pampax: Cli, name: str, start: str = "announce") -> list[tuple[str, str, str]]:
    answer = pampax("graph", "callees", start, "-r", name, "--json").json
    symbols = [node["symbol"] for node in answer["nodes"]]
    return [(symbols[edge["target"]], edge["certainty"], edge["why"]) for edge in answer["edges"]]


def written(folder: Path) -> Path:
    for path, text in FILES.items():
        (folder / path).write_text(text)
    index = folder.parent / f"{folder.name}.scip"
    index.write_bytes(scip_index(DOCUMENTS))
    return index


def test_an_index_replaces_inferred_edges_of_the_files_it_knows(pampax: Cli, folder: Path) -> None:
    index = written(folder)
    done = pampax("index", folder).events[-1]
    name = done["repository"]
    assert {certainty for _, certainty, _ in edges(pampax, name)} == {"inferred"}
    taken = pampax("index", folder, "--scip", index).events[-1]
    assert (taken["event"], taken["repository"], taken["files"], taken["references"]) == ("scip", name, 2, 1)
    assert (taken["unknown_files"], taken["misfit_files"], taken["left_out"]) == (0, 0, [])
    assert edges(pampax, name) == [("Radio.transmit", "precise", "from the SCIP index")]
    assert edges(pampax, name, "relay") == []  # the index knows the file, and not what this call means
    callers = pampax("graph", "callers", "ports.py#Radio.transmit", "-r", name, "--json").json
    assert [(edge["certainty"], edge["confidence"]) for edge in callers["edges"]] == [("precise", 1.0)]

    station = folder / "station.py"
    station.write_text("# A line above.\n" + station.read_text())
    pampax("index", folder)
    assert {certainty for _, certainty, _ in edges(pampax, name)} == {"inferred"}
    refused = pampax("index", "--scip", index, "--name", name)
    # One of two files fits: that is no majority.
    assert refused.code != 0
    assert "station.py" in refused.err
    station.write_text(FILES["station.py"])
    pampax("index", folder)
    assert [certainty for _, certainty, _ in edges(pampax, name)] == ["precise"]


def test_an_index_of_other_sources_is_refused_and_changes_nothing(pampax: Cli, folder: Path) -> None:
    index = written(folder)
    name = pampax("index", folder).events[-1]["repository"]
    before = edges(pampax, name)
    index.write_bytes(scip_index({f"sub/{path}": found for path, found in DOCUMENTS.items()}))
    refused = pampax("index", "--scip", index, "--name", name)
    assert refused.code != 0
    assert "relative to the repository's root" in refused.err
    assert edges(pampax, name) == before


def test_a_damaged_index_is_told_of_before_anything_is_indexed(pampax: Cli, folder: Path) -> None:
    index = written(folder)
    content = index.read_bytes()
    for broken in (content[:-5], b"", b"not an index at all", json.dumps({"documents": []}).encode()):
        index.write_bytes(broken)
        refused = pampax("index", folder, "--scip", index)
        assert refused.code == 2, broken
        assert "is no SCIP index that can be taken" in refused.err
    index.unlink()
    assert "cannot read the SCIP index" in pampax("index", folder, "--scip", index).err
    assert pampax("index", folder, "--scip", index, "--plan").code == 2
    repositories = [each["name"] for each in pampax("repos", "list", "--json").json["repositories"]]
    assert folder.name not in repositories

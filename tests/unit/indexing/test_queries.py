"""Every statement that a module names stands in the file beside it; that none stands there unused is tested for all."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from pampax.storage.queries import load_queries


@pytest.mark.parametrize("part", ["", ".run", ".builds", ".checking"])
def test_named_statements_exist(part: str) -> None:
    package = f"pampax.indexing{part}"
    folder = Path(import_module(package).__file__ or "").parent
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    used = re.findall(r'(?:_QUERIES\[|_(?:one|all|copy)\(\s*conn,\s*)"(\w+)"', source)
    assert used
    assert set(used) <= load_queries(package).names

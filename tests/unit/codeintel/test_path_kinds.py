import pytest

from pampax.codeintel.path_kinds import is_config, is_docs, is_test


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("src/app.py", ""),
        ("tests/test_app.py", "test"),
        ("src/app.spec.ts", "test"),
        ("README.md", "docs"),
        ("docs/conf.py", "docs"),
        ("LICENSE", "docs"),
        ("pyproject.toml", "config"),
        ("deploy/values.yaml", "config"),
        ("requirements.txt", "config"),
        ("Cargo.lock", "config"),
        ("vite.config.ts", "config"),
        ("Makefile", "config"),
        ("src/config.py", ""),
        ("tests/data.json", "test config"),
    ],
)
def test_a_path_says_what_its_file_is(path, kinds):
    found = [name for name, is_kind in (("test", is_test), ("docs", is_docs), ("config", is_config)) if is_kind(path)]
    assert " ".join(found) == kinds

"""The rules for names, once for every part."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pampax.core import names


@pytest.mark.parametrize("name", ["a", "0", "a.b_c-d", "x" * 63])
def test_repository_names_are_taken(name: str) -> None:
    assert names.is_repository(name)


@pytest.mark.parametrize("name", ["", "A", ".a", "-a", "_a", "a/b", "a b", "a\n", "ü", "x" * 64])
def test_other_repository_names_are_refused(name: str) -> None:
    assert not names.is_repository(name)


@pytest.mark.parametrize("ref", ["main", "feature/x-1", "v1.2.3", "worktree", "refs/heads/main", "ü", "x" * 255])
def test_refs_are_taken(ref: str) -> None:
    assert names.is_ref(ref)


@pytest.mark.parametrize(
    "ref",
    ["", "@", "-x", "/a", "a/", "a b", "a..b", "a~1", "a^", "a:b", "a\n", "a\x7f", "a.lock", "a//b", "a/.b", "x" * 256],
)
def test_refs_that_git_refuses_are_refused(ref: str) -> None:
    assert not names.is_ref(ref)


@pytest.mark.parametrize("ref", ["a\u00a0b", "a\u2028b", "a\u202eb", "a\ud800"])
def test_refs_that_no_terminal_can_show_are_refused(ref: str) -> None:
    assert not names.is_ref(ref)


@settings(max_examples=30, deadline=None)
@given(st.text("ab./@{-~^: *\\[?", min_size=1, max_size=6))
def test_what_is_a_ref_here_is_one_for_git(ref: str) -> None:
    if names.is_ref(ref):
        asked = subprocess.run(["git", "check-ref-format", f"refs/heads/{ref}"], check=False, timeout=10)
        assert asked.returncode == 0


def test_a_git_object_is_40_hex_digits_in_lower_case() -> None:
    assert names.is_git_object("0123456789abcdef" * 2 + "01234567")
    for text in ("", "a" * 39, "a" * 41, "A" * 40, "g" * 40, "a" * 40 + "\n"):
        assert not names.is_git_object(text)


@given(st.from_regex(names.REPOSITORY_PATTERN, fullmatch=True))
def test_resource_names_come_back(name: str) -> None:
    assert names.plain_repository(names.repository_resource(name)) == name
    assert names.plain_operation(names.operation_resource(name)) == name
    assert names.repository_resource(name) == f"repositories/{name}"

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from pampax.core.errors import InvalidRequest
from pampax.core.globs import MAX_CHARS, compile_glob

NAMES = st.text("ab", min_size=1, max_size=4)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)
PARTS = st.one_of(st.just("**"), st.just("*"), st.text("ab*?", min_size=1, max_size=5))
GLOBS = st.tuples(st.sampled_from(["", "/"]), st.lists(PARTS, min_size=1, max_size=4), st.sampled_from(["", "/"])).map(
    lambda given: given[0] + "/".join(given[1]) + given[2]
)


@given(GLOBS, PATHS)
@example("**/a/**/b", "a/a/b")
@example("a/**", "a")
@example("a/**/b", "a/b")
def test_patterns_mean_what_they_mean_in_gitignore(glob, path):
    assert compile_glob(glob)(path) == GitIgnoreSpec.from_lines([glob]).match_file(path)


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("src/**/*.py", "src/a/b/c.py", "lib/a.py"),
        ("*.go", "a/b.go", "a/b.rs"),
        ("tests", "a/tests/b.py", "a/test/b.py"),
        ("/tests", "tests/b.py", "a/tests/b.py"),
        ("docs/", "docs/a.md", "docs"),
        ("[ab]*[!0-9].c", "b1x.c", "b1.c"),
        (r"\*.md", "*.md", "a.md"),
        (r"\!a", "!a", "a"),
        ("a[", "a[", "a"),
        ("a[!]", "a[!]", "ab"),
        ("a[^]", "a[^]", "ab"),
        ("[]", "[]", "b"),
        ("[!]a]", "b", "a"),
        ("[]a]", "]", "b"),
        ("ü?.py", "üß.py", "ü.py"),
    ],
)
def test_patterns_by_example(glob, matching, other):
    matches = compile_glob(glob)
    assert matches(matching)
    assert not matches(other)


@pytest.mark.parametrize("glob", ["!a", " !a", "#a", " ", "/", "///", "[z-a]", "a" * (MAX_CHARS + 1)])
def test_a_pattern_that_names_no_paths_is_refused(glob):
    with pytest.raises(InvalidRequest) as refused:
        compile_glob(glob)
    assert set(refused.value.fields) == {"path_glob"}


@pytest.mark.timeout(10)  # a matcher that backtracks needs minutes
@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("*a*a*a/*a*a*b", f"{'a' * 255}/{'a' * 255}"),
        ("*a" * 200 + "b", "a" * 4_000),
        ("**/a/" * 80 + "b", "a/" * 2_000 + "c"),
        ("**/*/" * 80 + "b", "a/" * 2_000 + "c"),
    ],
)
def test_no_pattern_takes_long_on_the_path_made_for_it(glob, path):
    assert not compile_glob(glob)(path)

import pytest

from pampax.assembly.tested_paths import is_test_of, pattern_of_tests
from pampax.codeintel.path_kinds import is_test


@pytest.mark.parametrize(
    "test",
    ["tests/test_pool.py", "pool_test.go", "src/pool.test.ts", "src/pool.spec.js", "PoolTest.java", "pool_spec.rb",
     "tests/pool.rs", "src/__tests__/pool.js", "test/unit/pool.js"],
)  # fmt: skip
def test_tests_are_known_by_the_name_of_what_they_test(test):
    assert is_test_of(test, "src/pool.py")


@pytest.mark.parametrize("test", ["tests/test_pools.py", "src/pool.py", "lib/pool.js", "tests/test_thread_pool.py"])
def test_other_files_are_not_taken_for_tests_of_it(test):
    assert not is_test_of(test, "src/pool.py")


@pytest.mark.parametrize("path", ["src/__init__.py", "src/index.ts", "io.py", "tests/test_pool.py"])
def test_names_that_say_nothing_have_no_tests(path):
    assert pattern_of_tests([path]) is None


def test_special_characters_of_a_name_mean_themselves():
    assert is_test_of("tests/test_a+b.py", "src/a+b.py")
    assert not is_test_of("tests/test_aab.py", "src/a+b.py")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("tests/conftest.py", True), ("a/b_test.go", True), ("FooSpec.scala", True), ("src/contest.py", False)],
)
def test_a_test_is_known_by_its_path(path, expected):
    assert is_test(path) is expected

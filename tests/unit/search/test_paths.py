import numpy as np
import pytest

from pampax.core.errors import InvalidRequest
from pampax.search.directory import FileRow, build_directory
from pampax.search.filters import MOST_KEPT, allowed_by
from pampax.search.path_kinds import path_kinds
from pampax.search.paths import match_paths
from pampax.search.query import read_query
from pampax.search.request import SearchRequest, check


def directory_of(*paths, shared=()):
    rows = [FileRow(index, path, path.encode(), "python", index, 1, 100) for index, path in enumerate(paths)]
    rows += [
        FileRow(len(rows) + number, path, rows[0].blob_id, "python", 0, 1, 100) for number, path in enumerate(shared)
    ]
    return build_directory(rows, np.ones(len(paths), bool), 10 * len(paths))


def test_the_file_named_like_the_question_covers_best():
    directory = directory_of("src/connection_pool.py", "src/pool.py", "src/client.py")
    match = match_paths(directory, read_query("connection pool"))
    order = [directory.files[file].path for file in directory.file_of]
    by_path = dict(zip(order, match.stem_cover.tolist(), strict=True))
    assert by_path["src/connection_pool.py"] == pytest.approx(1.0)
    assert by_path["src/client.py"] == 0


def test_an_abbreviated_name_counts_in_part():
    directory = directory_of("src/auth.py", "src/zebra.py")
    (auth, _) = match_paths(directory, read_query("authentication flow of users")).stem_cover.tolist()
    assert 0 < auth < 1


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_a.py",
        "pkg/foo_test.go",
        "src/__tests__/a.ts",
        "src/a.spec.ts",
        "examples/run.rs",
        "src/test/FooTest.java",
    ],
)
def test_code_about_other_code_is_known_by_its_path(path):
    assert path_kinds([path]).aside.tolist() == [1.0]


@pytest.mark.parametrize("path", ["src/contest.py", "src/latest.go", "lib/attestation.rs", "protest/a.py"])
def test_names_that_only_contain_the_word_test_are_not_tests(path):
    assert path_kinds([path]).aside.tolist() == [0.0]


@pytest.mark.parametrize(
    ("path", "prose"),
    [("README.md", 1), ("a/guide.rst", 1), ("LICENSE", 1), ("src/readme.py", 0), ("src/markdown.go", 0)],
)
def test_prose_is_known_by_its_name(path, prose):
    assert path_kinds([path]).prose.tolist() == [prose]


@pytest.mark.parametrize("question", ["what does the documentation say", "contributing guide", "readme", "license"])
def test_prose_is_as_good_as_code_for_a_question_about_it(question):
    assert match_paths(directory_of("README.md"), read_query("how to retry")).prose.tolist() == [1]
    assert match_paths(directory_of("README.md"), read_query(question)).prose.tolist() == [0]


def test_a_header_counts_as_one_only_beside_its_source():
    assert path_kinds(["src/a.h", "src/a.c", "include/b.h"]).header.tolist() == [1.0, 0.0, 0.0]


def test_one_blob_at_many_paths_is_one_document():
    directory = directory_of("b/one.py", "c/two.py", shared=("a/copy.py",))
    assert len(directory.first_chunk) == 2
    assert [directory.files[file].path for file in directory.files_of[0]] == ["a/copy.py", "b/one.py"]


def test_a_filter_shows_a_document_under_a_path_that_passes():
    directory = directory_of("b/one.py", "c/two.py", shared=("a/copy.py",))
    allowed = allowed_by(SearchRequest(query="x", path_glob="b/**"), directory)
    assert allowed.documents.tolist() == [True, False]
    assert [directory.files[file].path for file in allowed.paths(directory, 0)] == ["b/one.py"]


def test_one_of_several_globs_is_enough_however_often_they_are_asked_for():
    directory = directory_of("a/one.py", "b/two.py", "c/three.py")
    globs = [("a/", "c/"), *((f"{number}/",) for number in range(MOST_KEPT + 1)), ("a/", "c/")]
    allowed = [allowed_by(SearchRequest(query="x", path_globs=each), directory) for each in [*globs, *globs]]
    shown = [[directory.files[file].path for file in np.flatnonzero(each.files)] for each in allowed]
    assert shown == [["a/one.py", "c/three.py"], *[[]] * (MOST_KEPT + 1), ["a/one.py", "c/three.py"]] * 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (SearchRequest(query="  "), "query"),
        (SearchRequest(query="x" * 9_000), "query"),
        (SearchRequest(query="x", limit=0), "limit"),
        (SearchRequest(query="x", limit=101), "limit"),
        (SearchRequest(query="x", languages=frozenset({"pyton"})), "languages"),
        (SearchRequest(query="x", kinds=frozenset({"klass"})), "kinds"),
        (SearchRequest(query="x", repositories=("r",) * 51), "repositories"),
    ],
)
def test_a_wrong_field_is_named(wrong, field):
    with pytest.raises(InvalidRequest) as refused:
        check(wrong)
    assert field in refused.value.fields


def test_a_mistyped_language_gets_the_nearest_one():
    with pytest.raises(InvalidRequest, match="did you mean 'python'"):
        check(SearchRequest(query="x", languages=frozenset({"pyton"})))


@pytest.mark.parametrize("asked", ["email/header.py", "./email/header.py", "header.py", "lib/email/header.py"])
def test_the_file_at_the_very_path_is_marked(asked):
    directory = directory_of("lib/email/header.py", "test/test_email.py", "lib/subheader.py")
    order = [directory.files[file].path for file in directory.file_of]
    marked = match_paths(directory, read_query(asked)).exact.astype(bool)
    assert [path for path, exact in zip(order, marked, strict=True) if exact] == ["lib/email/header.py"]


def test_a_sentence_that_holds_a_path_marks_no_file():
    directory = directory_of("lib/email/header.py")
    assert not match_paths(directory, read_query("what does header.py do")).exact.any()

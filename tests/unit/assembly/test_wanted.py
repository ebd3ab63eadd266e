import pytest

from pampax.assembly.bundle import Evidence
from pampax.assembly.candidates import Origin
from pampax.assembly.inside import inside_of, narrowed_to
from pampax.assembly.request import BundleRequest
from pampax.assembly.searching import Hit
from pampax.assembly.source import Place
from pampax.assembly.wanted import lifted_tests, shown_hits


def hit(path, score=1.0, penalty=-2.0, others=()):
    evidence = (Evidence("text", 1, 3.0, 1.0, "words"), Evidence("kind_of_path", 0, penalty, 1.0, "a test"))
    return Hit(1, Place("demo", path, 1, 9), "python", "f", score, "text", evidence, tuple(others))


def shown(hits, request, named=()):
    return shown_hits(hits, request, inside_of(request), frozenset(named))


def test_what_is_left_out_is_not_shown_unless_it_is_named():
    hits = [hit("src/a.py"), hit("tests/test_a.py"), hit("README.md"), hit("setup.cfg"), hit("vendor/b.py")]
    request = BundleRequest("x", tests="without", docs="without", config="without", exclude_globs=("vendor/**",))
    assert [each.place.path for each in shown(hits, request)] == ["src/a.py"]
    named = shown(hits, request, ["README.md", "vendor/b.py"])
    assert [each.place.path for each in named] == ["src/a.py", "README.md", "vendor/b.py"]


def test_the_same_content_is_shown_under_a_path_that_is_not_left_out():
    (only,) = shown(
        [hit("vendor/a.py", others=["vendor/b.py", "src/a.py"])], BundleRequest("x", exclude_globs=("vendor/",))
    )
    assert only.place.path == "src/a.py"


def test_a_wanted_test_loses_no_points_for_its_path():
    request = BundleRequest("x", tests="with")
    test, code = shown([hit("tests/test_a.py"), hit("src/a.py")], request)
    assert (test.score, code.score) == (3.0, 1.0)


def test_tests_around_the_hits_count_more_where_they_are_wanted(make):
    around = [make.hit("tests/test_a.py", 1, 9, 0.35, origin=Origin.TEST), make.hit("a.py", 1, 9, 1.0)]
    assert [each.value for each in lifted_tests(around, BundleRequest("x"))] == [0.35, 1.0]
    assert [each.value for each in lifted_tests(around, BundleRequest("x", tests="with"))] == [0.875, 1.0]


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (BundleRequest("x"), ""),
        (BundleRequest("x", tests="with"), ""),
        (BundleRequest("x", tests="without", docs="without"), "Narrowed to no tests and no docs."),
        (BundleRequest("x", exclude_globs=("a/**",)), "Narrowed to paths not like `a/**`."),
    ],
)
def test_a_reader_is_told_what_is_left_out(request_, sentence):
    assert narrowed_to(request_) == sentence

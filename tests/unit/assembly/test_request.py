import pytest

from pampax.assembly.request import BundleRequest, normalised
from pampax.core.errors import InvalidRequest


def test_defaults_are_filled_in():
    request = normalised(BundleRequest("  fix it \n", token_budget=0, tokenizer=""))
    assert (request.task, request.token_budget, request.tokenizer) == ("fix it", 8_000, "o200k_base")


def test_requests_that_mean_the_same_have_one_form():
    one = BundleRequest("fix", ("b", "a", "b"), seed_paths=("./src/x.py", "a.py"))
    other = BundleRequest("fix ", ("a", "b"), seed_paths=("a.py", "src/x.py", "src/x.py"))
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize("budget", [-1, 1, 255, 200_001, 1_000_000_000])
def test_a_budget_out_of_bounds_is_refused_with_the_bounds(budget):
    with pytest.raises(InvalidRequest, match=f"^token_budget must be between 256 and 200000, got {budget}$"):
        normalised(BundleRequest("fix", token_budget=budget))


@pytest.mark.parametrize("budget", [256, 200_000])
def test_the_bounds_themselves_are_allowed(budget):
    assert normalised(BundleRequest("fix", token_budget=budget)).token_budget == budget


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (BundleRequest(" \n\t"), "task must not be empty"),
        (BundleRequest("é" * 4_097), "task must have at most 8192 bytes, has 8194"),
        (BundleRequest("fix", tokenizer="gpt2"), "unknown tokenizer 'gpt2'"),
        (BundleRequest("fix", seed_paths=tuple(f"{n}.py" for n in range(21))), "at most 20 can be given, got 21"),
        (BundleRequest("fix", seed_paths=("./",)), "seed_paths must not be empty"),
        (BundleRequest("fix", tuple(f"r{n}" for n in range(51))), "at most 50 can be named, got 51"),
    ],
)
def test_what_is_wrong_is_said(request_, message):
    with pytest.raises(InvalidRequest, match=message):
        normalised(request_)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"policy": "greedy"}, "policy must be one of balanced, focused, broad, got 'greedy'"),
        ({"format": "pdf"}, "format must be one of markdown, compact, got 'pdf'"),
        ({"tests": "no"}, "tests must be one of auto, with, without, got 'no'"),
        ({"depth": 4}, "depth must be between 0 and 3, got 4"),
        ({"depth": -1}, "depth must be between 0 and 3, got -1"),
        ({"must_include": ("a.py:9-7",)}, "must_include lines count from 1"),
        ({"must_include": ("",)}, "must_include must not be empty"),
        ({"must_include": tuple(f"{n}.py" for n in range(21))}, "must_include at most 20 can be given, got 21"),
        ({"exclude_globs": ("!x",)}, r"exclude_globs\[0\] '!x' names no paths"),
        (
            {"must_include": ("a/b.py#f",), "exclude_globs": ("a/",)},
            "names 'a/b.py', which exclude_globs leaves out by 'a/'",
        ),
    ],
)
def test_options_that_cannot_be_are_refused(fields, message):
    with pytest.raises(InvalidRequest, match=message):
        normalised(BundleRequest("fix", **fields))


def test_options_that_are_not_given_are_the_usual_ones():
    request = normalised(BundleRequest("fix", tests="", docs="", config="", policy="", format=""))
    assert (request.tests, request.docs, request.config) == ("auto", "auto", "auto")
    assert (request.policy, request.format, request.depth) == ("balanced", "markdown", 1)


def test_all_that_is_wrong_is_said_together():
    with pytest.raises(InvalidRequest) as caught:
        normalised(BundleRequest("", token_budget=7))
    assert set(caught.value.fields) == {"task", "token_budget"}

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


def test_all_that_is_wrong_is_said_together():
    with pytest.raises(InvalidRequest) as caught:
        normalised(BundleRequest("", token_budget=7))
    assert set(caught.value.fields) == {"task", "token_budget"}

"""How much retries may add to the load."""

from pampax.runtime.policy.budget import RetryBudget


def test_a_short_failure_is_met_from_what_was_saved() -> None:
    budget = RetryBudget(share=0.1, most=3.0)

    assert [budget.withdraw() for _ in range(4)] == [True, True, True, False]


def test_a_long_failure_is_retried_by_a_tenth_of_the_calls() -> None:
    budget = RetryBudget(share=0.1, most=3.0)
    while budget.withdraw():
        pass

    retries = 0
    for _ in range(1_000):
        budget.deposit()
        retries += budget.withdraw()

    assert 95 <= retries <= 100


def test_quiet_times_save_up_no_more_than_the_most() -> None:
    budget = RetryBudget(share=1.0, most=2.0)
    for _ in range(100):
        budget.deposit()

    assert [budget.withdraw() for _ in range(3)] == [True, True, False]

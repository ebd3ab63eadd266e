from pampax.assembly.kept import Lately


def kept_of(sizes, most):
    kept = Lately(len, most)
    for key, size in sizes:
        kept.keep(key, "x" * size)
    return kept


def test_the_least_recently_used_leave_when_there_is_no_more_room():
    kept = kept_of([("a", 3), ("b", 3)], most=8)

    kept.get("a")
    kept.keep("c", "xxx")

    assert kept.get("b") is None
    assert (kept.get("a"), kept.get("c")) == ("xxx", "xxx")


def test_what_is_kept_again_counts_once():
    kept = kept_of([("a", 3), ("a", 5), ("b", 3)], most=8)

    assert (kept.get("a"), kept.get("b")) == ("xxxxx", "xxx")


def test_what_is_larger_than_all_the_room_stays_until_something_else_comes():
    kept = kept_of([("a", 9)], most=8)
    assert kept.get("a") == "x" * 9

    kept.keep("b", "x")

    assert kept.get("a") is None


def test_an_empty_value_is_kept_too():
    kept = Lately(lambda value: 1 + len(value), 8)

    kept.keep("nowhere", ())

    assert kept.get("nowhere") == ()

"""Which build a run writes into."""

import pytest

from pampax.indexing.run.build import base_version, target_version

BASE = base_version("model@1")


def test_another_model_is_another_build() -> None:
    assert base_version("model@2") != BASE
    assert base_version("model@1") == BASE


@pytest.mark.parametrize(
    ("published", "full", "expected"),
    [
        ([], False, BASE),
        ([], True, BASE),
        ([BASE], False, BASE),
        ([BASE], True, f"{BASE}.1"),
        ([BASE, f"{BASE}.9", f"{BASE}.10"], False, f"{BASE}.10"),
        ([BASE, f"{BASE}.10"], True, f"{BASE}.11"),
        (["0-000000000000.7"], False, BASE),  # of other code
        (["0-000000000000.7"], True, BASE),
        ([f"{BASE}.x"], False, BASE),
    ],
)
def test_a_refresh_goes_on_and_a_full_run_begins_the_next_epoch(
    published: list[str], full: bool, expected: str
) -> None:
    assert target_version(BASE, published, full=full) == expected

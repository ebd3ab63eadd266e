"""What a run may take."""

import pytest

from pampax.indexing.run.limits import Limits
from pampax.indexing.worker import limits_of
from pampax.runtime.settings import IndexingSettings, Settings

MIB = 1024 * 1024
LIMITS = Limits(soft_s=10, hard_s=20, soft_bytes=100 * MIB, hard_bytes=200 * MIB)


@pytest.mark.parametrize(
    ("seconds", "mib", "soft", "hard"),
    [
        (10, 100, "", ""),
        (11, 100, "TIME_LIMIT", ""),
        (1, 101, "MEMORY_LIMIT", ""),
        (21, 1, "TIME_LIMIT", "after 20 s"),
        (1, 201, "MEMORY_LIMIT", "more than 200 MiB"),
    ],
)
def test_each_limit_is_named(seconds: float, mib: int, soft: str, hard: str) -> None:
    ended = LIMITS.soft(seconds, mib * MIB)
    assert (ended.reason if ended else "") == soft
    killed = LIMITS.hard(seconds, mib * MIB)
    assert hard in killed
    assert bool(killed) == bool(hard)


def test_without_limits_nothing_ends_a_run() -> None:
    assert Limits().soft(1e9, 1 << 50) is None
    assert Limits().hard(1e9, 1 << 50) == ""


def test_zero_in_the_settings_stands_for_no_limit() -> None:
    none = {"task_soft_limit_s": 0, "task_hard_limit_s": 0, "task_memory_mib": 0, "task_memory_hard_mib": 0}
    assert limits_of(Settings(indexing=IndexingSettings(**none))) == Limits()
    assert limits_of(Settings()).soft_bytes == 1_200 * MIB

"""How a database's register of migrations is told from the files of this code."""

from __future__ import annotations

import pytest

from pampax.core.errors import ConfigError
from pampax.storage.migration_files import Migration, Phase
from pampax.storage.schema import Fit, compare

PRE, POST = "0001_pre_first.sql", "0002_post_second.sql"
LATER_PRE, LATER_POST = "0003_pre_third.sql", "0004_post_fourth.sql"
KNOWN = [Migration(PRE, 1, Phase.PRE, b""), Migration(POST, 2, Phase.POST, b"")]


@pytest.mark.parametrize(
    ("applied", "fit", "names"),
    [
        ((PRE, POST), Fit.CURRENT, ()),
        ((), Fit.BEHIND, (PRE,)),
        ((POST,), Fit.BEHIND, (PRE,)),
        ((PRE,), Fit.PENDING, (POST,)),
        ((PRE, POST, LATER_PRE), Fit.AHEAD, (LATER_PRE,)),
        ((PRE, LATER_PRE), Fit.AHEAD, (LATER_PRE,)),
        ((PRE, POST, LATER_PRE, LATER_POST), Fit.TOO_NEW, (LATER_POST,)),
        ((LATER_POST,), Fit.TOO_NEW, (LATER_POST,)),
        ((PRE, POST, "of another form"), Fit.TOO_NEW, ("of another form",)),
    ],
)
def test_the_worst_that_holds_is_told_with_the_files_that_make_it(
    applied: tuple[str, ...], fit: Fit, names: tuple[str, ...]
) -> None:
    state = compare(KNOWN, applied)
    assert (state.fit, state.names) == (fit, names)
    assert (state.expected, state.found) == (POST, max(applied, default=""))
    assert bool(state.advice) is (fit is not Fit.CURRENT)
    assert all(name in state.advice for name in names)


@pytest.mark.parametrize(
    ("applied", "reason", "advice"),
    [
        ((), "SCHEMA_BEHIND", r"the schema lacks 0001_pre_first\.sql: run `python -m pampax\.storage migrate`"),
        ((PRE, POST, LATER_POST), "SCHEMA_TOO_NEW", r"newer than this version \(0004_post_fourth\.sql\): upgrade"),
    ],
)
def test_a_schema_that_does_not_fit_is_refused_with_what_to_do(
    applied: tuple[str, ...], reason: str, advice: str
) -> None:
    with pytest.raises(ConfigError, match=advice) as refusal:
        compare(KNOWN, applied).require_usable()
    assert refusal.value.reason == reason


@pytest.mark.parametrize("applied", [(PRE, POST), (PRE,), (PRE, POST, LATER_PRE)])
def test_services_work_with_a_schema_that_is_newer_by_safe_migrations_or_waits_for_later_ones(
    applied: tuple[str, ...],
) -> None:
    compare(KNOWN, applied).require_usable()

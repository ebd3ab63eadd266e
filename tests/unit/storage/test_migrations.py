"""The migration files: named in order, and those of the distribution hold together."""

from pathlib import Path

import pytest

from pampax.core.errors import ConfigError
from pampax.storage.migration_files import Phase, migrations


def test_files_are_taken_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("0010_pre_third.sql", "0002_post_second.sql", "0001_pre_first.sql"):
        (tmp_path / name).write_text("SELECT 1")

    assert [(each.number, each.phase) for each in migrations(tmp_path)] == [
        (1, Phase.PRE),
        (2, Phase.POST),
        (10, Phase.PRE),
    ]


@pytest.mark.parametrize("name", ["1_pre_a.sql", "0001_a.sql", "0001_during_a.sql", "0001_pre_A.sql", "0001_pre_.sql"])
def test_a_name_out_of_form_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("SELECT 1")

    with pytest.raises(ConfigError, match="NNNN_pre_name"):
        migrations(tmp_path)


def test_two_files_of_one_number_are_refused(tmp_path: Path) -> None:
    for name in ("0001_pre_a.sql", "0001_post_b.sql"):
        (tmp_path / name).write_text("SELECT 1")

    with pytest.raises(ConfigError, match="share a number"):
        migrations(tmp_path)

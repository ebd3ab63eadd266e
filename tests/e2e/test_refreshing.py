"""A git URL that is looked at regularly, asked for, shown and ended by the command."""

from pathlib import Path

from .conftest import Cli


def test_a_schedule_is_set_with_the_index_shown_changed_and_ended(pampax: Cli, shop: Path) -> None:
    url = f"file://{shop}"
    assert pampax("index", url, "--name", "looked-at", "--refresh", "15min").code == 0
    refresh = pampax("repos", "show", "looked-at", "--json").json["refresh"]
    assert (refresh["interval_s"], refresh["check_time"], refresh["failures"]) == (900, None, 0)
    assert "every 15 min, next in 1" in pampax("repos").out
    assert "every 15 min, next in 1" in pampax("status", "looked-at").out
    assert pampax("repos", "update", "looked-at", "--refresh", "2h", "--json").json["refresh"]["interval_s"] == 7_200
    assert pampax("repos", "update", "looked-at", "--refresh", "5s").code == 2
    assert pampax("repos", "update", "looked-at", "--refresh", "none").out == "looked-at  refresh -\n"
    refused = pampax("index", shop, "--name", "sent", "--upload", "--refresh", "1h")
    assert (refused.code, "`pampax watch` keeps it fresh" in refused.err) == (2, True)

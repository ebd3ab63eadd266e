"""What a session takes for the system here."""

from pathlib import Path

import pytest

from pampax.cli import session
from pampax.cli.endpoint import Target
from pampax.cli.given import Given
from pampax.cli.session import Session
from pampax.core.errors import DeadlineExceeded, Unavailable
from pampax.embedded.layout import DataDir
from pampax.embedded.state import SystemPhase, SystemState, write_state


def test_the_key_of_a_system_that_died_goes_to_nobody_who_took_its_port(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path / "data")
    data_dir.root.mkdir()
    told = SystemState(
        state=SystemPhase.READY,
        endpoint="http://127.0.0.1:17000",
        token="pampax_local",
        data_dir=str(data_dir.root),
        ports={"gateway": 17000},
    )
    write_state(data_dir.state_file, told)
    with pytest.raises(Unavailable, match="no system runs here"):
        _ = Session(Given()).target


def test_an_endpoint_that_nobody_typed_is_announced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "key").write_text("theirs")
    (tmp_path / "pampax.toml").write_text('[client]\nendpoint = "http://a"\ntoken_file = "key"\n')
    assert Session(Given()).target == Target("http://a", "theirs", local=False, from_file=True)
    assert capsys.readouterr().err == "asking http://a, which pampax.toml in this folder names\n"
    for given in (Given(quiet=True), Given(json=True), Given(endpoint="http://b", token="mine")):
        _ = Session(given).target
    assert capsys.readouterr().err == ""


def session_of(data_dir: Path, *, local: bool) -> Session:
    made = Session(Given(data_dir=str(data_dir)))
    made.__dict__["target"] = Target("http://127.0.0.1:1", "pampax_key", local)
    return made


def test_a_local_system_without_disk_is_said_to_have_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "FULL_BELOW_BYTES", 1 << 62)
    told = session_of(tmp_path, local=True).explained(DeadlineExceeded("no answer within 10 s"))
    assert (told.reason, told.exit_code) == ("DISK_FULL", 4)
    assert str(tmp_path) in told.message


def test_with_disk_or_elsewhere_the_error_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = DeadlineExceeded("no answer within 10 s")
    assert session_of(tmp_path, local=True).explained(error) is error
    monkeypatch.setattr(session, "FULL_BELOW_BYTES", 1 << 62)
    assert session_of(tmp_path, local=False).explained(error) is error

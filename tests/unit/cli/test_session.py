"""What a session takes for the system here."""

from pathlib import Path

import pytest

from pampax.cli.given import Given
from pampax.cli.session import Session
from pampax.core.errors import Unavailable
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

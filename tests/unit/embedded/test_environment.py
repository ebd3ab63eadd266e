"""What services are told by their environment."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pampax.embedded.configuration import IMPOSED
from pampax.embedded.environment import (
    Installation,
    Secrets,
    indexing_environment,
    migration_environment,
    service_environment,
)
from pampax.embedded.launch import supervisor_environment
from pampax.embedded.layout import DataDir
from pampax.embedded.postgres import EmbeddedPostgres
from pampax.embedded.services import PORT_NAMES, server_specs, service_specs
from pampax.embedded.valkey import EmbeddedValkey
from pampax.runtime.configuration.catalog import by_name


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    data_dir = DataDir(tmp_path)
    data_dir.prepare()
    data_dir.postgres.mkdir()
    data_dir.valkey.mkdir()
    ports = {name: 17000 + number for number, name in enumerate(PORT_NAMES)}
    postgres = EmbeddedPostgres(data_dir.postgres, Path("/bin"), ports["postgres"], data_dir.log_of("postgres"))
    valkey = EmbeddedValkey(data_dir.valkey, Path("/bin/valkey"), ports["valkey"], data_dir.log_of("valkey"))
    return Installation(data_dir, ports, Secrets.of(data_dir), postgres, valkey)


def test_what_services_are_told_is_known_as_imposed(installation: Installation) -> None:
    told = {
        **service_environment(installation),
        **migration_environment(installation),
        **indexing_environment(installation),
    }
    assert set(told) == {"PAMPAX_CONFIG", *(by_name()[name].variable for name in IMPOSED)}


def test_services_are_told_where_everything_is(installation: Installation) -> None:
    env = service_environment(installation)
    assert env["PAMPAX_DATABASE__URL"].startswith("postgresql://pampax_service:")
    assert env["PAMPAX_GATEWAY__HTTP_ADDRESS"] == "127.0.0.1:17000"


def test_every_service_shows_its_metrics_at_an_address_of_its_own(installation: Installation) -> None:
    shown = {spec.name: spec.metrics for spec in service_specs(installation) if spec.metrics}
    assert set(shown) == {"gateway", "search", "assembly", "indexing", "worker"}
    assert len(set(shown.values())) == 5
    told = service_environment(installation)
    assert shown["worker"] == f"http://{told['PAMPAX_INDEXING__WORKER_METRICS_ADDRESS']}/metrics"


def test_migration_alone_gets_the_owner_and_plants_the_key_that_clients_use(installation: Installation) -> None:
    env = migration_environment(installation)
    assert env["PAMPAX_DATABASE__OWNER_URL"].startswith("postgresql://pampax_owner:")
    assert env["PAMPAX_BOOTSTRAP__API_KEY"] == installation.secrets.api_key
    assert not set(env) & set(service_environment(installation))
    password = env["PAMPAX_DATABASE__SERVICE_PASSWORD"]
    assert f":{password}@" in service_environment(installation)["PAMPAX_DATABASE__URL"]


def test_those_who_run_git_alone_get_the_key_of_credentials(installation: Installation) -> None:
    key = installation.secrets.credential_keys
    assert {spec.name for spec in service_specs(installation) if key in spec.env.values()} == {"indexing", "worker"}
    assert (installation.data_dir.secrets / "credential_keys").stat().st_mode & 0o777 == 0o600


def test_services_read_the_file_of_the_system_and_no_other(installation: Installation, tmp_path: Path) -> None:
    assert service_environment(installation)["PAMPAX_CONFIG"] == os.devnull
    with_file = replace(installation, config=tmp_path / "own.toml")
    assert service_environment(with_file)["PAMPAX_CONFIG"] == str(tmp_path / "own.toml")


def test_no_secret_shows_in_a_command(installation: Installation) -> None:
    secrets = installation.secrets
    hidden = {
        secrets.api_key,
        secrets.key_pepper,
        secrets.caller_secret,
        secrets.service_password,
        secrets.credential_keys,
    }
    hidden |= {path.read_text() for path in installation.data_dir.root.glob("*/*.password")}
    for spec in (*server_specs(installation), *service_specs(installation)):
        assert not [secret for secret in hidden for part in spec.command if secret in part]


def test_what_takes_work_stops_first_and_data_last(installation: Installation) -> None:
    specs = (*server_specs(installation), *service_specs(installation))
    order = [spec.name for spec in sorted(specs, key=lambda spec: spec.stop_stage)]
    assert order == ["migrate", "worker", "gateway", "search", "assembly", "indexing", "valkey", "postgres"]


def test_supervisor_does_not_see_what_clients_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    env = supervisor_environment({"PAMPAX_TOKEN": "x", "PAMPAX_EMBEDDING__MODEL": "m", "PYTHONPATH": "libs"})
    assert "PAMPAX_TOKEN" not in env
    assert env["PAMPAX_EMBEDDING__MODEL"] == "m"
    assert env["PYTHONPATH"].split(os.pathsep)[0] == str(tmp_path / "libs")

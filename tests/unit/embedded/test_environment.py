"""What services are told by their environment."""

import os
from pathlib import Path

import pytest

from pampax.embedded.environment import Installation, Secrets, migration_environment, service_environment
from pampax.embedded.launch import supervisor_environment
from pampax.embedded.layout import DataDir
from pampax.embedded.postgres import EmbeddedPostgres
from pampax.embedded.services import PORT_NAMES, server_specs, service_specs
from pampax.embedded.valkey import EmbeddedValkey


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


def test_services_are_told_where_everything_is(installation: Installation) -> None:
    env = service_environment(installation)
    assert set(env) == {
        "PAMPAX_MODE", "PAMPAX_DATABASE__URL", "PAMPAX_REDIS__URL", "PAMPAX_AUTH__KEY_PEPPER",
        "PAMPAX_AUTH__CALLER_SECRET", "PAMPAX_GATEWAY__HTTP_ADDRESS", "PAMPAX_GATEWAY__GRPC_ADDRESS",
        "PAMPAX_SEARCH__ADDRESS", "PAMPAX_ASSEMBLY__ADDRESS", "PAMPAX_INDEXING__ADDRESS", "PAMPAX_INDEXING__CACHE_DIR",
        "PAMPAX_INDEXING__HEARTBEAT_FILE",
    }  # fmt: skip
    assert env["PAMPAX_DATABASE__URL"].startswith("postgresql://pampax_service:")
    assert env["PAMPAX_GATEWAY__HTTP_ADDRESS"] == "127.0.0.1:17000"


def test_migration_alone_gets_the_owner_and_plants_the_key_that_clients_use(installation: Installation) -> None:
    env = migration_environment(installation)
    assert env["PAMPAX_DATABASE__OWNER_URL"].startswith("postgresql://pampax_owner:")
    assert env["PAMPAX_BOOTSTRAP__API_KEY"] == installation.secrets.api_key
    assert not set(env) & set(service_environment(installation))
    password = env["PAMPAX_DATABASE__SERVICE_PASSWORD"]
    assert f":{password}@" in service_environment(installation)["PAMPAX_DATABASE__URL"]


def test_no_secret_shows_in_a_command(installation: Installation) -> None:
    secrets = installation.secrets
    hidden = {secrets.api_key, secrets.key_pepper, secrets.caller_secret, secrets.service_password}
    hidden |= {path.read_text() for path in installation.data_dir.root.glob("*/*.password")}
    for spec in (*server_specs(installation), *service_specs(installation)):
        assert not [secret for secret in hidden for part in spec.command if secret in part]


def test_requests_stop_first_and_data_last(installation: Installation) -> None:
    specs = (*server_specs(installation), *service_specs(installation))
    order = [spec.name for spec in sorted(specs, key=lambda spec: spec.stop_stage)]
    assert order == ["gateway", "migrate", "worker", "search", "assembly", "indexing", "valkey", "postgres"]


def test_supervisor_does_not_see_what_clients_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    env = supervisor_environment({"PAMPAX_TOKEN": "x", "PAMPAX_EMBEDDING__MODEL": "m", "PYTHONPATH": "libs"})
    assert "PAMPAX_TOKEN" not in env
    assert env["PAMPAX_EMBEDDING__MODEL"] == "m"
    assert env["PYTHONPATH"].split(os.pathsep)[0] == str(tmp_path / "libs")

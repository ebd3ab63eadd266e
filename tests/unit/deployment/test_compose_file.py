"""The compose file: nothing in it is root, can be written to, holds a secret or waits for ever."""

import re
from pathlib import Path

import pytest
import yaml

from pampax.runtime.configuration.catalog import catalog

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# The drain of a server: see pampax.runtime.server.
DRAIN_S = 30
# Far from what one machine has: what multiplies in a container stops there.
MOST_PIDS = 512
RUN_ONCE = {"secrets", "migrate", "load"}
LONG_RUNNING = sorted(set(SERVICES) - RUN_ONCE)
SETTING = re.compile(r"^PAMPAX_\w+$")


def environment(service):
    return SERVICES[service].get("environment", {})


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_container_gains_no_rights_and_writes_to_mounts_only(service):
    found = SERVICES[service]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert "cap_add" not in found
    assert "privileged" not in found
    assert found["mem_limit"]
    assert 0 < found["pids_limit"] <= MOST_PIDS
    assert found["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("service", LONG_RUNNING)
def test_a_service_comes_back_tells_its_health_and_has_time_to_end(service):
    found = SERVICES[service]
    assert found["restart"] == "unless-stopped"
    assert int(found["stop_grace_period"].removesuffix("s")) >= DRAIN_S
    stage = re.search(rf"^FROM \w+ AS {service}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert "healthcheck" in found or (stage and "HEALTHCHECK" in stage[1])


def test_only_the_gateway_and_prometheus_are_reached_from_outside_and_by_this_machine_alone():
    published = {name: found["ports"] for name, found in SERVICES.items() if "ports" in found}
    assert set(published) == {"gateway", "prometheus"}
    for ports in published.values():
        for port in ports:
            assert "127.0.0.1" in port
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert [name for name, found in SERVICES.items() if "front" in found.get("networks", ())] == [
        "gateway",
        "prometheus",
        "load",
    ]


def test_every_setting_that_is_given_exists():
    known = {setting.variable for setting in catalog()} | {"PAMPAX_CONFIG", "PAMPAX_TOKEN_FILE"}
    given = {name for service in SERVICES for name in environment(service) if SETTING.match(name)}
    given |= set(re.findall(r"\b(PAMPAX_\w+)=", DOCKERFILE))
    assert given <= known


def test_each_part_is_shown_the_secrets_of_its_own_audience():
    shown = {
        name: volume.split(":")[0].removeprefix("secrets-")
        for name, found in SERVICES.items()
        for volume in found.get("volumes", ())
        if volume.startswith("secrets-") and name != "secrets"
    }
    shared = {"search": "services", "assembly": "services", "load": "client"}
    parts = {"postgres", "redis", "migrate", "gateway", "indexing", "worker"}
    assert shown == {**{part: part for part in parts}, **shared}


def test_no_secret_has_a_default():
    for service in SERVICES:
        for name, value in environment(service).items():
            if (
                re.search(r"SECRET|PEPPER|PASSWORD|API_KEY|OWNER_URL|DATABASE__URL|REDIS__URL", name)
                and "_FILE" not in name
            ):
                assert value == f"${{{name}:-}}"


@pytest.mark.parametrize(
    "target", [line.split()[-1] for line in DOCKERFILE.splitlines() if line.startswith("FROM base AS")]
)
def test_an_image_runs_as_a_numbered_user(target):
    stage = re.search(rf"^FROM base AS {target}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)[1]
    assert re.findall(r"^USER (.*)$", stage, re.MULTILINE)[-1] == "10001:10001"


def test_the_dockerfile_stays_with_what_an_ordinary_machine_has():
    assert not DOCKERFILE.startswith("# syntax")
    assert set(re.findall(r"^FROM (\S+:\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.13-slim"}
    assert "index-url" not in DOCKERFILE

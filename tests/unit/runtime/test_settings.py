"""Settings: what is read, what is refused and how that is said."""

from __future__ import annotations

import os
from typing import get_args

import pytest
from pydantic import ValidationError

from pampax.core.errors import ConfigError
from pampax.runtime.configuration.load import load_settings
from pampax.runtime.settings import Requirable, Settings

KEY = "ab" * 32


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PAMPAX_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def environment(monkeypatch):
    def set_all(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


def mistakes():
    with pytest.raises(ConfigError) as caught:
        load_settings()
    return str(caught.value).splitlines()


def test_an_empty_environment_gives_the_documented_defaults():
    settings = load_settings()
    assert (settings.mode, settings.redis.url, settings.database.pool_max) == ("server", "", 8)
    assert (settings.log.level, settings.log.format) == ("info", "json")
    assert (settings.indexing.concurrency, settings.indexing.allow_private_git) == (1, False)


def test_variables_reach_their_section(environment):
    environment(
        PAMPAX_MODE="embedded",
        PAMPAX_DATABASE__URL="postgresql://u:p@h/d",
        PAMPAX_INDEXING__CONCURRENCY="3",
        PAMPAX_INDEXING__ALLOW_PRIVATE_GIT="true",
        PAMPAX_SEARCH__ADDRESS="[::1]:7000",
    )
    settings = load_settings()
    assert settings.mode == "embedded"
    assert settings.database.url == "postgresql://u:p@h/d"
    assert settings.indexing.concurrency == 3
    assert settings.indexing.allow_private_git
    assert settings.search.address == "[::1]:7000"


def test_an_empty_variable_counts_as_not_set(environment):
    environment(PAMPAX_INDEXING__CONCURRENCY="", PAMPAX_LOG__FORMAT="")
    assert load_settings().indexing.concurrency == 1


def test_all_mistakes_are_reported_together_one_line_each(environment):
    environment(
        PAMPAX_AUTH__CALLER_SECRET="short",
        PAMPAX_DATABASE__ULR="postgresql://h/d",
        PAMPAX_INDEXING__CONCURRENCY="0",
        PAMPAX_SEARCH__ADDRESS="localhost",
    )
    a_key = "at least 64 hex digits, for example from `openssl rand -hex 32`"
    assert mistakes() == [
        f"PAMPAX_AUTH__CALLER_SECRET is not right; it should be {a_key}",
        "PAMPAX_DATABASE__ULR is not a setting; did you mean PAMPAX_DATABASE__URL?",
        "PAMPAX_INDEXING__CONCURRENCY is not right; it should be a number of indexing jobs at a time, 1..256",
        "PAMPAX_SEARCH__ADDRESS is not right; it should be host:port, for example 127.0.0.1:50051",
    ]


def test_a_mistake_never_shows_the_value(environment):
    environment(PAMPAX_AUTH__KEY_PEPPER="hunter2", PAMPAX_DATABASE__URL="mysql://u:hunter2@h/d")
    assert "hunter2" not in "\n".join(mistakes())


def test_secrets_stay_out_of_the_representation(environment):
    environment(
        PAMPAX_AUTH__CALLER_SECRET=KEY,
        PAMPAX_DATABASE__URL="postgresql://u:hunter2@h/d",
        PAMPAX_REDIS__URL="redis://:hunter2@h",
        PAMPAX_BOOTSTRAP__API_KEY="hunter2",
    )
    assert "hunter2" not in repr(load_settings())
    assert KEY not in repr(load_settings())


def test_a_whole_section_as_json_is_refused(environment):
    environment(PAMPAX_GATEWAY='{"http_address": "127.0.0.1:1"}')
    assert mistakes() == ["PAMPAX_GATEWAY is not a setting; did you mean PAMPAX_GATEWAY__HTTP_ADDRESS?"]
    environment(PAMPAX_GATEWAY="no json")
    assert len(mistakes()) == 1


def test_what_the_command_line_tool_reads_is_left_to_it(environment):
    environment(PAMPAX_ENDPOINT="e", PAMPAX_TOKEN="t", PAMPAX_TOKEN_FILE="f", PAMPAX_DATA_DIR="d")
    assert load_settings() == Settings()


def test_what_kubernetes_tells_of_services_is_not_a_mistake(environment):
    environment(
        PAMPAX_GATEWAY_SERVICE_HOST="10.0.0.1",
        PAMPAX_GATEWAY_SERVICE_PORT="8080",
        PAMPAX_GATEWAY_SERVICE_PORT_HTTP="8080",
        PAMPAX_GATEWAY_PORT="tcp://10.0.0.1:8080",
        PAMPAX_GATEWAY_PORT_8080_TCP_ADDR="10.0.0.1",
    )
    load_settings()
    environment(PAMPAX_GATEWAY_PORT="8080")
    assert mistakes() == ["PAMPAX_GATEWAY_PORT is not a setting; did you mean PAMPAX_GATEWAY__HTTP_ADDRESS?"]


def test_a_variable_like_no_other_gets_no_guess(environment):
    environment(PAMPAX_QQQQQQQ="1")
    assert mistakes() == ["PAMPAX_QQQQQQQ is not a setting; remove it"]


def test_a_collector_gets_no_password_by_its_address_and_none_is_shown(environment):
    environment(PAMPAX_TELEMETRY__OTLP_ENDPOINT="https://user:hunter2@collector:4317")
    (line,) = mistakes()
    assert "without user:password@" in line
    assert "hunter2" not in line


def test_require_lists_everything_that_is_missing(environment):
    environment(PAMPAX_AUTH__KEY_PEPPER=KEY)
    with pytest.raises(ConfigError) as caught:
        load_settings().require("database.url", "auth.key_pepper", "auth.caller_secret")
    assert [line.split()[0] for line in str(caught.value).splitlines()] == [
        "PAMPAX_AUTH__CALLER_SECRET",
        "PAMPAX_DATABASE__URL",
    ]


@pytest.mark.parametrize("name", get_args(Requirable))
def test_every_requirable_name_is_a_setting(name):
    with pytest.raises(ConfigError, match="is not set; it should be "):
        Settings().require(name)


def test_settings_do_not_change():
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.mode = "embedded"
    with pytest.raises(ValidationError):
        settings.gateway.workers = 2

"""Which gateway is asked, and with which key."""

from pathlib import Path

import pytest

from pampax.cli.config_file import ClientConfig, read_config
from pampax.cli.endpoint import LocalSystem, Target, checked_endpoint, find_target
from pampax.cli.given import Given
from pampax.core.errors import ConfigError, LocalIOError, Unauthenticated, Unavailable

HERE = LocalSystem("http://127.0.0.1:17000", "pampax_local")
NOTHING: dict[str, str] = {}


def target(
    given: Given | None = None,
    environ: dict[str, str] = NOTHING,
    config: ClientConfig | None = None,
    system: LocalSystem | None = HERE,
) -> Target:
    return find_target(given or Given(), environ, config or ClientConfig(), lambda: system)


def test_after_up_every_command_just_works() -> None:
    assert target() == Target(HERE.endpoint, HERE.token, local=True)


def test_options_win_over_the_environment_and_the_environment_over_the_file(tmp_path: Path) -> None:
    given = Given(endpoint="http://a", token="k1")
    environ = {"PAMPAX_ENDPOINT": "http://b", "PAMPAX_TOKEN": "k2"}
    config = ClientConfig(endpoint="http://c")
    assert target(given, environ, config) == Target("http://a", "k1", local=False)
    assert target(None, environ, config) == Target("http://b", "k2", local=False)
    (tmp_path / "key").write_text("k3")
    config = ClientConfig("http://c", "key", tmp_path)
    assert target(None, NOTHING, config) == Target("http://c", "k3", local=False, from_file=True)


def test_a_data_dir_on_the_command_line_is_the_system_there() -> None:
    environ = {"PAMPAX_ENDPOINT": "http://b", "PAMPAX_TOKEN": "k2"}
    assert target(Given(data_dir="/d"), environ) == Target(HERE.endpoint, HERE.token, local=True)


def test_the_local_key_goes_nowhere_else() -> None:
    with pytest.raises(Unauthenticated, match="no API key for http://b"):
        target(None, {"PAMPAX_ENDPOINT": "http://b"})


@pytest.mark.parametrize(
    ("given", "environ"),
    [
        (Given(), NOTHING),
        (Given(), {"PAMPAX_TOKEN": "k2"}),
        (Given(), {"PAMPAX_TOKEN_FILE": "/nowhere/key"}),
        (Given(token="k1"), NOTHING),
        (Given(token_file="/nowhere/key"), NOTHING),
    ],
)
def test_an_endpoint_that_a_clone_brings_along_gets_no_key_of_ours(given: Given, environ: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated, match="give --endpoint http://evil and --token-file") as refused:
        target(given, environ, ClientConfig("http://evil", folder=Path("/clone")))
    assert len(refused.value.message.splitlines()) == 1


def test_a_clone_with_a_key_of_its_own_gets_that_one_and_not_ours(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("theirs")
    config = ClientConfig("http://c", "key", tmp_path)
    assert target(None, {"PAMPAX_TOKEN": "k2"}, config).token == "theirs"
    with pytest.raises(Unauthenticated, match="give --endpoint http://c and --token-file"):
        target(Given(token="k1"), NOTHING, config)


def test_a_key_beside_the_configuration_goes_to_its_endpoint_only(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("theirs")
    config = ClientConfig("http://c", "key", tmp_path)
    with pytest.raises(Unauthenticated, match="no API key for http://b"):
        target(None, {"PAMPAX_ENDPOINT": "http://b"}, config)
    assert target(Given(data_dir="/d"), NOTHING, config) == Target(HERE.endpoint, HERE.token, local=True)


def test_a_configuration_that_names_the_local_system_may_have_its_key() -> None:
    config = ClientConfig(HERE.endpoint)
    assert target(None, NOTHING, config) == Target(HERE.endpoint, HERE.token, local=True)


@pytest.mark.parametrize("name", ["../secret", "{outside}/secret", "link", "folder/secret", "~/secret", "loop", "a\0b"])
def test_a_key_file_outside_the_folder_of_the_configuration_is_not_read(tmp_path: Path, name: str) -> None:
    clone, outside = tmp_path / "clone", tmp_path
    clone.mkdir()
    (outside / "secret").write_text("hunter2")
    (clone / "link").symlink_to("../secret")
    (clone / "folder").symlink_to("..")
    (clone / "loop").symlink_to("loop")
    config = ClientConfig("http://evil", name.format(outside=outside), clone)
    with pytest.raises((ConfigError, LocalIOError), match=r"--token-file|check the file") as refused:
        target(None, NOTHING, config)
    assert "hunter2" not in str(refused.value)


def test_a_key_file_inside_may_be_named_absolutely_and_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("theirs")
    (tmp_path / "link").symlink_to("key")
    for name in ("link", str(tmp_path / "key")):
        assert target(None, NOTHING, ClientConfig("http://c", name, tmp_path)).token == "theirs"


def test_naming_the_local_endpoint_finds_its_key() -> None:
    assert target(Given(endpoint=HERE.endpoint + "/")) == Target(HERE.endpoint, HERE.token, local=True)


def test_another_key_at_the_local_endpoint_is_not_the_local_one() -> None:
    assert not target(Given(token="pampax_other")).local


def test_without_any_system_the_advice_is_to_start_one() -> None:
    with pytest.raises(Unavailable, match="start it with `pampax up`, or give --endpoint"):
        target(system=None)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "127.0.0.1:80",
        "ftp://x",
        "http://",
        "http://u:p@x",
        "http://x?q",
        "http://x:0",
        "http://x:abc",
        "http://x\n",
    ],
)
def test_what_is_no_http_address_is_refused(endpoint: str) -> None:
    if endpoint.endswith("\n"):
        assert checked_endpoint(endpoint) == "http://x"
        return
    with pytest.raises(ConfigError, match="write it as http://HOST:PORT"):
        checked_endpoint(endpoint)


def test_a_key_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("pampax_k\n")
    assert target(Given(endpoint="http://a", token_file=str(file))).token == "pampax_k"
    assert target(None, {"PAMPAX_ENDPOINT": "http://b", "PAMPAX_TOKEN_FILE": str(file)}).token == "pampax_k"


def test_a_file_that_holds_something_else_never_leaves_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "key"
    for content in (b"-----BEGIN PRIVATE KEY-----\nabc\n", b"\xff\xfe", b"", b"x" * 300):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match="holds no API key"):
            target(Given(endpoint="http://a", token_file=str(file)))


def test_a_key_file_that_is_not_there_is_named() -> None:
    with pytest.raises(LocalIOError, match="/nowhere/key"):
        target(Given(endpoint="http://a", token_file="/nowhere/key"))


def test_the_configuration_of_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "pampax.toml").write_text('[client]\nendpoint = "http://a"\ntoken_file = "key"\n')
    assert read_config(tmp_path) == ClientConfig("http://a", "key", tmp_path)
    assert read_config(tmp_path / "elsewhere") == ClientConfig()


def test_what_services_read_is_none_of_our_business(tmp_path: Path) -> None:
    (tmp_path / "pampax.toml").write_text('mode = "x"\n[log]\nlevel = 3\n[client]\nendpoint = "http://a"\n')
    assert read_config(tmp_path).endpoint == "http://a"


def test_all_that_does_not_hold_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "pampax.toml").write_text("serach = 1\n[client]\nendpont = 3\ntoken_file = 4\n")
    with pytest.raises(ConfigError) as refused:
        read_config(tmp_path)
    assert [line.partition("pampax.toml")[2] for line in refused.value.message.splitlines()] == [
        ":1: serach is not a setting; did you mean [search]?",
        ":3: client.endpont is not a setting; did you mean client.endpoint?",
        ":4: client.token_file must be text in quotes",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[client]\nendpont = "http://a"', "client.endpont is not a setting; did you mean client.endpoint"),
        ('[client]\ntoken = "pampax_x"', "did you mean client.token_file"),
        ('[client]\ntoken_file = "key"', "client.token_file is the key of client.endpoint; add that"),
        ("[clinet]", r"pampax.toml:1: clinet is not a setting; did you mean \[client\]\?"),
        ("[qqqqq]", "qqqqq is not a setting; remove it"),
        ("[client]\nendpoint = 3", "client.endpoint must be text in quotes"),
        ("client = 3", "client is a section"),
        ("[client", "is no TOML"),
    ],
)
def test_a_configuration_that_does_not_hold_is_refused_with_advice(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "pampax.toml").write_text(text)
    with pytest.raises(ConfigError, match=line):
        read_config(tmp_path)

"""Private repositories: tokens over HTTP and keys over ssh, stored by the service and used by a worker."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from google.rpc import error_details_pb2

from pampax.core.errors import FailedPrecondition, InvalidRequest, NotFound, PampaxError, PermissionDenied
from pampax.core.identity import Role
from pampax.indexing.credentials import new_key as new_key_module
from pampax.indexing.credentials.new_key import NewKey
from pampax.indexing.credentials.sealing import Sealer
from pampax.storage.database import Database
from pampax.v1 import indexing_service_pb2 as pb
from pampax.v1 import repository_pb2

from ...git_server import GitServer, git_server  # noqa: TID252 - tests are no package
from .conftest import Client, NewProcesses, Processes, channel_to
from .trees import git, modules, write

OLD_KEY, NEW_KEY = secrets.token_hex(32), secrets.token_hex(32)
HOST_LINE = "127.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostKeyOfTheStandIn"
KEYS = "PAMPAX_INDEXING__CREDENTIAL_KEYS"
# Speaks the command line that git gives to ssh, and knows one key and one host key.
STAND_IN = """#!/bin/sh
for each in "$@"; do
    case "$each" in
        -oIdentityFile=*) key=${each#*=} ;;
        -oUserKnownHostsFile=*) hosts=${each#*=} ;;
        -oStrictHostKeyChecking=*) strict=${each#*=} ;;
        -i|-v) echo "unexpected $each" >&2; exit 255 ;;
    esac
    last=$each
done
printf '%s\\n' "$*" >>FOLDER/said
env >>FOLDER/environments
ls -lnL "$key" >>FOLDER/modes
if [ "$strict" != yes ] || ! grep -qxF "$(cat FOLDER/host_key)" "${hosts:-/dev/null}"; then
    echo "Host key verification failed." >&2; exit 255
fi
if ! cmp -s "$key" FOLDER/allowed; then echo "git@127.0.0.1: Permission denied (publickey)." >&2; exit 255; fi
exec sh -c "$last"
"""


def new_key(passphrase: bytes = b"") -> str:
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    form = PrivateFormat.PKCS8 if passphrase else PrivateFormat.OpenSSH
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, form, encryption).decode()


def token(secret: str, username: str = "") -> repository_pb2.GitCredential:
    return repository_pb2.GitCredential(token=repository_pb2.GitToken(token=secret, username=username))


def ssh_key(key: str, known_hosts: str = HOST_LINE) -> repository_pb2.GitCredential:
    return repository_pb2.GitCredential(ssh_key=repository_pb2.GitSshKey(private_key=key, known_hosts=known_hosts))


def git_origin(folder: Path, files: dict[str, str | bytes]) -> tuple[Path, Path]:
    """A work tree with one commit, and the bare repository that it pushes to, which may leave blobs out."""
    work, bare = write(folder / "work", files), folder / "origin.git"
    git(work, "init", "-q", "-b", "main")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "first")
    git(folder, "clone", "-q", "--bare", str(work), bare.name)
    git(bare, "config", "uploadpack.allowFilter", "true")
    git(work, "remote", "add", "origin", str(bare))
    return work, bare


def push(work: Path, files: dict[str, str | bytes], *options: str) -> None:
    write(work, files)
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "more")
    git(work, "push", "-q", *options, "origin", "main")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return git_origin(tmp_path, modules(6))[0]


@pytest.fixture
def server(tmp_path: Path, work: Path) -> Iterator[GitServer]:
    """Serves the origin of `work` to those who show its token."""
    assert work.is_dir()
    with git_server(tmp_path) as ours:
        ours.token = "ghp_" + secrets.token_hex(20)
        yield ours


@pytest.fixture(scope="module")
async def processes(new_processes: NewProcesses, ssh: Path) -> AsyncIterator[Processes]:
    async with new_processes() as made:
        made.environment |= {
            "PAMPAX_MODE": "server",
            "PAMPAX_INDEXING__ALLOW_PRIVATE_GIT": "true",
            "PAMPAX_LOG__LEVEL": "debug",
            KEYS: OLD_KEY,
            "PATH": f"{ssh}:{made.environment['PATH']}",
        }
        made.start()
        made.start("worker")
        yield made


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the stand-in for ssh, what it allows, and what it was told."""
    folder = tmp_path_factory.mktemp("ssh")
    (folder / "ssh").write_text(STAND_IN.replace("FOLDER", str(folder)))
    (folder / "ssh").chmod(0o755)
    (folder / "host_key").write_text(HOST_LINE + "\n")
    return folder


async def create(client: Client, url: str, credential: Any = None, name: str = "demo") -> repository_pb2.Repository:
    repository = repository_pb2.Repository(source=repository_pb2.Source(git_url=url))
    request = pb.CreateRepositoryRequest(repository_id=name, repository=repository, credential=credential)
    return await client.ask(client.stub.CreateRepository, request)


async def store(client: Client, credential: Any, name: str = "demo") -> repository_pb2.Repository:
    request = pb.SetCredentialRequest(name=f"repositories/{name}", credential=credential)
    return await client.ask(client.stub.SetCredential, request)


async def remove(client: Client, name: str = "demo") -> None:
    await client.ask(client.stub.DeleteCredential, pb.DeleteCredentialRequest(name=f"repositories/{name}"))


async def failure(client: Client, name: str = "demo") -> tuple[str, str]:
    """(reason, message) of a run that fails."""
    done = await client.done(await client.index(name))
    assert done.HasField("error")
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in done.error.details)
    return info.reason, done.error.message


def rows(processes: Processes, statement: str) -> list[Any]:
    with psycopg.connect(processes.urls.superuser) as conn:
        return conn.execute(statement).fetchall()


def everything_written(processes: Processes) -> str:
    """All logs, all operations, and every file of the clones."""
    logs = "".join(path.read_text() for path in processes.folder.glob("*.log"))
    operations = json.dumps(rows(processes, "SELECT to_jsonb(o) FROM operation o"))
    cached = (path for path in (processes.folder / "cache").rglob("*") if path.is_file())
    return logs + operations + "".join(path.read_bytes().decode("latin-1") for path in cached)


async def test_a_token_opens_a_private_repository_and_shows_up_nowhere(
    client: Client, server: GitServer, processes: Processes
) -> None:
    made = await create(client, server.url_of("origin.git"), token(server.token))
    assert (made.credential.kind, made.credential.fingerprint) == ("token", "")
    assert server.token not in str(made)
    assert (await client.indexed("demo")).status.files == 6
    assert set(server.users) == {"x-access-token"}
    assert server.token not in everything_written(processes)
    (sealed,) = rows(processes, "SELECT sealed FROM git_credential ORDER BY set_at DESC LIMIT 1")[0]
    assert server.token.encode() not in bytes(sealed)


async def test_the_user_name_that_a_host_asks_for_is_shown(client: Client, server: GitServer) -> None:
    await create(client, server.url_of("origin.git"), token(server.token, "deploy-7"))
    await client.indexed("demo")
    assert set(server.users) == {"deploy-7"}


async def test_a_refused_token_is_named_with_what_to_do_and_without_itself(
    client: Client, server: GitServer, processes: Processes
) -> None:
    wrong = "glpat-" + secrets.token_hex(10)
    await create(client, server.url_of("origin.git"), token(wrong))
    reason, message = await failure(client)
    assert reason == "GIT_CREDENTIAL_REFUSED"
    assert "the token that was stored for repository 'demo' on 20" in message
    assert f"pampax index {server.url_of('origin.git')} --name demo --token-env NAME" in message
    assert wrong not in message + everything_written(processes)


async def test_without_a_credential_the_way_to_give_one_is_told(client: Client, server: GitServer) -> None:
    await create(client, server.url_of("origin.git"))
    reason, message = await failure(client)
    assert reason == "GIT_ACCESS_DENIED"
    assert "--token-env" in message


async def test_a_token_that_expires_between_runs_leaves_the_old_index_until_another_is_stored(
    client: Client, server: GitServer, work: Path
) -> None:
    await create(client, server.url_of("origin.git"), token(server.token))
    first = await client.indexed("demo")
    push(work, {"new.py": "def later():\n    return 1\n"})
    server.token = "rotated-" + secrets.token_hex(10)
    assert (await failure(client))[0] == "GIT_CREDENTIAL_REFUSED"
    assert list((await client.get("demo")).refs) == [first.status]
    freshness = await client.ask(client.stub.GetFreshness, pb.GetFreshnessRequest(name="repositories/demo"))
    assert freshness.state == "unknown"
    assert "stored for repository 'demo'" in freshness.detail

    await store(client, token(server.token))
    freshness = await client.ask(client.stub.GetFreshness, pb.GetFreshnessRequest(name="repositories/demo"))
    assert (freshness.state, freshness.behind) == ("behind", 1)
    second = await client.indexed("demo")
    assert (second.status.files, second.new_blobs) == (7, 1)


async def test_a_plan_uses_the_credential(client: Client, server: GitServer) -> None:
    await create(client, server.url_of("origin.git"), token(server.token))
    request = pb.PlanIndexRequest(name="repositories/demo")
    assert (await client.ask(client.stub.PlanIndex, request, timeout_s=60)).new_files == 6


async def test_a_removed_credential_is_gone(client: Client, server: GitServer, work: Path) -> None:
    await create(client, server.url_of("origin.git"), token(server.token))
    first = await client.indexed("demo")
    await remove(client)
    found = await client.get("demo")
    assert not found.HasField("credential")
    push(work, {"new.py": "x = 1\n"})
    assert (await failure(client))[0] == "GIT_ACCESS_DENIED"
    assert list((await client.get("demo")).refs) == [first.status]
    with pytest.raises(NotFound) as missing:
        await remove(client)
    assert missing.value.reason == "CREDENTIAL_NOT_FOUND"


async def test_a_deleted_repository_takes_its_credential_along(
    client: Client, server: GitServer, processes: Processes
) -> None:
    await create(client, server.url_of("origin.git"), token(server.token), "short-lived")
    await client.delete("short-lived")
    owned = f"SELECT 1 FROM git_credential WHERE tenant_id = '{client.caller.tenant_id}'"
    assert rows(processes, owned) == []


async def test_others_neither_see_nor_change_a_credential(
    client: Client, processes: Processes, server: GitServer, channel: grpc.aio.Channel
) -> None:
    await create(client, server.url_of("origin.git"), token(server.token))
    stranger = await processes.client(role=Role.ADMIN, channel=channel)
    for attempt in (store(stranger, token("x")), remove(stranger)):
        with pytest.raises(NotFound):
            await attempt
    with psycopg.connect(processes.urls.service) as conn:
        assert conn.execute("SELECT * FROM git_credential").fetchall() == []
        conn.execute("SELECT set_config('pampax.tenant', %s, true)", [str(stranger.caller.tenant_id)])
        assert conn.execute("SELECT * FROM git_credential").fetchall() == []
    assert (await client.indexed("demo")).status.files == 6


async def test_a_row_that_is_moved_to_another_repository_opens_nothing(
    client: Client, server: GitServer, processes: Processes
) -> None:
    url = server.url_of("origin.git")
    await create(client, url, token(server.token), "mine")
    await create(client, url, token("other"), "yours")
    with psycopg.connect(processes.urls.superuser) as conn:
        conn.execute(
            "UPDATE git_credential g SET sealed = o.sealed FROM git_credential o, repository mine, repository yours"
            " WHERE mine.name = 'mine' AND yours.name = 'yours' AND mine.tenant_id = %s AND yours.tenant_id = %s"
            " AND g.repository_id = yours.repository_id AND o.repository_id = mine.repository_id",
            [client.caller.tenant_id] * 2,
        )
    assert (await failure(client, "yours"))[0] == "CREDENTIAL_UNREADABLE"


async def test_a_reader_stores_nothing(client: Client, processes: Processes, server: GitServer) -> None:
    await create(client, server.url_of("origin.git"))
    with psycopg.connect(processes.urls.superuser) as conn:
        conn.execute("UPDATE role_binding SET role = 'reader' WHERE tenant_id = %s", [client.caller.tenant_id])
    for attempt in (store(client, token("x")), remove(client)):
        with pytest.raises(PermissionDenied):
            await attempt


@pytest.mark.parametrize(
    ("source", "credential", "field"),
    [
        ({"git_url": "https://127.0.0.1/x"}, token(""), "credential.token"),
        ({"git_url": "https://127.0.0.1/x"}, token("two words"), "credential.token"),
        ({"git_url": "https://127.0.0.1/x"}, token("line\nhost=evil.example"), "credential.token"),
        ({"git_url": "https://127.0.0.1/x"}, token("x" * 8_193), "credential.token"),
        ({"git_url": "https://127.0.0.1/x"}, token("x", "a:b"), "credential.username"),
        ({"git_url": "https://127.0.0.1/x"}, ssh_key(new_key()), "credential"),
        ({"git_url": "git@127.0.0.1:x"}, token("x"), "credential"),
        ({"upload": True}, token("x"), "credential"),
        ({"git_url": "git@127.0.0.1:x"}, ssh_key("nonsense"), "credential.private_key"),
        ({"git_url": "git@127.0.0.1:x"}, ssh_key(new_key(b"secret phrase")), "credential.private_key"),
        ({"git_url": "git@127.0.0.1:x"}, ssh_key("x" * 40_000), "credential.private_key"),
        ({"git_url": "git@127.0.0.1:x"}, ssh_key(new_key(), "one two"), "credential.known_hosts"),
        ({"git_url": "git@127.0.0.1:x"}, ssh_key(new_key(), "x y z\n" * 20_000), "credential.known_hosts"),
        ({"git_url": "git@127.0.0.1:x"}, repository_pb2.GitCredential(), "credential"),
    ],
)
async def test_what_no_server_could_take_is_refused_without_being_shown(
    client: Client, source: dict[str, Any], credential: Any, field: str
) -> None:
    repository = repository_pb2.Repository(source=repository_pb2.Source(**source))
    request = pb.CreateRepositoryRequest(repository_id="demo", repository=repository, credential=credential)
    with pytest.raises(InvalidRequest) as refused:
        await client.ask(client.stub.CreateRepository, request)
    assert (refused.value.reason, list(refused.value.fields)) == ("CREDENTIAL_NOT_VALID", [field])
    for secret in (credential.token.token, credential.ssh_key.private_key[40:80], "secret phrase"):
        assert not secret or secret not in refused.value.message
    with pytest.raises(NotFound):
        await client.get("demo")


async def test_a_key_opens_a_private_repository_over_ssh(
    client: Client, ssh: Path, work: Path, processes: Processes
) -> None:
    key = new_key()
    (ssh / "allowed").write_text(key)
    made = await create(client, f"ssh://git@127.0.0.1{work.parent}/origin.git", ssh_key(key))
    assert made.credential.kind == "ssh_key"
    assert made.credential.fingerprint.startswith("SHA256:")
    assert (await client.indexed("demo")).status.files == 6
    arguments, environments = (ssh / "said").read_text(), (ssh / "environments").read_text()
    assert "-F /dev/null" in arguments
    assert "-oBatchMode=yes" in arguments
    assert {line.split()[0] for line in (ssh / "modes").read_text().splitlines()} == {"-rw-------"}
    secret = key.splitlines()[2]
    assert secret not in arguments + environments + everything_written(processes)
    assert OLD_KEY not in environments


async def test_a_key_that_is_not_allowed_any_more_is_named(client: Client, ssh: Path, work: Path) -> None:
    (ssh / "allowed").write_text(new_key())
    await create(client, f"ssh://git@127.0.0.1{work.parent}/origin.git", ssh_key(new_key()))
    reason, message = await failure(client)
    assert reason == "GIT_CREDENTIAL_REFUSED"
    assert "the ssh key that was stored for repository 'demo'" in message
    assert "--ssh-key FILE" in message


@pytest.mark.parametrize("known", ["", "127.0.0.1 ssh-ed25519 AAAAanother"])
async def test_a_host_that_nobody_vouches_for_is_shown_no_key(
    client: Client, ssh: Path, work: Path, known: str
) -> None:
    key = new_key()
    (ssh / "allowed").write_text(key)
    await create(client, f"ssh://git@127.0.0.1{work.parent}/origin.git", ssh_key(key, known))
    reason, message = await failure(client)
    assert reason == "GIT_HOST_UNKNOWN"
    assert "--known-hosts" in message


async def test_credentials_pass_to_a_new_key_and_the_old_one_can_go(
    new_processes: NewProcesses, server: GitServer, work: Path
) -> None:
    async with new_processes() as made:
        made.environment |= {"PAMPAX_MODE": "server", "PAMPAX_INDEXING__ALLOW_PRIVATE_GIT": "true"}
        first = made.start(**{KEYS: OLD_KEY})
        client = await made.client()
        await create(client, server.url_of("origin.git"), token(server.token))
        await create(client, server.url_of("origin.git"), token(server.token), "other")
        made.end(first)

        second = made.start(**{KEYS: f"{NEW_KEY},{OLD_KEY}"})
        old = rows(made, "SELECT DISTINCT key_id FROM git_credential")
        for _ in range(300):
            if rows(made, "SELECT DISTINCT key_id FROM git_credential") != old:
                break
            await asyncio.sleep(0.1)
        await channel_to(made.address)
        made.end(second)
        assert "credentials sealed anew" in made.log("service")

        made.start(**{KEYS: NEW_KEY})
        made.start("worker", **{KEYS: NEW_KEY})
        await channel_to(made.address)
        assert (await client.indexed("demo")).status.files == 6
        assert (await client.indexed("other")).status.files == 6


async def test_a_worker_without_the_key_says_so_and_a_service_without_one_stores_nothing(
    new_processes: NewProcesses, server: GitServer
) -> None:
    async with new_processes() as made:
        made.environment |= {"PAMPAX_MODE": "server", "PAMPAX_INDEXING__ALLOW_PRIVATE_GIT": "true"}
        first = made.start(**{KEYS: OLD_KEY})
        client = await made.client()
        await create(client, server.url_of("origin.git"), token(server.token))
        made.end(first)
        made.start(**{KEYS: NEW_KEY})
        made.start("worker", **{KEYS: NEW_KEY})
        await channel_to(made.address)
        reason, message = await failure(client)
        assert reason == "CREDENTIAL_UNREADABLE"
        assert KEYS in message
        assert "credentials of a key that is not known" in made.log("service")

    async with new_processes() as made:
        made.environment |= {"PAMPAX_MODE": "server", "PAMPAX_INDEXING__ALLOW_PRIVATE_GIT": "true"}
        made.start()
        client = await made.client()
        with pytest.raises(FailedPrecondition) as refused:
            await create(client, server.url_of("origin.git"), token(server.token))
        assert refused.value.reason == "CREDENTIALS_NOT_CONFIGURED"
        with pytest.raises(PampaxError):
            await client.get("demo")


async def test_a_database_that_is_away_is_asked_again_for_what_older_keys_have_sealed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(new_key_module, "AGAIN_AFTER_S", 0.05)
    database = Database("postgresql://pampax_service@127.0.0.1:1/none", component="test")
    tries = []

    async def seal_all(self: NewKey) -> tuple[int, int]:
        tries.append(self)
        return await original(self)

    original = NewKey.seal_all
    monkeypatch.setattr(NewKey, "seal_all", seal_all)
    sealing = NewKey(database, Sealer(OLD_KEY))
    sealing.start()
    for _ in range(200):
        if len(tries) > 1:
            break
        await asyncio.sleep(0.05)
    await sealing.close()
    await database.close()
    assert len(tries) > 1
    idle = NewKey(database, Sealer(""))
    idle.start()
    await idle.close()

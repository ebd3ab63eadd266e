"""The system from images, used as the README says: by upload, from the command line of another machine."""

import json
import subprocess
import time

import httpx
import pytest

LARGEST_IMAGE_BYTES = 350_000_000
IMAGES = ("gateway", "search", "assembly", "indexing", "worker", "migrate", "collector", "load")
TAKEN_UP_WITHIN_S = 60
# A part that did not answer in its tenth of a second, on a machine that has just started ten containers.
SETTLED_WITHIN_S = 60
WORKER_PROCESSES = 2
RUN_ONCE = {"secrets", "migrate"}


@pytest.fixture(scope="module")
def indexed(cli, tmp_path_factory):
    """A repository of the system: a folder of this machine, uploaded."""
    folder = tmp_path_factory.mktemp("mailer")
    (folder / "mailer.py").write_text('def send_letter(address):\n    """Sends one letter."""\n    return address\n')
    (folder / "stamps.py").write_text("PRICE = 85\n\n\ndef lick_stamp():\n    return PRICE\n")
    done = json.loads(cli("index", str(folder), "--name", "mailer").splitlines()[-1])
    assert (done["event"], done["files"]) == ("done", 2)
    return "mailer"


def settled(read, wanted):
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while (found := read()) != wanted and time.monotonic() < deadline:
        time.sleep(1)
    assert found == wanted


def unwell_parts(cli):
    report = json.loads(cli("health", "--json"))
    unwell = [part for part in report["components"] if part["status"] != "ok"]
    assert (report["status"] == "ok") == (not unwell)
    return unwell


def worker_processes(compose):
    """How many health knows of, those that it would soon call silent among them."""
    count = "SELECT count(*) FROM worker_heartbeat"
    return int(compose("exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "pampax", "-Atc", count))


def found_paths(cli, question, repository):
    return [result["path"] for result in json.loads(cli("search", question, "-r", repository, "--json"))["results"]]


def test_everything_is_healthy_and_what_runs_once_has_ended_well(compose):
    states = compose.states()
    assert {name for name, state in states.items() if state == "exited 0"} == RUN_ONCE
    assert {state for name, state in states.items() if name not in RUN_ONCE} == {"healthy"}


def test_an_uploaded_folder_is_found_and_assembled(cli, indexed):
    assert found_paths(cli, "send a letter", indexed)[0] == "mailer.py"
    assert "def send_letter" in cli("assemble", "add a return address to letters", "-r", indexed, "-b", "500")


def test_every_part_says_that_it_is_well(cli, indexed):
    settled(lambda: unwell_parts(cli), [])


def test_its_key_names_no_folder_of_the_server(cli):
    asked = {"name": "secrets", "source": {"path": "/run/pampax"}}
    headers = {"authorization": f"Bearer {cli.env['PAMPAX_TOKEN']}"}
    answer = httpx.post(f"{cli.env['PAMPAX_ENDPOINT']}/v1/repositories", json=asked, headers=headers, timeout=30)
    assert answer.status_code == 403
    assert "upload" in answer.json()["detail"]


def test_data_and_key_outlive_the_containers(compose, cli, indexed):
    compose("down", "--timeout", "10")
    compose.up()
    assert found_paths(cli, "lick a stamp", indexed)[0] == "stamps.py"


def test_work_goes_on_when_a_killed_worker_is_back(compose, cli, indexed, tmp_path):
    others = compose("ps", "--quiet", "postgres", "redis", "gateway", "search", "assembly", "indexing")
    compose("kill", "worker")
    (tmp_path / "later.py").write_text("def arrives_later():\n    return 1\n")
    with cli.started("index", str(tmp_path), "--name", "later") as waiting:
        compose.up()
        assert waiting.wait(TAKEN_UP_WITHIN_S) == 0
    assert found_paths(cli, "what arrives later", "later") == ["later.py"]
    settled(lambda: worker_processes(compose), WORKER_PROCESSES)  # the killed ones are forgotten
    assert compose("ps", "--quiet", "postgres", "redis", "gateway", "search", "assembly", "indexing") == others


@pytest.mark.parametrize("service", IMAGES)
def test_an_image_is_small(compose, service):
    shown = subprocess.run(
        ["docker", "image", "inspect", f"pampax-{service}"], capture_output=True, check=True, text=True, timeout=30
    )
    (image,) = json.loads(shown.stdout)
    print(f"\npampax-{service}: {image['Size'] / 1e6:.0f} MB")
    assert image["Size"] < LARGEST_IMAGE_BYTES
    assert image["Config"]["User"] == "10001:10001"
    assert image["Config"]["Labels"]["org.opencontainers.image.title"] == f"pampax-{service}"


def test_a_service_can_write_nowhere_but_to_its_mounts(compose):
    said = compose("exec", "-T", "search", "sh", "-c", "touch /x /opt/pampax/x 2>&1 || id -u")
    assert said.count("Read-only file system") == 2
    assert said.splitlines()[-1] == "10001"

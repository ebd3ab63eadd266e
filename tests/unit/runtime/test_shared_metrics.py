"""Metrics of a process and of the children that it forks: added up, kept when a child dies, and no trap for a fork."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from pampax.runtime.telemetry import children
from pampax.runtime.telemetry.children import reader, share_metrics

TIMEOUT_S = 60
START = """
import os, signal, sys, threading
from pampax.runtime.telemetry.children import reader, share_metrics
folder = share_metrics()
from pampax.runtime.telemetry.metrics import counter, gauge, histogram
registry, tidy = reader(folder)
runs = counter("pampax_task_runs_total").labels("t", "ok")
under_way = gauge("pampax_tasks_in_flight").labels("t")
took = histogram("pampax_task_seconds").labels("t")

def shown():
    found = {}
    for family in registry().collect():
        for sample in family.samples:
            found[sample.name] = sample.value
    return found
"""


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", START + script], capture_output=True, text=True, timeout=TIMEOUT_S,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_children_are_added_up_and_one_that_is_killed_keeps_its_counts_and_loses_its_gauges():
    out = run("""
def child():
    pid = os.fork()
    if pid:
        return pid
    runs.inc(3); took.observe(0.2); under_way.inc()
    os.write(told, b"x")
    signal.pause()

hear, told = os.pipe()
pids = [child(), child()]
for _ in pids:
    os.read(hear, 1)
runs.inc(1)
print(shown()["pampax_task_runs_total"], shown()["pampax_tasks_in_flight"], shown()["pampax_task_seconds_count"])
os.kill(pids[0], signal.SIGKILL)
os.waitpid(pids[0], 0)
print(shown()["pampax_task_runs_total"], shown()["pampax_tasks_in_flight"], shown()["pampax_task_seconds_count"])
print(sum(str(pids[0]) in name for name in os.listdir(folder)))
pids.append(child())
os.read(hear, 1)
print(shown()["pampax_task_runs_total"], shown()["pampax_tasks_in_flight"], shown()["pampax_task_seconds_count"])
for pid in pids[1:]:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
tidy()
print(shown()["pampax_task_runs_total"], "pampax_tasks_in_flight" in shown() and shown()["pampax_tasks_in_flight"])
print("process_resident_memory_bytes" in shown())
""")
    assert out.splitlines() == ["7.0 2.0 2.0", "7.0 1.0 2.0", "0", "10.0 2.0 3.0", "10.0 0.0", "True"]


def test_a_fork_while_another_thread_counts_leaves_the_child_able_to_count():
    run("""
stop = threading.Event()

def count():
    while not stop.is_set():
        runs.inc()

threading.Thread(target=count, daemon=True).start()
for _ in range(150):
    pid = os.fork()
    if pid == 0:
        signal.alarm(10)
        runs.inc()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert status == 0, "the child waited for a lock that nobody would ever release"
stop.set()
""")


def test_a_child_that_outlives_its_parent_does_not_keep_the_address():
    run("""
from pampax.runtime.addresses import check_free
from pampax.runtime.telemetry.exposition import Exposition
shown = Exposition("127.0.0.1:0", registry)
os.register_at_fork(after_in_child=shown.let_go)
pid = os.fork()
if pid == 0:
    signal.alarm(30)
    signal.pause()
shown.close()
check_free(f"127.0.0.1:{shown.port}")
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
""")


def test_the_folder_is_private_and_goes_with_its_process():
    folder = Path(run("print(folder, oct(folder.stat().st_mode & 0o777))").split()[0])
    assert not folder.exists()
    assert run("print(oct(folder.stat().st_mode & 0o777))").strip() == "0o700"


def test_what_a_killed_process_left_behind_goes_with_the_next_start(tmp_path, monkeypatch):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, kept = tmp_path / f"pampax-metrics-{dead.pid}-abc", tmp_path / f"pampax-metrics-{os.getpid()}-abc"
    for folder in (left, kept):
        folder.mkdir()
    (left / "counter_1.db").touch()
    monkeypatch.setattr(children, "_MEMORY", tmp_path)
    monkeypatch.delitem(sys.modules, "prometheus_client")
    monkeypatch.setenv(children.VARIABLE, "")
    made = share_metrics()
    assert not left.exists()
    assert kept.exists()
    assert made.parent == tmp_path


def test_sharing_after_the_library_was_loaded_is_refused():
    with pytest.raises(RuntimeError, match="imported before"):
        share_metrics()


def written(folder: Path, kind: str, pid: int | str, value: float) -> None:
    file = MmapedDict(str(folder / f"{kind}_{pid}.db"))
    file.write_value(mmap_key("runs", "runs_total", ("task",), ("t",), "Runs."), value, 0.0)
    file.close()


def total(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("runs_total", {"task": "t"})


def test_files_of_the_dead_are_folded_into_one_and_read_once(tmp_path):
    dead = [subprocess.Popen([sys.executable, "-c", ""]) for _ in range(2)]
    for each in dead:
        each.wait()
    for number, each in enumerate(dead):
        written(tmp_path, "counter", each.pid, 10.0 + number)
        (tmp_path / f"gauge_livesum_{each.pid}.db").touch()
    written(tmp_path, "counter", os.getpid(), 1.0)
    registry, tidy = reader(tmp_path)
    tidy()
    assert {each.name for each in tmp_path.iterdir()} == {"counter_gone.db", f"counter_{os.getpid()}.db"}
    assert total(registry()) == 22.0
    assert total(registry()) == 22.0


def test_a_child_that_died_before_it_wrote_anything_is_no_hindrance(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / f"counter_{dead.pid}.db").touch()
    written(tmp_path, "counter", os.getpid(), 1.0)
    registry, _ = reader(tmp_path)
    assert total(registry()) == 1.0


def test_a_number_that_another_program_has_taken_is_no_child_of_ours(tmp_path):
    stranger = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
    try:
        written(tmp_path, "counter", stranger.pid, 5.0)
        registry, _ = reader(tmp_path)
        assert total(registry()) == 5.0
        assert [each.name for each in tmp_path.iterdir()] == ["counter_gone.db"]
    finally:
        stranger.kill()
        stranger.wait()

"""Memory and disk as the kernel tells them, in a tree of files that looks like its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pampax.runtime.diagnosis.resources import Memory, disk, memory

MB = 1024 * 1024
MEMINFO = f"MemTotal: {8192 * 1024} kB\nMemFree: 1 kB\nMemAvailable: {6144 * 1024} kB\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """8 GB, of which 2 are in use; this process holds 100 pages and no group limits it."""
    write(tmp_path, "proc/meminfo", MEMINFO)
    write(tmp_path, "proc/self/statm", "500 100 50 1 0 20 0")
    write(tmp_path, "proc/self/cgroup", "0::/system.slice/pampax.service\n")
    return tmp_path


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def limit(root: Path, folder: str, most: str, current: int, inactive: int = 0) -> None:
    write(root, f"sys/fs/cgroup/{folder}/memory.max", f"{most}\n")
    write(root, f"sys/fs/cgroup/{folder}/memory.current", f"{current}\n")
    write(root, f"sys/fs/cgroup/{folder}/memory.stat", f"anon 5\ninactive_file {inactive}\n")


def test_without_a_limit_the_machine_is_the_limit(machine: Path) -> None:
    held = 100 * os.sysconf("SC_PAGE_SIZE")
    assert memory(machine) == Memory(resident=held, used=2048 * MB, limit=8192 * MB)


def test_the_tightest_group_counts_and_what_can_be_had_back_does_not(machine: Path) -> None:
    limit(machine, "system.slice/pampax.service", str(1024 * MB), 900 * MB, inactive=300 * MB)
    limit(machine, "system.slice", str(4096 * MB), 3000 * MB)
    found = memory(machine)
    assert (found.used, found.limit) == (600 * MB, 1024 * MB)


def test_a_group_may_have_no_limit_of_its_own_and_be_below_one_that_has(machine: Path) -> None:
    limit(machine, "system.slice/pampax.service", "max", 900 * MB)
    limit(machine, "system.slice", str(4096 * MB), 3000 * MB)
    assert memory(machine).limit == 4096 * MB


def test_a_container_sees_its_own_group_as_the_root(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "0::/\n")
    limit(machine, "", str(512 * MB), 100 * MB)
    assert memory(machine).limit == 512 * MB


def test_the_older_form_of_groups_is_understood(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n")
    folder = "sys/fs/cgroup/memory/docker/x"
    write(machine, f"{folder}/memory.limit_in_bytes", str(256 * MB))
    write(machine, f"{folder}/memory.usage_in_bytes", str(200 * MB))
    write(machine, f"{folder}/memory.stat", f"total_inactive_file {50 * MB}\n")
    found = memory(machine)
    assert (found.used, found.limit) == (150 * MB, 256 * MB)


def test_the_older_forms_huge_number_for_no_limit_is_none(machine: Path) -> None:
    write(machine, "proc/self/cgroup", "4:memory:/\n")
    write(machine, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712")
    write(machine, "sys/fs/cgroup/memory/memory.usage_in_bytes", "5")
    assert memory(machine).limit == 8192 * MB


def test_where_nothing_is_told_nothing_is_known(tmp_path: Path) -> None:
    assert memory(tmp_path) == Memory()


def test_this_process_holds_something() -> None:
    found = memory()
    assert 0 < found.resident < found.limit


def test_the_disk_of_a_folder_that_is_not_there_yet_is_that_of_the_one_above(tmp_path: Path) -> None:
    found = disk(tmp_path / "not" / "yet")
    assert found is not None
    assert 0 < found.free <= found.total

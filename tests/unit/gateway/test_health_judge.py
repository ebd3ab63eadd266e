"""What is made of the parts' answers: their state, and one line that says what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pampax.gateway.health.answers import Answer, Answers, DatabaseState, IndexState, Named, QueueState, Work
from pampax.gateway.health.judge import judged
from pampax.gateway.health.parts import ALL, PARTS_OF, Part, Status, overall
from pampax.storage.heartbeats import SILENT_S, Heartbeat
from pampax.storage.redis_state import RedisState
from pampax.storage.schema import Fit, SchemaState
from pampax.v1.diagnostics_service_pb2 import ConfigurationFinding, Diagnostics, Disk, Memory, PoolUse

MB = 1024 * 1024
GB = 1024 * MB
CURRENT = SchemaState(Fit.CURRENT, "0002_pre_b.sql", "0002_pre_b.sql")
WELL = Heartbeat("here", 7, 6, "1", 1, False, 1.0, 0.5, 200 * MB, 2 * GB, 8 * GB, 5 * GB, 10 * GB)
NOTHING = Named(0, ())


def database(**changes: Any) -> Answer[DatabaseState]:
    return Answer(replace(DatabaseState(CURRENT, read_only=False, used=9, most=100), **changes), "", 3.0)


def service(name: str = "search", **fields: Any) -> Answer[Diagnostics]:
    told = Diagnostics(
        component=name,
        version="1.2.3",
        ready=True,
        memory=Memory(resident_bytes=100 * MB, used_bytes=2 * GB, limit_bytes=8 * GB),
        pool=PoolUse(open=2, used=1, max=8),
    )
    told.MergeFrom(Diagnostics(**fields))
    if fields.get("ready") is False:
        told.ready = False
    return Answer(told, "", 4.0)


def work(*heartbeats: Heartbeat, waits_s: float = 0.0) -> Answer[Work]:
    return Answer(Work(list(heartbeats), QueueState(int(waits_s > 0), waits_s, 0, 0)))


def index(**changes: Any) -> Answer[IndexState]:
    return Answer(replace(IndexState(3, 2, NOTHING, NOTHING, NOTHING), **changes))


def one(name: str, **answers: Any) -> Part:
    (found,) = judged([name], Answers(**answers))
    assert found.name == name
    assert bool(found.advice) is (found.status is not Status.OK)
    return found


def test_a_system_that_is_well_is_told_part_by_part() -> None:
    services = {name: service(name) for name in ("gateway", "search", "assembly", "indexing")}
    services["indexing"].value.disk.CopyFrom(Disk(free_bytes=20 * GB, total_bytes=50 * GB))
    redis = Answer(RedisState(MB, 256 * MB, "volatile-lru"))
    found = judged(ALL, Answers(database(), redis, work(WELL), index(), services))
    assert [part.name for part in found] == list(ALL)
    assert {part.status for part in found} == {Status.OK}
    assert [part.detail for part in found] == [
        "9 of 100 connections in use",
        "0002_pre_b.sql",
        "1 MB of 256 MB used",
        *["1.2.3, 100 MB, 1 of 8 connections in use"] * 4,
        "1 alive, 0 at work",
        "nothing waits",
        "2 of 3 repositories published",
        "5 processes hold 600 MB; 25% of 8.0 GB in use",
        "5.0 GB of 10.0 GB free",
        "nothing dangerous in 4 services",
    ]
    assert overall(found) is Status.OK


@pytest.mark.parametrize(
    ("part", "field", "status"),
    [
        ("database", "database", Status.FAILED),
        ("migrations", "database", Status.FAILED),
        ("redis", "redis", Status.DEGRADED),
        ("workers", "work", Status.DEGRADED),
        ("queue", "work", Status.DEGRADED),
        ("index", "index", Status.DEGRADED),
    ],
)
def test_a_part_that_does_not_answer_says_why_and_what_to_do(part: str, field: str, status: Status) -> None:
    found = one(part, **{field: Answer(None, "no answer within 100 ms", 100.0)})
    assert found.status is status
    assert found.advice.startswith("no answer within 100 ms: ")
    assert found.took_ms == 100.0


def test_a_service_that_is_away_is_vital_or_not() -> None:
    away = {name: Answer(None, "gone") for name in ("search", "assembly")}
    search, assembly = judged(["search", "assembly"], Answers(services=away))
    assert (search.status, assembly.status) == (Status.FAILED, Status.DEGRADED)
    assert "python -m pampax.search" in search.advice


def test_a_service_that_is_not_ready_says_why() -> None:
    why = "the schema lacks 0002_pre_b.sql: run `python -m pampax.storage migrate`"
    found = one("search", services={"search": service(ready=False, degraded=[why])})
    assert found.status is Status.FAILED
    assert found.advice == f"it runs and is not ready: {why}"
    assert found.diagnostics is not None


def test_a_service_that_works_and_is_not_all_right_is_degraded() -> None:
    found = one("search", services={"search": service(degraded=["the database is newer: upgrade"])})
    assert (found.status, found.advice) == (Status.DEGRADED, "the database is newer: upgrade")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"read_only": True}, "takes no writes"),
        ({"used": 95}, "95 of its 100 connections are taken"),
    ],
)
def test_a_database_that_is_not_all_right_is_degraded(changes: dict[str, Any], said: str) -> None:
    found = one("database", database=database(**changes))
    assert found.status is Status.DEGRADED
    assert said in found.advice


@pytest.mark.parametrize(
    ("fit", "status"),
    [
        (Fit.CURRENT, Status.OK),
        (Fit.AHEAD, Status.DEGRADED),
        (Fit.PENDING, Status.DEGRADED),
        (Fit.BEHIND, Status.FAILED),
        (Fit.TOO_NEW, Status.FAILED),
    ],
)
def test_migrations_are_as_bad_as_what_services_can_do_with_them(fit: Fit, status: Status) -> None:
    schema = SchemaState(fit, "0002_pre_b.sql", "0003_post_c.sql", ("0003_post_c.sql",))
    assert one("migrations", database=database(schema=schema)).status is status


@pytest.mark.parametrize(
    ("heartbeats", "said"),
    [
        ((), "no worker was heard of: start one"),
        ((replace(WELL, silent_s=SILENT_S + 10),), "no worker is alive, 7 on here was heard of 25 s ago"),
        ((WELL, replace(WELL, pid=8, silent_s=40)), "1 of 2 processes silent, 8 on here for 40 s"),
        ((replace(WELL, parent_silent_s=30),), "process 6 on here, which hands out the work, is silent for 30 s"),
    ],
)
def test_workers_that_are_gone_or_frozen_are_named(heartbeats: tuple[Heartbeat, ...], said: str) -> None:
    found = one("workers", work=work(*heartbeats))
    assert found.status is Status.DEGRADED
    assert said in found.advice


@pytest.mark.parametrize(
    ("waits_s", "status", "said"),
    [
        (0.0, Status.OK, "nothing waits"),
        (30.0, Status.OK, "the oldest waits 30 s"),
        (300.0, Status.DEGRADED, "an operation waits for 5 min"),
    ],
)
def test_work_that_waits_too_long_needs_workers(waits_s: float, status: Status, said: str) -> None:
    found = one("queue", work=work(WELL, waits_s=waits_s))
    assert found.status is status
    assert said in (found.advice or found.detail)


def test_an_index_that_needs_a_look_names_the_first_repositories() -> None:
    found = one(
        "index",
        index=index(failed=Named(5, ("a", "b", "c")), stalled=Named(1, ("d",)), without_vectors=Named(2, ("e", "f"))),
    )
    assert found.status is Status.DEGRADED
    for said in ("of a, b, c and 2 more failed", "indexing of d waits", "e, f is searched without vectors"):
        assert said in found.advice


def test_memory_that_is_nearly_used_up_names_who_is_in_danger() -> None:
    tight = service("indexing", memory=Memory(used_bytes=950 * MB, limit_bytes=1000 * MB))
    found = one("memory", services={"search": service(), "indexing": tight}, work=work(WELL))
    assert found.status is Status.DEGRADED
    assert "95% of the 1000 MB that indexing may use" in found.advice


def test_a_disk_that_is_nearly_full_is_told_before_indexing_fails() -> None:
    found = one("disk", services={"search": service()}, work=work(replace(WELL, disk_free_bytes=100 * MB)))
    assert found.status is Status.DEGRADED
    assert "100 MB are left where worker 7 on here keeps clones" in found.advice


def test_silent_workers_tell_nothing_of_memory_and_disk() -> None:
    gone = replace(WELL, silent_s=100, disk_free_bytes=0, memory_used_bytes=8 * GB)
    assert judged(["disk", "memory"], Answers(work=work(gone))) == []


def test_the_same_finding_of_several_services_is_told_once() -> None:
    finding = ConfigurationFinding(setting="PAMPAX_X", advice="is dangerous: change it")
    own = ConfigurationFinding(setting="PAMPAX_Y", advice="is odd: look at it")
    services = {
        "search": service(configuration_findings=[finding]),
        "assembly": service(configuration_findings=[finding, own]),
    }
    assert one("configuration", services=services).advice == (
        "PAMPAX_X is dangerous: change it (every service); PAMPAX_Y is odd: look at it (assembly)"
    )


def test_what_was_not_asked_is_left_out() -> None:
    assert judged(ALL, Answers()) == []


def test_every_service_needs_parts_that_there_are() -> None:
    assert PARTS_OF["all"] == ALL
    assert all(set(parts) <= set(ALL) for parts in PARTS_OF.values())

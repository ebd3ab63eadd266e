"""DiagnosticsService: one process as it is now, told from memory."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from grpc import aio

from pampax.core.identity import Role
from pampax.core.version import own_version
from pampax.runtime.caller import require_role
from pampax.runtime.diagnosis.facts import Facts, Tell
from pampax.runtime.diagnosis.findings import findings
from pampax.runtime.diagnosis.resources import disk, memory
from pampax.runtime.settings import Settings
from pampax.v1 import diagnostics_service_pb2 as pb
from pampax.v1 import diagnostics_service_pb2_grpc as pb_grpc

SERVICE: str = pb.DESCRIPTOR.services_by_name["DiagnosticsService"].full_name
MOST_LINES = 16

# The service that keeps clones; an embedded system has everything on one disk, and its gateway tells of that.
_WRITES = ("indexing",)


class Diagnosis:
    """What a process answers about itself. `why_not` is empty while it takes requests."""

    def __init__(
        self,
        component: str,
        settings: Settings,
        why_not: Callable[[], str | None] = lambda: "",
        tell: Tell = Facts,
    ) -> None:
        self._component = component
        self._settings = settings
        self._why_not = why_not
        self._tell = tell
        self._version = own_version()
        self._fingerprint = fingerprint(settings)
        self._start = Timestamp()
        self._start.FromSeconds(int(time.time()))

    def message(self) -> pb.Diagnostics:
        """Under a millisecond: a few files of the kernel are read, nobody is asked."""
        facts = self._tell()
        why_not = self._why_not()
        degraded = [why_not, *facts.degraded] if why_not else list(facts.degraded)
        told = pb.Diagnostics(
            component=self._component,
            version=self._version,
            start_time=self._start,
            ready=why_not == "",
            degraded=list(dict.fromkeys(degraded))[:MOST_LINES],
            memory=_memory(),
            configuration_fingerprint=self._fingerprint,
            configuration_findings=[
                pb.ConfigurationFinding(setting=each.setting, advice=each.advice)
                for each in findings(self._settings, self._component, facts.clock_offset_s)[:MOST_LINES]
            ],
        )
        self._add_parts(told, facts)
        return told

    def _add_parts(self, told: pb.Diagnostics, facts: Facts) -> None:
        found = disk(self._settings.indexing.cache_dir) if self._component in _WRITES else None
        if found is not None:
            told.disk.CopyFrom(pb.Disk(free_bytes=found.free, total_bytes=found.total))
        if facts.pool is not None:
            pool = facts.pool
            told.pool.CopyFrom(pb.PoolUse(open=pool.open, used=pool.used, waiting=pool.waiting, max=pool.max))
        if facts.schema is not None:
            schema = facts.schema
            told.schema.CopyFrom(pb.Schema(expected=schema.expected, found=schema.found, state=schema.state))


class DiagnosticsServicer(pb_grpc.DiagnosticsServiceServicer):
    """pampax.v1.DiagnosticsService, for everyone with a key."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        self._diagnosis = diagnosis

    async def GetDiagnostics(  # noqa: N802 - the name is the contract's
        self,
        request: pb.GetDiagnosticsRequest,  # noqa: ARG002 - the contract's
        context: aio.ServicerContext[Any, Any],  # noqa: ARG002 - the contract's
    ) -> pb.Diagnostics:
        require_role(Role.READER)
        return self._diagnosis.message()


def fingerprint(settings: Settings) -> str:
    """16 hex digits, keyed with the secret of the services: nobody else can try values out against it."""
    text = settings.model_dump_json(exclude={"bootstrap"})
    return hmac.new(settings.auth.caller_secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:16]


def _memory() -> pb.Memory:
    found = memory()
    return pb.Memory(resident_bytes=found.resident, used_bytes=found.used, limit_bytes=found.limit)

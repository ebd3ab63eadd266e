"""Health as the JSON that REST answers with."""

from __future__ import annotations

from typing import Any, TypeAlias

from pampax.v1.diagnostics_service_pb2 import Diagnostics
from pampax.v1.gateway_service_pb2 import ComponentHealth, GetHealthResponse

Json: TypeAlias = dict[str, Any]


def health_json(report: GetHealthResponse) -> Json:
    return {
        "status": report.status,
        "took_ms": report.took_ms,
        "components": [_component(part) for part in report.components],
    }


def _component(part: ComponentHealth) -> Json:
    told = _diagnostics(part.diagnostics) if part.HasField("diagnostics") else None
    return {
        "name": part.name,
        "status": part.status,
        "took_ms": part.took_ms,
        "detail": part.detail,
        "advice": part.advice,
        "diagnostics": told,
    }


def _diagnostics(told: Diagnostics) -> Json:
    memory, disk, pool, schema = told.memory, told.disk, told.pool, told.schema
    return {
        "version": told.version,
        "start_time": told.start_time.ToJsonString(),
        "ready": told.ready,
        "degraded": list(told.degraded),
        "memory": {
            "resident_bytes": memory.resident_bytes,
            "used_bytes": memory.used_bytes,
            "limit_bytes": memory.limit_bytes,
        },
        "disk": {"free_bytes": disk.free_bytes, "total_bytes": disk.total_bytes} if told.HasField("disk") else None,
        "pool": (
            {"open": pool.open, "used": pool.used, "waiting": pool.waiting, "max": pool.max}
            if told.HasField("pool")
            else None
        ),
        "schema": (
            {"expected": schema.expected, "found": schema.found, "state": schema.state}
            if told.HasField("schema")
            else None
        ),
        "configuration_fingerprint": told.configuration_fingerprint,
        "configuration_findings": [
            {"setting": finding.setting, "advice": finding.advice} for finding in told.configuration_findings
        ],
    }

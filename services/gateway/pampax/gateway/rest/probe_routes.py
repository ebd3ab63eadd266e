"""Health for people, probes for the platform, metrics for those who watch both."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse
from starlette.responses import Response

from pampax.core.errors import NotFound, PampaxError
from pampax.gateway.health.report import HealthChecks
from pampax.gateway.rest.edge import HEALTH_PATH
from pampax.gateway.rest.health_answers import health_json
from pampax.gateway.rest.models.health import HealthResponse, Probe, Service
from pampax.gateway.rest.routing import Cases, json_response
from pampax.runtime.telemetry.exposition import render

_OFF = "this gateway keeps no metrics; start it with PAMPAX_TELEMETRY__METRICS=true"

router = APIRouter(tags=["health"])


@router.get(HEALTH_PATH, response_model=HealthResponse, summary="State of the parts")
async def get_health(
    cases: Cases, service: Annotated[Service, Query(description="Only the parts that this one needs.")] = "all"
) -> Response:
    """Every part with its state and, where it is not ok, what to do. Answers 200 whatever the state."""
    return json_response(health_json(await cases.health.report(service)))


def told_to_anyone(health: HealthChecks, path: str, error: PampaxError) -> Response | None:
    """Health, as far as it may be told to somebody whom only the database could know: that the database is away."""
    return json_response(health_json(health.without_database(error))) if path == HEALTH_PATH else None


@router.get("/livez", response_model=Probe, summary="Liveness")
async def get_liveness() -> Response:
    """Whether the process runs."""
    return json_response({"status": "ok"})


@router.get("/readyz", response_model=Probe, responses={503: {"model": Probe}}, summary="Readiness")
async def get_readiness(request: Request, cases: Cases) -> Response:
    """Whether requests should be sent here: Postgres answers and the process is not about to stop."""
    if request.app.state.draining:
        return json_response({"status": "draining"}, 503, {"Retry-After": "1"})
    if not await cases.health.ready():
        return json_response({"status": "unavailable"}, 503, {"Retry-After": "1"})
    return json_response({"status": "ok"})


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"application/openmetrics-text": {"schema": {"type": "string"}}}}},
    summary="Metrics of this gateway",
)
async def get_metrics(request: Request) -> Response:
    """In the text format of Prometheus, or of OpenMetrics for those who accept it. Other services show their own."""
    if not request.app.state.metrics:
        raise NotFound(_OFF, reason="METRICS_OFF")
    text, content_type = await asyncio.to_thread(render, request.headers.get("accept", ""))
    return Response(text, headers={"content-type": content_type})

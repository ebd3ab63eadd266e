"""The ASGI application: routes, problems and the document, behind the edge."""

from __future__ import annotations

import msgspec
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from pampax.core.errors import PampaxError
from pampax.core.version import own_version
from pampax.gateway.rest import (
    build_routes,
    context_routes,
    graph_routes,
    operation_routes,
    probe_routes,
    problems,
    repository_routes,
    search_routes,
    upload_routes,
)
from pampax.gateway.rest.openapi import openapi_document
from pampax.gateway.rest.query_names import refuse_unknown_names
from pampax.gateway.use_cases import UseCases


def build_application(use_cases: UseCases, *, metrics: bool = True) -> FastAPI:
    """`state.draining` tells the readiness probe that the process is about to stop; `state.routes` are all routes."""
    app = FastAPI(
        title="PAMPAX",
        version=own_version(),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        strict_content_type=False,
        generate_unique_id_function=_operation_id,
        dependencies=[Depends(refuse_unknown_names)],
    )
    app.state.use_cases = use_cases
    app.state.draining = False
    app.state.metrics = metrics
    app.add_exception_handler(PampaxError, problems.answer_pampax_error)
    app.add_exception_handler(RequestValidationError, problems.answer_invalid)
    app.add_exception_handler(HTTPException, problems.answer_http_error)
    app.add_exception_handler(Exception, problems.answer_unexpected)
    routers = [
        routes.router
        for routes in (
            search_routes, graph_routes, context_routes, repository_routes, build_routes, upload_routes,
            operation_routes, probe_routes,
        )
    ]  # fmt: skip
    for router in routers:
        app.include_router(router)
    _serve_document(app)
    found = (*(route for router in routers for route in router.routes), *app.routes)
    app.state.routes = tuple(route for route in found if isinstance(route, APIRoute))
    return app


def add_route(app: FastAPI, route: Route) -> None:
    """One that is no part of REST, and of its document."""
    app.router.routes.append(route)
    app.state.routes = (*app.state.routes, route)


def _serve_document(app: FastAPI) -> None:
    @app.get("/openapi.json", tags=["health"], summary="This document")
    async def get_openapi() -> Response:
        """The OpenAPI 3.1 document of this API."""
        return Response(document, media_type="application/json")

    document = msgspec.json.encode(openapi_document(app))


def _operation_id(route: APIRoute) -> str:
    return route.name

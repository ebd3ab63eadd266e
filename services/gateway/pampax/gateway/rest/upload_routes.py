"""Uploads: a manifest first, then the blobs that the server lacks, both by one route; and what a SCIP index says."""

from __future__ import annotations

import asyncio
import re
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from pampax.core.errors import InvalidRequest
from pampax.gateway.rest.models.upload import Form, OpenUpload, ScipResponse, SendBlobs, SendScip, UploadResponse
from pampax.gateway.rest.problems import unreadable
from pampax.gateway.rest.requests import blob_messages, manifest_messages, scip_messages
from pampax.gateway.rest.routing import Cases, Name, json_response

# Decoding less than this takes no longer than handing it to a thread.
_DECODE_HERE_BYTES = 256 * 1024
_PLACE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>.*)`)?", re.DOTALL)

Body = TypeVar("Body", OpenUpload, SendBlobs, SendScip, Form)

router = APIRouter(tags=["repositories"])
REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "oneOf": [{"$ref": f"#/components/schemas/{form.__name__}"} for form in (OpenUpload, SendBlobs)]
            },
            "examples": {
                "manifest": {
                    "value": {
                        "ref": "worktree",
                        "manifest": [
                            {
                                "path": "src/app.py",
                                "blob_id": "ce013625030ba8dba906f756967f9e9ca394464a",
                                "size": 6,
                                "mode": 33188,
                            }
                        ],
                    }
                },
                "blobs": {
                    "value": {
                        "upload": "0198c0de-0000-7000-8000-000000000000",
                        "blobs": [{"id": "ce013625030ba8dba906f756967f9e9ca394464a", "content_base64": "aGVsbG8K"}],
                    }
                },
            },
        }
    },
}
SCIP_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"$ref": f"#/components/schemas/{SendScip.__name__}"},
            "examples": {
                "use": {
                    "value": {
                        "files": [
                            {"path": "a.py", "definitions": [0, 1, 4, 9], "names": ["total"]},
                            {"path": "b.py", "references": [0, 3, 8, 13]},
                        ]
                    }
                }
            },
        }
    },
}


@router.post(
    "/v1/repositories/{name:segment}:upload",
    response_model=UploadResponse,
    summary="Upload a tree",
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def upload_tree(name: Name, request: Request, cases: Cases) -> Response:
    """Takes a manifest and answers which blobs are missing; then takes blobs and answers how many still are.

    Bodies may be gzip (`content-encoding: gzip`). Needs the role writer.
    """
    body = await request.body()
    if _decode(body, Form).upload is msgspec.UNSET:
        opened = await _decoded(body, OpenUpload)
        created = await cases.uploads.create(manifest_messages(name, opened))
        missing = [blob.hex() for blob in created.missing]
        return json_response(
            {"upload": created.upload, "missing": missing, "expires_at": created.expire_time.ToJsonString()}
        )
    sent = await _decoded(body, SendBlobs)
    answer = await cases.uploads.send_blobs(blob_messages(sent))
    return json_response({"upload": sent.upload, "missing": answer.missing})


@router.post(
    "/v1/repositories/{name:segment}:scip",
    response_model=ScipResponse,
    summary="Upload a SCIP index",
    openapi_extra={"requestBody": SCIP_BODY},
)
async def upload_scip(name: Name, request: Request, cases: Cases) -> Response:
    """Takes what a SCIP index says of the files of a published ref: links of the code graph that need no inference.

    `pampax index --scip FILE` reads such a file and sends it. Bodies may be gzip. Needs the role writer.
    """
    sent = await _decoded(await request.body(), SendScip)
    taken = await cases.uploads.send_scip(scip_messages(name, sent))
    return json_response(
        {
            "ref": taken.ref,
            "commit": taken.commit,
            "files": taken.files,
            "references": taken.references,
            "unknown_files": taken.unknown_files,
            "misfit_files": taken.misfit_files,
            "left_out": list(taken.left_out),
        }
    )


async def _decoded(body: bytes, form: type[Body]) -> Body:
    if len(body) < _DECODE_HERE_BYTES:
        return _decode(body, form)
    return await asyncio.to_thread(_decode, body, form)


def _decode(body: bytes, form: type[Body]) -> Body:
    """The body as one of the forms; InvalidRequest that names the place where it is not."""
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    except RecursionError as error:
        raise unreadable(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}", reason="MALFORMED_JSON") from error


def _invalid(said: str) -> InvalidRequest:
    """msgspec's "Expected `int`, got `str` - at `$.manifest[3].size`" as one of our lines."""
    found = _PLACE.fullmatch(said)
    what, where = (found["what"], found["where"] or "body") if found else (said, "body")
    text = f"is not right: {what[:1].lower()}{what[1:]}".replace("`", "")
    return InvalidRequest(f"{where} {text}", fields={where: text})

"""Uploads: a manifest first, then the blobs that the server lacks, both by one route."""

from __future__ import annotations

import asyncio
import re
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from pampax.core.errors import InvalidRequest
from pampax.gateway.rest.models.upload import Form, OpenUpload, SendBlobs, UploadResponse
from pampax.gateway.rest.problems import unreadable
from pampax.gateway.rest.requests import blob_messages, manifest_messages
from pampax.gateway.rest.routing import Cases, Name, json_response

# Decoding less than this takes no longer than handing it to a thread.
_DECODE_HERE_BYTES = 256 * 1024
_PLACE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>.*)`)?", re.DOTALL)

Body = TypeVar("Body", OpenUpload, SendBlobs, Form)

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


async def _decoded(body: bytes, form: type[Body]) -> Body:
    if len(body) < _DECODE_HERE_BYTES:
        return _decode(body, form)
    return await asyncio.to_thread(_decode, body, form)


def _decode(body: bytes, form: type[Body]) -> Body:
    """The body as one of the two forms; InvalidRequest that names the place where it is not."""
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

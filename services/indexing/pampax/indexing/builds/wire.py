"""Builds as messages."""

from __future__ import annotations

from pampax.indexing.builds.model import Build, BuildSize
from pampax.indexing.names import repository_name
from pampax.v1 import indexing_service_pb2 as pb


def build_message(build: Build, size: BuildSize) -> pb.Build:
    message = pb.Build(
        version=build.version,
        repository=repository_name(build.repository),
        state=build.state.value,
        refs=build.refs,
        snapshots=build.snapshots,
        files=size.files,
        chunks=size.chunks,
        bytes=size.bytes,
    )
    if build.published_at is not None:
        message.publish_time.FromDatetime(build.published_at)
    return message

"""REST bodies as messages: nothing is lost, and streams stay in small messages."""

import pytest

from pampax.gateway import bounds
from pampax.gateway.rest.models.bundle import BundleRequest
from pampax.gateway.rest.models.repository import RepositoryRequest
from pampax.gateway.rest.models.search import SearchRequest
from pampax.gateway.rest.models.upload import CommitChange, History, ManifestEntry, OpenUpload, SendBlobs, SentBlob
from pampax.gateway.rest.requests import (
    blob_messages,
    bundle_message,
    manifest_messages,
    repository_message,
    search_message,
)

BLOB = "ce013625030ba8dba906f756967f9e9ca394464a"


def test_every_field_of_a_search_arrives():
    request = SearchRequest.model_validate(
        {
            "query": "q", "repos": ["a"], "ref": "main", "mode": "symbol", "languages": ["go"], "path_glob": "*.go",
            "kinds": ["type"], "limit": 3, "group_by": "file", "intent": "path", "explain": True,
            "max_staleness": 1.5, "page_token": "t", "why_not": "a.py",
            "ignore_case": True, "pack": "web", "rerank": "off",
        }
    )  # fmt: skip
    message = search_message(request)
    sent = {field.name for field, _ in message.ListFields()}
    assert sent == {field.name for field in message.DESCRIPTOR.fields} - {"exact_vectors", "path_globs"}
    assert message.max_staleness.ToMilliseconds() == 1500
    assert list(message.repositories) == ["repositories/a"]


def test_every_field_of_a_bundle_arrives():
    request = BundleRequest.model_validate(
        {
            "task": "t",
            "repos": ["a"],
            "ref": "r",
            "token_budget": 300,
            "tokenizer": "bytes4",
            "seed_paths": ["a.py"],
            "must_include": ["b.py#f"],
            "exclude_globs": ["c/**"],
            "tests": "without",
            "docs": "with",
            "config": "auto",
            "depth": 0,
            "policy": "broad",
            "format": "compact",
            "pack": "web",
        }
    )
    message = bundle_message(request)
    sent = {field.name for field, _ in message.ListFields()}
    assert sent == {field.name for field in message.DESCRIPTOR.fields} - {"languages", "path_globs", "kinds"}


@pytest.mark.parametrize(
    "source", [{"git_url": "https://git.example.com/a.git"}, {"path": "/srv/code"}, {"upload": True}]
)
def test_each_kind_of_source_arrives(source):
    message = repository_message(RepositoryRequest.model_validate({"name": "n", "source": source}))
    ((kind, value),) = source.items()
    assert getattr(message.repository.source, kind) == value
    assert message.repository.source.WhichOneof("kind") == kind


async def test_a_large_manifest_is_sent_in_small_messages():
    entries = [ManifestEntry(path=f"{'漢' * 1300}/{number}", blob_id=BLOB, size=1) for number in range(3000)]
    messages = [message async for message in manifest_messages("r", OpenUpload(manifest=entries, ref="worktree"))]
    assert len(messages) > 1
    assert max(message.ByteSize() for message in messages) < 2 * bounds.STREAM_MESSAGE_BYTES
    assert [entry.path for message in messages for entry in message.entries] == [entry.path for entry in entries]
    assert [message.name for message in messages] == ["repositories/r"] + [""] * (len(messages) - 1)


async def test_an_empty_manifest_is_one_message():
    (message,) = [message async for message in manifest_messages("r", OpenUpload(manifest=[]))]
    assert message.name == "repositories/r"


async def test_a_history_travels_with_the_first_message_of_a_manifest():
    told = History(["a.py", "b.py"], [CommitChange("ab" * 20, 1_700_000_000, 3, [0, 1])], whole=False)
    entries = [ManifestEntry("a.py", "0" * 40, 1)] * 60_000
    first, *rest = [message async for message in manifest_messages("r", OpenUpload(entries, history=told))]
    assert (list(first.history.paths), first.history.whole) == (["a.py", "b.py"], False)
    (commit,) = first.history.commits
    assert (commit.id, commit.time, commit.files) == (b"\xab" * 20, 1_700_000_000, 3)
    assert list(commit.paths) == [0, 1]
    assert rest
    assert not any(message.HasField("history") for message in rest)


async def test_blobs_are_sent_in_small_messages():
    blobs = [SentBlob(id=BLOB, content_base64=bytes(bounds.BLOB_BYTES)) for _ in range(9)]
    messages = [message async for message in blob_messages(SendBlobs(upload="u", blobs=blobs))]
    assert sum(len(message.blobs) for message in messages) == 9
    assert max(message.ByteSize() for message in messages) < 2 * bounds.STREAM_MESSAGE_BYTES
    assert messages[0].upload == "u"

"""What every bundle promises, held against requests at random over an indexed repository, through the real services.

pytest tests/integration/assembly/test_random_requests.py --timeout=7200 \
        --bundle-requests=10000 --bundle-repository=$HOME/src/flask
"""

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from tests.integration.assembly.random_requests import Requests, texts_of

from pampax.codeintel.path_kinds import is_config, is_docs, is_test
from pampax.codeintel.tokens import counter
from pampax.core.errors import FailedPrecondition, InvalidRequest
from pampax.core.globs import compile_glob
from pampax.core.ids import read_chunk_id
from pampax.core.places import read_place
from pampax.runtime.bundle_parts import whole_of
from pampax.v1 import assembly_service_pb2 as pb

KINDS = {"tests": is_test, "docs": is_docs, "config": is_config}
AGAIN_EVERY, STREAMED_EVERY = 4, 7


@pytest.fixture(scope="module")
def ground(request, new_repository):
    """A repository and the paths that it has."""
    given = request.config.getoption("--bundle-repository")
    if given is None:
        made = new_repository("random")
        return made, sorted(
            path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()
        )
    folder = Path(given).resolve()
    made = new_repository("random", {}, at=folder)
    with made.database.tenant(made.caller.tenant_id) as conn:
        rows = conn.execute("SELECT path FROM file ORDER BY path").fetchall()
    return made, [row["path"] for row in rows]


async def test_no_bundle_breaks_a_promise(request, client, ground, record_property):
    repository, paths = ground
    requests = Requests(request.config.getoption("--bundle-seed"), texts_of(repository.folder, paths))
    asked: list[pb.AssembleBundleRequest] = []
    bytes_of: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for number in range(request.config.getoption("--bundle-requests")):
        again = bool(asked) and number % AGAIN_EVERY == 0
        message = asked[(number * 7919) % len(asked)] if again else requests.next()
        asked.append(message)
        try:
            bundle = await (_streamed if number % STREAMED_EVERY == 0 else client.ask)(
                *_call(client, repository, message, number)
            )
        except (FailedPrecondition, InvalidRequest) as error:
            seen[_justified(message, error)] += 1
            continue
        _holds(message, bundle)
        digest = hashlib.sha256(bundle.SerializeToString(deterministic=True)).hexdigest()
        assert bytes_of.setdefault(bundle.signature, digest) == digest, message
        seen[bundle.stopping_reason] += 1
        seen["again"] += again
    record_property("seen", dict(seen))
    print(f"\n{dict(seen)}, {len(bytes_of)} signatures")


def _call(client, repository, message, number):
    return (client, repository.caller, message) if number % STREAMED_EVERY == 0 else (repository.caller, message)


async def _streamed(client, caller, message):
    parts = await client.parts(caller, message)
    pieces = [part.piece for part in parts if part.HasField("piece")]
    used = [piece.tokens_used for piece in pieces]
    assert used == sorted(used)
    assert [piece.item.rank for piece in pieces] == list(range(1, len(pieces) + 1))
    return whole_of(pieces, parts[-1].summary)


def _justified(message, error):
    if isinstance(error, InvalidRequest):
        assert "exclude_globs leaves out" in error.message, (message, error.message)
        return "contradiction"
    assert error.reason == "MUST_INCLUDE_TOO_LARGE", (message, error.message)
    assert int(error.metadata["tokens_needed"]) > message.token_budget
    return "too small for what must be shown"


def _holds(message, bundle):
    used = counter(message.tokenizer).count(bundle.markdown)
    assert used == bundle.budget.used <= message.token_budget, message
    assert not bundle.degraded
    assert sorted(item.rank for item in bundle.items) == list(range(1, len(bundle.items) + 1)), message
    assert all(read_chunk_id(each.id) for each in [*bundle.items, *bundle.omitted]), message
    assert 0 <= bundle.confidence.value <= 1
    assert bundle.confidence.reasons
    named = {*message.seed_paths, *(read_place(place).path for place in message.must_include)}
    for glob in message.exclude_globs:
        matches = compile_glob(glob)
        assert not [item.path for item in bundle.items if matches(item.path) and item.path not in named], message
    for kind, is_kind in KINDS.items():
        if getattr(message, kind) == "without":
            assert not [item.path for item in bundle.items if is_kind(item.path) and item.path not in named], message
    full = [item for item in bundle.items if item.rendering == pb.RENDERING_FULL]
    for place in map(read_place, message.must_include):
        assert any(
            item.path == place.path and item.start_line <= max(place.start, 1) and (place.end or 1) - 5 <= item.end_line
            for item in full
        ), message

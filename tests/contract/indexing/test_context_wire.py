"""A context pack comes back from the wire as it was given."""

from dataclasses import asdict
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.core.errors import InvalidRequest
from pampax.indexing.contexts.model import NewPack, ShownPack
from pampax.indexing.contexts.wire import new_pack, pack_message, pack_name
from pampax.storage.packs import Pack
from pampax.v1 import context_service_pb2 as pb

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAME = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,62}", fullmatch=True)
MODE = st.sampled_from(["", "hybrid", "lexical", "semantic", "symbol", "regex", "literal"])


def several(kind: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(kind, max_size=3, unique=True).map(tuple)


NEW = st.builds(
    NewPack, NAME, st.booleans(), TEXT, several(NAME), TEXT, several(TEXT.map(str.lower)), several(TEXT), several(TEXT),
    MODE, st.integers(0, 100), st.integers(0, 200_000),
)  # fmt: skip


@given(new=NEW, mine=st.booleans(), hidden=st.integers(0, 50))
def test_a_pack_survives_the_wire(new, mine, hidden):
    moment = datetime(2025, 1, 2, tzinfo=UTC)
    kept = Pack(pack_id=7, owner="ann", mine=mine, created_at=moment, updated_at=moment, **asdict(new))
    message = pb.ContextPack.FromString(pack_message(ShownPack(kept, hidden)).SerializeToString())
    assert new_pack(message) == new
    assert (message.owner, message.mine, message.hidden_repositories) == ("ann", mine, hidden)
    assert message.update_time.ToDatetime(UTC) == moment


@pytest.mark.parametrize("name", ["", "web", "contexts/", "contexts/-", "contexts/A", "repositories/web"])
def test_another_resource_is_no_pack(name):
    with pytest.raises(InvalidRequest, match="must be contexts/"):
        pack_name(name)


def test_an_unknown_mode_is_refused():
    message = pb.ContextPack(name="contexts/web", defaults=pb.ContextDefaults(mode=99))
    with pytest.raises(InvalidRequest, match="mode is not known"):
        new_pack(message)

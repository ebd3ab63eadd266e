"""Bundles between the two steps of a first index."""

from __future__ import annotations

import pytest

PENDING = "vectors pending, 0 of "


@pytest.fixture
def pending(new_repository):
    """A shop whose vectors are still to come."""
    made = new_repository("pending-shop")
    with made.database.tenant(made.caller.tenant_id) as conn:
        conn.execute("UPDATE snapshot SET vectors = false")
        conn.execute("UPDATE repository_build SET vectors_to = 0")
    return made


async def test_a_bundle_without_vectors_counts_them_and_has_no_signature(client, pending):
    bundle = await client.bundle(pending.caller)
    assert (list(bundle.degraded), bundle.signature) == (["semantic"], "")
    assert PENDING in bundle.notices[0]
    assert f"Not complete ({bundle.notices[0]}), so it has no signature." in bundle.markdown
    assert "def refund" in bundle.markdown


async def test_with_its_vectors_it_is_whole_again(client, pending):
    with pending.database.tenant(pending.caller.tenant_id) as conn:
        conn.execute("UPDATE snapshot SET vectors = true")
        conn.execute("UPDATE repository_build SET vectors_to = NULL")
    bundle = await client.bundle(pending.caller)
    assert (list(bundle.degraded), list(bundle.notices)) == ([], [])
    assert bundle.signature

from dataclasses import replace
from uuid import UUID

import pytest

from pampax.assembly import signature
from pampax.assembly.request import BundleRequest, normalised
from pampax.storage.snapshots import Snapshot

TENANT = UUID(int=1)
REQUEST = normalised(BundleRequest("fix the pool"))


def sign(request: BundleRequest, tenant: UUID, snapshots: list[Snapshot], *, exact: bool, ranking: str = "1") -> str:
    return signature.sign(request, tenant, snapshots, ranking=ranking, exact=exact)


def test_another_ranking_is_another_signature(make):
    old, new = (sign(REQUEST, TENANT, [make.snapshot()], exact=True, ranking=ranking) for ranking in ("1", "2"))
    assert old != new


def test_the_order_of_snapshots_does_not_matter(make):
    one, other = make.snapshot("a", repository_id=1), make.snapshot("b", repository_id=2)
    assert sign(REQUEST, TENANT, [one, other], exact=True) == sign(REQUEST, TENANT, [other, one], exact=True)


def test_times_do_not_matter(make):
    assert sign(REQUEST, TENANT, [make.snapshot()], exact=True) == sign(
        REQUEST, TENANT, [make.snapshot(published_at=99.0)], exact=True
    )


@pytest.mark.parametrize(
    "change",
    [{"generation": 4}, {"snapshot_id": 8}, {"build": "2-def"}, {"repository_id": 2}, {"ref": "dev"}, {"commit": "d"}],
)
def test_another_snapshot_is_another_signature(make, change):
    before = sign(REQUEST, TENANT, [make.snapshot()], exact=True)
    assert sign(REQUEST, TENANT, [make.snapshot(**change)], exact=True) != before


@pytest.mark.parametrize(
    "change",
    [
        {"task": "fix"}, {"ref": "dev"}, {"token_budget": 256}, {"tokenizer": "bytes4"}, {"seed_paths": ("a.py",)},
        {"repositories": ("demo",)}, {"must_include": ("a.py",)}, {"exclude_globs": ("a/",)}, {"tests": "with"},
        {"docs": "without"}, {"config": "with"}, {"depth": 2}, {"policy": "broad"}, {"format": "compact"},
        {"languages": ("go",)}, {"path_globs": ("src/",)}, {"kinds": ("type",)},
    ],
)  # fmt: skip
def test_another_request_is_another_signature(make, change):
    before = sign(REQUEST, TENANT, [make.snapshot()], exact=True)
    assert sign(replace(REQUEST, **change), TENANT, [make.snapshot()], exact=True) != before


def test_another_tenant_is_another_signature(make):
    assert sign(REQUEST, UUID(int=2), [make.snapshot()], exact=True) != sign(
        REQUEST, TENANT, [make.snapshot()], exact=True
    )


def test_an_estimating_tokenizer_is_another_signature(make):
    assert sign(REQUEST, TENANT, [make.snapshot()], exact=False) != sign(REQUEST, TENANT, [make.snapshot()], exact=True)

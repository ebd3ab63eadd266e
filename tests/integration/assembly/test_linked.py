"""What the code graph brings into a bundle: across repositories that import each other, and further away in one."""

from __future__ import annotations

import asyncio

import pytest

from pampax.v1 import assembly_service_pb2 as pb

BANK = {
    "pyproject.toml": '[project]\nname = "bank"\nversion = "1"\n',
    "bank/__init__.py": "",
    "bank/wire.py": (
        "class Teller:\n    def dispatch(self, verb: str, cents: int) -> str:\n"
        '        """Sends money over the network."""\n        return encode(verb, cents)\n\n\n'
        "def encode(verb: str, cents: int) -> str:\n    return f'{verb}:{cents}'\n"
    ),
}
KIOSK = {
    "pyproject.toml": '[project]\nname = "kiosk"\nversion = "1"\ndependencies = ["bank"]\n',
    "kiosk/__init__.py": "",
    "kiosk/refunds.py": (
        "from bank.wire import Teller\n\n\ndef refund_order(teller: Teller, cents: int) -> str:\n"
        '    """Refunds the order of a customer."""\n    return teller.dispatch("refund", cents)\n'
    ),
}


@pytest.fixture(scope="module")
def kiosk(new_repository):
    bank = new_repository("bank", BANK)
    return new_repository("kiosk", KIOSK, beside=bank)


def _reasons(bundle: pb.Bundle, repository: str) -> dict[str, str]:
    return {
        each.symbol: each.reason
        for each in [*bundle.items, *bundle.omitted]
        if each.repository == f"repositories/{repository}"
    }


async def test_a_bundle_shows_what_the_code_uses_in_another_repository(client, kiosk):
    bundle = await client.bundle(kiosk.caller, "refund the order of a customer")
    reasons = " ".join(_reasons(bundle, "bank").values())
    assert "defines `Teller.dispatch`, which `refund_order` of `kiosk` calls" in reasons
    assert bundle.signature


async def test_a_bundle_shows_who_uses_the_code_in_another_repository(client, kiosk):
    bundle = await client.bundle(kiosk.caller, "sends money over the network with dispatch")
    assert "uses `Teller` of `bank`" in _reasons(bundle, "kiosk")["refund_order"]


async def test_one_repository_alone_shows_nothing_of_others(client, kiosk):
    bundle = await client.bundle(kiosk.caller, "refund the order of a customer", repositories=["repositories/kiosk"])
    assert _reasons(bundle, "bank") == {}


async def test_a_deep_bundle_shows_callers_of_what_was_found(client, shop):
    near = await client.bundle(shop.caller, "book an amount in the ledger", depth=1)
    far = await client.bundle(shop.caller, "book an amount in the ledger", depth=2)
    assert "calls `book_entry`" not in str(near)
    assert "calls `book_entry`" in str(far)


async def test_the_same_links_give_the_same_bytes(client, kiosk):
    first, second = await asyncio.gather(*(client.bundle(kiosk.caller, depth=3) for _ in range(2)))
    assert first.signature == second.signature != ""
    assert first.markdown == second.markdown

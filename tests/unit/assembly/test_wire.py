import pytest

from pampax.assembly.bundle import Budget, Bundle, Evidence, Item, Omitted, Rendering, StoppingReason
from pampax.assembly.wire import bundle_message, bundle_request
from pampax.core.errors import InvalidRequest
from pampax.v1 import assembly_service_pb2 as pb


def test_a_request_keeps_every_field():
    message = pb.AssembleBundleRequest(
        task="fix", repositories=["repositories/demo"], ref="main", token_budget=900, tokenizer="bytes4",
        seed_paths=["a.py"],
    )  # fmt: skip
    request = bundle_request(message)
    assert (request.task, request.repositories, request.ref) == ("fix", ("demo",), "main")
    assert (request.token_budget, request.tokenizer, request.seed_paths) == (900, "bytes4", ("a.py",))


@pytest.mark.parametrize("name", ["demo", "repositories/", ""])
def test_a_repository_has_its_prefix(name):
    with pytest.raises(InvalidRequest, match="repositories/NAME"):
        bundle_request(pb.AssembleBundleRequest(task="fix", repositories=[name]))


def test_every_rendering_and_field_has_its_place_on_the_wire(make):
    evidence = (Evidence("text", 2, 1.5, 0.5, "words"),)
    items = tuple(
        Item("demo", "a.py", 1, 2, rendering, 9, "why", evidence, "text", "python", "f") for rendering in Rendering
    )
    bundle = Bundle(
        "5e", "# md", items, (Omitted("demo", "b.py", 3, 4, 8, "full", "g"),), Budget(256, 9, "bytes4", True),
        StoppingReason.BUDGET_FULL, ("semantic",), (make.snapshot(),),
    )  # fmt: skip
    message = bundle_message(bundle)
    assert [each.rendering for each in message.items] == [
        pb.RENDERING_REFERENCE, pb.RENDERING_SIGNATURE, pb.RENDERING_SKELETON, pb.RENDERING_FULL
    ]  # fmt: skip
    first = message.items[0]
    assert (first.repository, first.path, first.start_line, first.end_line) == ("repositories/demo", "a.py", 1, 2)
    assert (first.tokens, first.reason, first.content, first.language, first.symbol) == (
        9,
        "why",
        "text",
        "python",
        "f",
    )
    assert (first.evidence[0].source, first.evidence[0].rank, first.evidence[0].score) == ("text", 2, 1.5)
    assert (message.omitted[0].path, message.omitted[0].tokens, message.omitted[0].reason) == ("b.py", 8, "full")
    assert (message.budget.limit, message.budget.used, message.budget.exact) == (256, 9, True)
    assert (message.stopping_reason, list(message.degraded)) == ("budget_full", ["semantic"])
    assert message.snapshots[0].repository == "repositories/demo"


def test_only_the_gateway_knows_packs():
    with pytest.raises(InvalidRequest, match="the gateway narrows by a context pack"):
        bundle_request(pb.AssembleBundleRequest(task="x", pack="contexts/web"))

"""What the options of a request do to a bundle: real index, real search, real database."""

import pytest

from pampax.codeintel.tokens import counter
from pampax.core.errors import FailedPrecondition, InvalidRequest, NotFound
from pampax.v1 import assembly_service_pb2 as pb
from pampax.v1 import search_service_pb2 as search_pb
from pampax.v1.search_service_pb2_grpc import SearchServiceStub

LAYERS = {
    "app/top.py": "from app.middle import relay_parcel\n\n\ndef dispatch_parcel(box):\n    return relay_parcel(box)\n",
    "app/middle.py": "from app.bottom import weigh_item\n\n\ndef relay_parcel(thing):\n    return weigh_item(thing)\n",
    "app/bottom.py": "from app.floor import calibrate\n\n\ndef weigh_item(thing):\n    return calibrate(len(thing))\n",
    "app/floor.py": "def calibrate(reading):\n    return reading * 2\n",
}


def paths_of(bundle):
    return {item.path for item in bundle.items}


async def test_a_place_that_must_be_shown_is_shown_in_full(client, shop):
    places = ["shop/shelves.py", "shop/payments.py#PaymentGateway._send", "shop/models.py:6-8"]
    bundle = await client.bundle(shop.caller, token_budget=400, must_include=places)
    full = {item.path: item for item in bundle.items if item.rendering == pb.RENDERING_FULL}
    assert (full["shop/shelves.py"].start_line, full["shop/shelves.py"].end_line) == (1, 5)
    assert "def _send" in full["shop/payments.py"].content
    assert full["shop/models.py"].start_line <= 6 <= 8 <= full["shop/models.py"].end_line
    assert all(full[path].reason.startswith("must be included") for path in ("shop/shelves.py", "shop/models.py"))
    assert bundle.budget.used <= 400


async def test_places_that_do_not_fit_are_refused_with_the_tokens_that_they_need(client, new_repository):
    lines = "".join(f"    value_{n} = compute(value_{n - 1}, weight={n})\n" for n in range(300))
    repository = new_repository("large", {"large.py": f"def work():\n{lines}"})
    with pytest.raises(FailedPrecondition, match=r"must_include needs \d+ tokens and the budget is 500") as refused:
        await client.bundle(repository.caller, token_budget=500, must_include=["large.py"])
    assert refused.value.reason == "MUST_INCLUDE_TOO_LARGE"
    needed = int(refused.value.metadata["tokens_needed"])
    bundle = await client.bundle(repository.caller, token_budget=needed, must_include=["large.py"])
    assert (bundle.items[0].start_line, bundle.items[0].end_line) == (1, 301)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("shop/payment.py", r"must_include: .* no indexed file 'shop/payment\.py'; the nearest are shop/payments\.py"),
        ("shop/payments.py#refnd", r"shop/payments\.py defines no 'refnd'; the nearest are PaymentGateway\.refund"),
        ("shop/models.py:900-901", r"shop/models\.py has 11 lines, line 900 does not exist"),
    ],
)
async def test_a_place_that_is_not_there_is_named_with_what_is_near(client, shop, place, message):
    with pytest.raises(NotFound, match=message):
        await client.bundle(shop.caller, must_include=[place])


async def test_options_that_contradict_each_other_are_refused(client, shop):
    with pytest.raises(InvalidRequest, match="which exclude_globs leaves out by 'shop/'; drop one"):
        await client.bundle(shop.caller, must_include=["shop/models.py"], exclude_globs=["shop/"])


async def test_what_is_left_out_is_not_shown(client, shop):
    usual = await client.bundle(shop.caller, policy="broad", docs="with")
    assert {"tests/test_payments.py", "README.md", "shop/ledger.py"} <= paths_of(usual)
    without = await client.bundle(shop.caller, tests="without", docs="without", exclude_globs=["**/ledger.py"])
    assert not {"tests/test_payments.py", "README.md", "shop/ledger.py"} & paths_of(without)
    assert not {"tests/test_payments.py", "README.md"} & {each.path for each in without.omitted}
    assert "Narrowed to paths not like `**/ledger.py`; no tests and no docs." in without.markdown


async def test_a_test_that_is_named_is_shown_although_tests_are_not(client, shop):
    bundle = await client.bundle(shop.caller, tests="without", must_include=["tests/test_payments.py"])
    assert "tests/test_payments.py" in paths_of(bundle)


async def test_wanted_tests_are_worth_more(client, shop):
    usual, wanted = [await client.bundle(shop.caller, tests=tests) for tests in ("auto", "with")]
    value = [
        next(item.value for item in bundle.items if item.path == "tests/test_payments.py") for bundle in (usual, wanted)
    ]
    assert value[1] > value[0]


async def test_depth_decides_how_far_around_the_matches_it_looks(client, new_repository):
    repository = new_repository("layers", LAYERS)
    fields = {"task": "dispatch_parcel", "kinds": ["function"], "token_budget": 4_000}
    by_depth = [await client.bundle(repository.caller, **fields, depth=depth) for depth in range(4)]
    reasons = ["\n".join(item.reason for item in bundle.items) for bundle in by_depth]
    used = ("defines `relay_parcel`", "defines `weigh_item`", "defines `calibrate`")
    assert not any(each in reasons[0] for each in used)
    assert used[0] in reasons[1]
    assert used[1] in reasons[2]
    assert used[2] in reasons[3]
    assert len({bundle.signature for bundle in by_depth}) == 4


@pytest.mark.parametrize("budget", [256, 700, 8_000])
@pytest.mark.parametrize("policy", ["balanced", "focused", "broad"])
@pytest.mark.parametrize("format_", ["markdown", "compact"])
async def test_no_form_and_no_policy_exceeds_the_budget(client, shop, budget, policy, format_):
    bundle = await client.bundle(shop.caller, token_budget=budget, policy=policy, format=format_)
    assert counter("o200k_base").count(bundle.markdown) == bundle.budget.used <= budget
    assert bundle.items


async def test_the_compact_form_numbers_lines_and_names_ids(client, shop):
    bundle = await client.bundle(shop.caller, format="compact")
    for item in bundle.items:
        assert f"id {item.id}" in bundle.markdown
        if item.rendering == pb.RENDERING_FULL:
            last = item.content.split("\n")[-1]
            assert f"\n{item.end_line}: {last}".rstrip() in bundle.markdown


async def test_every_id_gives_the_full_text_of_its_lines(client, shop, search_server, in_the_name_of):
    bundle = await client.bundle(shop.caller, token_budget=300, policy="broad", seed_paths=["shop/ledger.py"])
    assert {item.rendering for item in bundle.items} - {pb.RENDERING_FULL}
    for item in [*bundle.items, *bundle.omitted]:
        chunk = await in_the_name_of(
            shop.caller, search_server, SearchServiceStub, "GetChunk", search_pb.GetChunkRequest(id=item.id)
        )
        lines = (shop.folder / item.path).read_text().split("\n")
        assert (chunk.path, chunk.start_line) == (item.path, item.start_line)
        assert chunk.content == "\n".join(lines[item.start_line - 1 : chunk.end_line])
        assert chunk.end_line >= item.end_line - 1


async def test_an_id_of_lines_that_the_file_does_not_have_is_refused(client, shop, search_server, in_the_name_of):
    bundle = await client.bundle(shop.caller)
    chunk = bundle.items[0].id.partition(".")[0]
    ask = search_pb.GetChunkRequest(id=f"{chunk}.9000-9001")
    with pytest.raises(NotFound, match="lines, not 9000"):
        await in_the_name_of(shop.caller, search_server, SearchServiceStub, "GetChunk", ask)


async def test_pieces_tell_what_they_are_worth_and_the_bundle_how_sure_it_is(client, shop):
    bundle = await client.bundle(shop.caller, token_budget=300)
    by_rank = sorted(bundle.items, key=lambda item: item.rank)
    assert [item.rank for item in by_rank] == list(range(1, len(by_rank) + 1))
    assert [item.value for item in by_rank] == sorted((item.value for item in by_rank), reverse=True)
    assert all(item.value_per_token > 0 for item in bundle.items)
    assert all(each.value > 0 and each.value_per_token >= 0 for each in bundle.omitted)
    assert 0 < bundle.confidence.value <= 1
    assert len(bundle.confidence.reasons) == 3


async def test_timings_are_told_where_they_are_asked_for_and_change_nothing(client, shop):
    plain, timed = await client.bundle(shop.caller), await client.bundle(shop.caller, timings=True)
    assert [each.stage for each in timed.timings] == ["resolve", "search", "read", "compose"]
    assert all(each.duration_ms >= 0 for each in timed.timings)
    timed.ClearField("timings")
    assert timed.SerializeToString(deterministic=True) == plain.SerializeToString(deterministic=True)


async def test_fifty_thousand_generated_lines_stay_inside_the_budget(client, new_repository):
    lines = "".join(f"    'key_{n}': 'value_{n}',\n" for n in range(30_000))
    repository = new_repository(
        "generated", {"table.py": f"TABLE = {{\n{lines}}}\n", "use.py": "from table import TABLE\n"}
    )
    bundle = await client.bundle(repository.caller, task="the table of keys", seed_paths=["table.py"], token_budget=600)
    assert bundle.budget.used <= 600
    with pytest.raises(FailedPrecondition, match="must_include needs"):
        await client.bundle(repository.caller, must_include=["table.py"], token_budget=200_000)
    part = await client.bundle(repository.caller, must_include=["table.py:29990-40000"], token_budget=600)
    assert "'key_29998'" in part.markdown

"""Context packs in the whole system: who sees them, what they narrow, and that no answer outlives a change of one."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest

from pampax.storage.keys import key_hmac, new_key

from ...conftest import KEY_PEPPER  # noqa: TID252 - tests are no package

QUESTION = {"query": "retry with a pause"}
TASK = {"task": "retry with a pause", "token_budget": 1000}


@dataclass
class Person:
    """A principal of a tenant with a client of its own."""

    name: str
    client: httpx.AsyncClient

    async def save(self, pack: str, **fields: Any) -> httpx.Response:
        return await self.client.put(f"/v1/contexts/{pack}", json=fields)

    async def saved(self, pack: str, **fields: Any) -> dict[str, Any]:
        answer = await self.save(pack, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def read(self, pack: str) -> httpx.Response:
        return await self.client.get(f"/v1/contexts/{pack}")

    async def names(self, **page: Any) -> list[str]:
        return [each["name"] for each in (await self.client.get("/v1/contexts", params=page)).json()["contexts"]]

    async def search(self, **fields: Any) -> httpx.Response:
        return await self.client.post("/v1/search", json={**QUESTION, **fields})

    async def found(self, **fields: Any) -> dict[str, Any]:
        answer = await self.search(**fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def bundle(self, **fields: Any) -> dict[str, Any]:
        answer = await self.client.post("/v1/bundles", json={**TASK, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()


def paths(answer: dict[str, Any]) -> set[str]:
    return {each["path"] for each in answer.get("results", answer.get("items", []))}


@pytest.fixture
async def join(gateway, database_urls, admin) -> AsyncIterator[Callable[..., Any]]:
    """Lets somebody join the tenant of `admin`, or with `tenant` another one, with a role and grants."""
    clients = []

    def make(name: str, role: str | None = "writer", *, grants: tuple[str, ...] = (), tenant: Any = None) -> Person:
        key, called = new_key(), f"{name}-{secrets.token_hex(3)}"
        with psycopg.connect(database_urls.superuser) as conn:
            (tenant_id,) = (
                conn.execute(
                    "SELECT tenant_id FROM api_key WHERE key_hmac = %s",
                    [key_hmac(admin.headers["authorization"].removeprefix("Bearer "), KEY_PEPPER)],
                ).fetchone()
                if tenant is None
                else (tenant.tenant_id,)
            )
            (principal,) = conn.execute(
                "INSERT INTO principal (principal_id, tenant_id, name) VALUES (gen_random_uuid(), %s, %s)"
                " RETURNING principal_id",
                [tenant_id, called],
            ).fetchone()
            conn.execute(
                "INSERT INTO api_key (key_hmac, tenant_id, principal_id) VALUES (%s, %s, %s)",
                [key_hmac(key, KEY_PEPPER), tenant_id, principal],
            )
            if role:
                conn.execute("INSERT INTO role_binding VALUES (%s, %s, NULL, %s)", [tenant_id, principal, role])
            for repository in grants:
                conn.execute(
                    "INSERT INTO role_binding SELECT tenant_id, %s, repository_id, 'reader' FROM repository"
                    " WHERE tenant_id = %s AND name = %s",
                    [principal, tenant_id, repository],
                )
        client = gateway.client(key)
        clients.append(client)
        return Person(called, client)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def named() -> str:
    return f"pack-{secrets.token_hex(3)}"


@pytest.fixture(scope="module")
async def beside(api, indexed) -> str:
    """A second repository of the tenant."""
    await api.fill("beside")
    return "beside"


async def test_a_pack_narrows_searches_and_bundles(join, indexed, named):
    ann = join("ann")
    everywhere, whole = await ann.found(repos=[indexed]), await ann.bundle(repos=[indexed])
    await ann.saved(named, scope={"repos": [indexed], "path_globs": ["src/retry.py", "docs/"]})
    answer, bundle = await ann.found(pack=named), await ann.bundle(pack=named)
    assert paths(everywhere) == {"src/retry.py", "src/clock.py", "docs/it's here.md"}
    assert paths(answer) == {"src/retry.py", "docs/it's here.md"}
    assert (everywhere["pack"], answer["pack"], bundle["pack"]) == ("", named, named)
    assert "src/clock.py" in paths(whole)
    assert "src/clock.py" not in paths(bundle)
    assert "Narrowed to paths like `docs/` or `src/retry.py`." in bundle["markdown"]


async def test_filters_of_pack_and_request_both_hold(join, indexed, named):
    ann = join("ann")
    await ann.saved(named, scope={"path_globs": ["src/"], "languages": ["python", "markdown"], "kinds": ["function"]})
    assert paths(await ann.found(pack=named, repos=[indexed], path_glob="*clock*")) == {"src/clock.py"}
    assert paths(await ann.found(pack=named, repos=[indexed], languages=["Markdown"])) == set()
    both = await ann.found(pack=named, repos=[indexed], languages=["python", "go"])
    assert both["notices"] == [f"context pack '{named}' leaves out go"]
    for outside, said in (({"languages": ["go"]}, "python, markdown"), ({"kinds": ["type"]}, "function")):
        refused = await ann.search(pack=named, repos=[indexed], **outside)
        assert (refused.status_code, refused.json()["reason"]) == (400, "OUTSIDE_PACK")
        assert f"has {said} only" in refused.json()["detail"]


async def test_a_repository_outside_of_the_pack_is_refused(join, indexed, beside, named):
    ann = join("ann")
    await ann.saved(named, scope={"repos": [indexed]})
    refused = await ann.search(pack=named, repos=[beside])
    assert (refused.status_code, refused.json()["reason"]) == (400, "OUTSIDE_PACK")
    partly = await ann.found(pack=named, repos=[beside, indexed])
    assert {each["repo"] for each in partly["results"]} == {indexed}
    assert partly["notices"] == [f"context pack '{named}' leaves out {beside}"]


async def test_defaults_fill_what_a_request_leaves_open(join, indexed, named):
    ann = join("ann")
    defaults = {"mode": "symbol", "limit": 1, "token_budget": 300}
    await ann.saved(named, scope={"repos": [indexed]}, defaults=defaults)
    filled = await ann.found(pack=named, query="pause")
    assert [each["symbol"] for each in filled["results"]] == ["pause"]
    assert len((await ann.found(pack=named, mode="hybrid", limit=10))["results"]) > 1
    assert (await ann.bundle(pack=named))["budget"]["limit"] == 1000
    unsaid = await ann.client.post("/v1/bundles", json={"task": TASK["task"], "pack": named})
    assert unsaid.json()["budget"]["limit"] == 300


async def test_a_pack_says_how_bundles_are_made_where_the_request_does_not(join, indexed, named):
    ann = join("ann")
    defaults = {"policy": "broad", "tests": "without", "docs": "without", "config": "with"}
    saved = await ann.saved(named, scope={"repos": [indexed]}, defaults=defaults)
    assert {**saved["defaults"], **defaults} == saved["defaults"]
    asked = {"task": TASK["task"], "repos": [indexed]}
    under = (await ann.client.post("/v1/bundles", json={**asked, "pack": named})).json()
    alike = (await ann.client.post("/v1/bundles", json={**asked, **defaults})).json()
    assert under["signature"] == alike["signature"]
    assert "Narrowed to no tests and no docs." in under["markdown"]
    own = (await ann.client.post("/v1/bundles", json={**asked, "tests": "auto", "docs": "auto", "pack": named})).json()
    assert "Narrowed" not in own["markdown"]


async def test_the_ref_of_the_request_takes_the_place_of_the_packs(join, api, indexed, named):
    ann = join("ann")
    await ann.saved(named, scope={"repos": [indexed], "ref": "no-such-ref"})
    assert (await ann.search(pack=named)).json()["reason"] == "REF_NOT_FOUND"
    assert paths(await ann.found(pack=named, ref="worktree"))


async def test_a_changed_pack_never_serves_an_old_answer(join, indexed, named):
    ann = join("ann")  # whose pack nobody else's request comes to
    await ann.saved(named, scope={"repos": [indexed], "path_globs": ["src/retry.py", f"{named}/"]})
    before = [await ann.found(pack=named) for _ in range(2)]
    bundles = [await ann.bundle(pack=named) for _ in range(2)]
    assert [each["cache"] for each in (*before, *bundles)] == ["miss", "hit", "miss", "hit"]
    assert bundles[0]["signature"] == bundles[1]["signature"] != ""
    await ann.saved(named, scope={"repos": [indexed], "path_globs": ["src/clock.py", f"{named}/"]})
    after, bundle = await ann.found(pack=named), await ann.bundle(pack=named)
    assert (paths(before[1]), paths(after), paths(bundle)) == ({"src/retry.py"}, {"src/clock.py"}, {"src/clock.py"})
    assert bundle["signature"] not in ("", bundles[0]["signature"])
    await ann.client.delete(f"/v1/contexts/{named}")
    assert (await ann.search(pack=named)).json()["reason"] == "PACK_NOT_FOUND"


async def test_answers_are_shared_by_all_who_ask_the_same_under_the_name_that_each_has_used(join, indexed, named):
    ann, bob = join("ann"), join("bob")
    scope = {"repos": [indexed], "path_globs": [f"src/{named}", "src/retry.py"]}
    await ann.saved(named, scope=scope)
    await bob.saved(f"{named}-too", scope=scope)
    first, second = await ann.found(pack=named), await bob.found(pack=f"{named}-too")
    assert (first["cache"], first["pack"]) == ("miss", named)
    assert (second["cache"], second["pack"]) == ("hit", f"{named}-too")


async def test_another_tenant_sees_nothing_of_a_pack(join, indexed, named, tenant):
    ann, eve = join("ann"), join("eve", "admin", tenant=tenant())
    await ann.saved(named, visibility="shared", scope={"repos": [indexed]})
    assert (await eve.read(named)).status_code == 404
    assert await eve.names() == []
    assert (await eve.search(pack=named)).json()["reason"] == "PACK_NOT_FOUND"
    assert (await eve.client.delete(f"/v1/contexts/{named}")).status_code == 404
    await eve.saved(named, visibility="shared", description="another one")
    assert (await ann.read(named)).json()["description"] == ""


async def test_a_private_pack_is_its_owners_alone(join, indexed, named):
    ann, bob = join("ann", "reader"), join("bob", "admin")
    await ann.saved(named, scope={"repos": [indexed]})
    assert (await bob.read(named)).json()["reason"] == "PACK_NOT_FOUND"
    assert named not in await bob.names()
    assert (await bob.search(pack=named)).status_code == 404
    assert (await bob.client.delete(f"/v1/contexts/{named}")).status_code == 404
    await bob.saved(named, description="bob's own")
    assert ((await ann.read(named)).json()["owner"], (await bob.read(named)).json()["owner"]) == (ann.name, bob.name)


async def test_a_shared_pack_is_used_by_all_and_changed_by_its_owner_and_admins(join, indexed, named):
    ann, bob, root = join("ann"), join("bob"), join("root", "admin")
    refused = await join("carl", "reader").save(named, visibility="shared")
    assert (refused.status_code, refused.json()["reason"]) == (403, "ROLE_REQUIRED")
    await ann.saved(named, visibility="shared", scope={"repos": [indexed], "path_globs": ["src/clock.py"]})
    assert paths(await bob.found(pack=named)) == {"src/clock.py"}
    assert ((await bob.read(named)).json()["mine"], named in await bob.names()) == (False, True)
    for answer, status, reason in (
        (await bob.save(named, visibility="shared"), 409, "PACK_EXISTS"),
        (await bob.client.delete(f"/v1/contexts/{named}"), 403, "PACK_OF_ANOTHER"),
    ):
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    changed = await root.saved(named, visibility="shared", scope={"path_globs": ["src/retry.py"]})
    assert (changed["owner"], changed["mine"]) == (ann.name, False)
    assert paths(await bob.found(pack=named, repos=[indexed])) == {"src/retry.py"}
    assert (await root.client.delete(f"/v1/contexts/{named}")).status_code == 204
    assert (await ann.read(named)).status_code == 404


async def test_ones_own_pack_goes_before_the_shared_one_of_its_name(join, named):
    ann, bob = join("ann"), join("bob")
    await ann.saved(named, visibility="shared", description="for all")
    await bob.saved(named, description="for bob")
    assert (await bob.read(named)).json()["description"] == "for bob"
    assert (await bob.names()).count(named) == 2
    assert (await bob.save(named, visibility="shared")).json()["reason"] == "PACK_EXISTS"
    assert (await bob.client.delete(f"/v1/contexts/{named}")).status_code == 204
    assert (await bob.read(named)).json()["description"] == "for all"


async def test_a_pack_shows_and_searches_no_more_than_the_key_may_read(join, indexed, beside, named):
    ann, guest = join("ann"), join("guest", None, grants=(beside,))
    await ann.saved(named, visibility="shared", scope={"repos": [indexed, beside]})
    shown = (await guest.read(named)).json()
    assert (shown["scope"]["repos"], shown["hidden_repos"]) == ([beside], 1)
    assert (await ann.read(named)).json()["scope"]["repos"] == [indexed, beside]
    found = await guest.found(pack=named)
    assert {each["repo"] for each in found["results"]} == {beside} == {each["repo"] for each in found["snapshots"]}
    assert found["notices"] == [
        f"1 of the repositories of context pack '{named}' is left out: not indexed, or not readable with this key"
    ]
    for unreadable in (indexed, "no-such-one"):  # neither tells whether the pack has it
        refused = await guest.search(pack=named, repos=[unreadable])
        assert (refused.status_code, refused.json()["reason"]) == (404, "REPOSITORY_NOT_FOUND")
    nothing = await join("stranger", None).search(pack=named)
    assert (nothing.status_code, nothing.json()["reason"], indexed in nothing.text) == (409, "PACK_EMPTY", False)


async def test_what_is_mistyped_is_answered_with_what_is_near(join, indexed, named):
    ann = join("ann")
    await ann.saved(named)
    assert f"did you mean '{named}'?" in (await ann.search(pack=f"{named}s")).json()["detail"]
    refused = await ann.save("x", scope={"repos": [indexed, f"{indexed}s"]})
    assert (refused.status_code, f"did you mean '{indexed}'?" in refused.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"description": "x" * 1_001}, "description", "must have at most 1000 bytes, got 1001"),
        ({"visibility": "public"}, "visibility", "must be one of private, shared, got 'public'"),
        ({"scope": {"repos": ["Shop"]}}, "scope.repos[0]", "must be 1 to 63 of a-z"),
        ({"scope": {"repos": ["r"] * 51}}, "scope.repos", "must have at most 50 entries, got 51"),
        ({"scope": {"ref": ".."}}, "scope.ref", "must be a branch"),
        ({"scope": {"languages": ["pyton"]}}, "scope.languages[0]", "did you mean python?"),
        ({"scope": {"path_globs": ["src/", "!x"]}}, "scope.path_globs[1]", "'!x' names no paths"),
        ({"scope": {"path_globs": ["x" * 501]}}, "scope.path_globs[0]", "must have at most 500"),
        ({"scope": {"path_globs": ["x"] * 17}}, "scope.path_globs", "must have at most 16 entries, got 17"),
        ({"scope": {"kinds": ["poem"]}}, "scope.kinds[0]", "must be one of type, function"),
        ({"scope": {"path_glob": "x"}}, "scope.path_glob", "is not a field of this request"),
        ({"defaults": {"mode": "fuzzy"}}, "defaults.mode", "must be one of hybrid"),
        ({"defaults": {"limit": 0}}, "defaults.limit", "must be between 1 and 100, got 0"),
        ({"defaults": {"token_budget": 1}}, "defaults.token_budget", "must be between 256 and 200000, got 1"),
        ({"defaults": {"policy": "greedy"}}, "defaults.policy", "must be one of balanced"),
        ({"defaults": {"tests": "no"}}, "defaults.tests", "must be one of auto"),
    ],
)
async def test_a_bad_scope_is_refused_with_its_field(admin, fields, field, said):
    answer = await admin.put("/v1/contexts/x", json=fields)
    assert (answer.status_code, [each["field"] for each in answer.json()["fields"]]) == (400, [field])
    assert said in answer.json()["detail"]


async def test_saves_at_the_same_time_leave_one_whole_pack(join, named):
    ann = join("ann")
    bodies = [
        {"description": str(number), "scope": {"path_globs": [f"{number}/"]}, "visibility": visibility}
        for number, visibility in enumerate(["private", "shared"] * 8)
    ]
    answers = await asyncio.gather(*(ann.save(named, **body) for body in bodies))
    assert {each.status_code for each in answers} == {200}
    assert (await ann.names()).count(named) == 1
    left = (await ann.read(named)).json()
    assert left["scope"]["path_globs"] == [f"{left['description']}/"]


async def test_one_of_many_shares_a_name_first(join, named):
    people = [join(f"person{number}") for number in range(6)]
    answers = await asyncio.gather(*(person.save(named, visibility="shared") for person in people))
    assert sorted(each.status_code for each in answers) == [200, *[409] * 5]


async def test_packs_are_listed_page_by_page(join, named):
    ann, bob = join("ann", "reader"), join("bob")
    own = [f"{named}-{letter}" for letter in "cab"]
    for name in own:
        await ann.saved(name)
    await bob.saved(own[0], visibility="shared")
    pages, token = [], ""
    while not pages or token:
        query = {"page_size": 1, **({"page_token": token} if token else {})}
        page = (await ann.client.get("/v1/contexts", params=query)).json()
        pages.append(page["contexts"])
        token = page["next_page_token"]
    assert {len(page) for page in pages} == {1}
    listed = [(page[0]["name"], page[0]["mine"]) for page in pages]
    assert listed == [
        (each["name"], each["mine"]) for each in (await ann.client.get("/v1/contexts")).json()["contexts"]
    ]
    assert [each for each in listed if each[0] in own] == [
        (own[1], True), (own[2], True), (own[0], True), (own[0], False)
    ]  # fmt: skip


async def test_nobody_keeps_more_packs_than_anybody_could_look_through(join, database_urls, named):
    ann = join("ann")
    await ann.saved(named)
    with psycopg.connect(database_urls.superuser) as conn:
        conn.execute(
            "INSERT INTO context_pack (tenant_id, owner_id, name, shared, description, repositories, ref, languages,"
            " path_globs, kinds, mode, result_limit, token_budget) SELECT tenant_id, owner_id, name || n, shared,"
            " description, repositories, ref, languages, path_globs, kinds, mode, result_limit, token_budget"
            " FROM context_pack, generate_series(1, 99) n WHERE name = %s",
            [named],
        )
    full = await ann.save("one-more")
    assert (full.status_code, full.json()["reason"]) == (409, "TOO_MANY_PACKS")
    await ann.saved(named, description="changed")

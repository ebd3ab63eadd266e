from dataclasses import replace

import pytest

from pampax.core.errors import FailedPrecondition, NotFound
from pampax.search import postgres
from pampax.search.request import Mode, SearchRequest

FILES = {
    "src/pool.py": '"""Connections."""\n\n\nclass ConnectionPool:\n    """Reuses idle connections."""\n\n'
    "    def acquire(self):\n        return self.idle.pop()\n",
    "src/retry.go": "package src\n\n// RetryWithBackoff waits longer after each failure.\n"
    "func RetryWithBackoff(call func() error) error {\n\treturn call()\n}\n",
    "tests/test_pool.py": "from pool import ConnectionPool\n\n\ndef test_acquire():\n    ConnectionPool().acquire()\n",
    "notes.md": "# Notes\n\nIdle connections are kept in the pool.\n",
}


@pytest.fixture(scope="module")
def demo(new_repository):
    made = new_repository("demo", FILES)
    assert made.index() == "succeeded"
    return made


def paths(answer):
    return [result.path for result in answer.results]


async def test_a_definition_is_found_by_name_with_its_place(service, demo):
    answer = await service.search(demo.caller, SearchRequest(query="ConnectionPool"))
    best = answer.results[0]
    assert (best.path, best.language, best.start_line) == ("src/pool.py", "python", 1)
    assert "class ConnectionPool" in best.content
    assert answer.intent == "symbol"


async def test_a_question_in_words_finds_the_code_behind_it(service, demo):
    answer = await service.search(demo.caller, SearchRequest(query="wait longer after each failure"))
    assert paths(answer)[0] == "src/retry.go"


async def test_evidence_is_given_when_asked_for_and_adds_up(service, demo):
    answer = await service.search(demo.caller, SearchRequest(query="idle connections", explain=True))
    for result in answer.results:
        assert result.evidence
        assert sum(part.score for part in result.evidence) == pytest.approx(result.score)
    plain = await service.search(demo.caller, SearchRequest(query="idle connections"))
    assert not any(result.evidence for result in plain.results)
    assert paths(plain) == paths(answer)


async def test_a_message_is_found_where_it_stands_word_for_word(service, new_repository):
    message = "could not lease the last drawer"
    drawers = "".join(
        f"def lease_drawer_{n}(last):\n    'The last drawer that could lease not.'\n\n\n" for n in range(9)
    )
    asked = {"a.py": drawers, "b.py": f"{'x = 1' + chr(10)}def f():\n    raise KeyError('{message.capitalize()}!')\n"}
    made = new_repository("messages", asked)
    assert made.index() == "succeeded"
    best = (await service.search(made.caller, SearchRequest(query=message, explain=True))).results[0]
    assert best.path == "b.py"
    (phrase,) = [part for part in best.evidence if part.source == "phrase"]
    assert phrase.value == 1.0
    assert sum(part.score for part in best.evidence) == pytest.approx(best.score)
    by_file = await service.search(made.caller, SearchRequest(query=message, by_file=True))
    assert paths(by_file)[0] == "b.py"


async def test_a_stack_trace_leads_to_the_lines_that_it_names(service, new_repository):
    long = "".join(f"def step_{n}(drawer):\n    return drawer.open({n})\n\n\n" for n in range(120))
    made = new_repository(
        "traces", {"shop/till.py": long, "shop/pay.py": "def charge(till):\n    return till.open()\n"}
    )
    assert made.index() == "succeeded"
    trace = (
        'Traceback (most recent call last):\n  File "/srv/shop/pay.py", line 2, in charge\n'
        '  File "/srv/shop/till.py", line 402, in step\nAttributeError: open'
    )
    answer = await service.search(made.caller, SearchRequest(query=trace, explain=True))
    assert answer.intent == "error_trace"
    inner, outer = sorted(answer.results[:2], key=lambda result: result.path, reverse=True)
    assert (inner.path, outer.path) == ("shop/till.py", "shop/pay.py")
    assert inner.start_line <= 402 <= inner.end_line
    frames = [part.value for result in (inner, outer) for part in result.evidence if part.source == "frame"]
    assert frames == [1.0, pytest.approx(0.6)]
    place = await service.search(made.caller, SearchRequest(query="till.py:17"))
    assert place.intent == "path"
    assert place.results[0].start_line <= 17 <= place.results[0].end_line


@pytest.mark.parametrize("mode", list(Mode))
async def test_every_mode_answers(service, demo, mode):
    answer = await service.search(demo.caller, SearchRequest(query="ConnectionPool", mode=mode))
    assert "src/pool.py" in paths(answer)
    assert answer.degraded == ()


async def test_exact_and_usual_vectors_agree_on_a_small_repository(service, demo):
    request = SearchRequest(query="reuse of idle connections")
    usual = await service.search(demo.caller, request)
    exact = await service.search(demo.caller, replace(request, exact_vectors=True))
    assert [(r.id, r.score) for r in usual.results] == [(r.id, pytest.approx(r.score)) for r in exact.results]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"languages": frozenset({"go"})}, {"src/retry.go"}),
        ({"path_glob": "tests/**"}, {"tests/test_pool.py"}),
        ({"path_globs": ("tests/", "nothing/")}, {"tests/test_pool.py"}),
        ({"path_globs": ("tests/", "src/"), "path_glob": "test_*"}, {"tests/test_pool.py"}),
        ({"kinds": frozenset({"type"})}, {"src/pool.py"}),
    ],
)
async def test_filters_keep_only_what_passes(service, demo, narrowed, expected):
    answer = await service.search(demo.caller, SearchRequest(query="pool retry connections acquire", **narrowed))
    assert set(paths(answer)) == expected


async def test_pages_follow_each_other_without_gap_or_repeat(service, demo):
    request = SearchRequest(query="pool connections failure", limit=100)
    whole = [result.id for result in (await service.search(demo.caller, request)).results]
    paged, token = [], ""
    while True:
        answer = await service.search(demo.caller, replace(request, limit=1, page_token=token))
        paged += [result.id for result in answer.results]
        token = answer.next_page_token
        if not token:
            break
    assert paged == whole


async def test_one_result_per_file_when_grouped(service, demo):
    answer = await service.search(demo.caller, SearchRequest(query="pool connections", by_file=True, limit=50))
    assert len(paths(answer)) == len(set(paths(answer)))


async def test_the_same_content_at_two_paths_is_one_result(service, new_repository):
    text = "def canonical_copy():\n    return 'once'\n"
    made = new_repository("copies", {"a/one.py": text, "b/two.py": text})
    made.index()
    answer = await service.search(made.caller, SearchRequest(query="canonical_copy"))
    assert [(r.path, r.other_paths) for r in answer.results] == [("a/one.py", ("b/two.py",))]


async def test_a_refresh_shows_the_new_text_and_forgets_the_old(service, new_repository):
    made = new_repository("changing", {"a.py": "def first_name():\n    pass\n", "b.py": "def kept():\n    pass\n"})
    made.index()
    before = await service.search(made.caller, SearchRequest(query="first_name"))
    made.write({"a.py": "def second_name():\n    pass\n"})
    made.index()
    after = await service.search(made.caller, SearchRequest(query="first_name", mode=Mode.SYMBOL))
    assert before.results[0].symbol == "first_name"
    assert all(result.symbol != "first_name" for result in after.results)
    assert paths(await service.search(made.caller, SearchRequest(query="second_name")))[0] == "a.py"
    assert after.snapshots[0].generation == before.snapshots[0].generation + 1


async def test_several_repositories_answer_together(service, new_repository):
    one = new_repository("one", {"one.py": "def shared_marker_one():\n    pass\n"})
    two = new_repository("two", {"two.py": "def shared_marker_two():\n    pass\n"}, beside=one)
    one.index(), two.index()
    answer = await service.search(one.caller, SearchRequest(query="shared marker"))
    assert {result.snapshot.repository for result in answer.results} == {"one", "two"}
    assert [snapshot.repository for snapshot in answer.snapshots] == ["one", "two"]


async def test_another_tenant_finds_nothing_and_learns_nothing(service, demo, new_repository):
    stranger = new_repository("strange", {"x.py": "x = 1\n"})
    stranger.index()
    assert "src/pool.py" not in paths(await service.search(stranger.caller, SearchRequest(query="ConnectionPool")))
    with pytest.raises(NotFound, match="demo"):
        await service.search(stranger.caller, SearchRequest(query="x", repositories=("demo",)))
    with pytest.raises(NotFound):
        await service.read_file(stranger.caller, "demo", "src/pool.py", None, 0, 0)


async def test_an_answer_older_than_allowed_is_refused(service, demo):
    with pytest.raises(FailedPrecondition, match="index it again"):
        await service.search(demo.caller, SearchRequest(query="pool", max_staleness_s=0.0))


async def test_a_repository_that_was_never_indexed_is_said_to_be_so(service, demo, new_repository):
    new_repository("fresh", {"a.py": "a = 1\n"}, beside=demo)
    with pytest.raises(FailedPrecondition, match="pampax index"):
        await service.search(demo.caller, SearchRequest(query="a", repositories=("fresh",)))


async def test_a_file_is_read_whole_and_by_lines(service, demo):
    whole = await service.read_file(demo.caller, "demo", "src/retry.go", None, 0, 0)
    assert whole.content + "\n" == FILES["src/retry.go"]
    assert (whole.start_line, whole.end_line, whole.lines) == (1, 6, 6)
    part = await service.read_file(demo.caller, "demo", "src/retry.go", None, 3, 4)
    assert part.content == "\n".join(FILES["src/retry.go"].split("\n")[2:4])


async def test_a_file_that_is_not_there_is_not_found(service, demo):
    with pytest.raises(NotFound, match=r"nowhere\.py"):
        await service.read_file(demo.caller, "demo", "nowhere.py", None, 0, 0)
    with pytest.raises(NotFound, match="line 99"):
        await service.read_file(demo.caller, "demo", "notes.md", None, 99, 0)


async def test_much_text_is_read_beside_the_event_loop_with_the_same_results(service, demo, monkeypatch):
    request = SearchRequest(query="idle connections")
    here = await service.search(demo.caller, request)
    monkeypatch.setattr(postgres, "MAX_BYTES_ON_LOOP", 0)
    assert await service.search(demo.caller, request) == here

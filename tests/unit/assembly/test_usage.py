import pytest

from pampax.assembly.usage import CALLED, MEMBER_SHARE, MENTIONED, uses


def share(make, text, definition, path="lib/pool.py", *, language="python", other=None, symbol="run", by="app.py"):
    """What a text speaks for a definition; 0 when it does not use the name at all."""
    found = uses([(make.hit(by, 1, 9, 1.0, symbol=symbol), text, language)])
    return max((use.share(definition, path, other or language) for use in found.get(definition.name, [])), default=0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("connect(url)", CALLED),
        ("handler = connect", MENTIONED),
        ("pool.connect(url)", CALLED),
        ("socket.connect(url)", 0),
        ("from pool import connect", 0),
        ("from pool import (\n    connect,\n)", 0),
        ("# connect first", 0),
        ("say('connect')", 0),
        ('"""Then connect."""', 0),
        ("reconnect()", 0),
    ],
)
def test_a_function_is_used_by_its_bare_name_or_through_its_module(make, text, expected):
    assert share(make, text, make.definition("connect", 1, 9)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "symbol", "expected"),
    [
        ("pool.take()", "run", CALLED * MEMBER_SHARE),
        ("Pool.take(pool)", "run", CALLED),
        ("self.take()", "Pool.give", CALLED),
        ("self.take()", "Queue.give", 0),
        ("take()", "run", 0),
        ("take()", "Pool.give", CALLED),
    ],
)
def test_a_member_is_reached_through_a_value_or_from_inside(make, text, symbol, expected):
    definition = make.definition("take", 1, 9, holder="Pool")
    assert share(make, text, definition, symbol=symbol) == pytest.approx(expected)


def test_another_language_is_not_meant(make):
    definition = make.definition("connect", 1, 9)
    assert share(make, "connect()", definition, other="go") == 0
    assert share(make, "connect()", definition, language="typescript", other="javascript") == CALLED


def test_code_does_not_use_what_tests_define(make):
    definition = make.definition("connect", 1, 9)
    assert share(make, "connect()", definition, "tests/test_pool.py") == 0
    assert share(make, "connect()", definition, "tests/test_pool.py", by="tests/test_app.py") == CALLED


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("go", 'import (\n\t"connect"\n)\n// connect here\n'),
        ("javascript", "import { connect } from './pool'\n/* connect */"),
        ("rust", "use crate::pool::{connect, other};\n// connect"),
        ("java", "import lib.connect;\n"),
        ("c", '#include "connect.h"\n'),
    ],
)
def test_imports_and_comments_of_other_languages_are_no_use(make, language, text):
    assert share(make, text, make.definition("connect", 1, 9), language=language) == 0


@pytest.mark.parametrize(
    "text",
    ["a" * 50_000, "import {" * 9_000, "/*" * 9_000, "(" * 50_000, " \n" * 20_000, "a." * 30_000, "x = '\\" * 9_000],
)
def test_hostile_text_holds_nobody_up(make, text):
    for language in ("python", "javascript", "rust"):
        assert isinstance(uses([(make.hit("app.py", 1, 9, 1.0), text, language)]), dict)

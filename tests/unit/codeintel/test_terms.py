import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.codeintel.stemming import stem
from pampax.codeintel.terms import MAX_TERM_CHARS, distinct_terms, path_terms, query_terms, term_counts, terms


@pytest.mark.parametrize("identifier", ["getUserName", "get_user_name", "GetUserName", "GET_USER_NAME"])
def test_all_spellings_of_a_name_give_the_same_terms(identifier: str) -> None:
    assert set(terms(identifier)) == {"get", "user", "name", stem("getusername")}


def test_acronyms_and_numbers_are_parts_of_names() -> None:
    assert set(terms("HTTPServer")) == {"http", "server", "httpserver"}
    assert set(terms("sha256")) == {"sha", "256", "sha256"}


def test_terms_repeat_as_often_as_the_text_does() -> None:
    assert sorted(terms("cache caches caching")) == ["cach", "cach", "cach"]
    assert term_counts("cache caches caching") == {"cach": 3}


def test_stop_words_are_not_indexed() -> None:
    assert terms("what is the for in") == []


def test_data_gives_no_terms() -> None:
    assert terms("1 12345678901 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c " + "QUJD" * 60) == []
    assert terms("404 0xdeadbeef") == ["404", "0xdeadbeef"]


def test_accents_and_wide_letters_do_not_matter() -> None:
    assert terms("naïve ＷＩＤＥ") == terms("naive wide")


def test_scripts_without_spaces_are_indexed_by_pairs() -> None:
    assert set(query_terms("字符串")) <= set(terms("打开字符串文件"))


@given(st.text())
def test_terms_are_bounded_and_lower_case(text: str) -> None:
    for term in term_counts(text):
        assert 1 <= len(term) <= MAX_TERM_CHARS
        assert term == term.lower()


@given(st.from_regex(r"[A-Za-z]{2,12}(_[a-z]{2,8}){0,2}", fullmatch=True))
def test_a_name_in_the_text_is_found_by_the_same_name_in_a_query(name: str) -> None:
    assert set(terms(name)) <= set(query_terms(name))


def test_adjacent_query_words_are_also_asked_for_joined() -> None:
    weights = query_terms("where is the web socket closed")
    assert weights["websocket"] == 0.8
    assert weights["web"] == weights["socket"] == 1.0
    assert "where" not in weights


def test_generic_words_weigh_less() -> None:
    assert query_terms("implementation of retry") == {
        stem("implementation"): 0.5,
        "retry": 1.0,
    }


def test_a_lone_stop_word_is_asked_for() -> None:
    assert query_terms("for") == {"for": 1.0}
    assert query_terms("for the") == {}


def test_a_query_without_words_asks_for_nothing() -> None:
    assert query_terms("") == query_terms("?!__ ") == {}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/http/WebClient.java", (["web", "client"], ["src", "http"])),
        ("src/auth/index.ts", (["auth"], ["src"])),
        ("pkg/shop/__init__.py", (["shop"], ["pkg"])),
        ("cmd/server/main.go", (["server"], ["cmd"])),
        ("main.go", (["main"], [])),
        ("src/parser.test.ts", (["parser", "test"], ["src"])),
        ("./a/.eslintrc.js", (["eslintrc"], ["a"])),
        ("Makefile", ([stem("makefile")], [])),
        ("", ([], [])),
    ],
)
def test_path_terms_take_the_folder_for_files_that_stand_for_it(
    path: str, expected: tuple[list[str], list[str]]
) -> None:
    assert path_terms(path) == expected


@pytest.mark.parametrize(
    "family",
    [
        "cache caches cached caching",
        "parse parses parsed parsing",
        "name names named naming",
        "query queries",
        "process processes processing processed",
        "connect connection connections connecting",
        "authenticate authenticated authentication",
    ],
)
def test_forms_of_a_word_share_a_stem(family: str) -> None:
    assert len({stem(word) for word in family.split()}) == 1


@pytest.mark.parametrize("word", ["status", "bus", "class", "string", "king", "feed", "this", "sha256", "größe"])
def test_words_that_only_look_inflected_stay(word: str) -> None:
    assert stem(word) == word


@given(st.text(max_size=200))
def test_distinct_terms_are_those_that_are_counted(text: str) -> None:
    assert distinct_terms(text) == term_counts(text).keys()

"""The local model: what its vectors promise, and that the shipped files are the ones that its card describes."""

from __future__ import annotations

import hashlib
import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pampax.core.errors import LocalIOError
from pampax.embedding.base import Embedder
from pampax.embedding.safetensors import map_tensor
from pampax.embedding.static import DIMENSIONS, FOLDER, MAX_CHARACTERS, MAX_TOKENS, StaticEmbedder, load_default

DEADLINE_S = 60
TEXTS = [
    "def parse_json(text):\n    return json.loads(text)",
    "func (s *Server) ListenAndServe() error { return http.ListenAndServe(s.addr, s.mux) }",
    "class LRUCache<K, V> extends LinkedHashMap<K, V> { int capacity; }",
    "größe = naïve(文字列) // 世界 😀",
    "",
]


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return load_default()


def test_it_is_an_embedder_with_a_versioned_id(embedder: StaticEmbedder) -> None:
    model: Embedder = embedder
    assert (model.id, model.dimensions) == ("static-code-256@1", 256)


def test_rows_have_unit_length_and_an_empty_text_is_zero(embedder: StaticEmbedder) -> None:
    rows = embedder.embed_documents(TEXTS)
    assert rows.shape == (5, 256)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1, 1, 0], abs=1e-6)


def test_no_texts_give_no_rows(embedder: StaticEmbedder) -> None:
    assert embedder.embed_documents([]).shape == (0, 256)


def test_a_text_has_the_same_bytes_alone_and_in_any_batch(embedder: StaticEmbedder) -> None:
    many = [f"{text} {number}" for number in range(200) for text in TEXTS]
    rows = embedder.embed_documents(many)
    assert np.array_equal(rows[::-1], embedder.embed_documents(many[::-1]))
    for at in (0, 3, 200, len(many) - 1):
        assert rows[at].tobytes() == embedder.embed_query(many[at]).tobytes()


@pytest.mark.parametrize("text", ["", " \n\t", "😀😀", "\x00"])
def test_a_text_without_known_tokens_is_zero(embedder: StaticEmbedder, text: str) -> None:
    assert not embedder.embed_query(text).any()


@pytest.mark.parametrize("text", ["привет мир", "日本語のコード", "😀 emoji beside words", "lone \ud800 surrogate"])
def test_other_scripts_and_broken_text_give_unit_rows(embedder: StaticEmbedder, text: str) -> None:
    assert np.linalg.norm(embedder.embed_query(text)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("unit", ["return value; ", "x", "getHTTPResponse"])
def test_only_the_beginning_of_a_megabyte_counts(embedder: StaticEmbedder, unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    assert np.array_equal(embedder.embed_query(text), embedder.embed_query(text[:MAX_CHARACTERS]))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(FOLDER / "tokenizer.json"))


def whole(tokenizer: Tokenizer, text: str) -> NDArray[np.float32]:
    """The row by the definition: the tokenizer sees the text as a whole."""
    ids = tokenizer.encode(text[:MAX_CHARACTERS], add_special_tokens=False).ids[:MAX_TOKENS]
    total = map_tensor(FOLDER / "model.safetensors", "embeddings")[ids].astype(np.float64).sum(axis=0)
    return (total / (np.linalg.norm(total) or 1.0)).astype(np.float32).reshape(DIMENSIONS)


CODE = st.text(st.sampled_from("abcXYZ019_ ([.{\t\n\r\x00\x0b\x1c\x7f~é字"), max_size=80)
WORDS = st.lists(
    st.sampled_from(["getHTTP", "URLs2", "[PAD]", "[UNK]", "[", "UNK", "parse_json", "->", "x" * 101, " "])
)


@given(st.one_of(CODE, st.text(st.characters(max_codepoint=127)), WORDS.map("".join)))
@example("ab\x00cd ef")
@example("a[UNK]b [PAD]")
@example("x\x1cy" + "getHTTPResponse " * 300)
def test_a_text_has_the_row_of_its_tokens_however_they_were_found(
    embedder: StaticEmbedder, tokenizer: Tokenizer, text: str
) -> None:
    assert embedder.embed_query(text).tobytes() == whole(tokenizer, text).tobytes()


def test_more_runs_and_words_than_are_kept_change_nothing(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pampax.embedding.static._KEPT", 3)
    text = "one two three four five one two " + "y" * 200
    assert StaticEmbedder().embed_query(text).tobytes() == whole(tokenizer, text).tobytes()


def test_names_in_camel_case_are_read_as_their_words(embedder: StaticEmbedder) -> None:
    for name, words in (("parseJSONValue", "parse json value"), ("HTTPServerError", "http server error")):
        assert np.array_equal(embedder.embed_query(name), embedder.embed_query(words))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("decode a JSON document", 0),
        ("start the web server and wait for connections", 1),
        ("evict the least recently used entry from a cache", 2),
    ],
)
def test_a_question_is_nearest_to_the_code_that_answers_it(
    embedder: StaticEmbedder, question: str, answer: int
) -> None:
    assert int(np.argmax(embedder.embed_documents(TEXTS) @ embedder.embed_query(question))) == answer


def test_closeness_is_one_where_all_words_stand_and_less_where_others_mean_the_same(embedder: StaticEmbedder) -> None:
    texts = ["def remove_file(path): ...", "def delete_file(path): ...", "class Colour: ...", ""]
    same, near, far, nothing = embedder.closeness("remove file", texts).tolist()
    assert same == pytest.approx(1.0)
    assert same > near > far > nothing == 0


def test_closeness_of_a_text_does_not_depend_on_the_others(embedder: StaticEmbedder) -> None:
    texts = [f"value {number} of row {number * 7}" for number in range(20)]
    alone = [embedder.closeness("the seventh row", [text]).item() for text in texts]
    assert embedder.closeness("the seventh row", texts).tolist() == alone


@pytest.mark.parametrize("question", ["", "\ud800", "\U0001f980"])
def test_a_question_without_known_words_is_close_to_nothing(embedder: StaticEmbedder, question: str) -> None:
    values = embedder.closeness(question, ["a text", "\ud800"])
    assert ((values >= 0) & (values <= 1)).all()
    assert embedder.closeness("text", []).shape == (0,)


def test_threads_share_one_embedder_and_agree(embedder: StaticEmbedder) -> None:
    with ThreadPoolExecutor(4) as threads:
        loaded = list(threads.map(lambda _: load_default(), range(8), timeout=DEADLINE_S))
        rows = list(threads.map(lambda each: each.embed_documents(TEXTS), loaded, timeout=DEADLINE_S))
    assert all(each is embedder for each in loaded)
    assert all(np.array_equal(each, rows[0]) for each in rows)


def _embed_here(texts: list[str]) -> bytes:
    return load_default().embed_documents(texts).tobytes()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_worker_of_a_process_that_embedded_gets_the_same_bytes(embedder: StaticEmbedder) -> None:
    here = embedder.embed_documents(TEXTS * 50).tobytes()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as workers:
        assert workers.submit(_embed_here, TEXTS * 50).result(timeout=DEADLINE_S) == here


def test_the_shipped_files_are_those_of_the_card() -> None:
    card = (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    described = {
        name: (int(size.replace(",", "")), digest)
        for name, size, digest in re.findall(r"\| ([\w.]+) \| ([\d,]+) \| `([0-9a-f]{64})` \|", card)
    }
    data = {name: (FOLDER / name).read_bytes() for name in ("model.safetensors", "tokenizer.json", "config.json")}
    assert described == {name: (len(each), hashlib.sha256(each).hexdigest()) for name, each in data.items()}


def test_a_missing_table_is_a_local_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LocalIOError, match="reinstall pampax"):
        StaticEmbedder(tmp_path)


@pytest.mark.parametrize("data", [b"", b"\xff" * 64, b"\2" + b"\0" * 7 + b"{}", b"\4" + b"\0" * 7 + b"null"])
def test_a_broken_table_is_a_local_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(data)
    with pytest.raises(LocalIOError, match="not a model file"):
        StaticEmbedder(tmp_path)


def test_a_table_for_another_tokenizer_is_refused(tmp_path: Path) -> None:
    header = b'{"embeddings":{"dtype":"I8","shape":[2,256],"data_offsets":[0,512]}}'
    (tmp_path / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\1" * 512)
    (tmp_path / "tokenizer.json").write_bytes((FOLDER / "tokenizer.json").read_bytes())
    with pytest.raises(LocalIOError, match="do not fit together"):
        StaticEmbedder(tmp_path)

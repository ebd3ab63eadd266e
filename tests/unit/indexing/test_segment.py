"""The rows of a segment, from documents to packed lists."""

import numpy as np

from pampax.codeintel.parse import analyse
from pampax.indexing.run.derive import Document
from pampax.indexing.run.segment import NAMES, WORDS, Segment
from pampax.indexing.run.vectors import BLOCK_ROWS, copy_rows_of
from pampax.storage import posting
from pampax.storage.blobs import decompress


def document(number: int, text: str, language: str = "python") -> Document:
    content = text.encode()
    analysis = analyse(language, content)
    vectors = np.full((len(analysis.parsed.chunks), 256), number, np.float32)
    return Document(bytes([number]) * 20, language, content, analysis, vectors)


ONE = document(1, "def alpha(value):\n    return value + value\n")
TWO = document(
    2, "def beta(value):\n    return alpha(value)\n\n\nclass Gamma:\n    def alpha(self):\n        return 1\n"
)


def test_documents_take_consecutive_ordinals() -> None:
    segment = Segment([ONE, TWO], 100)
    chunks = list(segment.chunk_rows())
    assert [row[0] for row in chunks] == list(range(100, 100 + len(chunks)))
    assert [(row[0], row[2], row[3]) for row in segment.document_rows()] == [
        (ONE.blob_id, 100, len(ONE.chunks)),
        (TWO.blob_id, 100 + len(ONE.chunks), len(TWO.chunks)),
    ]
    ordinals, rows = segment.vectors()
    assert ordinals.tolist() == [row[0] for row in chunks]
    assert rows.shape == (len(chunks), 256)


def test_a_symbol_belongs_to_the_chunk_of_its_first_line() -> None:
    segment = Segment([ONE, TWO], 7)
    lines = {row[0]: (row[1], range(row[3], row[4] + 1)) for row in segment.chunk_rows()}
    rows = list(segment.symbol_rows())
    assert {row[1] for row in rows} == {"alpha", "beta", "Gamma"}
    for chunk, *_, start_line, _end, _signature, _doc, _exported in rows:
        assert start_line in lines[chunk][1]


def test_a_term_has_one_list_per_field_over_all_documents() -> None:
    segment = Segment([ONE, TWO], 5)
    rows = {(field, term): posting.unpack(entries) for field, term, entries in segment.posting_rows()}
    words = rows[WORDS, "alpha"]
    assert words.ordinals.min() == 5
    assert words.ordinals.max() > 5
    first = ONE.analysis.chunk_terms[0]
    assert (words.tfs[0], words.lengths[0]) == (first["alpha"], sum(first.values()))
    assert (NAMES, "alpha") in rows
    assert (NAMES, "return") not in rows


def test_the_lengths_of_the_words_add_up_to_the_documents_term_count() -> None:
    segment = Segment([ONE, TWO], 0)
    lengths: dict[int, int] = {}
    for field, _term, entries in segment.posting_rows():
        if field == WORDS:
            found = posting.unpack(entries)
            lengths |= dict(zip(found.ordinals.tolist(), found.lengths.tolist(), strict=True))
    assert sum(lengths.values()) == sum(row[6] for row in segment.document_rows())


def test_a_blob_of_two_languages_is_stored_once() -> None:
    twin = Document(ONE.blob_id, "text", ONE.content, ONE.analysis, ONE.vectors)
    ((blob_id, size, frame),) = Segment([ONE, twin], 0).blob_rows()
    assert (blob_id, decompress(frame, size)) == (ONE.blob_id, ONE.content)


def test_vectors_are_copied_in_blocks_of_whole_rows() -> None:
    count = BLOCK_ROWS + 1
    header, *blocks, trailer = copy_rows_of(np.arange(count, dtype=np.int32), np.ones((count, 256), np.float32))
    row = 2 + 4 + 4 + 4 + 4 + 2 * 256
    assert header.startswith(b"PGCOPY\n")
    assert [len(block) for block in blocks] == [BLOCK_ROWS * row, row]
    assert trailer == b"\xff\xff"

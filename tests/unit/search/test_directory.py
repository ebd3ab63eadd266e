"""What a snapshot's directory says does not depend on the order in which its content came."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pampax.search.directory import EMPTY, Directory, FileRow, WordBags, build_directory

SIZES = (17, 3_001, 254, 99_991, 4, 65_537, 1_023, 7_919, 12, 611)
PATHS = tuple(f"src/area_{n % 3}/part_{n}_of_{n * 7 % 5}.py" for n in range(len(SIZES)))


def directory(order: list[int]) -> Directory:
    """The same files, indexed in that order."""
    first = {number: place for place, number in enumerate(order)}
    files = [FileRow(n, PATHS[n], bytes([n]) * 20, "python", first[n], 1, SIZES[n]) for n in range(len(SIZES))]
    return build_directory(files, np.ones(len(SIZES), np.bool_), 1_000)


def by_path(made: Directory, values: np.ndarray) -> dict[str, bytes]:
    """To the last bit."""
    return {made.files[file].path: value.tobytes() for file, value in zip(made.file_of, values, strict=True)}


@pytest.mark.parametrize("seed", range(20))
def test_sizes_are_compared_the_same_whatever_came_first(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(SIZES)).tolist()
    one, other = directory(list(range(len(SIZES)))), directory(order)
    assert by_path(other, other.size_z) == by_path(one, one.size_z)


def test_files_of_one_size_are_neither_large_nor_small() -> None:
    files = [FileRow(n, f"{n}.py", bytes([n]) * 20, "python", n, 1, 777) for n in range(7)]
    assert not build_directory(files, np.ones(7, np.bool_), 7).size_z.any()
    assert len(build_directory([], np.zeros(0, np.bool_), 0).size_z) == 0


@pytest.mark.parametrize("seed", range(20))
def test_words_add_up_the_same_whatever_stands_before_them(seed: int) -> None:
    dice = np.random.default_rng(seed)
    bags = [tuple(f"w{word}" for word in dice.integers(0, 50, number)) for number in dice.integers(0, 8, 40)]
    order = dice.permutation(len(bags)).tolist()
    worth = dict(zip({word: 0 for bag in bags for word in bag}, dice.random(50), strict=False))

    def sums(made: list[tuple[str, ...]]) -> list[bytes]:
        words = WordBags.of(made)
        per_word = np.array([worth[word] for word in words.vocabulary], np.float32)
        return [value.tobytes() for value in words.sums(per_word)]

    assert sums([bags[n] for n in order]) == [sums(bags)[n] for n in order]


def test_a_bag_without_words_adds_up_to_nothing() -> None:
    assert WordBags.of([(), ("a",), ()]).sums(np.ones(1, np.float32)).tolist() == [0.0, 1.0, 0.0]
    assert WordBags.of([(), ()]).sums(np.zeros(0, np.float32)).tolist() == [0.0, 0.0]
    assert WordBags.of([]).sums(np.zeros(0, np.float32)).tolist() == []


def test_where_functions_begin_is_known_by_chunk() -> None:
    """Files come in any order; rows of before say nothing, and one content may lie at two paths."""
    rows = [
        FileRow(0, "z.py", b"z" * 20, "python", 0, 3, 10, b"\1\0\1"),
        FileRow(1, "b.py", b"b" * 20, "python", 5, 2, 10),
        FileRow(2, "a.py", b"a" * 20, "python", 8, 2, 10, b"\0\1"),
        FileRow(3, "c.py", b"a" * 20, "python", 8, 2, 10, b"\0\1"),
    ]
    directory = build_directory(rows, np.ones(10, np.bool_), 100)
    asked = np.array([0, 1, 2, 5, 6, 8, 9], np.int32)
    assert directory.begins_function(asked).tolist() == [True, False, True, False, False, False, True]
    assert EMPTY.begins_function(np.zeros(0, np.int32)).tolist() == []


WORDS = ("parser", "http", "client", "test", "index", "linux", "docs", "config")
NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(lambda words: "/".join(words) + ".c")
# Path -> its document's number: several paths may share one.
TREES = st.dictionaries(NAMES | NAMES.map(lambda name: name[:-1] + "h"), st.integers(0, 30), max_size=25)


def of_tree(tree: dict[str, int], like: Directory = EMPTY) -> Directory:
    files = [
        FileRow(number, path, bytes(20), "c", document, 1, 10 + document)
        for number, (path, document) in enumerate(tree.items())
    ]
    return build_directory(files, np.ones(31, np.bool_), 500, like)


def said(made: Directory) -> list[object]:
    """Everything, without the numbers of the words."""

    def bags(words: WordBags) -> list[list[tuple[str, float]]]:
        named = list(words.vocabulary)
        return [
            [(named[word], float(words.idf[word])) for word in words.words[start:end]]
            for start, end in itertools.pairwise(words.offsets.tolist())
        ]

    kinds = made.kinds
    flags = [each.tolist() for each in (kinds.aside, kinds.platform, kinds.header, made.size_z, made.file_of)]
    return [made.files, made.files_of, made.first_chunk.tolist(), flags, bags(made.stems), bags(made.folders)]


@given(st.lists(TREES, min_size=2, max_size=4))
def test_what_is_taken_from_a_directory_before_is_what_would_be_found_anew(trees: list[dict[str, int]]) -> None:
    made = EMPTY
    for tree in trees:
        made = of_tree(tree, like=made)
        assert said(made) == said(of_tree(tree))

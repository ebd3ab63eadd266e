"""Stack traces of many languages are taken apart, and frames find the files that they mean."""

import numpy as np
import pytest

from pampax.search.directory import FileRow, build_directory
from pampax.search.frames import MAX_FRAMES, MAX_SAME, Frame, match_frames, read_frames


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ('File "/app/shop/pay.py", line 474, in charge', "app/shop/pay.py", 474),
        ("at markText (mark_text.js:176:13)", "mark_text.js", 176),
        ("at Object.<anonymous> (/srv/shop/lib/pay.ts:9:2)", "srv/shop/lib/pay.ts", 9),
        ("at org.shop.Till.open(Till.java:127)", "org/shop/Till.java", 127),
        ("at org.shop.Till$Drawer.lambda$open$0(Till.kt:3)", "org/shop/Till.kt", 3),
        ("go/internal/server/logger.go:238 +0x1f", "go/internal/server/logger.go", 238),
        ("thread 'main' panicked at src/main.rs:10:5:", "src/main.rs", 10),
        (r"at Shop.Pay() in C:\build\src\Pay.cs:line 42", "build/src/Pay.cs", 42),
        ("app/models/order.rb:10:in `total'", "app/models/order.rb", 10),
        ("../lib/sum.c:7:3: error: expected ';'", "lib/sum.c", 7),
        ("raised at solver.py line 993 in __init__", "solver.py", 993),
        ("pool.py:42", "pool.py", 42),
    ],
)
def test_a_frame_is_a_path_and_a_line(text, path, line):
    assert read_frames(text) == (Frame(tuple(path.split("/")), line),)


@pytest.mark.parametrize("text", ["version 1.2.3:4", "a ratio of 3.5:1 at 10:30", "see example.com for more", "f(x.y)"])
def test_what_is_no_file_with_a_line_is_no_frame(text):
    assert read_frames(text) == ()


def test_the_innermost_frame_comes_first_and_each_once():
    python = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n  File "b.py", line 2, in g\nKeyError: 1'
    assert [frame.parts[-1] for frame in read_frames(python)] == ["b.py", "a.py"]
    node = "Error: no\n at g (b.js:2:1)\n at f (a.js:1:1)\n at f (a.js:1:1)"
    assert [frame.parts[-1] for frame in read_frames(node)] == ["b.js", "a.js"]


def test_an_endless_trace_is_cut():
    assert len(read_frames("\n".join(f"at f (a.js:{line}:1)" for line in range(1, 1_000)))) == MAX_FRAMES


def directory_of(*paths):
    files = [FileRow(place, path, bytes([place]) * 20, "python", place, 1, 10) for place, path in enumerate(paths)]
    return build_directory(files, np.ones(len(paths), bool), 10)


def found(directory, text):
    return [(each.file.path, each.line, each.weight) for each in match_frames(directory, read_frames(text))]


def test_a_frame_belongs_to_the_file_that_shares_most_of_its_path():
    directory = directory_of("shop/pay.py", "tests/pay.py", "till.py")
    assert found(directory, "/usr/lib/site-packages/shop/pay.py:3") == [("shop/pay.py", 3, 1.0)]


def test_frames_of_other_code_take_nothing_from_those_that_follow():
    directory = directory_of("shop/pay.py", "till.py")
    trace = "at f (library.js:1:1)\nat g (till.py:2:1)\nat h (pay.py:3:1)"
    assert found(directory, trace) == [("till.py", 2, 1.0), ("shop/pay.py", 3, 0.6)]


def test_a_name_that_many_files_have_means_none_of_them():
    paths = [f"part{number}/index.js" for number in range(MAX_SAME + 1)]
    assert found(directory_of(*paths), "at f (index.js:3:1)") == []
    assert len(found(directory_of(*paths[:MAX_SAME]), "at f (index.js:3:1)")) == MAX_SAME


def test_a_file_without_text_is_where_no_frame_lies():
    files = [
        FileRow(0, "a.py", bytes(20), "python", 0, 0, 1),
        FileRow(1, "till.py", bytes([1]) * 20, "python", 0, 1, 9),
    ]
    directory = build_directory(files, np.ones(1, bool), 10)
    assert found(directory, "a.py:1 and till.py:2") == [("till.py", 2, 1.0)]
    assert [directory.document_with(file) for file in directory.files] == [None, 0]

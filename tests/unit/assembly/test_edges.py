import pytest

from pampax.assembly.candidates import Origin
from pampax.assembly.edges import fitted


def first_line(make, lines, start, end, origin=Origin.HIT):
    return fitted(make.hit("a.py", start, end, 1.0, origin=origin), make.file("a.py", lines)).place.start_line


@pytest.mark.parametrize(
    ("lines", "start"),
    [
        (["/* Copyright 2020 Somebody", " * All rights reserved.", " */", "", "int x;"], 5),
        (["# SPDX-License-Identifier: MIT", "import os"], 2),
        (["// Package pool keeps connections.", "package pool"], 1),
        (["# License", "# of something"], 1),
        (["#!/bin/sh", "# Copyright", "ls"], 1),
        (["x = 1  # Copyright", "y = 2"], 1),
        (["#include <a.h>", "/* Copyright */", "int x;"], 1),
    ],
)
def test_a_piece_begins_below_the_licence(make, lines, start):
    assert first_line(make, lines, 1, len(lines)) == start


@pytest.mark.parametrize(
    ("lines", "at", "start"),
    [
        (["x = 1", "@cache", "@other(1)", "def f():", "    pass"], 4, 2),
        (["x = 1", "# What it is for.", "def f():", "    pass"], 3, 2),
        (["@cache", "def f():", "    pass"], 2, 1),
        (["x = 1", "", "def f():", "    pass"], 3, 3),
        (["# a", "# b", "# c", "# d", "# e", "def f():", "    pass"], 6, 6),
    ],
)
def test_a_definition_begins_with_its_decorators_and_comments(make, lines, at, start):
    assert first_line(make, lines, at, len(lines), Origin.DEFINITION) == start


def test_a_hit_keeps_its_lines(make):
    assert first_line(make, ["x = 1", "@cache", "def f():", "    pass"], 3, 4) == 3

"""Definitions of small languages: Lua, Bash and Zig."""

import pytest

from .conftest import assert_definitions, symbols

LUA = """
--- Keeps the lines of an order.
-- @module cart
local Cart = {}
Cart.__index = Cart
local util = require("util")
local M = { limit = 3, nested = { run = function() end } }

M.version = "1.0"

--- Adds one.
---@param item string
function Cart.add(item, count, ...)
  local function inner() end
  local x = 1
  return item
end

function Cart:push(item)
  self.items = item
end

M.open = function(path) end
M["close"] = function() end
Cart.deep.name = function() end

local function hidden() end
function top() end
GLOBAL = 3
local a, b = 1, function() end
local handler = function(x) return x end
M.setup = util.wrap(function(opts) local y = 1 end)

function _private() end

return M
"""

BASH = """
#!/usr/bin/env bash
# Deploys the shop.
set -euo pipefail

readonly LIMIT=3
export PATH_TO="x"
VERSION="1.0"
declare -a ITEMS=(a b)
declare -r ONE=1 TWO=2
alias ll='ls -l'

# Adds one.
#
# More.
add_item() {
  local count="$1"
  inner() { echo; }
  x=1
}

function undo { echo; }
function both() (
  cd /
)
_hidden() { :; }
ns::name() { :; }
my-func() if true; then echo; fi
if true; then
  late() { :; }
  IN_IF=2
fi
case "$1" in
  a) other() { :; } ;;
esac
"""

ZIG = """
//! The module.
const std = @import("std");
const Allocator = std.mem.Allocator;

/// How many.
pub const limit: usize = 3;
var counter: u32 = 0;
threadlocal var tl: u8 = 1;

/// Keeps the lines of an order.
///
/// More.
pub const Cart = struct {
    items: []const u8,
    size: usize = 0,
    pub const Mode = enum { on, off, pub fn label(self: Mode) []const u8 { return ""; } };
    const Self = @This();

    /// Adds one.
    pub fn add(self: *Self, comptime T: type, item: T) !void {
        const inner = struct { fn go() void {} };
        var x: u8 = 1;
        const Local = struct { a: u8 };
    }
    fn hidden() void {}
};

pub fn List(comptime T: type) type {
    return struct {
        head: ?*T,
        pub fn push(self: *@This(), x: T) void { const y = x; }
    };
}
pub const Value = union(enum) { int: i64, none };
pub const Error = error{ Full, Empty };
extern "c" fn sin(x: f64) f64;
export fn entry() callconv(.C) void {}
pub inline fn fast() void {}
const Packed = packed struct { a: u1 };
pub const Opaque = opaque {};
test "adds one" { const z = 1; }
test { _ = Cart; }
test limit {}
comptime { const q = 1; }
"""

SYMBOLS = {
    "lua": (
        LUA,
        """
        variable - Cart
        variable - Cart.__index
        variable + M
        function + M.run
        variable + M.version
        function + Cart.add
        function + Cart.push
        function + M.open
        function + M.close
        function + Cart.deep.name
        function - hidden
        function + top
        variable + GLOBAL
        variable - a
        variable - b
        function - handler
        function + M.setup
        function - _private
        """,
    ),
    "bash": (
        BASH,
        """
        variable + LIMIT
        variable + PATH_TO
        variable + VERSION
        variable + ITEMS
        variable + ONE
        variable + TWO
        function + add_item
        function + undo
        function + both
        function - _hidden
        function + ns::name
        function + my-func
        function + late
        function + other
        """,
    ),
    "zig": (
        ZIG,
        """
        variable + limit
        variable - counter
        variable - tl
        type + Cart
        type + Cart.Mode
        function + Cart.Mode.label
        variable - Cart.Self
        function + Cart.add
        type - Cart.add.inner
        type - Cart.add.Local
        function - Cart.hidden
        type + List
        function + List.push
        type + Value
        type + Error
        declaration + sin
        function + entry
        function + fast
        type - Packed
        type + Opaque
        """,
    ),
}


@pytest.mark.parametrize("language", SYMBOLS)
def test_each_language_gives_its_definitions(language: str) -> None:
    assert_definitions(language, *SYMBOLS[language])


@pytest.mark.parametrize(
    ("language", "name", "signature", "doc"),
    [
        ("lua", "Cart.add", "function Cart.add(item, count, ...)", "Adds one."),
        ("lua", "M.open", "M.open = function(path)", ""),
        ("lua", "hidden", "local function hidden()", ""),
        ("lua", "M.setup", "M.setup = util.wrap(function(opts)", ""),
        ("bash", "add_item", "add_item()", "Adds one."),
        ("bash", "undo", "function undo", ""),
        ("bash", "LIMIT", "readonly LIMIT=3", ""),
        ("zig", "Cart", "pub const Cart = struct", "Keeps the lines of an order."),
        ("zig", "Cart.add", "pub fn add(self: *Self, comptime T: type, item: T) !void", "Adds one."),
        ("zig", "limit", "pub const limit: usize = 3", "How many."),
    ],
)
def test_a_symbol_shows_its_head_and_the_first_paragraph_of_its_doc(
    language: str, name: str, signature: str, doc: str
) -> None:
    symbol = symbols(language, SYMBOLS[language][0])[name]
    assert (symbol.signature, symbol.doc) == (signature, doc)


def test_what_a_lua_file_returns_is_exported() -> None:
    source = "local function one() end\nlocal function two() end\nreturn { one = one }\n"
    found = symbols("lua", source)
    assert (found["one"].exported, found["two"].exported) == (True, False)


def test_a_zig_function_that_gives_a_type_holds_its_functions() -> None:
    found = symbols("zig", ZIG)
    assert found["List"].kind == "type"
    assert found["List.push"].exported


def test_lua_and_zig_imports_are_no_definitions() -> None:
    assert symbols("lua", 'local a = require "b"\nlocal c = require("d").e\n') == {}
    source = 'const std = @import("std");\nconst Type = std.builtin.Type;\npub const Other = std.builtin.Other;\n'
    assert set(symbols("zig", source)) == {"Other"}


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        ("lua", "function one()\nend\nfunction two(\nend\nfunction three()\nend\n", {"one", "three"}),
        ("bash", "one() {\n  echo\n}\ntwo() {\n  if ; fi )\n}\nthree() {\n  echo\n}\n", {"one", "three"}),
        ("zig", "fn one() void {}\nfn two() void { ] ; }\nfn three() void {}\n", {"one", "three"}),
    ],
)
def test_broken_source_keeps_what_can_be_read(language: str, source: str, expected: set[str]) -> None:
    assert expected <= set(symbols(language, source))

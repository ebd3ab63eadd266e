"""Definitions of languages of functions: Haskell, Elixir and OCaml."""

import pytest

from pampax.codeintel.parse import parse_file

from .conftest import assert_definitions, symbols

HASKELL = r"""
{-# LANGUAGE GADTs #-}
-- | The module.
module Shop.Cart
  ( Cart (..)
  , add, limit
  , Store(save)
  , module Shop.Base
  ) where

import Data.List (sort)

-- | Keeps the lines of an order.
--
-- More.
data Cart a = Cart
  { items :: [a]  -- ^ what
  , size  :: !Int
  } | Empty
  deriving (Show, Eq)

newtype Id = Id { unId :: Int }
type Handler a = a -> IO ()

data Term a where
  Lit :: Int -> Term Int
  Add :: Term Int -> Term Int -> Term Int

-- | Adds one.
add :: Ord a
    => a            -- ^ item
    -> Cart a
    -> Cart a
add x (Cart xs n) = Cart (x : xs) m
  where
    m = inner n
    inner k = k + 1
add _ Empty = Empty

limit, least :: Int
limit = 3
least = 1

infixl 6 <+>
(<+>) :: Cart a -> Cart a -> Cart a
a <+> _ = a

hidden = \x -> x

class Monad m => Store m where
  type Key m
  -- | Saves it.
  save :: String -> m ()
  save _ = pure ()
  open :: m Bool

instance Show a => Pretty (Cart a) where
  pretty Empty = ""
  pretty _ = "cart"

deriving instance Ord a => Ord (Cart a)

type family Elem c where
  Elem [a] = a

pattern Pair x y = (x, y)
foreign import ccall "sin" c_sin :: Double -> Double
main :: IO ()
main = do
  let go 0 = 1
  print 1
"""

ELIXIR = r'''
defmodule Shop.Cart do
  @moduledoc """
  Keeps the lines of an order.

  More.
  """
  use GenServer
  alias Shop.{Base, Item}

  @limit 3
  @type t :: %__MODULE__{size: integer}
  @typep key :: atom
  @callback save(String.t()) :: :ok
  @derive {Jason, only: [:size]}
  defstruct [:items, size: 1]

  @doc """
  Adds one.

      iex> add(1)
  """
  @doc since: "1.0"
  @spec add(t, integer) :: t
  def add(cart, item \\ 1)
  def add(%{size: n} = cart, item) when is_integer(item) do
    f = fn x -> x end
    n
  end
  def add(cart, _), do: cart

  @doc "Short."
  defmacro build(opts) do
    quote do
      def generated(x), do: x
    end
  end

  defp hidden, do: 1
  defguard is_big(x) when x > 3
  defdelegate size(cart), to: Base
  defmacrop mine(x), do: x

  defmodule Line do
    def total(), do: 1
  end

  defimpl String.Chars do
    def to_string(_), do: ""
  end
  defexception [:message]
end

defprotocol Shop.Pretty do
  @doc "Prints it."
  def pretty(value)
end

defimpl Shop.Pretty, for: Shop.Cart do
  def pretty(_), do: ""
end
'''

OCAML = """
open Base

(** Keeps the lines of an order.

    More. *)
module Cart = struct
  type 'a t = { items : 'a list; mutable size : int }
  and key = string

  exception Full of int

  let limit = 3

  (** Adds one. *)
  let rec add ?(count = 1) ~item cart =
    let inner x = x + 1 in
    let module L = struct let y = 1 end in
    inner count
  and size t = t.size

  let ( + ) a b = a
  let (first, second) = (1, 2)
  let _ = ()
  let () = print_endline "x"
end

module type Store = sig
  type t
  val save : string -> t -> unit
  (** Saves it. *)
  val open_ : t
end

module Make (S : Store) : Store with type t = S.t = struct
  let save = S.save
end

module Alias = Cart.Inner
class point x = object (self)
  val mutable n = x
  method get = n
  method private hidden a = a
end
external sin : float -> float = "c_sin"
type shape = Circle of float | Square
let handler = fun x -> x
let f = function A -> 1 | B -> 2
let%expect_test "x" = ()
include Cart
module rec A : sig val a : int end = struct let a = 1 end
and B : sig end = struct end
"""

SYMBOLS = {
    "haskell": (
        HASKELL,
        """
        type + Cart
        variable + Cart.items
        variable + Cart.size
        type - Id
        variable - Id.unId
        type - Handler
        type - Term
        function + add
        variable + limit
        variable - least
        function - <+>
        function - hidden
        type + Store
        function + Store.save
        declaration + Store.open
        function + Cart.pretty
        type - Elem
        function - Pair
        function - c_sin
        variable - main
        """,
    ),
    "elixir": (
        ELIXIR,
        """
        type + Shop.Cart
        variable - Shop.Cart.limit
        type + Shop.Cart.t
        type - Shop.Cart.key
        declaration + Shop.Cart.save
        function + Shop.Cart.add
        function + Shop.Cart.build
        function - Shop.Cart.hidden
        function + Shop.Cart.is_big
        function + Shop.Cart.size
        function - Shop.Cart.mine
        type + Shop.Cart.Line
        function + Shop.Cart.Line.total
        function + Shop.Cart.String.Chars.to_string
        type + Shop.Pretty
        declaration + Shop.Pretty.pretty
        function + Shop.Cart.pretty
        """,
    ),
    "ocaml": (
        OCAML,
        """
        type + Cart
        type + Cart.t
        type + Cart.key
        type + Cart.Full
        variable + Cart.limit
        function + Cart.add
        type - Cart.add.L
        function + Cart.size
        function + Cart.+
        type + Store
        type + Store.t
        declaration + Store.save
        declaration + Store.open_
        type + Make
        variable + Make.save
        type + Alias
        type + point
        variable + point.n
        function + point.get
        function - point.hidden
        declaration + sin
        type + shape
        function + handler
        function + f
        type + A
        declaration + A.a
        variable + A.a
        type + B
        """,
    ),
}


@pytest.mark.parametrize("language", SYMBOLS)
def test_each_language_gives_its_definitions(language: str) -> None:
    assert_definitions(language, *SYMBOLS[language])


@pytest.mark.parametrize(
    ("language", "name", "signature", "doc"),
    [
        ("haskell", "Cart", "data Cart a = Cart", "Keeps the lines of an order."),
        ("haskell", "add", "add :: Ord a => a -> Cart a -> Cart a", "Adds one."),
        ("haskell", "Store.save", "save :: String -> m ()", "Saves it."),
        ("haskell", "Store", "class Monad m => Store m", ""),
        ("elixir", "Shop.Cart", "defmodule Shop.Cart", "Keeps the lines of an order."),
        ("elixir", "Shop.Cart.add", "def add(cart, item \\\\ 1)", "Adds one."),
        ("elixir", "Shop.Cart.build", "defmacro build(opts)", "Short."),
        ("elixir", "Shop.Cart.hidden", "defp hidden", ""),
        ("elixir", "Shop.Pretty.pretty", "def pretty(value)", "Prints it."),
        ("ocaml", "Cart", "module Cart", "Keeps the lines of an order."),
        ("ocaml", "Cart.add", "let rec add ?(count = 1) ~item cart", "Adds one."),
        ("ocaml", "Cart.t", "type 'a t", ""),
        ("ocaml", "Make", "module Make (S : Store) : Store with type t = S.t", ""),
    ],
)
def test_a_symbol_shows_its_head_and_the_first_paragraph_of_its_doc(
    language: str, name: str, signature: str, doc: str
) -> None:
    symbol = symbols(language, SYMBOLS[language][0])[name]
    assert (symbol.signature, symbol.doc) == (signature, doc)


def test_the_clauses_of_a_function_are_one_symbol() -> None:
    add = symbols("haskell", HASKELL)["add"]
    assert (add.start_line, add.end_line) == (30, 38)
    add = symbols("elixir", ELIXIR)["Shop.Cart.add"]
    assert (add.start_line, add.end_line) == (25, 30)


def test_a_type_above_other_functions_is_the_head_of_its_function() -> None:
    source = "one, two :: Int -> Int\none x = x\ntwo x = x\n"
    found = parse_file("haskell", source.encode()).symbols
    assert [(each.name, each.kind, each.signature, each.start_line) for each in found] == [
        ("one", "function", "one, two :: Int -> Int", 2),
        ("two", "function", "one, two :: Int -> Int", 3),
    ]


def test_a_haskell_value_of_a_function_type_is_a_function() -> None:
    found = symbols("haskell", "run :: Int -> Int\nrun = succ . succ\n\nlimit :: Int\nlimit = 3\n")
    assert (found["run"].kind, found["limit"].kind) == ("function", "variable")


@pytest.mark.parametrize(
    ("header", "exported"),
    [
        ("", {"one", "two"}),
        ("module A where", {"one", "two"}),
        ("module A (one) where", {"one"}),
        ("module A\n  ( -- * Parts (of it)\n    two\n  ) where", {"two"}),
        ("module A (module A) where", {"one", "two"}),
        ("module A (module A.B, one) where", {"one"}),
    ],
)
def test_a_haskell_module_exports_what_it_lists(header: str, exported: set[str]) -> None:
    found = symbols("haskell", f"{header}\n\none x = x\n\ntwo x = x\n")
    assert {name for name, symbol in found.items() if symbol.exported} == exported


def test_literate_haskell_is_read_by_patterns() -> None:
    assert not parse_file("haskell", b"Some text.\n\n> one x = x\n\nMore.\n").syntax
    assert not parse_file("haskell", b"\\begin{code}\none x = x\n\\end{code}\n").syntax
    assert parse_file("haskell", b"-- | Text\n-- > one 1\nimport A\none x = x\n").syntax


def test_an_ocaml_interface_declares() -> None:
    source = """
type 'a key = { a : int }

(** Adds one. *)
val add : t -> int -> t

module Inner : sig
  val deep : int
end

module Make (X : S) : S
val ( + ) : int -> int -> int
"""
    found = symbols("ocaml", source)
    assert [(each.kind, each.qualified_name, each.doc) for each in found.values()] == [
        ("type", "key", ""),
        ("declaration", "add", "Adds one."),
        ("type", "Inner", ""),
        ("declaration", "Inner.deep", ""),
        ("type", "Make", ""),
        ("declaration", "+", ""),
    ]


def test_an_ocaml_comment_below_documents_what_nothing_above_does() -> None:
    source = """
type t
(** A cart. *)

(** Adds one. *)
val add : t -> t
(* Not this. *)

val size : t -> int
(** How many
    it holds. *)

val last : t
(* Next to another. *)
val first : t
"""
    assert [(each.name, each.doc) for each in symbols("ocaml", source).values()] == [
        ("t", "A cart."),
        ("add", "Adds one."),
        ("size", "How many it holds."),
        ("last", ""),
        ("first", "Next to another."),
    ]


def test_an_elixir_implementation_belongs_to_the_type_it_is_for() -> None:
    source = """
defimpl Size, for: Cart do
  def size(_), do: 1
end
defmodule Line do
  defimpl Size do
    def size(_), do: 1
  end
end
"""
    assert set(symbols("elixir", source)) == {"Cart.size", "Line", "Line.Size.size"}


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        ("haskell", "one x = x\n\ntwo = (((\n\nthree :: Int -> Int\nthree x = x\n", {"one"}),
        ("elixir", "defmodule A do\n  def f(x do\n  def g(x) do\n    x\n  end\nend\n", {"A.g"}),
        ("ocaml", "let one x = x\n\nlet two x = ]\n\nlet three x = x\n", {"one", "two"}),
    ],
)
def test_broken_source_keeps_what_can_be_read(language: str, source: str, expected: set[str]) -> None:
    assert expected <= set(symbols(language, source))

"""Definitions of languages of classes: C#, Kotlin, Scala, Swift, PHP and Ruby."""

import pytest

from .conftest import assert_definitions, symbols

CSHARP = """
using System;

namespace Shop.Orders;

/// <summary>
/// Keeps the lines of an order.
/// </summary>
/// <remarks>Not for two threads.</remarks>
[Serializable]
[DebuggerDisplay(
    "{Name}")]
public sealed class Cart<T> : Base, IEnumerable<T> where T : class
{
    private const int Limit = 3, Least = 1;
    public static readonly Cart<T> Empty = new();
    public event EventHandler Changed;
    public event EventHandler Added { add { } remove { } }

    public Cart(int size) : base(size) { }

    ~Cart() { }

    /// <summary>Adds one.</summary>
    [Obsolete] public async Task<int> AddAsync(T item, int count = 1)
    {
        int Local(int x) => x;
        return Local(count);
    }

    public int Count { get; private set; }
    internal string Name => "cart";
    public T this[int index] { get { var local = 1; return items[index]; } }
    public static Cart<T> operator +(Cart<T> left, T right) => left;
    public static explicit operator int(Cart<T> cart) => 1;
    protected abstract void Later();
    void Unmarked() { }
    int IList.IndexOf(object value) => 0;

    private enum Mode { On, Off }
}

public interface IStore { Task Save(string key); int Size { get; } }
public record Point(int X, int Y);
public readonly record struct Range(int From, int To) { public int Length => To - From; }
public struct Money { public decimal Amount; }
public delegate void Handler(object sender);
static class Extensions { public static bool IsBlank(this string text) => text.Length == 0; }
"""

KOTLIN = """
package shop.orders

import kotlin.math.max

const val LIMIT = 3
val (first, second) = pair()
private var counter: Int = 0
val String.blank: Boolean get() = isEmpty()

/**
 * Keeps the lines of an order.
 *
 * @param T what
 */
@Serializable
@Named("cart")
data class Cart<T : Any>(val items: List<T>, private var size: Int = 1) : Base(), Countable {
    lateinit var name: String
    val total: Int by lazy { 1 }
    var count = 0
        get() { val local = 1; return field }
        private set

    init { val x = 1; fun inInit() {} }

    constructor(size: Int) : this(listOf(), size)

    /** Adds one. */
    @Throws(IOException::class)
    suspend fun <R> add(item: T, count: Int = 1): R where R : Any {
        fun inner() {}
        class Local
        return items.map { it -> val y = it; y }
    }

    override operator fun plus(other: Cart<T>) = other
    internal abstract fun later()

    companion object {
        const val MAX = 10
        @JvmStatic fun make(): Cart<Any> = TODO()
    }

    inner class Inner
    enum class Mode {
        ON,
        OFF { override fun shown() = false };

        open fun shown() = true
    }
}

class Other {
    companion object Named {
        fun other() {}
    }
}

sealed interface Store {
    fun save(key: String): Boolean
    val open: Boolean
}

object Registry {
    fun find() = 1
}

annotation class Entity(val table: String)
fun interface Action {
    fun run()
}

typealias Handler<T> = (T) -> Unit
private inline fun <reified T> List<T>.second(): T = this[1]
fun String?.orEmpty2(): String = ""
infix fun Int.shl2(x: Int): Int = this
fun `odd name`() {}
val handler = object : Runnable {
    override fun run() {}
}
"""

SCALA = """
package shop.orders

import cats.effect._

/** Keeps the lines of an order.
  *
  * @param size how many
  */
@deprecated("no", "1.0")
final case class Cart[A](items: List[A], private val size: Int = 1) extends Base with Countable {
  val total: Int = { val inner = 1; inner }
  var count = 0
  lazy val slow: Int = 1
  val (first, second) = (1, 2)
  type Key = String
  type Abstract

  /** Adds one. */
  @inline def add[B >: A](item: B)(implicit ev: Ordering[B]): Cart[B] = {
    def inner(x: Int) = x
    case class Local(x: Int)
    copy(items = item :: items)
  }
  protected[orders] def hidden(): Unit = ()
  private def secret = 1
  def this(a: Int) = this(Nil, a)
  def +(other: Cart[A]): Cart[A] = other
  def later: Int
}

object Cart {
  val Limit = 3
  def apply(): Cart[Int] = new Cart(Nil) { override def add() = 1 }
  implicit class Ops(val self: String) extends AnyVal { def blank: Boolean = self.isEmpty }
  implicit val ordering: Ordering[Int] = new Ordering[Int] { def compare(a: Int, b: Int) = 0 }
  given intOrd: Ordering[Int] with { def compare(a: Int, b: Int) = 0 }
}

sealed trait Store[F[_]] { def save(key: String): F[Unit] }
package object util { def help = 1 }
"""

SWIFT = """
import Foundation

let limit = 3
private var counter: Int = 0, other = 1

/// Keeps the lines of an order.
///
/// - Parameter size: how many
@available(iOS 13, *)
@MainActor
public final class Cart<T: Codable>: Base, Countable where T: Hashable {
    public static let shared = Cart()
    @Published private(set) var items: [T] = []
    var total: Int { let inner = 1; return inner }
    lazy var slow: Int = { let x = 1; return x }()
    weak var delegate: Delegate? { didSet { let y = 1 } }

    public init(size: Int) { }
    convenience init?() { nil }
    deinit { }

    /// Adds one.
    @discardableResult
    public func add(_ item: T, count: Int = 1) async throws -> Int {
        func inner() {}
        struct Local {}
        let f = { (x: Int) in x }
        return count
    }
    subscript(index: Int) -> T { get { items[index] } }
    static func + (left: Cart, right: Cart) -> Cart { left }
    fileprivate func hidden() {}
    class func make() -> Cart { Cart() }
    enum Mode: String { case on, off; var label: String { "" } }
    typealias Key = String
}

public struct Money { let amount: Decimal }
protocol Store: AnyObject {
    associatedtype Key
    var open: Bool { get }
    func save(key: Key) throws
    init(size: Int)
}
extension Cart: Equatable where T: Equatable { func reopened() {} }
extension Foo.Bar { static let x = 1 }
actor Worker { func run() {} }
indirect enum Tree { case leaf(Int); indirect case node(Tree) }
precedencegroup Power { associativity: right }
infix operator **: Power
func top() {}
macro stringify(_ x: Int) -> String = #externalMacro(module: "A", type: "B")
#if os(iOS)
func onPhone() {}
#endif
"""

PHP = r"""
<?php

declare(strict_types=1);

namespace Shop\Orders;

use Shop\Base;

const LIMIT = 10;
define('OTHER', 3);

/**
 * Keeps the lines of an order.
 *
 * @template T
 */
#[Entity(
    table: 'carts'
)]
final class Cart extends Base implements \Countable
{
    use Logs;

    public const VERSION = '1', NEXT = '2';
    private array $items = [];
    public static ?Cart $last, $first = null;

    public function __construct(private readonly int $size, string $name = '') {}

    /**
     * Adds one.
     */
    #[Pure]
    public static function add(string $item, int ...$counts): ?int
    {
        function inner() {}
        $f = function () { return 1; };
        return new class extends Cart { public function nested() {} };
    }

    abstract protected function later(): void;
    private function &hidden() {}
}

interface Store { const A = 1; public function save(string $key): bool; }
trait Logs { public function log() {} }
enum Mode: string { case On = 'on'; case Off = 'off'; public function label(): string { return ''; } }
abstract class Empty_ {}

// Says hello.
function hello(string $who): string { return $who; }

namespace Shop\Other;

function second() {}
"""

RUBY = """
# frozen_string_literal: true

module Shop
  LIMIT = 3

  # Keeps the lines of an order.
  #
  # More.
  class Cart < Base
    include Enumerable
    attr_reader :items, :size
    attr_accessor :name

    def initialize(size) = @size = size

    # Adds one.
    def add(item, count: 1, **rest, &block)
      def inner; end
      helper = ->(x) { x }
      items << item
    end

    def [](index) = items[index]
    def empty?; end
    def name=(value)
    end

    def self.open(path)
    end

    class << self
      def build; end
      private

      def secret; end
    end

    Error = Class.new(StandardError)
    Line = Struct.new(:name, :price) do
      def total; end
    end

    private

    def hidden; end

    public

    def shown; end
    private def once; end
    def later; end
    private :later
    alias_method :push, :add
    alias plus add
    define_method(:made) { |x| x }
  end

  class Cart::Inner < Struct.new(:a); end
  module Deep::Nest
    def self.run; end
  end
end

class Shop::Cart
  def reopened; end
end

def top; end
describe "Cart" do
  def helper; end
  it "adds" do
    let = 1
  end
end

module Shop
  module Deep
    class Leaf; end
  end
end
"""

SYMBOLS = {
    "csharp": (
        CSHARP,
        """
        type + Shop.Orders.Cart
        variable - Shop.Orders.Cart.Limit
        variable - Shop.Orders.Cart.Least
        variable + Shop.Orders.Cart.Empty
        variable + Shop.Orders.Cart.Changed
        variable + Shop.Orders.Cart.Added
        function + Shop.Orders.Cart.Cart
        function + Shop.Orders.Cart.AddAsync
        variable + Shop.Orders.Cart.Count
        variable + Shop.Orders.Cart.Name
        variable + Shop.Orders.Cart.this
        function + Shop.Orders.Cart.operator+
        declaration - Shop.Orders.Cart.Later
        function - Shop.Orders.Cart.Unmarked
        function - Shop.Orders.Cart.IndexOf
        type - Shop.Orders.Cart.Mode
        type + Shop.Orders.IStore
        declaration + Shop.Orders.IStore.Save
        declaration + Shop.Orders.IStore.Size
        type + Shop.Orders.Point
        type + Shop.Orders.Range
        variable + Shop.Orders.Range.Length
        type + Shop.Orders.Money
        variable + Shop.Orders.Money.Amount
        type + Shop.Orders.Handler
        type + Shop.Orders.Extensions
        function + Shop.Orders.Extensions.IsBlank
        """,
    ),
    "kotlin": (
        KOTLIN,
        """
        variable + LIMIT
        variable + first
        variable + second
        variable - counter
        variable + String.blank
        type + Cart
        variable + Cart.items
        variable - Cart.size
        variable + Cart.name
        variable + Cart.total
        variable + Cart.count
        function + Cart.constructor
        function + Cart.add
        type - Cart.add.Local
        function + Cart.plus
        declaration + Cart.later
        variable + Cart.MAX
        function + Cart.make
        type + Cart.Inner
        type + Cart.Mode
        function + Cart.Mode.shown
        function + Cart.Mode.shown
        type + Other
        type + Other.Named
        function + Other.Named.other
        type + Store
        declaration + Store.save
        variable + Store.open
        type + Registry
        function + Registry.find
        type + Entity
        variable + Entity.table
        type + Action
        declaration + Action.run
        type + Handler
        function - List.second
        function + String.orEmpty2
        function + Int.shl2
        function + odd name
        variable + handler
        function + handler.run
        """,
    ),
    "scala": (
        SCALA,
        """
        type + Cart
        variable + Cart.items
        variable - Cart.size
        variable + Cart.total
        variable + Cart.count
        variable + Cart.slow
        variable + Cart.first
        variable + Cart.second
        type + Cart.Key
        type + Cart.Abstract
        function + Cart.add
        type - Cart.add.Local
        function - Cart.hidden
        function - Cart.secret
        function + Cart.this
        function + Cart.+
        declaration + Cart.later
        type + Cart
        variable + Cart.Limit
        function + Cart.apply
        type + Cart.Ops
        variable + Cart.Ops.self
        function + Cart.Ops.blank
        variable + Cart.ordering
        function + Cart.ordering.compare
        variable + Cart.intOrd
        function + Cart.intOrd.compare
        type + Store
        declaration + Store.save
        type + util
        function + util.help
        """,
    ),
    "swift": (
        SWIFT,
        """
        variable + limit
        variable - counter
        variable - other
        type + Cart
        variable + Cart.shared
        variable - Cart.items
        variable + Cart.total
        variable + Cart.slow
        variable + Cart.delegate
        function + Cart.init
        function + Cart.init
        function + Cart.deinit
        function + Cart.add
        type - Cart.add.Local
        function + Cart.subscript
        function + Cart.+
        function - Cart.hidden
        function + Cart.make
        type + Cart.Mode
        variable + Cart.Mode.label
        type + Cart.Key
        type + Money
        variable + Money.amount
        type + Store
        type + Store.Key
        declaration + Store.open
        declaration + Store.save
        declaration + Store.init
        function + Cart.reopened
        variable + Foo.Bar.x
        type + Worker
        function + Worker.run
        type + Tree
        function + top
        function + stringify
        function + onPhone
        """,
    ),
    "php": (
        PHP,
        """
        variable + Shop.Orders.LIMIT
        variable + Shop.Orders.OTHER
        type + Shop.Orders.Cart
        variable + Shop.Orders.Cart.VERSION
        variable + Shop.Orders.Cart.NEXT
        variable - Shop.Orders.Cart.items
        variable + Shop.Orders.Cart.last
        variable + Shop.Orders.Cart.first
        function + Shop.Orders.Cart.__construct
        function + Shop.Orders.Cart.add
        declaration - Shop.Orders.Cart.later
        function - Shop.Orders.Cart.hidden
        type + Shop.Orders.Store
        variable + Shop.Orders.Store.A
        declaration + Shop.Orders.Store.save
        type + Shop.Orders.Logs
        function + Shop.Orders.Logs.log
        type + Shop.Orders.Mode
        function + Shop.Orders.Mode.label
        type + Shop.Orders.Empty_
        function + Shop.Orders.hello
        function + Shop.Other.second
        """,
    ),
    "ruby": (
        RUBY,
        """
        type + Shop
        variable + Shop.LIMIT
        type + Shop.Cart
        variable + Shop.Cart.items
        variable + Shop.Cart.size
        variable + Shop.Cart.name
        function + Shop.Cart.initialize
        function + Shop.Cart.add
        function + Shop.Cart.[]
        function + Shop.Cart.empty?
        function + Shop.Cart.name=
        function + Shop.Cart.open
        function + Shop.Cart.build
        function - Shop.Cart.secret
        type + Shop.Cart.Error
        type + Shop.Cart.Line
        function - Shop.Cart.hidden
        function + Shop.Cart.shown
        function - Shop.Cart.once
        function - Shop.Cart.later
        function + Shop.Cart.push
        function + Shop.Cart.plus
        function + Shop.Cart.made
        type + Shop.Cart.Inner
        type + Shop.Deep.Nest
        function + Shop.Deep.Nest.run
        type + Shop.Cart
        function + Shop.Cart.reopened
        function + top
        function + helper
        type + Shop.Deep.Leaf
        """,
    ),
}


@pytest.mark.parametrize("language", SYMBOLS)
def test_each_language_gives_its_definitions(language: str) -> None:
    assert_definitions(language, *SYMBOLS[language])


@pytest.mark.parametrize(
    ("language", "name", "signature", "doc"),
    [
        (
            "csharp",
            "Shop.Orders.Cart",
            "public sealed class Cart<T> : Base, IEnumerable<T> where T : class",
            "Keeps the lines of an order.",
        ),
        (
            "csharp",
            "Shop.Orders.Cart.AddAsync",
            "[Obsolete] public async Task<int> AddAsync(T item, int count = 1)",
            "Adds one.",
        ),
        ("csharp", "Shop.Orders.Cart.Count", "public int Count", ""),
        ("csharp", "Shop.Orders.Cart.this", "public T this[int index]", ""),
        (
            "kotlin",
            "Cart",
            "data class Cart<T : Any>(val items: List<T>, private var size: Int = 1) : Base(), Countable",
            "Keeps the lines of an order.",
        ),
        ("kotlin", "Cart.add", "suspend fun <R> add(item: T, count: Int = 1): R where R : Any", "Adds one."),
        ("kotlin", "Cart.plus", "override operator fun plus(other: Cart<T>)", ""),
        (
            "scala",
            "Cart.add",
            "@inline def add[B >: A](item: B)(implicit ev: Ordering[B]): Cart[B]",
            "Adds one.",
        ),
        ("scala", "Cart.hidden", "protected[orders] def hidden(): Unit", ""),
        (
            "swift",
            "Cart",
            "public final class Cart<T: Codable>: Base, Countable where T: Hashable",
            "Keeps the lines of an order.",
        ),
        ("swift", "Cart.add", "public func add(_ item: T, count: Int = 1) async throws -> Int", "Adds one."),
        ("swift", "Cart.total", "var total: Int", ""),
        (
            "php",
            "Shop.Orders.Cart",
            r"final class Cart extends Base implements \Countable",
            "Keeps the lines of an order.",
        ),
        ("php", "Shop.Orders.Cart.add", "public static function add(string $item, int ...$counts): ?int", "Adds one."),
        ("ruby", "Shop.Cart.add", "def add(item, count: 1, **rest, &block)", "Adds one."),
        ("ruby", "Shop.Cart.empty?", "def empty?", ""),
        ("ruby", "Shop.Cart.once", "private def once", ""),
    ],
)
def test_a_symbol_shows_its_head_and_the_first_paragraph_of_its_doc(
    language: str, name: str, signature: str, doc: str
) -> None:
    symbol = symbols(language, SYMBOLS[language][0])[name]
    assert (symbol.signature, symbol.doc) == (signature, doc)


def test_lines_begin_after_attributes_of_several_lines() -> None:
    assert symbols("csharp", CSHARP)["Shop.Orders.Cart"].start_line == 13
    assert symbols("php", PHP)["Shop.Orders.Cart"].start_line == 21
    assert symbols("swift", SWIFT)["Cart"].start_line == 12


def test_a_comment_inside_a_head_is_no_part_of_it() -> None:
    source = """
class A
  # Not of the head.
  def run(a, # the first
          b)
    # Says why.
    a + b
  end
end
"""
    assert symbols("ruby", source)["A.run"].signature == "def run(a, b)"


def test_csharp_documentation_is_read_without_its_tags() -> None:
    source = """
/// <summary>Turns a <see cref="T:Shop.Cart"/> into
/// <c>text</c>, see <paramref name="format"/>.</summary>
/// <param name="format">How.</param>
public class Writer { }
"""
    assert symbols("csharp", source)["Writer"].doc == "Turns a Shop.Cart into text, see format."


def test_a_namespace_without_braces_holds_what_follows_up_to_the_next() -> None:
    source = "<?php\nnamespace A;\nfunction one() {}\nclass B {}\nnamespace C\\D;\nfunction two() {}\n"
    assert set(symbols("php", source)) == {"A.one", "A.B", "C.D.two"}


def test_a_namespace_with_braces_and_code_at_the_top_of_a_csharp_file() -> None:
    source = """
#if NET
namespace A.B
{
    namespace C { class D { } }
    public class E { int F() { return 1; } }
}
#endif
var app = Create();
int Top(int x) { return x; }
"""
    assert set(symbols("csharp", source)) == {"A.B.C.D", "A.B.E", "A.B.E.F", "Top"}


def test_scala_without_braces() -> None:
    source = """
package shop

enum Color(val rgb: Int):
  case Red extends Color(1)
  def hex: String = "x"

trait Show[A]:
  def show: String

given Show[Int] with
  def show = "1"

given listShow: Show[List[Int]] = ???

extension (s: String)
  def shout: String = s

opaque type Id = Long
@main def run(args: String*): Unit =
  val local = 1
  println(local)
"""
    assert list(symbols("scala", source)) == [
        "Color", "Color.rgb", "Color.hex", "Show", "Show.show", "listShow", "String.shout", "Id", "run",
    ]  # fmt: skip


def test_an_extension_belongs_to_what_it_extends() -> None:
    kotlin = "fun <T> Map<String, List<T>>.first(): T = TODO()\nval shop.Cart?.empty: Boolean get() = true\n"
    assert set(symbols("kotlin", kotlin)) == {"Map.first", "shop.Cart.empty"}
    swift = "extension Shop.Cart where T == Int {\n  func sum() -> Int { 1 }\n}\n"
    assert set(symbols("swift", swift)) == {"Shop.Cart.sum"}


def test_a_ruby_module_that_only_holds_others_qualifies_them() -> None:
    nested = "module Shop\n  module Web\n    class Cart\n    end\n  end\nend\n"
    assert set(symbols("ruby", nested)) == {"Shop.Web.Cart"}
    assert set(symbols("ruby", "module Shop\n  def self.run; end\nend\n")) == {"Shop", "Shop.run"}


def test_ruby_visibility_follows_the_words_above_a_method() -> None:
    source = """
class Cart
  protected
  def a; end
  class Line
    def b; end
  end
  public
  def c; end
  private
  def self.d; end
  def e; end
end
class Other
  def f; end
end
"""
    found = symbols("ruby", source)
    assert [each.name for each in found.values() if not each.exported] == ["a", "e"]


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        (
            "csharp",
            "namespace A {\n public class B {\n  int F( { ] = ;\n  public int G() { return 1; }\n }\n}\nclass C { }\n",
            {"G", "C"},
        ),
        (
            "kotlin",
            "class A {\n  fun f(x: Int) {\n    when (x) {\n      is B if x > 1 -> {}\n    }\n  }\n  fun g() {}\n}\n",
            {"A", "A.f", "A.g"},
        ),
        ("scala", "object A {\n  def f( = {\n  def g = 1\n}\nclass B\n", {"A", "B"}),
        ("swift", "struct A {\n  func f( { ] }\n  func g() {}\n}\nfunc h() {}\n", {"A", "h"}),
        ("php", "<?php\nclass A {\n function f( { ] }\n function g() {}\n}\nfunction h() {}\n", {"h"}),
        ("ruby", "class A\n  def f(\n  end\n  def g\n  end\nend\ndef h\nend\n", {"A", "h"}),
    ],
)
def test_broken_source_keeps_what_can_be_read(language: str, source: str, expected: set[str]) -> None:
    found = symbols(language, source)
    assert expected <= set(found) | {each.name for each in found.values()}

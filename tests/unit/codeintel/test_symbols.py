"""What the definitions of each language become: kind, exported or not, qualified name."""

import pytest

from pampax.codeintel.model import MAX_DOC_CHARS, MAX_SIGNATURE_CHARS
from pampax.codeintel.parse import parse_file

from .conftest import assert_definitions, symbols

PYTHON = '''
LIMIT = 10

@dataclass
class Session(Base):
    """Keeps a connection.

    More about it.
    """

    timeout: float = 1.0

    @retry(times=3)
    async def request(
        self, url: str, *, body: bytes = b"",
    ) -> Response:
        """Send one request."""
        def inner(): ...
        class Local: ...
        return inner

    def _close(self): ...

# Opens it.
def connect(): ...
'''

JAVASCRIPT = """
const fs = require("fs");
/** Adds. */
export function add(a, b) { function hidden() {} return a + b; }
export const double = (x) => { const inner = () => 1; return x * 2; };
class Queue extends Base {
  #items = [];
  push(item) {}
  static from = (items) => new Queue(items);
}
const table = { onClick() {}, onDrag: function () {} };
Queue.prototype.size = function () {};
exports.helper = function () {};
const later = 1;
module.exports = { later };
"""

TYPESCRIPT = """
export interface Store<T> { get(key: string): T; }
export type Key = string | number;
export abstract class Base<T> implements Store<T> {
  private cache = new Map<string, T>();
  constructor(protected size: number) {}
  abstract get(key: string): T;
  private evict(): void {}
}
enum Mode { A, B }
namespace Util { export function clamp(n: number): number { return n; } }
declare function ambient(a: string): void;
export const make = async <T>(a: T): Promise<T> => a;
"""

TSX = """
type Props = { title: string };
export const Card = forwardRef<HTMLDivElement, Props>((props, ref) => { return <div ref={ref}>{props.title}</div>; });
export default function Page({ title }: Props) { return <Card title={title} />; }
"""

JAVA = """
package x;
/** Counts things. */
@Service
public final class Counter<T> extends Base {
    private static final int MAX = 3, MIN = 1;
    public Counter(int start) {}
    /** Adds one. */
    @Override
    public synchronized int increment(int by) throws Exception { class Local {} return by; }
    int inPackage() { return 0; }
    enum Mode { ON, OFF }
}
interface Shape { double area(); default int sides() { return 0; } }
record Point(int x, int y) {}
"""

GO = """
package x

// Limit bounds it.
const Limit = 3

var (
	first = 1
	second, third int
)

// Server answers.
type Server[T any] struct{ addr string }

type Handler interface {
	Serve(w Writer) error
}

// Listen waits for calls.
func (s *Server[T]) Listen(addr string) error {
	type local struct{}
	return nil
}

func helper() func() { return func() {} }
"""

RUST = """
/// A glob.
#[derive(Debug)]
pub struct Glob<'a> { text: &'a str }
pub enum Kind { A, B }
pub trait Matcher { const N: usize; fn find(&self) -> bool; fn never(&self) -> bool { false } }
impl<'a> Glob<'a> {
    /// Makes one.
    pub fn new(text: &'a str) -> Self { fn inner() {} Glob { text } }
    fn hidden(&self) {}
}
impl<'a> fmt::Display for Glob<'a> { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { Ok(()) } }
mod inner { pub(crate) static LIMIT: u8 = 1; }
macro_rules! check { () => {}; }
type Alias = u8;
"""

C = """
#ifndef X_H
#define X_H
#define LIMIT 10
#define MAX(a, b) ((a) > (b) ? (a) : (b))
/* A point. */
struct point { int x; int y; };
typedef struct { int a; } pair_t;
typedef int (*callback_t)(void *);
enum mode { ON, OFF };
extern int shared;
static const char *names[] = { "a" };
int open_it(const char *path, int flags);
/* Closes it. */
static char **close_it(struct point *p) { int local = 1; return 0; }
#endif
"""

CPP = """
namespace net::http {
template <typename T>
class Client : public Base {
 public:
  explicit Client(int n) : n_(n) {}
  ~Client();
  virtual const T& get(const std::string& url) const = 0;
  bool operator==(const Client& other) const { return true; }
  explicit operator bool() const { return true; }
  struct Options { int retries = 0; };
};
using Url = std::string;
}
template <class T> void net::http::Client<T>::close(T t) { auto f = [] {}; }
TEST(ClientTest, Closes) { int x; }
constexpr int kMax = 3;
"""

DART = """
/// A cart.
@immutable
abstract class Cart<T> extends Base with Mixed {
  static const int limit = 1;
  final String? _name;
  Cart(this._name);
  Cart.empty() : _name = null;
  factory Cart.make() => throw 1;
  /// Adds.
  @override
  Future<void> add(T item) async { void inner() {} }
  int get size => 1;
  void later();
}
mixin Mixed on Base { void mix() {} }
extension Words on String { bool get blank => isEmpty; }
enum Color { red, green }
typedef Callback = void Function(int);
void main(List<String> args) {}
const kTop = 1;
"""

SYMBOLS = {
    "python": (
        PYTHON,
        """
        variable + LIMIT
        type + Session
        variable + Session.timeout
        function + Session.request
        type - Session.request.Local
        function - Session._close
        function + connect
        """,
    ),
    "javascript": (
        JAVASCRIPT,
        """
        function + add
        function + double
        type - Queue
        variable - Queue.#items
        function - Queue.push
        function - Queue.from
        variable - table
        function - table.onClick
        function - table.onDrag
        function - Queue.size
        function + helper
        variable + later
        """,
    ),
    "typescript": (
        TYPESCRIPT,
        """
        type + Store
        declaration + Store.get
        type + Key
        type + Base
        variable - Base.cache
        function + Base.constructor
        declaration + Base.get
        function - Base.evict
        type - Mode
        function + Util.clamp
        declaration + ambient
        function + make
        """,
    ),
    "tsx": (
        TSX,
        """
        type - Props
        function + Card
        function + Page
        """,
    ),
    "java": (
        JAVA,
        """
        type + Counter
        variable - Counter.MAX
        variable - Counter.MIN
        function + Counter.Counter
        function + Counter.increment
        type - Counter.increment.Local
        function - Counter.inPackage
        type - Counter.Mode
        type - Shape
        declaration - Shape.area
        function - Shape.sides
        type - Point
        """,
    ),
    "go": (
        GO,
        """
        variable + Limit
        variable - first
        variable - second
        variable - third
        type + Server
        type + Handler
        declaration + Handler.Serve
        function + Server.Listen
        type - Server.Listen.local
        function - helper
        """,
    ),
    "rust": (
        RUST,
        """
        type + Glob
        type + Kind
        type + Matcher
        variable + Matcher.N
        declaration + Matcher.find
        function + Matcher.never
        function + Glob.new
        function - Glob.hidden
        function + Glob.fmt
        variable + inner.LIMIT
        function + check
        type - Alias
        """,
    ),
    "c": (
        C,
        """
        variable + LIMIT
        function + MAX
        type + point
        type + pair_t
        type + callback_t
        type + mode
        variable + shared
        variable - names
        declaration + open_it
        function - close_it
        """,
    ),
    "cpp": (
        CPP,
        """
        type + net.http.Client
        function + net.http.Client.Client
        declaration + net.http.Client.~Client
        declaration + net.http.Client.get
        function + net.http.Client.operator==
        function + net.http.Client.operator bool
        type + net.http.Client.Options
        type + net.http.Url
        function + net.http.Client.close
        function + ClientTest.Closes
        variable + kMax
        """,
    ),
    "dart": (
        DART,
        """
        type + Cart
        variable + Cart.limit
        variable - Cart._name
        function + Cart.Cart
        function + Cart.empty
        function + Cart.make
        function + Cart.add
        function + Cart.size
        declaration + Cart.later
        type + Mixed
        function + Mixed.mix
        type + Words
        function + Words.blank
        type + Color
        type + Callback
        function + main
        variable + kTop
        """,
    ),
}


@pytest.mark.parametrize("language", SYMBOLS)
def test_each_language_gives_its_definitions(language: str) -> None:
    assert_definitions(language, *SYMBOLS[language])


@pytest.mark.parametrize(
    ("language", "name", "signature", "doc"),
    [
        ("python", "Session", "class Session(Base)", "Keeps a connection."),
        (
            "python",
            "Session.request",
            'async def request(self, url: str, *, body: bytes = b"") -> Response',
            "Send one request.",
        ),
        ("python", "connect", "def connect()", "Opens it."),
        ("javascript", "double", "export const double = (x) =>", ""),
        ("javascript", "add", "export function add(a, b)", "Adds."),
        ("typescript", "make", "export const make = async <T>(a: T): Promise<T> =>", ""),
        ("tsx", "Card", "export const Card = forwardRef<HTMLDivElement, Props>((props, ref) =>", ""),
        ("java", "Counter", "public final class Counter<T> extends Base", "Counts things."),
        ("java", "Counter.increment", "public synchronized int increment(int by) throws Exception", "Adds one."),
        ("go", "Server.Listen", "func (s *Server[T]) Listen(addr string) error", "Listen waits for calls."),
        ("rust", "Glob.new", "pub fn new(text: &'a str) -> Self", "Makes one."),
        ("c", "close_it", "static char **close_it(struct point *p)", "Closes it."),
        ("c", "point", "struct point", "A point."),
        ("cpp", "net.http.Client", "template <typename T> class Client : public Base", ""),
        ("dart", "Cart.add", "Future<void> add(T item)", "Adds."),
    ],
)
def test_a_symbol_shows_its_head_and_the_first_paragraph_of_its_doc(
    language: str, name: str, signature: str, doc: str
) -> None:
    symbol = symbols(language, SYMBOLS[language][0])[name]
    assert (symbol.signature, symbol.doc) == (signature, doc)


def test_lines_are_those_of_the_definition_without_what_leads_it() -> None:
    request = symbols("python", PYTHON)["Session.request"]
    assert (request.start_line, request.end_line) == (14, 20)


def test_long_heads_and_docs_are_cut() -> None:
    source = f'def f({", ".join(f"a{n}" for n in range(500))}):\n    """{"word " * 500}"""\n'
    symbol = symbols("python", source)["f"]
    assert len(symbol.signature) <= MAX_SIGNATURE_CHARS
    assert len(symbol.doc) <= MAX_DOC_CHARS


def test_macros_do_not_hide_c_functions() -> None:
    source = """
EXPORT_BEGIN(x
API int API_CALL deflate OF((stream_t strm, int flush));
int
  broken( {
struct KEEP state {
  int a;
};
static int run_it(int a)
{
  return a;
}
"""
    found = symbols("c", source)
    assert found["deflate"].kind == "declaration"
    assert (found["run_it"].kind, found["run_it"].exported) == ("function", False)


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        ("ruby", "# Doc.\nclass A < B\n  def self.find(id)\n  end\nend\n", {"A", "A.find"}),
        (
            "csharp",
            "namespace N\n{\n  public class A\n  {\n    public int F(int x)\n    {\n    }\n  }\n}\n",
            {"N", "N.A", "N.A.F"},
        ),
        ("kotlin", "data class U(val id: Int) {\n  private suspend fun load() {\n  }\n}\n", {"U", "U.load"}),
        ("kotlin", "fun <T> List<T>.two(): T\nfun String?.one(): Int\nfun interface Run {\n}\n", {"two", "one", "Run"}),
        ("elixir", "defmodule My.App do\n  def run(a) do\n    a\n  end\nend\n", {"My.App", "My.App.run"}),
        ("bash", "deploy() {\n  echo\n}\nfunction undo {\n  echo\n}\n", {"deploy", "undo"}),
        ("sql", "CREATE TABLE IF NOT EXISTS users (\n  id int\n);\n", {"users"}),
        ("lua", "local function a()\nend\nfunction M:walk()\nend\n", {"a", "M.walk"}),
        ("markdown", "class A\n\ndef f():\n", set()),
        ("text", "function of time\n", set()),
    ],
)
def test_patterns_read_what_no_grammar_can(language: str, source: str, expected: set[str]) -> None:
    parsed = parse_file(language, source.encode(), use_syntax=False)
    assert {symbol.qualified_name for symbol in parsed.symbols} == expected
    assert not parsed.syntax

"""What a text says as a tree, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from archgen import resources
from archgen.diagnostics import Fault
from archgen.syntax import tree as t
from archgen.syntax.parse import parse, parse_expression
from archgen.text import NOWHERE, Source

_EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.arch"))
_SHIPPED = sorted(resources.root("specs").rglob("*.arch"))


def _tree(text: str) -> t.File:
    parsed = parse(Source("test.arch", text))
    assert parsed.diagnostics == ()
    return parsed.tree


def _statements(text: str) -> tuple[t.Statement, ...]:
    (block,) = _tree(f"block b {{ {text} }}").items
    assert isinstance(block, t.Block)
    return block.body.statements


def _statement(text: str) -> t.Statement:
    (statement,) = _statements(text)
    return statement


def _name(text: str) -> t.Name:
    return t.Name(tuple(text.split(".")))


def _call(name: str, *values: t.Expr) -> t.Call:
    return t.Call(_name(name), tuple(t.Argument(None, value) for value in values))


def _chain(*links: t.Link) -> t.Chain:
    return t.Chain(links)


def _nodes(node: object) -> Iterator[t.Node]:
    if isinstance(node, tuple):
        for part in node:
            yield from _nodes(part)
    elif is_dataclass(node) and isinstance(node, t.Node):
        yield node
        for field in fields(node):
            yield from _nodes(getattr(node, field.name))


@pytest.mark.parametrize("path", [*_EXAMPLES, *_SHIPPED], ids=lambda path: path.stem)
def test_examples_parse(path: Path) -> None:
    source = Source(path.name, path.read_text(encoding="utf-8"))
    parsed = parse(source)
    assert parsed.diagnostics == ()
    for node in _nodes(parsed.tree):
        assert node.span is not NOWHERE, node
        assert isinstance(node, t.File) or node.span.text == node.span.text.strip(), node


def test_there_are_examples() -> None:
    assert len(_EXAMPLES) >= 6


# --- expressions -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("64", 64),
        ("1_000", 1000),
        ("0.5", 0.5),
        ("1e-5", 1e-5),
        ("1E3", 1000.0),
        ("25M", 25_000_000),
        ("4.1G", 4_100_000_000),
        ("1.5K", 1500),
        ("2e3K", 2_000_000),
        ("0.0001K", None),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("1e999", None),
        ("1e-999", None),
        ("0e-999", 0.0),
        ("0e999999999999K", 0),
    ],
)
def test_numbers(text: str, value: float | None) -> None:
    if value is None:
        with pytest.raises(Fault) as raised:
            parse_expression(text)
        assert raised.value.diagnostic.code == "A007"
    else:
        number = parse_expression(text)
        assert isinstance(number, t.Number)
        assert number.value == value
        assert type(number.value) is type(value)


_A, _B, _C = t.Name(("a",)), t.Name(("b",)), t.Name(("c",))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b * c", t.Binary("+", _A, t.Binary("*", _B, _C))),
        ("a - b - c", t.Binary("-", t.Binary("-", _A, _B), _C)),
        ("a ** b ** c", t.Binary("**", _A, t.Binary("**", _B, _C))),
        ("-a ** b", t.Unary("-", t.Binary("**", _A, _B))),
        ("a ** -b", t.Binary("**", _A, t.Unary("-", _B))),
        ("not a == b", t.Unary("not", t.Compare(_A, (("==", _B),)))),
        ("a < b <= c", t.Compare(_A, (("<", _B), ("<=", _C)))),
        ("a or b and c", t.Logic("or", (_A, t.Logic("and", (_B, _C))))),
        ("a or b or c", t.Logic("or", (_A, _B, _C))),
        ("a if b else c", t.Choose(_A, _B, _C)),
        ("a if b else b if c else a", t.Choose(_A, _B, t.Choose(_B, _C, _A))),
        ("a[b][:c]", t.Slice(t.Index(_A, _B), None, _C)),
        ("from a[b]", t.Value(t.Index(_A, _B))),
        ("from a + b", t.Binary("+", t.Value(_A), _B)),
        ('from "a{b}"', t.Value(t.Template(("a", _B)))),
        ("a(b, c=c,)", t.Apply(_A, (t.Argument(None, _B), t.Argument("c", _C)))),
        ("a(init=b)", t.Apply(_A, (t.Argument("init", _B),))),
        ("[a for b, c in a if b]", t.Comprehension(_A, ("b", "c"), _A, _B)),
        ("[a, b,]", t.ListOf((_A, _B))),
        ("[]", t.ListOf(())),
        ("input.channels", t.Name(("input", "channels"))),
        ("output == [1]", t.Compare(t.Name(("output",)), (("==", t.ListOf((t.Number(1),))),))),
        ("[none, auto, true]", t.ListOf((t.Nothing(), t.Auto(), t.Boolean(True)))),
        ('"a"', t.String("a")),
        (r'"\n"', t.String(r"\n")),
        ('""', t.String("")),
        ('"""say "a" """', t.String('say "a" ')),
        ('"{{a}}"', t.String("{a}")),
        ('"p{a}{b}"', t.Template(("p", _A, _B))),
        ('"{{{a}}}"', t.Template(("{", _A, "}"))),
        ("(a\n+\nb)", t.Binary("+", _A, _B)),
        ("block + arch", t.Binary("+", t.Name(("block",)), t.Name(("arch",)))),
    ],
)
def test_expressions(text: str, tree: t.Expr) -> None:
    assert parse_expression(text) == tree


def test_an_expression_is_all_of_the_text() -> None:
    with pytest.raises(Fault) as raised:
        parse_expression("64 128")
    assert raised.value.diagnostic.span.text == "128"


def test_an_empty_expression() -> None:
    with pytest.raises(Fault):
        parse_expression("")


def test_an_expression_in_a_string_knows_its_place() -> None:
    text = 'block b { "p{i + 1}" = relu }'
    (named,) = _statements('"p{i + 1}" = relu')
    assert isinstance(named, t.Named)
    name = named.places[0].name
    assert isinstance(name, t.Template)
    _, expr = name.parts
    assert isinstance(expr, t.Binary)
    assert (expr.span.start, expr.span.text) == (text.index("i + 1"), "i + 1")


# --- statements --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("relu", _chain(_call("relu"))),
        ("relu()", _chain(_call("relu"))),
        ("m.unit(a)", _chain(_call("m.unit", _A))),
        ("input(a)", _chain(t.Input((t.Argument(None, _A),)))),
        ("init(a, b)", t.Init((t.Argument(None, _A), t.Argument(None, _B)))),
        ("a -> b", _chain(_call("a"), _call("b"))),
        ("a\n-> # why\n b", _chain(_call("a"), _call("b"))),
        ("a # why\n\n# more ->\n -> b", _chain(_call("a"), _call("b"))),
        ("from input -> a", _chain(t.From(t.Name(("input",))), _call("a"))),
        ("from a.b", _chain(t.From(t.Name(("a", "b"))))),
        ("reuse a[b]", _chain(t.Reuse(t.Index(_A, _B)))),
        ("{ a }", _chain(t.Group(t.Body((_chain(_call("a")),))))),
        ("seq { }", _chain(t.Seq(t.Body(())))),
        (
            "concat(axis=a) { }",
            _chain(t.Merge("concat", (t.Argument("axis", _A),), t.Body(()))),
        ),
        ("x = a", t.Named((t.Place("x"),), _chain(_call("a")))),
        ("a, b = a", t.Named((t.Place("a"), t.Place("b")), _chain(_call("a")))),
        ("x[a][b] = a", t.Named((t.Place("x", (_A, _B)),), _chain(_call("a")))),
        ('"x" = a', t.Named((t.Place(t.Template(("x",))),), _chain(_call("a")))),
        ('"if" = a', t.Named((t.Place(t.Template(("if",))),), _chain(_call("a")))),
        ("block = a", t.Named((t.Place("block"),), _chain(_call("a")))),
        ("aux x = a", t.Aux(t.Named((t.Place("x"),), _chain(_call("a"))))),
        ("let a, b = c", t.Let(("a", "b"), _C)),
        ("output a, b[c]", t.Output((_A, t.Index(_B, _C)))),
        ("expect a == b", t.Expect(t.Compare(_A, (("==", _B),)))),
        ("for a, b in c { }", t.For(("a", "b"), _C, t.Body(()))),
        ("if a { }", t.If((t.Arm(_A, t.Body(())),), None)),
        (
            "if a { }\n elif b { }\n\n # why\n else { }",
            t.If((t.Arm(_A, t.Body(())), t.Arm(_B, t.Body(()))), t.Body(())),
        ),
        ('"Doc."', t.Doc("Doc.")),
        ('"""\n  Doc.\n\n  More.  \n"""', t.Doc("Doc.\n\nMore.")),
    ],
)
def test_statements(text: str, tree: t.Statement) -> None:
    assert _statement(text) == tree


def test_lines_and_semicolons_separate() -> None:
    assert len(_statements(";; a; b\n\n ; c; ;\n")) == 3


# --- top level ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("use residual", t.Use("residual", False, None)),
        ('use "a/b.arch" as m', t.Use("a/b.arch", True, "m")),
        ("use block as as", t.Use("block", False, "as")),
        ("let a = b", t.Let(("a",), _B)),
        ("block b { }", t.Block("b", (), t.Body(()))),
        ("block b() { }", t.Block("b", (), t.Body(()))),
        (
            "arch a(b, c=b,) { }",
            t.Arch("a", (t.Parameter("b", None), t.Parameter("c", _B)), t.Body(())),
        ),
        ("block b = a -> c", t.Synonym("b", (), _chain(_call("a"), _call("c")))),
        ("arch a = b(c)", t.Alias("a", (), _call("b", _C), None)),
        ('arch a = b { "Doc." }', t.Alias("a", (), _call("b"), t.Body((t.Doc("Doc."),)))),
    ],
)
def test_definitions(text: str, tree: t.Item) -> None:
    assert _tree(text).items == (tree,)


# --- places and comments -----------------------------------------------------------------


def test_places() -> None:
    (block,) = _tree("block cna(out, k = 3)  {\n  a -> (b\n)\n}\n".replace("(b\n)", "b")).items
    assert isinstance(block, t.Block)
    assert block.span.text == "block cna(out, k = 3)  {\n  a -> b\n}"
    assert block.name_span.text == "cna"
    assert block.parameters[1].span.text == "k = 3"
    assert block.body.span.text == "{\n  a -> b\n}"
    assert block.body.statements[0].span.text == "a -> b"
    assert (block.body.span.line, block.body.span.column) == (1, 24)


def test_a_place_in_parentheses_holds_them() -> None:
    expr = parse_expression("(a + b) * c")
    assert isinstance(expr, t.Binary)
    assert expr.span.text == "(a + b) * c"
    assert expr.left.span.text == "a + b"


def test_the_keyword_of_a_merge_has_a_place() -> None:
    statement = _statement("concat(axis=1) { a }")
    assert isinstance(statement, t.Chain)
    (merge,) = statement.links
    assert isinstance(merge, t.Merge)
    assert merge.keyword.text == "concat"


def test_comments() -> None:
    text = '# one\nblock b { a  # two "x"\n  "#3" = c }\n#four'
    parsed = parse(Source("test.arch", text))
    assert [(one.text, one.alone, one.span.line) for one in parsed.comments] == [
        ("# one", True, 1),
        ('# two "x"', False, 2),
        ("#four", True, 4),
    ]


def test_windows_line_ends() -> None:
    assert _tree("block b {\r\n  a\r\n  -> c\r\n}\r\n") == _tree("block b {\n  a\n  -> c\n}\n")

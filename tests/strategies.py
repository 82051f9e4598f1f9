"""Hypothesis writes syntax trees, of every class and any shape that the grammar can spell.

Trees, not text: random text hardly ever parses. Meaning is not looked at, so names are unknown
and sums add strings; strategies of meaningful specs are built elsewhere from these.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from hypothesis.vendor.pretty import RepresentationPrinter

from archgen.merges import MERGES
from archgen.syntax import tree as t
from archgen.syntax.format import format, format_expression
from archgen.syntax.literals import read_documentation
from archgen.syntax.words import RESERVED, TOP_LEVEL
from archgen.text import HIDDEN

_LETTERS = "abcxyz_ABZ"

_spelled = (
    st.from_regex(rf"[{_LETTERS}][{_LETTERS}0-9]{{0,5}}", fullmatch=True)
    | st.sampled_from(sorted(TOP_LEVEL))
).filter(lambda word: word not in RESERVED and word not in ("True", "False", "None"))


@st.composite
def _word(draw: st.DrawFn) -> str:
    """A name. Hypothesis tells it in few words, where it would write out how it is made."""
    return draw(_spelled)


words = _word()

_visible = st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"])
plain_text = st.text(_visible, max_size=12).filter(
    lambda text: '"' not in text and not HIDDEN.search(text)
)
quoting_text = plain_text | st.builds('{0}"{1}\n{1}'.format, plain_text, plain_text)
documentation_text = st.lists(quoting_text, max_size=3).map("\n".join).map(read_documentation)


def _tuples(items: SearchStrategy[object], least: int = 0, most: int = 3) -> SearchStrategy:
    return st.lists(items, min_size=least, max_size=most).map(tuple)


names = st.builds(t.Name, _tuples(words, 1, 3))
unpacked = _tuples(
    st.recursive(words, lambda inner: _tuples(inner, 1, 3), max_leaves=3),
    1,
    2,
)
numbers = st.builds(
    t.Number,
    st.integers(0, 2**63 - 1) | st.floats(0, allow_nan=False, allow_infinity=False),
)
_leaves = st.one_of(
    numbers,
    st.builds(t.String, plain_text | quoting_text),
    names,
    st.builds(t.Name, st.just(("input",)) | words.map(lambda word: ("input", word))),
    st.just(t.Name(("output",))),
    st.builds(t.Boolean, st.booleans()),
    st.just(t.Nothing()),
    st.just(t.Auto()),
)
# Within quotes neither quotes nor braces can stand.
_within_quotes = st.recursive(
    st.one_of(numbers, names),
    lambda inner: st.builds(t.Binary, st.sampled_from(["+", "-", "**"]), inner, inner),
    max_leaves=3,
)


def _merged(parts: list[str | t.Expr]) -> tuple[str | t.Expr, ...]:
    """Join texts side by side, as the parser does."""
    merged: list[str | t.Expr] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    return tuple(merged)


templates = (
    st.lists(plain_text | _within_quotes, min_size=1, max_size=3)
    .map(_merged)
    .filter(bool)
    .map(t.Template)
)
_interpolated = templates.filter(lambda it: any(not isinstance(part, str) for part in it.parts))


def _places(expressions: SearchStrategy[t.Expr]) -> SearchStrategy[t.Expr]:
    return st.recursive(
        names | templates | st.just(t.Name(("input",))),
        lambda inner: st.one_of(
            st.builds(t.Index, inner, expressions),
            st.builds(t.Slice, inner, st.none() | expressions, st.none() | expressions),
            st.builds(t.Member, st.builds(t.Index, inner, expressions), words),
        ),
        max_leaves=2,
    )


def _arguments(expressions: SearchStrategy[t.Expr]) -> SearchStrategy[tuple[t.Argument, ...]]:
    keywords = st.none() | words | st.just("init")
    return _tuples(st.builds(t.Argument, keywords, expressions))


def _larger(inner: SearchStrategy[t.Expr]) -> SearchStrategy[t.Expr]:
    operators = st.sampled_from(["+", "-", "*", "/", "//", "%", "**"])
    comparisons = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        st.builds(t.Apply, names, _arguments(inner)),
        st.builds(t.ListOf, _tuples(inner)),
        st.builds(t.Comprehension, inner, unpacked, inner, st.none() | inner),
        st.builds(t.Index, inner, inner),
        st.builds(t.Slice, inner, st.none() | inner, st.none() | inner),
        st.builds(t.Unary, st.sampled_from(["-", "not"]), inner),
        st.builds(t.Binary, operators, inner, inner),
        st.builds(t.Compare, inner, _tuples(st.tuples(comparisons, inner), 1, 2)),
        st.builds(t.Logic, st.sampled_from(["and", "or"]), _tuples(inner, 2, 3)),
        st.builds(t.Choose, inner, inner, inner),
        st.builds(t.Value, _places(inner)),
    )


expressions: SearchStrategy[t.Expr] = st.recursive(_leaves | _interpolated, _larger, max_leaves=8)
places = _places(expressions)

_applied = st.builds(t.Call, names, _arguments(expressions))
_item_applied = st.builds(
    t.Call,
    st.builds(t.Name, _tuples(words, 1, 1)),
    _arguments(expressions),
    _tuples(expressions, 1, 2),
)
calls = st.one_of(
    _applied,
    _item_applied,
    *(st.builds(kind, _arguments(expressions)) for kind in (t.Stage, t.Input, t.Param)),
)
_targets = st.builds(t.Place, words | templates, _tuples(expressions, 0, 2))
_documentation = st.builds(t.Doc, documentation_text)


def _links(bodies: SearchStrategy[t.Body]) -> SearchStrategy[t.Link]:
    return st.one_of(
        calls,
        st.builds(t.Merge, st.sampled_from(list(MERGES)), _arguments(expressions), bodies),
        st.builds(t.Seq, bodies),
        st.builds(t.Group, bodies),
        st.builds(t.From, places),
        st.builds(t.Reuse, places, _arguments(expressions)),
    )


def _chains(bodies: SearchStrategy[t.Body]) -> SearchStrategy[t.Chain]:
    return st.builds(t.Chain, _tuples(_links(bodies), 1, 3))


def _statements(bodies: SearchStrategy[t.Body]) -> SearchStrategy[t.Statement]:
    named = st.builds(t.Named, _tuples(_targets, 1, 2), _chains(bodies))
    arms = _tuples(st.builds(t.Arm, expressions, bodies), 1, 2)
    return st.one_of(
        _chains(bodies),
        named,
        st.builds(t.If, arms, st.none() | bodies),
        st.builds(t.For, unpacked, expressions, bodies),
        st.builds(t.Aux, named),
        _simple_statements,
    )


lets = st.builds(t.Let, unpacked, expressions)
_claims = st.builds(t.Claim, st.sampled_from(["accepts", "only", "always"]), expressions)
_simple_statements = st.one_of(
    st.builds(t.Sizes, _tuples(words, 1, 3), _tuples(_claims, 0, 2)),
    lets,
    st.builds(t.Output, _tuples(places, 1, 2)),
    st.builds(t.Expect, expressions),
    st.builds(t.Scalar, expressions),
    st.builds(t.Init, _arguments(expressions)),
    st.builds(t.Chain, _tuples(calls, 1, 2)),
)


def _body(documentation: t.Doc | None, statements: tuple[t.Statement, ...]) -> t.Body:
    return t.Body(statements if documentation is None else (documentation, *statements))


_documented = st.none() | _documentation
bodies: SearchStrategy[t.Body] = st.recursive(
    st.builds(_body, _documented, _tuples(_simple_statements, 0, 2)),
    lambda inner: st.builds(_body, _documented, _tuples(_statements(inner))),
    max_leaves=4,
)
statements = _statements(bodies)

_parameters = _tuples(st.builds(t.Parameter, words, st.none() | expressions))
_promises = st.builds(_body, _documented, _tuples(st.builds(t.Expect, expressions), 0, 2))
_facts = st.one_of(
    st.builds(t.Fact, st.just("output"), st.just(""), _tuples(expressions, 1, 3)),
    st.builds(t.Fact, words, st.just(""), _tuples(expressions, 1, 1)),
    st.builds(
        t.Fact,
        st.just("param") | words,
        (words | plain_text).filter(bool),
        _tuples(expressions, 1, 1),
    ),
)


def _declared(documentation: t.Doc | None, facts: tuple[t.Fact, ...]) -> t.Facts:
    return t.Facts(facts if documentation is None else (documentation, *facts))


_declarations = st.builds(_declared, _documented, _tuples(_facts, 0, 3))
_classes = st.builds(t.String, plain_text)
items: SearchStrategy[t.Item] = st.one_of(
    st.builds(t.Use, words, st.just(False), st.none() | words),
    st.builds(t.Use, plain_text, st.just(True), st.none() | words),
    lets,
    st.builds(t.Block, words, _parameters, bodies),
    st.builds(t.Synonym, words, _parameters, _chains(bodies)),
    st.builds(t.Arch, words, _parameters, bodies),
    st.builds(t.Alias, words, _parameters, _applied, st.none() | _promises),
    st.builds(t.Extern, words, _parameters, _classes, _arguments(expressions), _declarations),
)
files = st.builds(t.File, _tuples(items, 1, 3))


class Written:
    """A tree that Hypothesis shows as its text.

    Left alone, it retraces how a tree was made, in time that is exponential in its depth.
    """

    def __init__(self, tree: t.File | t.Expr) -> None:
        self.tree = tree
        self.text = format(tree) if isinstance(tree, t.File) else format_expression(tree)

    def _repr_pretty_(self, printer: RepresentationPrinter, cycle: bool) -> None:
        printer.text(self.text)


written_files = files.map(Written)
written_expressions = expressions.map(Written)

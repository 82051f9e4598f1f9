"""The numbers of a formula as expressions over `torch.arange`: all positions at once.

They are computed as Python computes them, integers in 64 bits and floats in double, and floats are
rounded to the type of the model once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archgen.backends.pytorch.plan.algebra import names_in
from archgen.backends.pytorch.text.expressions import written
from archgen.backends.pytorch.text.layout import Call, Layout
from archgen.formula import ROUNDING, Formula, joined, kind_in
from archgen.shapes import Kind
from archgen.syntax import tree

COMPARED, SUM, PRODUCT, SIGN, ATOM = range(5)
_STRENGTHS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT}
_TYPES: dict[Kind, str] = {"float": "torch.float64", "index": "torch.int64", "bool": "torch.bool"}
LONGEST = 60  # columns of an expression; parts of a longer one become locals
Text = tuple[str, int]  # and how strongly it binds
Local = Callable[[str, str], str]  # a local for a text, called after a name


def tensor_of(formula: Formula, local: Local) -> Layout:
    """The tensor of a formula. `local` writes what it is computed from."""
    loops: list[tree.Comprehension] = []
    inner = formula.expr
    while isinstance(inner, tree.Comprehension):
        loops.append(inner)
        inner = inner.element
    if not loops:
        return Call("torch.tensor", (_listed(formula.expr),))
    names = {
        loop.names[0]: local(loop.names[0], _positions(loop, len(loops) - 1 - at))
        for at, loop in enumerate(loops)
    }
    return _Positions(names, formula, local).whole(inner)


def _listed(expr: tree.Expr) -> Layout:
    """Numbers that are written out."""
    if isinstance(expr, tree.ListOf):
        return Call("", tuple(map(_listed, expr.items)), "[]")
    return written(expr)


def _positions(loop: tree.Comprehension, behind: int) -> str:
    """What a loop goes over, along its axis."""
    assert isinstance(loop.iterable, tree.Apply)
    bounds = ", ".join(written(argument.value) for argument in loop.iterable.arguments)
    shape = f".view(-1{', 1' * behind})" if behind else ""
    return f"torch.arange({bounds}){shape}"


class _Positions:
    """Writes expressions over loops, which have the names of `names`."""

    def __init__(self, names: dict[str, str], formula: Formula, local: Local) -> None:
        self.names = names
        self.formula = formula
        self.local = local

    def whole(self, expr: tree.Expr) -> Layout:
        """The tensor: each number at its position, in its type."""
        kind, sizes = self.formula.kind, self.formula.sizes
        if _is_choice_of_floats(expr):
            assert isinstance(expr, tree.Choose)
            sides = written(expr.value), written(expr.otherwise)
            return self._spread_choice(expr, *sides)
        if isinstance(expr, tree.ListOf):
            items = [self.spread(item, sizes[:-1], full=False) for item in expr.items]
            text = self.fit(items, lambda parts: f"torch.stack([{', '.join(parts)}], dim=-1)")
        else:
            text = self.spread(expr, sizes, full=True)
        if kind != "float":
            return text
        return self.fit([text], lambda parts: f"{parts[0]}.to(torch.get_default_dtype())")

    def _spread_choice(self, expr: tree.Choose, one: str, other: str) -> Layout:
        """One of two constants, which are rounded as they are written."""
        test = self.truth(expr.condition)
        text = self.fit([test], lambda parts: f"torch.where({parts[0]}, {one}, {other})")
        return self._expanded(text, expr, self.formula.sizes, full=True)

    def spread(self, expr: tree.Expr, sizes: Sequence[int], *, full: bool) -> str:
        """An expression along all axes, those too that it does not read."""
        kind = self.formula.kind
        if not names_in(expr):
            return f"torch.full({tuple(sizes)}, {written(expr)}, dtype={_TYPES[kind]})"
        text = self.of_kind(expr, kind, COMPARED)
        ends = kind == "float" or not full or len(set(names_in(expr))) < len(self.names)
        if ends and self.text_binds(expr, kind) < ATOM:
            text = f"({text})" if len(text) < LONGEST else self.local("t", text)
        return self._expanded(text, expr, sizes, full=full)

    def _expanded(self, text: str, expr: tree.Expr, sizes: Sequence[int], *, full: bool) -> str:
        if len(set(names_in(expr))) == len(self.names):
            return text
        end = ".contiguous()" if full else ""
        wide = ", ".join(map(str, sizes))
        return self.fit([text], lambda parts: f"{parts[0]}.expand({wide}){end}")

    # --- numbers ------------------------------------------------------------------------------

    def fit(self, parts: Sequence[str], compose: Callable[[list[str]], str]) -> str:
        """What `compose` makes of its parts, the longer ones as locals while it is too long."""
        now = list(parts)
        text = compose(now)
        while len(text) > LONGEST and max(map(len, now)) > len("t00"):
            at = max(range(len(now)), key=lambda place: len(now[place]))
            now[at] = self.local("t", _bare(now[at]))
            text = compose(now)
        return text

    def of_kind(self, expr: tree.Expr, kind: Kind, least: int) -> str:
        """An expression as a number of this kind, in brackets if it binds weaker."""
        text, strength = self.text(expr)
        if kind == "float" and kind_in(expr) == "index" and names_in(expr):
            return f"{text if strength == ATOM else f'({text})'}.double()"
        return text if strength >= least else f"({text})"

    def text_binds(self, expr: tree.Expr, kind: Kind) -> int:
        doubled = kind == "float" and kind_in(expr) == "index"
        return ATOM if doubled else _strength(expr)

    def atom(self, expr: tree.Expr) -> str:
        return self.of_kind(expr, kind_in(expr), ATOM)

    def tensor(self, expr: tree.Expr, kind: Kind) -> str:
        """The same, which is a tensor for a constant too."""
        if not names_in(expr):
            return f"torch.tensor({written(expr)}, dtype={_TYPES[kind]})"
        return self.of_kind(expr, kind, COMPARED)

    def truth(self, expr: tree.Expr) -> str:
        """A condition at each position."""
        return self.tensor(expr, "bool")

    def text(self, expr: tree.Expr) -> Text:
        """An expression, and how strongly it binds."""
        return self._text(expr), _strength(expr)

    def _text(self, expr: tree.Expr) -> str:
        if not names_in(expr):
            return written(expr)
        match expr:
            case tree.Name((name,)):
                return self.names[name]
            case tree.Unary("not", operand):
                return f"~{self.atom(operand)}"
            case tree.Unary(_, operand):
                return f"-{self.atom(operand)}"
            case tree.Binary():
                return self.operation(expr)
            case tree.Compare(first, rest):
                return self.comparison([first, *(each for _, each in rest)], [op for op, _ in rest])
            case tree.Logic(op, operands):
                sign = " & " if op == "and" else " | "
                parts = [
                    self.atom(each) if names_in(each) else self.truth(each) for each in operands
                ]
                return self.fit(parts, sign.join)
            case tree.Choose():
                return self.choice(expr)
            case tree.Apply(tree.Name((name,)), arguments):
                return self.function(name, [argument.value for argument in arguments])
            case _:
                raise AssertionError(expr)

    def operation(self, expr: tree.Binary) -> str:
        kind, strength = kind_in(expr), _strength(expr)
        power = expr.op == "**"
        left = self.of_kind(expr.left, kind, ATOM if power else strength)
        right = self.of_kind(expr.right, kind, ATOM if power else strength + 1)
        sign = f" {expr.op} "
        if power and _hugs(left) and _hugs(right):
            sign = "**"
        return self.fit([left, right], sign.join)

    def comparison(self, operands: Sequence[tree.Expr], ops: Sequence[str]) -> str:
        kind = joined(tuple(map(kind_in, operands)))
        texts = [self.of_kind(each, kind, SUM) for each in operands]
        if len(ops) == 1:
            return self.fit(texts, f" {ops[0]} ".join)
        pairs = [f"({a} {op} {b})" for a, op, b in zip(texts, ops, texts[1:], strict=False)]
        return self.fit(pairs, " & ".join)

    def choice(self, expr: tree.Choose) -> str:
        kind = joined((kind_in(expr.value), kind_in(expr.otherwise)))
        constant = not names_in(expr.value) and not names_in(expr.otherwise)
        bare = constant and kind != "float"
        one = written(expr.value) if bare else self.tensor(expr.value, kind)
        parts = [self.truth(expr.condition), one, self.of_kind(expr.otherwise, kind, COMPARED)]
        return self.fit(parts, lambda each: f"torch.where({', '.join(each)})")

    def function(self, name: str, arguments: Sequence[tree.Expr]) -> str:
        kind = joined(tuple(map(kind_in, arguments)))
        first = arguments[0]
        if name in {"min", "max"}:
            text = self.tensor(first, kind)
            for other in arguments[1:]:
                parts = [text, self.tensor(other, kind)]
                text = self.fit(parts, lambda each: f"torch.{name}imum({', '.join(each)})")
            return text
        if name in ROUNDING and kind == "index":
            return self.atom(first)
        method = {"int": "trunc"}.get(name, name)
        end = ".long()" if name in ROUNDING else ""
        number = self.of_kind(first, kind if name == "abs" else "float", ATOM)
        return self.fit([number], lambda each: f"{each[0]}.{method}(){end}")


def _bare(text: str) -> str:
    """The text without brackets around it all."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and at < len(text) - 1:
            return text
    return text[1:-1] if text.startswith("(") else text


def _strength(expr: tree.Expr) -> int:
    match expr:
        case tree.Compare() | tree.Logic():
            return COMPARED
        case tree.Unary():
            return SIGN
        case tree.Binary("**"):
            return PRODUCT + 1
        case tree.Binary(op):
            return _STRENGTHS[op]
        case _:
            return ATOM


def _hugs(text: str) -> bool:
    """Whether a power stands close to an operand: a name or a number."""
    return text.replace(".", "").isalnum()


def _is_choice_of_floats(expr: tree.Expr) -> bool:
    if not isinstance(expr, tree.Choose):
        return False
    sides = expr.value, expr.otherwise
    return not any(map(names_in, sides)) and {"float"} == set(map(kind_in, sides))

"""Hypothesis writes expressions over every operator, function and type of the language, in every
place where a parameter of a block can reach, and blocks that are called with several values.

Most are worth something for all calls, some are mistakes (a division by zero), which a check finds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

T = TypeVar("T")

# Kinds of values: "int", "float", "bool", "str", "none", "auto", ["int"]: a list of integers,
# and [("int", "bool")]: one of pairs.
ATOMS = ("int", "float", "bool", "str")
LISTS = ("[int]", "[float]", "[bool]", "[str]", "[[int]]")
PAIRS = ("[int,int]", "[int,bool]", "[str,int]", "[bool,float]")
KINDS = (*ATOMS, *LISTS)

# Names that Python or the generated class may have for something else.
PARAMETERS = ("n", "x", "xs", "flag", "out", "index", "in_channels", "i", "stride", "features")
BOUND = ("a", "i", "k", "x", "n", "math", "tuple", "in_channels", "self", "v", "lambda", "index")


def items_of(kind: str) -> str:
    """The kind of a list's items."""
    return kind[1:-1]


@dataclass
class Expressions:
    """Writes expressions of a kind over names in scope."""

    draw: DrawFn
    names: dict[str, str] = field(default_factory=dict)  # with their kinds
    facts: bool = True  # `channels` and `shape` are known here

    def pick(self, items: Sequence[T]) -> T:
        return self.draw(st.sampled_from(items))

    def few(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    # --- values ---------------------------------------------------------------------------------

    def value(self, kind: str) -> str:
        """A literal."""
        match kind:
            case "int":
                return self.pick(["0", "1", "2", "3", "4", "7", "-1", "-3"])
            case "float":
                return self.pick(["0.0", "1.0", "0.5", "2.5", "-1.5", "0.1", "3.0", "1e-3"])
            case "bool":
                return self.pick(["true", "false"])
            case "str":
                return self.pick(['"a"', '"b"', '"ab"', '""', '"x1"'])
            case "none" | "auto":
                return kind
            case _ if "," in kind:
                pairs = [self.pair(kind) for _ in range(self.few(0, 3))]
                return f"[{', '.join(pairs)}]"
            case _:
                items = [self.value(items_of(kind)) for _ in range(self.few(0, 3))]
                return f"[{', '.join(items)}]"

    def pair(self, kind: str) -> str:
        one, other = kind[1:-1].split(",")
        return f"[{self.value(one)}, {self.value(other)}]"

    # --- expressions ----------------------------------------------------------------------------

    def of(self, kind: str, depth: int | None = None) -> str:
        """An expression of this kind, in brackets where that can matter."""
        if depth is None:
            depth = self.few(0, 3)
        known = [name for name, found in self.names.items() if found == kind]
        if known and (depth <= 0 or self.few(1, 4) == 1):
            return self.pick(known)
        if depth <= 0 or kind in {"none", "auto"}:
            return self.value(kind)
        if self.few(1, 8) == 1:
            return self.choice(kind, depth - 1)
        match kind:
            case "int":
                return self.integer(depth - 1)
            case "float":
                return self.float(depth - 1)
            case "bool":
                return self.boolean(depth - 1)
            case "str":
                return self.string(depth - 1)
            case _:
                return self.list(kind, depth - 1)

    def any(self, depth: int) -> str:
        return self.of(self.pick([*KINDS, "int", "bool"]), depth)

    def choice(self, kind: str, depth: int) -> str:
        return f"({self.of(kind, depth)} if {self.any(depth)} else {self.of(kind, depth)})"

    def number(self, depth: int) -> str:
        return self.of(self.pick(["int", "int", "float"]), depth)

    def divisor(self, depth: int) -> str:
        return self.pick(["2", "3", "-3", "1", f"(abs({self.of('int', depth)}) + 1)"])

    def integer(self, depth: int) -> str:
        return self.pick(
            [
                self.integer_sum,
                self.integer_sum,
                lambda d: f"({self.of('int', d)} {self.pick(['//', '%'])} {self.divisor(d)})",
                lambda d: f"(-{self.of('int', d)})",
                lambda d: f"({self.of('int', d)} ** {self.pick(['0', '1', '2'])})",
                self.item_or_fact,
                *[lambda d, name=name: FUNCTIONS[name](self, d) for name in INTEGERS],
            ]
        )(depth)

    def integer_sum(self, depth: int) -> str:
        return f"({self.of('int', depth)} {self.pick('+-*')} {self.of('int', depth)})"

    def item_or_fact(self, depth: int) -> str:
        if self.facts and self.few(1, 3) == 1:
            return self.pick(["channels", "input.channels", "shape[1]", "len(shape)"])
        return self.item("int", depth)

    def item(self, kind: str, depth: int) -> str:
        """An item of a list that has some."""
        first, rest = self.of(kind, depth), self.of(f"[{kind}]", depth)
        some = self.pick([f"[{first}] + {rest}", f"{rest} + [{first}]"])
        return f"({some})[{self.pick(['0', '-1'])}]"

    def float(self, depth: int) -> str:
        return self.pick(
            [
                lambda d: f"({self.number(d)} / {self.divisor(d)})",
                lambda d: f"({self.of('float', d)} {self.pick('+-*')} {self.number(d)})",
                lambda d: f"({self.number(d)} {self.pick('+-*')} {self.of('float', d)})",
                lambda d: f"({self.of('float', d)} {self.pick(['//', '%'])} {self.divisor(d)})",
                lambda d: f"(2 ** -{self.pick('123')})",
                lambda d: f"(-{self.of('float', d)})",
                lambda d: self.item("float", d),
                *[lambda d, name=name: FUNCTIONS[name](self, d) for name in FLOATS],
            ]
        )(depth)

    def boolean(self, depth: int) -> str:
        return self.pick(
            [
                self.order,
                self.equality,
                self.equality,
                lambda d: f"(not {self.any(d)})",
                lambda d: f"({self.any(d)} {self.pick(['and', 'or'])} {self.any(d)})",
                lambda d: f"({self.any(d)} and {self.any(d)} or {self.any(d)})",
                lambda d: self.item("bool", d),
            ]
        )(depth)

    def order(self, depth: int) -> str:
        """A comparison, which may be chained."""
        one = self.string if self.few(1, 5) == 1 else self.number
        signs = ["<", "<=", ">", ">=", "==", "!="]
        parts = [f"{self.pick(signs)} {one(depth)}" for _ in range(self.few(1, 2))]
        return f"({one(depth)} {' '.join(parts)})"

    def equality(self, depth: int) -> str:
        """Of any two values, most often of one kind."""
        kind = self.pick([*KINDS, *PAIRS, "int", "bool", "[int]"])
        other = self.pick([kind, kind, "int", "bool", "none", "auto", "float", "[bool]", "[int]"])
        return f"({self.of(kind, depth)} {self.pick(['==', '!='])} {self.of(other, depth)})"

    def string(self, depth: int) -> str:
        return self.pick(
            [
                lambda d: f"({self.of('str', d)} + {self.of('str', d)})",
                lambda d: f'({self.of("str", d)} + "a")[0]',
                lambda d: f"{self.of('str', d)}[{self.pick([':1', '1:', '-1:', ':'])}]",
                lambda d: f'"a{{{self.plain()}}}b"',
                lambda d: self.item("str", d),
            ]
        )(depth)

    def plain(self) -> str:
        """What may stand in the braces of a quoted name: no quotes, no braces."""
        known = [name for name, kind in self.names.items() if kind in {"int", "str"}]
        numbers = [name for name, kind in self.names.items() if kind == "int"]
        whole = [f"{each} + 1" for each in numbers] + [f"{each} % 3" for each in numbers]
        return self.pick([*known, *whole, "2", "len([1, 2])"])

    def list(self, kind: str, depth: int) -> str:
        if "," in kind:
            return self.pairs(kind, depth)
        item = items_of(kind)
        ways: list[Callable[[int], str]] = [
            lambda d: f"[{', '.join(self.of(item, d) for _ in range(self.few(1, 3)))}]",
            lambda d: f"({self.of(kind, d)} + {self.of(kind, d)})",
            lambda d: f"({self.of(kind, d)} * {self.pick(['0', '1', '2'])})",
            lambda d: f"{self.of(kind, d)}[{self.bounds(d)}]",
            lambda d: self.comprehension(item, d),
        ]
        if item == "int":
            ways += [lambda d: FUNCTIONS["range"](self, d)] * 3
            ways += [lambda _: "shape"] if self.facts else []
        if item == "[int]":
            ways += [lambda d: f"[range({self.few(0, 3)}), {self.of('[int]', d)}]"]
        return self.pick(ways)(depth)

    def bounds(self, depth: int) -> str:
        ends = ["", "", "1", "-1", "2", self.of("int", depth - 1)]
        return f"{self.pick(ends)}:{self.pick(ends)}"

    def pairs(self, kind: str, depth: int) -> str:
        one, other = kind[1:-1].split(",")
        if one == "int" and self.few(1, 2) == 1:
            return FUNCTIONS["enumerate"](self, depth, other)
        return FUNCTIONS["zip"](self, depth, one, other)

    def comprehension(self, item: str, depth: int) -> str:
        """`[f(a) for a in xs if c]`; over pairs too."""
        over = self.pick([*LISTS, *PAIRS])
        source = self.of(over, depth)
        kinds = over[1:-1].split(",") if "," in over else [items_of(over)]
        bound = self.draw(st.permutations(BOUND))[: len(kinds)]
        inner = Expressions(
            self.draw, {**self.names, **dict(zip(bound, kinds, strict=True))}, self.facts
        )
        condition = f" if {inner.any(depth - 1)}" if self.few(1, 2) == 1 else ""
        return f"[{inner.of(item, depth)} for {', '.join(bound)} in {source}{condition}]"


def _range(e: Expressions, depth: int) -> str:
    stop = f"{e.of('int', depth)} % 5"
    steps = f"{e.few(0, 4)}, {e.few(-2, 4)}, {e.pick(['1', '2', '-1'])}"
    return f"range({e.pick([stop, stop, f'{e.few(-1, 2)}, {stop}', steps])})"


def _extreme(name: str) -> Callable[[Expressions, int], str]:
    def write(e: Expressions, depth: int) -> str:
        several = f"{name}({e.of('int', depth)}, {e.of('int', depth)})"
        return e.pick(
            [several, f"{name}([0] + {e.of('[int]', depth)})", f"{name}({e.of('int', depth)})"]
        )

    return write


def _zip(e: Expressions, depth: int, one: str = "int", other: str = "int") -> str:
    count, name = e.few(0, 3), e.pick(BOUND)
    inner = Expressions(e.draw, {**e.names, name: "int"}, e.facts)
    lists = [f"[{inner.of(kind, depth - 1)} for {name} in range({count})]" for kind in (one, other)]
    known = [each for each, kind in e.names.items() if kind == f"[{one}]"]
    if known and one == other:
        lists = [e.pick(known)] * 2
    return f"zip({', '.join(lists)})"


def _enumerate(e: Expressions, depth: int, other: str = "int") -> str:
    return f"enumerate({e.of(f'[{other}]', depth)}{e.pick(['', '', ', 1'])})"


FUNCTIONS: dict[str, Callable[..., str]] = {
    "range": _range,
    "len": lambda e, d: f"len({e.of(e.pick(['str', *LISTS, *PAIRS]), d)})",
    "sum": lambda e, d: f"sum({e.of('[int]', d)})",
    "min": _extreme("min"),
    "max": _extreme("max"),
    "abs": lambda e, d: f"abs({e.of('int', d)})",
    "round": lambda e, d: f"round({e.number(d)})",
    "floor": lambda e, d: f"floor({e.number(d)})",
    "ceil": lambda e, d: f"ceil({e.number(d)})",
    "int": lambda e, d: f"int({e.number(d)})",
    "zip": _zip,
    "enumerate": _enumerate,
    "log": lambda e, d: f"log(abs({e.number(d)}) + 1)",
    "log2": lambda e, d: f"log2(abs({e.number(d)}) + 1)",
    "sqrt": lambda e, d: f"sqrt(abs({e.number(d)}))",
    "exp": lambda e, d: f"exp(-abs({e.number(d)}))",
    "sin": lambda e, d: f"sin({e.number(d)})",
    "cos": lambda e, d: f"cos({e.number(d)})",
    "divisible": lambda e, d: f"divisible({e.number(d)}{e.pick(['', ', 4', ', by=2'])})",
    "round to digits": lambda e, d: f"round({e.of('float', d)}, {e.pick(['1', '0', '-1'])})",
    "sum of floats": lambda e, d: f"sum({e.of('[float]', d)})",
    "max of floats": lambda e, d: f"max({e.of('float', d)}, {e.number(d)})",
}
INTEGERS = ("len", "sum", "min", "max", "abs", "round", "floor", "ceil", "int", "divisible")
FLOATS = ("log", "log2", "sqrt", "exp", "sin", "cos", "round to digits")


# --- specs ----------------------------------------------------------------------------------------


@dataclass
class Block:
    """A block whose statements read its parameters in every place."""

    e: Expressions
    fresh: int = 0

    def name(self) -> str:
        self.fresh += 1
        return f"v{self.fresh}_"

    def width(self) -> str:
        return f"1 + abs({self.e.of('int')}) % 6"

    def layer(self) -> str:
        """A layer with expressions for arguments."""
        e = self.e
        choice = f"dilation=2 if {e.of('bool')} else 1"
        return e.pick(
            [
                lambda: f"conv({self.width()}, 3, bias=true, {choice})",
                lambda: f"conv({self.width()}, 3, bias={e.of('bool')})",
                lambda: f"conv(4, [{self.odd()}, {self.odd()}], bias=true)",
                lambda: (
                    f"conv(4, {self.odd()}, stride={e.of('int')} % 2 + 1, padding=4, bias=true)"
                ),
                lambda: f"leaky_relu(abs({e.of('float')}) % 1)",
                lambda: f"leaky_relu(0.25 if {e.of('bool')} else 0.5)",
                lambda: f"dropout(abs({e.number(2)}) % 1.0)",
                lambda: f"maxpool(3, stride=1, padding=1, ceil_mode={e.of('bool')})",
                lambda: f"inner({e.of('int')}, {e.of('bool')}, {e.of('[int]')})",
                lambda: f"inner({e.of('int')}, flag={e.of('bool')})",
                lambda: f"guess({e.of(e.pick(KINDS))})",
            ]
        )()

    def odd(self) -> str:
        return f"2 * (abs({self.e.of('int', 2)}) % 3) + 1"

    def statement(self, depth: int = 2) -> str:
        e = self.e
        ways = [
            self.layer,
            self.layer,
            lambda: f'"{self.name()}{{{e.plain()}}}" = {self.layer()}',
            lambda: f'"{self.name()}{{{e.plain()}}}_{{{e.plain()}}}" = {self.layer()}',
            lambda: f"stage(conv, 4, 3, bias=true, n=1 + abs({e.of('int')}) % 3)",
            lambda: f"stage(guess, {e.of(e.pick(KINDS))}, n=1 + abs({e.of('int')}) % 3)",
            lambda: f"like({e.of(e.pick(KINDS))})",
            self.learned,
            self.listed,
            self.chosen,
            self.joined,
            lambda: f'upsample(2, mode="nearest" if {e.of("bool")} else "bilinear"); maxpool(2)',
            lambda: f"{{ init(conv.weight, constant({e.of('float')})); conv(3, 3) }}",
            self.let,
        ]
        if depth > 0:
            ways += [lambda: self.decided(depth - 1), lambda: self.looped(depth - 1)] * 2
            ways += [lambda: f"{self.name()} = seq {{ {self.statements(depth - 1)} }}"]
            ways += [lambda: f"{self.name()} = {self.braces(lambda: self.statements(depth - 1))}"]
            ways += [lambda: f"add {{ conv(4, 1); {self.branch()} {{ conv(4, 1) }} }}"]
        return e.pick(ways)()

    def learned(self) -> str:
        width = self.width()
        return f"conv({width}, 1); add {{ identity; {self.name()} = param([{width}, 1, 1]) }}"

    def listed(self) -> str:
        """Items of a list of submodules."""
        name, count = self.name(), f"{self.e.of('int')} % 4"
        layer = f"conv(1 + (k_ + abs({self.e.of('int')})) % 5, 1)"
        return f"for k_ in range({count}) {{ {name}[k_] = {layer} }}"

    def chosen(self) -> str:
        """A layer that an expression chooses."""
        name = self.name()
        return f"let {name} = relu if {self.e.of('bool')} else gelu; {name}"

    def joined(self) -> str:
        """Branches of a concat, whose number and widths are expressions."""
        over = self.e.of(self.e.pick(["[int]", "[bool]"]))
        return f"concat {{ identity; for k_ in {over} {{ conv(2 if k_ else 3, 1) }} }}; conv(4, 1)"

    def let(self) -> str:
        kind = self.e.pick([*KINDS, *PAIRS])
        text = self.e.of(kind)
        name = self.e.pick([*BOUND[:5], "w"])
        self.e.names.pop(name, None)
        if f"{name}" not in {"lambda", "self"}:
            self.e.names[name] = kind
        return f"let {name} = {text}"

    def braces(self, write: Callable[[], str]) -> str:
        known = dict(self.e.names)
        text = write()
        self.e.names = known
        return f"{{ {text} }}"

    def statements(self, depth: int) -> str:
        return "; ".join(self.statement(depth) for _ in range(self.e.few(1, 2)))

    def decided(self, depth: int) -> str:
        condition = self.e.any(2)
        text = f"if {condition} {self.braces(lambda: self.statements(depth))}"
        if self.e.few(1, 2) == 1:
            text += f" elif {self.e.of('bool')} {self.braces(lambda: self.statements(depth))}"
        if self.e.few(1, 2) == 1:
            text += f" else {self.braces(lambda: self.statements(depth))}"
        return text

    def branch(self) -> str:
        if self.e.few(1, 2) == 1:
            return f"if {self.e.any(2)}"
        return f"for q in {self.e.of(self.e.pick(LISTS), 2)}"

    def looped(self, depth: int) -> str:
        over = self.e.pick([*LISTS, *PAIRS, "[int]"])
        text = self.e.of(over)
        kinds = over[1:-1].split(",") if "," in over else [items_of(over)]
        names = self.e.draw(st.permutations([*BOUND[:5], "w", "index"]))[: len(kinds)]
        if len(kinds) > 1 and self.e.few(1, 4) == 1:
            names, kinds = names[:1], []  # the pair as a whole

        def inner() -> str:
            for name in names:
                self.e.names.pop(name, None)
            self.e.names.update(zip(names, kinds, strict=False))
            return self.statements(depth)

        return f"for {', '.join(names)} in {text} {self.braces(inner)}"


INNER = """block inner(n, flag=true, xs=[1, 2]) {
  conv(1 + abs(n) % 5, 3, bias=flag, dilation=1 + len(xs) % 2)
}
block guess(q) {
  conv(4, 3, bias=true, dilation=2 if q == 1 else 1)
  leaky_relu(0.5 if q else 0.25)
}
block like(q, other=[q, 1]) = conv(4, 3, bias=true, dilation=1 + len([k for k in other if k == q]))
"""


@st.composite
def specs(draw: DrawFn) -> str:
    """A block, and an arch that calls it two to four times; the arch hands on parameters too."""
    e = Expressions(draw)
    count = e.few(1, 3)
    names = draw(st.permutations(PARAMETERS))[:count]
    kinds = [e.pick([*KINDS, *PAIRS, "int", "bool", "[int]"]) for _ in names]
    parameters = [", ".join(names)]
    e.names = dict(zip(names, kinds, strict=True))
    if e.few(1, 2) == 1:
        kind = e.pick(KINDS)
        parameters.append(f"more={e.of(kind)}")
        e.names["more"] = kind
    block = Block(e)
    body = "\n  ".join(block.statement() for _ in range(e.few(1, 2)))
    text = f"{INNER}block b({', '.join(parameters)}) {{\n  {body}\n}}\n"
    own = Expressions(draw, {"p": e.pick(["int", "int", "float", "bool", "str"])})
    lines = [f"  b({_arguments(own, kinds)})" for _ in range(e.few(2, 4))]
    lines += [f"  {Block(own).layer()}" for _ in range(e.few(0, 2))]
    default = own.value(own.names["p"])
    body = "\n".join(["  input(3, 9, 9)", *lines])
    if e.few(1, 4) > 1:
        return f"{text}arch net(p={default}) {{\n{body}\n}}\n"
    own.facts = False
    alias = f"arch net(p={own.value(own.names['p'])}) = base({own.of(own.names['p'])})"
    return f"{text}arch base(p={default}) {{\n{body}\n}}\n{alias}\n"


def _arguments(e: Expressions, kinds: Sequence[str]) -> str:
    """A value for each parameter, now and then one of another kind, or an expression."""
    found = []
    for kind in kinds:
        match e.few(1, 10):
            case 1:
                found.append(e.value(e.pick([*KINDS, "none", "auto"])))
            case 2 | 3:
                found.append(e.of(kind, 2))
            case _:
                found.append(e.value(kind))
    return ", ".join(found)

"""The plan of a class as text that people read: `archgen ir --format plan`.

    class Scaled(in_channels, out = 8)
      input %1: in_channels
      let width = 2 * out
      %2: width = conv1 := nn.Conv2d(in_channels, width, kernel_size=3)(%1)
      output %2: width

A value is numbered where it is made, with its channels; `fresh` values may be written over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import (
    Apply,
    Build,
    Constant,
    Container,
    Either,
    For,
    Gather,
    Give,
    If,
    Item,
    Learned,
    Let,
    Merge,
    Module,
    Param,
    Plan,
    Repeat,
    Value,
)
from archgen.syntax import tree
from archgen.syntax.format_expression import format_expression


def dump(plan: Plan) -> str:
    """The lines of a class."""
    return "\n".join(_Dump(plan).lines())


class _Dump:
    """Numbers the values of a class in the order of its lines."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.numbers: dict[int, int] = {}

    def lines(self) -> Iterator[str]:
        plan = self.plan
        kind = "sequential" if plan.sequential else "class"
        yield f"{kind} {plan.name}({', '.join(map(_parameter, plan.params))})"
        for name, value in plan.inputs:
            yield f"  input {name} {self.new(value)}"
        yield from _deeper(self.items(plan.items))
        for name, value in plan.outputs:
            yield f"  output {name} {self.read(value)}".replace("  output  ", "  output ")
        for aux in plan.aux:
            yield f"  head {aux.name}"
            yield from _deeper(self.items([] if aux.apply is None else [aux.apply]), 2)

    # --- values -------------------------------------------------------------------------------

    def read(self, value: Value) -> str:
        return f"%{self.numbers.setdefault(id(value), len(self.numbers) + 1)}"

    def new(self, value: Value) -> str:
        channels = "?" if value.channels is None else _shown(value.channels)
        return f"{self.read(value)}: {channels}{' fresh' if value.fresh else ''}"

    def all(self, values: Sequence[Value]) -> str:
        return ", ".join(map(self.read, values))

    # --- items --------------------------------------------------------------------------------

    def items(self, items: Sequence[Item]) -> Iterator[str]:
        for item in items:
            yield from self.item(item)

    def item(self, item: Item) -> Iterator[str]:
        match item:
            case Let(name, expr):
                yield f"let {name} = {_shown(expr)}"
            case Give(value):
                yield f"give {self.read(value)}"
            case Apply():
                yield from self.apply(item)
            case Learned(name=name, sizes=sizes):
                shape = ", ".join(map(_shown, sizes))
                yield f"{self.new(item.output)} = {item.word} {_name(name)}[{shape}]"
            case Constant(expr=expr):
                yield f"{self.new(item.output)} = number {_shown(expr)}"
            case Merge(kind=kind, operands=operands):
                text = f"{kind}{_inplace(item)}({self.all(operands)})"
                yield f"{self.new(item.output)} = {text}"
            case Gather():
                yield f"gather {item.kind}{_inplace(item)}"
                yield from _deeper(self.items(item.items))
                yield f"{self.new(item.output)} = gathered"
            case If():
                yield from self.decision(item)
            case For():
                yield from self.loop(item)
            case _:
                assert_never(item)

    def apply(self, item: Apply) -> Iterator[str]:
        inputs = f"({self.all(item.inputs)})"
        if item.child is None:
            head = [item.function + inputs]
        elif item.reused:
            head = [f"{_name(item.child.name)}{item.piece}{inputs}"]
        else:
            lines = list(self.module(item.child.module))
            name = "" if item.child.position else f"{_name(item.child.name)} := "
            head = [f"{name}{lines[0]}", *lines[1:]]
            head[-1] += f"{item.piece}{inputs}"
        outputs = ", ".join(map(self.new, item.outputs))
        yield f"{outputs} = {head[0]}"
        yield from head[1:]

    def decision(self, item: If) -> Iterator[str]:
        for number, (test, arm) in enumerate(item.arms):
            word = "if" if number == 0 else "elif"
            yield "else" if test is None else f"{word} {_shown(test)}"
            yield from _deeper(self.items(arm))
        for phi in item.phis:
            yield f"{self.new(phi.value)} = phi({self.all(phi.arms)})"

    def loop(self, item: For) -> Iterator[str]:
        head = f"for {tree.written_targets(item.targets)} in {_shown(item.iterable)}"
        if item.index not in item.names:
            head += f", number {item.index}"
        if item.carry is None:
            yield head
            yield from _deeper(self.items(item.items))
            return
        yield f"{head}, from {self.read(item.carry.before)} as {self.new(item.carry.start)}"
        yield from _deeper(self.items(item.items))
        yield f"{self.new(item.carry.result)} = last({self.read(item.carry.end)})"

    # --- modules ------------------------------------------------------------------------------

    def module(self, module: Module) -> Iterator[str]:
        match module:
            case Build(arguments=arguments):
                given = [_argument(keyword, value) for keyword, value in arguments]
                given += ["inplace"] if module.inplace else []
                yield f"{module.target}({', '.join(given)})"
            case Container(items=items, start=start):
                yield f"sequential of {self.new(start)}"
                yield from _deeper(self.items(items))
                yield f"  result {self.all([*module.taps, module.result])}"
                yield "end"
            case Repeat(module=repeated, count=count):
                first, *rest = self.module(repeated)
                yield f"{_shown(count)} times {first}"
                yield from rest
            case Either(arms=arms):
                for number, (test, each) in enumerate(arms):
                    word = "either if" if number == 0 else "elif"
                    yield "else" if test is None else f"{word} {_shown(test)}"
                    made = ["identity"] if each is None else self.module(each)
                    yield from _deeper(made)
                yield "end"
            case _:
                assert_never(module)


def _deeper(lines: Iterator[str] | Sequence[str], by: int = 1) -> Iterator[str]:
    return ("  " * by + line for line in lines)


def _parameter(param: Param) -> str:
    if param.default is None:
        return param.name
    default = param.default if isinstance(param.default, str) else _shown(param.default)
    return f"{param.name} = {default}"


def _argument(keyword: str | None, value: Expr | str) -> str:
    text = value if isinstance(value, str) else _shown(value)
    return text if keyword is None else f"{keyword}={text}"


def _name(name: Expr) -> str:
    return name.value if isinstance(name, tree.String) else _shown(name)


def _inplace(item: Merge | Gather) -> str:
    return " inplace" if item.inplace else ""


def _shown(expr: Expr) -> str:
    return format_expression(expr)

"""How values can be read in `forward`: variables, and expressions that are not stored yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from archgen.backends.pytorch.plan.ir import Gather, Merge, Value
from archgen.backends.pytorch.plan.names import FORWARD
from archgen.backends.pytorch.text.layout import (
    Call,
    Layout,
    Operation,
    flat,
)
from archgen.merges import MERGES, MergeKind


@dataclass(slots=True, eq=False)
class Term:
    """How a value can be read: a variable, or an expression that is not stored yet.

    `reads` are the variables in the expression; `typed`: the type checker knows a tensor;
    `axes`: how many a learned value has, which has no batch. `number`: it is no tensor.
    """

    layout: Layout
    variable: str = ""
    reads: frozenset[str] = frozenset()
    typed: bool = False
    axes: int | None = None
    number: bool = False


@dataclass(slots=True)
class Line:
    """A statement; `firsts` are the variables that it is the first to assign."""

    text: str
    firsts: tuple[str, ...] = ()


@dataclass(slots=True)
class State:
    """What is known at a point of `forward`: a term for each value."""

    terms: dict[int, Term] = field(default_factory=dict)
    pending: list[Value] = field(default_factory=list)


def merged(item: Merge | Gather, terms: Sequence[Term], batch: str) -> Term:
    """The expression of a merge."""
    reads = frozenset[str]().union(*(term.reads for term in terms))
    if item.kind == "concat":
        layouts = tuple(listed(term, item, batch) for term in terms)
        layout: Layout = Call("torch.cat", (Call("", layouts), f"dim={item.axis + 1}"))
        return Term(layout, reads=reads, typed=True)
    typed = MERGES[item.kind].operator is None or all(term.typed for term in terms)
    if MERGES[item.kind].operator is None:
        numbers = [flat(term.layout) for term in terms if term.number]
        terms = [term for term in terms if not term.number]
    else:
        numbers = []
    first, *rest = (laid(term, item) for term in terms)
    layout = _clamped(item.kind, _operated(item.kind, first, rest), numbers)
    return Term(layout, reads=reads, typed=typed)


def _clamped(kind: MergeKind, layout: Layout, numbers: Sequence[str]) -> Layout:
    """The larger or smaller of tensors and numbers: functions of torch take one kind or other."""
    bound = "min" if kind == "maximum" else "max"
    for number in numbers:
        plain = number[1:-1] if number.startswith("(") else number
        layout = Call("torch.clamp", (layout, f"{bound}={plain}"))
    return layout


def _operated(kind: MergeKind, first: Layout, rest: Sequence[Layout]) -> Layout:
    operator = MERGES[kind].operator
    if operator is not None:
        others = (f"{operator} {operand(each, kind)}" for each in rest)
        return Operation((operand(first, kind), *others))
    for each in rest:
        first = Call(MERGES[kind].function, (first, each))
    return first


def combined(kind: MergeKind, variable: str, layout: Layout) -> Layout:
    """`y + x`, `torch.maximum(y, x)`: what a merge of two is."""
    return _operated(kind, variable, [layout])


def listed(term: Term, item: Merge | Gather, batch: str) -> Layout:
    """An operand of a merge; a learned one of a concat once for each sample of `batch`."""
    if term.axes is None or item.kind != "concat":
        return laid(term, item)
    return f"{flat(term.layout)}.expand({batch}.shape[0]{', -1' * item.rank})"


def laid(term: Term, item: Merge | Gather) -> Layout:
    """An operand of a sum or product: a learned vector lies along the features."""
    behind = item.rank - 1 - item.axis
    if term.axes != 1 or behind == 0:
        return term.layout
    return f"{flat(term.layout)}.view(-1{', 1' * behind})"


def operand(layout: Layout, kind: MergeKind) -> str:
    """An operand of `+`, `-`, `*` or `/`, in brackets if it would be read otherwise."""
    text = flat(layout)
    if not isinstance(layout, Operation):
        return text
    is_product = layout.parts[-1].startswith(("*", "/"))
    return text if kind in ("add", "sub") and is_product else f"({text})"


def order_of(name: str) -> tuple[int, str]:
    return FORWARD.index(name) if name in FORWARD else len(FORWARD), name


def letters() -> Iterator[str]:
    yield from FORWARD
    number = 0
    while True:
        yield f"t{number}"
        number += 1

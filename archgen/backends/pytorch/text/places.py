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
    `owned`: it is an attribute of the class, which needs no variable; `number`: it is no tensor.
    """

    layout: Layout
    variable: str = ""
    reads: frozenset[str] = frozenset()
    typed: bool = False
    owned: bool = False
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


def merged(
    item: Merge | Gather, operands: Sequence[Value], terms: Sequence[Term], batch: str
) -> Term:
    """The expression of a merge."""
    reads = frozenset[str]().union(*(term.reads for term in terms))
    pairs = list(zip(operands, terms, strict=True))
    if item.kind == "concat":
        layouts = tuple(listed(value, term, item, batch) for value, term in pairs)
        layout: Layout = Call("torch.cat", (Call("", layouts), f"dim={joined_along(item)}"))
        return Term(layout, reads=reads, typed=True)
    typed = MERGES[item.kind].operator is None or all(term.typed for term in terms)
    if MERGES[item.kind].operator is None:
        numbers = [flat(term.layout) for term in terms if term.number]
        pairs = [(value, term) for value, term in pairs if not term.number]
    else:
        numbers = []
    first, *rest = (laid(value, term, item) for value, term in pairs)
    layout = _clamped(item.kind, _operated(item.kind, first, rest), numbers)
    return Term(layout, reads=reads, typed=typed)


def _clamped(kind: MergeKind, layout: Layout, numbers: Sequence[str]) -> Layout:
    """The larger or smaller of tensors and numbers: functions of torch take one kind or other."""
    bound = "min" if kind == "maximum" else "max"
    for number in numbers:
        plain = number[1:-1] if number.startswith("(") else number
        layout = Call("torch.clamp", (layout, f"{bound}={plain}"))
    return layout


def joined_along(item: Merge | Gather) -> int:
    """The axis of a concat as torch counts it."""
    return item.axis if item.output.batch == "none" else item.axis + 1


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


def listed(value: Value, term: Term, item: Merge | Gather, batch: str) -> Layout:
    """An operand of a merge; what is the same for all samples once for each sample of `batch`."""
    if value.batch == item.output.batch or item.kind != "concat":
        return laid(value, term, item)
    if item.output.batch == "one":
        return f"{_atom(term.layout)}.unsqueeze(0)"
    return f"{_atom(term.layout)}.expand({batch}.shape[0]{', -1' * item.rank})"


def laid(value: Value, term: Term, item: Merge | Gather) -> Layout:
    """An operand of a sum or product: a vector without a batch lies along the features, what has
    fewer axes than the others is aligned to the right."""
    if value.axes is None or item.kind == "concat":
        return term.layout
    behind = item.rank - 1 - item.axis
    if value.axes == 1 and item.rank > 1 and (behind or value.batch == "one"):
        return f"{_atom(term.layout)}.view(-1{', 1' * behind})"
    if value.batch == "one" and value.axes < item.rank:
        return f"{_atom(term.layout)}.squeeze(0)"
    return term.layout


def _atom(layout: Layout) -> str:
    """An expression whose methods can be called."""
    text = flat(layout)
    return f"({text})" if isinstance(layout, Operation) else text


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

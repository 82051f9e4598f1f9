"""Sets of sizes and functions of them, as people write them: `H % 16 == 0 and H >= 16`."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import gcd, lcm

from archgen.analysis.numerals import numbered
from archgen.analysis.sizes.forms import Form
from archgen.analysis.sizes.legal import OfAxis, Sizes, sizes_of
from archgen.analysis.sizes.sets import EVERY, LONGEST_PERIOD, SizeSet
from archgen.analysis.sizes.symbols import Compare, Factors, Joint, Term, term_of
from archgen.network import Body, CallNode, MergeNode, Network
from archgen.shapes import Shape

MOST_SHOWN = 12  # runs of numbers of a set
MOST_SHIFTS = 128  # of `(H + 5) // 8` that are looked at
OPERATORS: dict[tuple[Compare, bool], str] = {
    (operator.eq, True): "==",
    (operator.ne, False): "==",
    (operator.eq, False): "!=",
    (operator.ne, True): "!=",
    (operator.lt, True): "<",
    (operator.ge, False): "<",
    (operator.le, True): "<=",
    (operator.gt, False): "<=",
    (operator.gt, True): ">",
    (operator.le, False): ">",
    (operator.ge, True): ">=",
    (operator.lt, False): ">=",
}


class InputSizes(Sizes):
    """The sizes of the input that a network takes, as they show themselves."""

    @classmethod
    def of(cls, network: Network) -> InputSizes:
        sizes = sizes_of(network)
        return cls(sizes.network, sizes.axes, sizes.joints, sizes.main, sizes.known)

    def __repr__(self) -> str:
        return f"{input_text(self)} -> {output_text(self)}; {requirement(self)}"


def conditions(sizes: Sizes) -> list[str]:
    """What an input's sizes must be, a condition for each axis, then those on several. Axes that
    take every size have none. `["not known"]` where no full answer was found."""
    if not sizes.known:
        return ["not known"]
    found: list[str] = []
    for of in sizes.axes:
        if of.legal == EVERY:
            continue
        found.append(condition(of.legal, of.axis.name))
        if of.unknown:
            found.append(f"not known where {condition(of.unknown, of.axis.name)}")
    return found + [joint_condition(joint, sizes.axes) for joint in sizes.joints]


def requirement(sizes: Sizes) -> str:
    """All conditions in a line: `H % 16 == 0 and H >= 16, W likewise`, or `any H and W`."""
    if not sizes.known:
        return "not known"
    told: dict[SizeSet, str] = {}
    parts: list[str] = []
    for of in sizes.axes:
        if of.legal == EVERY:
            continue
        if of.legal in told:
            parts[-1] += f", {of.axis.name} likewise"
        else:
            told[of.legal] = of.axis.name
            parts.append(condition(of.legal, of.axis.name))
    parts += [text for text in conditions(sizes) if "not known" in text]
    parts += [joint_condition(joint, sizes.axes) for joint in sizes.joints]
    *before, last = (of.axis.name for of in sizes.axes)
    return "; ".join(parts) or "any " + " and ".join(filter(None, [", ".join(before), last]))


def condition(sizes: SizeSet, name: str) -> str:
    """A set as a condition on the size `name`."""
    if not sizes:
        return f"no {name}"
    if sizes.is_finite:
        return _among(name, list(sizes))
    start = _regular_from(sizes)
    first = next(x for x in range(start, start + sizes.period) if x in sizes)
    rests = [rest for rest in range(sizes.period) if sizes.tail >> rest & 1]
    parts = []
    if sizes.period > 1 and len(rests) == 1:
        parts.append(f"{name} % {sizes.period} == {rests[0]}")
    elif sizes.period > 1:
        parts.append(_among(f"{name} % {sizes.period}", rests))
    if first > 1:
        parts.append(f"{name} >= {first}")
    text = " and ".join(parts) or f"any {name}"
    before = [x for x in range(1, first) if x in sizes]
    return f"{text} or {_among(name, before)}" if before else text


def _regular_from(sizes: SizeSet) -> int:
    """The size from which on the set is as regular as it stays."""
    start = max(sizes.start, 1)
    while start > 1 and (start - 1 in sizes) == bool(sizes.tail >> (start - 1) % sizes.period & 1):
        start -= 1
    return start


def _among(name: str, numbers: Sequence[int]) -> str:
    """`H == 7`, `H in {1, 3, 5..9}`."""
    if len(numbers) == 1:
        return f"{name} == {numbers[0]}"
    runs = list(_runs(numbers))
    shown = [f"{a}..{b}" if b - a > 1 else f"{a}, {b}" if a != b else f"{a}" for a, b in runs]
    more = [f"{len(runs) - MOST_SHOWN} more"] if len(runs) > MOST_SHOWN else []
    return f"{name} in {{{', '.join([*shown[:MOST_SHOWN], *more])}}}"


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    for _, group in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        yield run[0], run[-1]


def sizes_as_data(sizes: Sizes) -> dict[str, object]:
    """The same as plain values. A size is legal if it is below `start` and listed, or from there
    on and its rest by `period` is listed; `conditions` are those on several axes."""
    return {
        "known": sizes.known,
        "input": input_text(sizes),
        "output": output_text(sizes),
        "requirement": requirement(sizes),
        "axes": [
            {
                "name": of.axis.name,
                "input": of.axis.input,
                "axis": of.axis.axis,
                "declared": of.axis.declared,
                "start": of.legal.start,
                "below": [x for x in range(1, of.legal.start) if x in of.legal],
                "period": of.legal.period,
                "rests": [x for x in range(of.legal.period) if of.legal.tail >> x & 1],
            }
            for of in sizes.axes
        ],
        "conditions": [joint_condition(joint, sizes.axes) for joint in sizes.joints],
    }


# --- functions ----------------------------------------------------------------------------------


def row_texts(sizes: Sizes, depth: int) -> dict[str, str]:
    """The outputs of every row of a summary as functions of the input's sizes, by path."""
    body = sizes.network.body
    inputs = [body.values[ref] for ref in body.inputs]
    for number, of in enumerate(sizes.axes):
        at = of.axis
        size = sizes.main.trace.of_axis(number)
        inputs[at.input] = inputs[at.input].with_size(at.axis, size)
    return dict(_rows(sizes, body, inputs, "", depth))


def _rows(
    sizes: Sizes, body: Body, inputs: Sequence[Shape], prefix: str, depth: int
) -> Iterator[tuple[str, str]]:
    values = sizes.main.values(body, inputs)
    for node in body.nodes:
        if isinstance(node, MergeNode):
            continue
        count = node.count if isinstance(node, CallNode) else 1
        path = prefix + numbered(node.name, count)
        shapes = (map(term_of, values[ref].sizes) for ref in node.outputs)
        yield path, ", ".join(shape_text(list(shape), sizes.axes) for shape in shapes)
        if isinstance(node, CallNode) and depth > 1:
            given = [values[ref] for ref in node.inputs]
            yield from _rows(sizes, node.body, given, f"{path}.", depth - 1)


def shape_text(shape: Sequence[Term], axes: Sequence[OfAxis]) -> str:
    """`2048 x ceil(H / 32) x ceil(W / 32)`."""
    return " x ".join(map(_wrapped, (term_text(term, axes) for term in shape)))


def input_text(sizes: Sizes) -> str:
    """The inputs with names for the sizes that may change: `3 x H x W`."""
    body = sizes.network.body
    names = {(of.axis.input, of.axis.axis): of.axis.name for of in sizes.axes}
    shapes: list[Shape] = [body.values[ref] for ref in body.inputs]
    return ", ".join(
        " x ".join(names.get((at, axis), str(size)) for axis, size in enumerate(shape.sizes))
        for at, shape in enumerate(shapes)
    )


def depend_on_sizes(sizes: Sizes) -> bool:
    """Whether some output changes with the sizes of the input."""
    outputs = sizes.main.outputs or ()
    return any(term.number is None for shape in outputs for term in shape)


def output_text(sizes: Sizes) -> str:
    """The outputs as functions of the input's sizes."""
    if sizes.main.outputs is None:
        return "not known"
    return ", ".join(shape_text(shape, sizes.axes) for shape in sizes.main.outputs)


def term_text(term: Term, axes: Sequence[OfAxis]) -> str:
    """A size as a function of the input's, for the sizes that are legal."""
    if term.single:
        axis, form = term.single
        return form_text(form, axes[axis])
    parts = [_product(factors, scale, axes) for factors, scale in term.products]
    if term.offset or not parts:
        parts.append(str(term.offset))
    return " + ".join(parts).replace("+ -", "- ")


def joint_condition(joint: Joint, axes: Sequence[OfAxis]) -> str:
    """A condition on several axes: `ceil(H / 4) * ceil(W / 4) == 49`."""
    left, right = joint.left, joint.right
    if right.number is not None:
        left, right = left.plus(Term((), left.offset), -1), right.plus(Term((), left.offset), -1)
        scale = gcd(*(scale for _, scale in left.products), right.offset)
        left = Term(tuple((factors, by // scale) for factors, by in left.products))
        right = Term((), right.offset // scale)
    sign = OPERATORS[joint.compare, joint.answer]
    return f"{term_text(left, axes)} {sign} {term_text(right, axes)}"


def _product(factors: Factors, scale: int, axes: Sequence[OfAxis]) -> str:
    texts = [form_text(form, axes[axis]) for axis, form in factors]
    if len(texts) == 1 and scale == 1:
        return texts[0]
    return " * ".join([*([str(scale)] if scale != 1 else []), *map(_wrapped, texts)])


def _wrapped(text: str) -> str:
    """In brackets where a product would read it otherwise."""
    whole = re.fullmatch(r"\w+|ceil\([^()]*\)|\([^()]*\)", text)
    return text if whole else f"({text})"


def form_text(form: Form, of: OfAxis) -> str:
    """A function as the simplest text that says it for every legal size of its axis."""
    points = _points(form, of.legal)
    name = of.axis.name
    rise, below = form.rise, form.period
    if not rise:
        values = {form(x) for x in points}
        return str(values.pop()) if len(values) == 1 else f"(by {name} % {form.period})"
    shared = gcd(rise, below)
    rise, below = rise // shared, below // shared
    for factor in (each for each in range(1, shared + 1) if shared % each == 0):
        times, by = rise * factor, below * factor
        for shift in _shifts(by):
            rest = form(points[0]) - times * ((points[0] + shift) // by)
            if all(form(x) == times * ((x + shift) // by) + rest for x in points):
                return _linear(name, times, by, shift, rest)
    return f"(by {name} % {form.period})"


def _points(form: Form, legal: SizeSet) -> list[int]:
    """Legal sizes that stand for all of them."""
    if legal.is_finite:
        return list(legal) or [1]
    period = lcm(form.period, legal.period)
    if period > LONGEST_PERIOD:
        return list(range(1, LONGEST_PERIOD))
    early = [x for x in range(1, max(legal.start, 1)) if x in legal]
    start = max(legal.start, 1)
    return [*early, *(x for x in range(start, start + 2 * period) if x in legal)]


def _shifts(by: int) -> Iterator[int]:
    """`H // by`, `ceil(H / by)`, then `(H + 1) // by` and so on."""
    yield 0
    if by > 1:
        yield by - 1
    yield from range(1, min(by - 1, MOST_SHIFTS))


def _linear(name: str, times: int, by: int, shift: int, rest: int) -> str:
    if by == 1:
        text, rest = name, rest + times * shift
    elif shift == 0:
        text = f"{name} // {by}"
    elif shift == by - 1:
        text = f"ceil({name} / {by})"
    else:
        text = f"({name} + {shift}) // {by}"
    if times != 1:
        text = f"{times} * {text}" if " // " not in text else f"{times} * ({text})"
    return text if not rest else f"{text} {'+' if rest > 0 else '-'} {abs(rest)}"

"""What leaves a body: its results, and what is promised or asked of it."""

from __future__ import annotations

from collections.abc import Sequence

from archgen.diagnostics import Fault, error
from archgen.network import Promise, Returned, Silent, Step
from archgen.resolve.expressions import evaluate, truth
from archgen.resolve.implicit import free_names
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.later import captured, size_promises
from archgen.resolve.spelling import check_field
from archgen.resolve.values import TensorValue, refs_of, show
from archgen.syntax import tree


def run_output(frame: Frame, statement: tree.Output) -> Returned:
    """Note the results. In a loop each pass adds its own."""
    body = frame.body
    if any(earlier is not statement for earlier, _ in body.returned[:1]):
        hint = "list the names: `output a, b`"
        raise Fault(error("A124", "a body has one `output`", statement.span, help=hint))
    values = [frame.names.find(place) for place in statement.places]
    names = [place_name(frame, place) for place in statement.places]
    step = _listed(names[0], values[0])
    if step is None or len(values) > 1 or body.returned:
        step = _single(frame, statement, names, values)
    body.returned.append((statement, step))
    body.current = step.values
    return step


def _listed(name: str, value: object) -> Returned | None:
    """The items of a list (or of several values) as the result."""
    if isinstance(value, TensorValue):
        return None
    refs = refs_of(value)
    return Returned(tuple(f"{name}{index}" for index in range(len(refs))), tuple(refs), True)


def _single(
    frame: Frame, statement: tree.Output, names: Sequence[str], values: Sequence[object]
) -> Returned:
    """Single values as results, which are fields of a `NamedTuple` where there are several."""
    first = frame.body.returned[0][1] if frame.body.returned else None
    for place, value in zip(statement.places, values, strict=True):
        if not isinstance(value, TensorValue) or (first is not None and first.listed):
            message = "a list among several outputs"
            raise Fault(error("A115", message, place.span, help="`output xs` alone gives a list"))
    if len(values) > 1 or first is not None:
        earlier = first.names if first is not None else ()
        for name, place in zip((*earlier, *names), 2 * statement.places, strict=False):
            check_field(name, place.span)
    refs = tuple(value.ref for value in values if isinstance(value, TensorValue))
    return Returned(tuple(names), refs, False)


def place_name(frame: Frame, place: tree.Expr) -> str:
    """The name under which a value leaves: the last part of its place."""
    match place:
        case tree.Name():
            return place.parts[-1]
        case tree.Index():
            return f"{place_name(frame, place.base)}{evaluate(place.index, frame.env)}"
        case tree.Slice():
            return place_name(frame, place.base)
        case tree.Member():
            return place.name
        case _:
            return str(evaluate(place, frame.env))


def run_expect(frame: Frame, statement: tree.Expect) -> Step:
    """A block's condition is asked at once; an arch's promises when the figures are known."""
    if frame.definition.kind == "arch":
        env = captured(statement.condition, frame.env.with_names({}))
        frame.promises.append(Promise(statement.condition, env, statement.span))
        return Silent()
    if not truth(statement.condition, frame.env):
        message = f"`{frame.definition.name}` expects what does not hold"
        raise Fault(error("A302", message, statement.span, _known(frame, statement.condition)))
    return Silent()


def run_sizes(frame: Frame, statement: tree.Sizes) -> Step:
    """What an arch promises of its input's sizes, asked when its shapes are known."""
    if frame.definition.kind != "arch":
        message = "a block has no input of its own: `sizes` stands in an arch"
        raise Fault(error("A123", message, statement.span))
    frame.promises.extend(size_promises(statement, frame.env.with_names({})))
    return Silent()


def _known(frame: Frame, condition: tree.Expr) -> str:
    """What the names of a condition are worth: `groups is 3, channels is 64`."""
    names = {name.text: name for _, name in free_names(condition)}
    return ", ".join(f"{text} is {show(evaluate(name, frame.env))}" for text, name in names.items())

"""Merges: branches that start from one value and come together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archgen.diagnostics import Diagnostic, Edit, Fault, Label, error
from archgen.frozen import dataclass
from archgen.layers.base import LARGEST_FLOAT
from archgen.merges import MERGES
from archgen.network import Chosen, Constant, Looped, Merged, MergeNode, Ref, Silent, Step
from archgen.resolve.expressions import evaluate, integer, unpack
from archgen.resolve.interpret.choices import chosen_arm, longest, loop_items
from archgen.resolve.interpret.draft import check_size
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.interpret.heads import without_heads
from archgen.resolve.interpret.initial import declare_inits
from archgen.resolve.lookup import lookup
from archgen.resolve.values import is_number, kind_of, show
from archgen.shapes import Shape, aligned, common_batch
from archgen.syntax import tree
from archgen.text import Span


@dataclass(frozen=True, slots=True)
class Branch:
    ref: Ref
    span: Span


@dataclass(frozen=True, slots=True)
class Number:
    """A branch that is a number."""

    value: int | float
    span: Span


Branches = list[Branch | Number]


def apply_merge(frame: Frame, link: tree.Merge) -> Merged:
    """Run every branch from the current value, and merge their results."""
    body = frame.body
    base = body.current
    if not base:
        body.ref(link.span)
    axis = _axis(frame, link)
    found: Branches = []
    with frame.braces(), without_heads(frame, "the braces of a merge"):
        declare_inits(frame, link.body.statements)
        steps = _branches(frame, link.body.statements, base, found)
    _count(link, found)
    numbers = _numbers(link, found)
    branches = [branch for branch in found if isinstance(branch, Branch)]
    shapes = [body.shape_of(branch.ref) for branch in branches]
    _check_kinds(link, branches, shapes)
    beside = aligned(shapes, joined=link.kind == "concat")
    axis = beside[0].axis if axis is None else _from_first(axis, beside[0])
    shape = replace(_merged(link, axis, beside, branches), batch=common_batch(shapes))
    check_size((shape,), link.keyword)
    refs = tuple(branch.ref for branch in branches)
    node = MergeNode(link.kind, refs, (body.add(shape),), axis, link.keyword, numbers)
    frame.emit(node)
    return Merged(node, base[0], steps)


def _count(link: tree.Merge, branches: Branches) -> None:
    """A merge has a branch; one with a left and a right side has two."""
    if not branches:
        message = f"`{link.kind}` has no branch"
        raise Fault(error("A203", message, link.keyword, help="every statement in it is a branch"))
    if MERGES[link.kind].ordered and len(branches) != 2:
        message = f"`{link.kind}` takes two branches, not {len(branches)}"
        hint = "the first is the left side, the second the right; `add { ... }` joins several"
        raise Fault(error("A203", message, link.keyword, help=hint))


def _numbers(link: tree.Merge, branches: Branches) -> tuple[tuple[int, int | float], ...]:
    """The branches that are numbers, each with its place."""
    numbers = [branch for branch in branches if isinstance(branch, Number)]
    if numbers and link.kind == "concat":
        message = "`concat` joins values: a number has no axes"
        raise Fault(error("A203", message, numbers[0].span))
    if len(numbers) == len(branches):
        message = f"all branches of `{link.kind}` are numbers"
        hint = "one at least is a value: `identity` is the current one"
        raise Fault(error("A203", message, link.keyword, help=hint))
    return tuple(
        (at, branch.value) for at, branch in enumerate(branches) if isinstance(branch, Number)
    )


def looks_into(body: tree.Body) -> bool:
    """Whether a side or pass of a merge holds only another `if` or `for`: no branch itself."""
    return len(body.statements) == 1 and isinstance(body.statements[0], tree.If | tree.For)


def _number(frame: Frame, statement: tree.Statement) -> Number | None:
    """A statement that is a number: `1e-6`, `(2 * n)`, `eps`."""
    match statement:
        case tree.Scalar(value=expr):
            value = evaluate(expr, frame.env)
            if not is_number(value):
                message = f"a branch in parentheses is a number, not {kind_of(value)}"
                hint = "a layer or block stands without them"
                raise Fault(error("A110", message, expr.span, show(value), help=hint))
        case tree.Chain(links=(tree.Call(arguments=()) as call,)):
            if not _is_known(call.function, frame):
                return None
            value = lookup(call.function, frame.env)
            if not is_number(value):
                return None
        case _:
            return None
    assert isinstance(value, int | float)
    if abs(value) > LARGEST_FLOAT:
        message = f"{show(value)} is more than float32 holds"
        raise Fault(error("A109", message, statement.span))
    return Number(value, statement.span)


def _is_known(name: tree.Name, frame: Frame) -> bool:
    head = name.parts[0]
    return head in frame.env.names or head == "channels" or name.text in frame.env.scope


def _branches(
    frame: Frame,
    statements: Sequence[tree.Statement],
    base: tuple[Ref, ...],
    branches: Branches,
) -> tuple[Step, ...]:
    steps: list[Step] = []
    for statement in statements:
        frame.body.current = base
        if (number := _number(frame, statement)) is not None:
            if isinstance(statement, tree.Chain) and isinstance(statement.links[0], tree.Call):
                frame.body.count(statement.links[0])
            branches.append(number)
            steps.append(Constant(number.value))
            continue
        match statement:
            case tree.If():
                steps.append(_branch_if(frame, statement, base, branches))
            case tree.For():
                steps.append(_branch_for(frame, statement, base, branches))
            case tree.Init():
                steps.append(Silent())
            case tree.Chain() | tree.Named():
                steps.append(frame.resolver.run_one(frame, statement))
                _close(frame, statement.span, branches)
            case tree.Let() | tree.Expect() | tree.Sizes() | tree.Doc():
                steps.append(frame.resolver.run_one(frame, statement))
            case _:
                message = "this is no branch of a merge"
                raise Fault(error("A123", message, statement.span, help="put it behind the braces"))
    return tuple(steps)


def _close(frame: Frame, span: Span, branches: Branches) -> None:
    body = frame.body
    if len(body.current) > 1:
        message = f"a branch is one value, not {len(body.current)}"
        hint = "a branch for each: `for x in from xs { from x }`"
        raise Fault(error("A115", message, span, help=hint))
    branches.append(Branch(body.ref(span), span))


def _side(
    frame: Frame, body: tree.Body, base: tuple[Ref, ...], branches: Branches
) -> tuple[Step, ...]:
    """The taken side of an `if`, or one pass of a `for`: one branch, or looked into."""
    alone = len(body.statements) == 1 and _number(frame, body.statements[0]) is not None
    if alone or looks_into(body):
        return _branches(frame, body.statements, base, branches)
    steps = frame.run(body.statements)
    if any(
        isinstance(item, tree.Chain | tree.Named | tree.If | tree.For) for item in body.statements
    ):
        _close(frame, body.span, branches)
    return steps


def _branch_if(
    frame: Frame, statement: tree.If, base: tuple[Ref, ...], branches: Branches
) -> Chosen:
    arm, body = chosen_arm(frame, statement)
    start = dict(frame.body.counts)
    steps = _side(frame, body, base, branches) if body else ()
    longest(frame, statement, start, arm)
    return Chosen(arm, steps, base[0], frame.body.current[0])


def _branch_for(
    frame: Frame, statement: tree.For, base: tuple[Ref, ...], branches: Branches
) -> Looped:
    passes = []
    items = loop_items(frame, statement)
    with frame.names.passes() as each:
        for item, _ in zip(items, each, strict=False):
            values = unpack(statement.targets, item, statement.iterable.span)
            frame.body.current = base
            with frame.braces():
                frame.bind(values)
                steps = _side(frame, statement.body, base, branches)
            passes.append((tuple(values.values()), steps))
    return Looped(tuple(passes), base[0], base[0])


def _axis(frame: Frame, link: tree.Merge) -> int | None:
    axis = None
    for argument in link.arguments:
        if link.kind != "concat" or argument.name not in {None, "axis"} or axis is not None:
            raise Fault(_no_such(link.kind, argument))
        axis = integer(argument.value, frame.env, "an axis")
    return axis


def _from_first(axis: int, shape: Shape) -> int:
    """An axis counted from 0, if it is one that counts from the last."""
    return axis + shape.rank if -shape.rank <= axis < 0 else axis


def _no_such(kind: str, argument: tree.Argument) -> Diagnostic:
    message = f"`{kind}` does not take this argument"
    if kind != "concat":
        return error("A106", message, argument.span, help=f"write `{kind} {{ ... }}`")
    value = argument.value
    if argument.name == "dim" and isinstance(value, tree.Number) and value.value == 1:
        help = "axes count without the batch: `dim=1` is `axis=0`"
        fix = [Edit(argument.span, "axis=0")]
        return error("A106", message, argument.span, help=help, fix=fix)
    return error("A106", message, argument.span, help="write `concat(axis=1) { ... }`")


# --- shapes -------------------------------------------------------------------------------------


def _check_kinds(link: tree.Merge, branches: list[Branch], shapes: list[Shape]) -> None:
    """Only numbers are merged: no index, no booleans."""
    for shape, branch in zip(shapes, branches, strict=True):
        if shape.kind != "float":
            what = "an index" if shape.kind == "index" else "booleans"
            message = f"{link.kind}: this branch is {what}, not numbers"
            hint = "write the numbers of its buffer as floats: `1.0 * (...)`"
            raise Fault(error("A201", message, branch.span, str(shape), help=hint))


def _merged(link: tree.Merge, axis: int, shapes: list[Shape], branches: list[Branch]) -> Shape:
    fault = merge_fault(link.kind, axis, shapes)
    if fault is None:
        return merge_shapes(link.kind, axis, shapes)
    message, hint = fault
    fix: list[Edit] = []
    if len({shape.axis for shape in shapes}) > 1 and len({shape.rank for shape in shapes}) == 1:
        hint, fix = _other_axis(link.kind, axis, shapes, branches)
    labels = (Label(b.span, str(s)) for b, s in zip(branches, shapes, strict=True))
    also = list(dict.fromkeys(labels))  # passes of a loop may say the same
    message = f"{link.kind}: {message}"
    raise Fault(error("A203", message, link.keyword, also=also, help=hint, fix=fix))


def _other_axis(
    kind: str, axis: int, shapes: list[Shape], branches: list[Branch]
) -> tuple[str, list[Edit]]:
    """What brings the features of all branches to one axis, if steps can do that."""
    from archgen.resolve.interpret.misfits import moved

    like = shapes[0]
    fixes: list[tuple[Span, str]] = []
    for shape, branch in zip(shapes, branches, strict=True):
        if shape.axis == like.axis:
            continue
        ways = moved(shape, like)
        steps = next((s for way, s in ways if merge_fault(kind, axis, [like, way]) is None), None)
        if steps is None:
            return "bring their features to one axis, by `permute` or through an axis of size 1", []
        fixes.append((branch.span, steps))
    span, steps = fixes[0]
    hint = f"write `-> {steps}` after the branch in line {span.line}"
    return hint, [Edit.behind(span, f" -> {steps}") for span, steps in fixes]


def merge_fault(kind: str, axis: int, shapes: Sequence[Shape]) -> tuple[str, str | None] | None:
    """Why shapes cannot be merged, and how to mend it; None if they can."""
    first = shapes[0]
    if any(shape.rank != first.rank for shape in shapes):
        return "branches have different numbers of axes", "`flatten`, or bring them to one form"
    if any(shape.axis != first.axis for shape in shapes):
        return "branches hold their features on different axes", "`permute` one of them"
    if kind == "concat" and not 0 <= axis < first.rank:
        return (
            f"there is no axis {axis}",
            f"axes count from 0 to {first.rank - 1}, without the batch; -1 is the last",
        )
    for at, sizes in enumerate(zip(*(shape.sizes for shape in shapes), strict=True)):
        if kind == "concat" and at == axis:
            continue
        if len(set(sizes) - ({1} if kind != "concat" else set())) > 1:
            return "branches disagree", _disagreement(kind, at, first, sizes)
    return None


def _disagreement(kind: str, at: int, first: Shape, sizes: Sequence[int]) -> str:
    if kind == "concat":
        return "all sizes but those of the joined axis must be equal: check strides and padding"
    if at == first.axis and kind == "add":
        return "project the shortcut, as `bottleneck` in residual does"
    if at == first.axis:
        return "bring the branches to the same channels: `conv(out, 1)`"
    return "the strides of the branches differ: give the shortcut the stride too"


def merge_shapes(kind: str, axis: int, shapes: Sequence[Shape]) -> Shape:
    """The shape of a merge of shapes that fit."""
    first = shapes[0]
    if kind == "concat":
        return first.with_size(axis, sum(shape.sizes[axis] for shape in shapes))
    sizes = zip(*(shape.sizes for shape in shapes), strict=True)
    return Shape(tuple(max(row) for row in sizes), first.axis)

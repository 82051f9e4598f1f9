"""`stage(B, ...)`: n calls of a block, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archgen.diagnostics import Diagnostic, Edit, Fault, error
from archgen.frozen import dataclass
from archgen.network import Applied, CallNode, LayerNode, Step
from archgen.resolve.arguments import match_arguments, parameters_of
from archgen.resolve.expressions import bind
from archgen.resolve.interpret.containers import container
from archgen.resolve.interpret.draft import MOST_NODES
from archgen.resolve.interpret.frame import Frame
from archgen.resolve.interpret.targets import Target, apply_target
from archgen.resolve.values import LayerValue, identity_key, kind_of, show
from archgen.syntax import tree
from archgen.text import Span


@dataclass(frozen=True, slots=True)
class _Stage:
    first: Target
    rest: Target
    n: int


def apply_stage(frame: Frame, link: tree.Stage, name: str | None) -> Step:
    """`stage(B, ...)`: n calls of a block, the first with the stride."""
    before = frame.body.ref(link.span)
    stage = _stage_of(frame, link, name)
    child = frame.names.child_name(name, link)
    node = container(
        frame, child, "stage", link.span, lambda inner: _fill_stage(inner, stage, child)
    )
    return Applied(node, before, node.outputs[0])


def _stage_of(frame: Frame, link: tree.Stage, name: str | None) -> _Stage:
    if not link.arguments or link.arguments[0].name is not None:
        message = "a stage begins with the block that it repeats"
        raise Fault(error("A120", message, link.span, help="stage(bottleneck, 256, n=3)"))
    block, *others = link.arguments
    value = frame.value_of(block.value)
    if not isinstance(value, LayerValue):
        message = f"a stage repeats a layer or block, not {kind_of(value)}"
        raise Fault(error("A120", message, block.span))
    passed = tuple(item for item in others if item.name not in {"n", "stride"})
    mine = tuple(item for item in others if item.name in {"n", "stride"})
    own = match_arguments("stage", ("n", "stride"), mine)
    n = _whole(frame, own.get("n"), "n", 1)
    given = bind(value, passed, frame.env)
    names = parameters_of(value.target)
    _check_once(value, block, passed)
    _check_stage(value, names, own, link)
    if "stride" in dict(value.arguments):
        message = f"`{value.name}` brings a `stride`, which a stage gives to its calls"
        hint = "give it to the stage: `stage(block, ..., stride=2)`"
        raise Fault(error("A120", message, block.span, help=hint))
    inner_link = _call(passed, link.span)
    if "stride" not in names:
        target = Target(value.target, given, inner_link, value.name)
        return _Stage(target, target, n)
    stride = frame.value_of(own["stride"].value) if "stride" in own else 1
    written = tuple(item for item in others if item is not own.get("n"))
    first = Target(value.target, {**given, "stride": stride}, _call(written, link.span), value.name)
    rest = Target(value.target, {**given, "stride": 1}, inner_link, value.name)
    return _Stage(first, rest, n)


def _call(arguments: tuple[tree.Argument, ...], span: Span) -> tree.Call:
    """The call of a stage's block, for pointing at its arguments. No text spells it."""
    return tree.Call(tree.Name(("stage",), span=span), arguments, span=span)


def _check_stage(
    value: LayerValue,
    names: tuple[str, ...],
    own: Mapping[str, tree.Argument],
    link: tree.Stage,
) -> None:
    if "n" in names:
        message = f"`{value.name}` has a parameter `n`, which a stage needs for itself"
        raise Fault(error("A120", message, link.span, help="rename the block's parameter"))
    if "stride" in own and "stride" not in names:
        message = f"`{value.name}` has no parameter `stride`"
        hint = "give the block a parameter `stride=1`"
        raise Fault(error("A120", message, own["stride"].span, help=hint))


def _check_once(value: LayerValue, block: tree.Argument, passed: Sequence[tree.Argument]) -> None:
    """`stage(conv(16, 3), 3)` gives `out` twice, and means `n=3`."""
    if not isinstance(block.value, tree.Apply):
        return
    names = parameters_of(value.target)
    brought = match_arguments(value.name, names, block.value.arguments)
    for name, argument in match_arguments(value.name, names, passed).items():
        if name in brought:
            message = f"`{name}` is given twice: in `{value.name}(...)`, and to the stage"
            plain = argument.name is None and len(passed) == 1
            text = argument.span.text
            hint = f"how often is said by name: write `n={text}`" if plain else "say it once"
            fix = [Edit(argument.span, f"n={text}")] if plain else []
            raise Fault(error("A108", message, argument.span, help=hint, fix=fix))


def _whole(frame: Frame, argument: tree.Argument | None, what: str, default: int) -> int:
    if argument is None:
        return default
    value = frame.value_of(argument.value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = f"`{what}` must be an integer of at least 1"
        raise Fault(error("A109", message, argument.span, f"it is {show(value)}"))
    return value


def _fill_stage(inner: Frame, stage: _Stage, name: str) -> tuple[Step, ...]:
    """Call after call, until nothing changes any more: then the rest is one node."""
    steps: list[Step] = []
    done = 0
    while done < stage.n:
        target = stage.first if done == 0 else stage.rest
        text = f"stage {name}, {target.frame_text}, call {done + 1} of {stage.n}"
        before = inner.body.ref(target.span)
        target = Target(target.callee, target.given, target.link, text)
        node = apply_target(inner, target, str(done))
        if isinstance(node, LayerNode) and stage.n > MOST_NODES:
            raise Fault(_too_many(stage.n, node, target))
        count = _remaining(inner, node, stage, done)
        if count > 1:
            node = inner.body.repeat_last(count)
        steps.append(Applied(node, before, node.outputs[0]))
        done += count
    return tuple(steps)


def _too_many(n: int, node: LayerNode, target: Target) -> Diagnostic:
    """Only a call has a body that equal calls share; a layer is a node each time."""
    layer = node.layer.keyword
    return error(
        "A404",
        f"{n:_} times the layer `{layer}`, and a network has at most {MOST_NODES:_}",
        target.span,
        help=f"repeat a block, which is read once: `block unit = seq {{ {layer}... }}`",
    )


def _remaining(inner: Frame, node: LayerNode | CallNode, stage: _Stage, done: int) -> int:
    """How many calls from this one on are equal to it: its output has the shape of its input, and
    they have its arguments. `stage(basic, 64, n=4, stride=2)` is a first call and 3 alike."""
    alike = done > 0 or _same_arguments(stage)
    shapes = inner.body.values
    stable = len(node.outputs) == 1 and shapes[node.inputs[0]] == shapes[node.outputs[0]]
    return stage.n - done if alike and stable and isinstance(node, CallNode) else 1


def _same_arguments(stage: _Stage) -> bool:
    first, rest = stage.first.given, stage.rest.given
    return {k: identity_key(v) for k, v in first.items()} == {
        k: identity_key(v) for k, v in rest.items()
    }

"""What those see who call a network: parameters of its arch, inputs, results, heads, features.

A feature is a value of the arch that has a name or is a block's: what `from` and feature
extractors ask for. Its channels and its reduction count, not its size, which the input decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from archgen.analysis.breaking.finding import Finding, finding
from archgen.analysis.sizes.legal import sizes_of
from archgen.analysis.sizes.words import requirement
from archgen.network import Body, CallNode, Network, Ref, heads_of
from archgen.shapes import Shape
from archgen.syntax import tree
from archgen.text import Span


def interface(old: Network, new: Network) -> Iterator[Finding]:
    """Every change of what callers see."""
    yield from _parameters(old, new)
    yield from _inputs(old, new)
    yield from _sizes(old, new)
    yield from _results(old, new)
    yield from _heads(old, new)
    yield from _features(old, new)


def _parameters(old: Network, new: Network) -> Iterator[Finding]:
    """What `--set` and keyword arguments no longer reach. Other defaults show in the network."""
    for name in old.settable:
        if name not in new.settable:
            message = f"the parameter `{name}` is gone"
            yield finding("B102", message, None, old.span, otherwise=new.span, paths=(name,))


def _inputs(old: Network, new: Network) -> Iterator[Finding]:
    before, after = _entries(old.body), _entries(new.body)
    if before != after:
        message = f"the input is {_spelled(after)}, it was {_spelled(before)}"
        place, was = _input_place(new.body), _input_place(old.body)
        yield finding("B104", message, place, was, otherwise=new.span)


def _sizes(old: Network, new: Network) -> Iterator[Finding]:
    """Sizes of the same inputs that the old model took."""
    if _entries(old.body) != _entries(new.body):
        return
    before, after = sizes_of(old), sizes_of(new)
    if not before.known or not after.known or not before.axes:
        return
    axes = list(zip(before.axes, after.axes, strict=True))
    lost = {one.axis.name: one.legal & ~two.legal & ~two.unknown for one, two in axes}
    tied = [joint for joint in after.joints if joint not in before.joints]
    if not any(lost.values()) and not tied:
        return
    names = [f"`{name}` {sizes.first}" for name, sizes in lost.items() if sizes]
    notes = [f"for instance {' and '.join(names)}"] if names else []
    for one, two in axes:
        reasons = (each for each in two.reasons if each.sizes & lost[one.axis.name])
        if reason := next(reasons, None):
            refused = reason.refused
            where = f"`{refused.path}`" if refused.path else "a merge"
            notes.append(f"refused by {where}, line {refused.span.line}: {refused.message}")
            break
    message = f"the sizes that are taken: {requirement(after)}; they were: {requirement(before)}"
    place, was = _input_place(new.body), _input_place(old.body)
    yield finding("B108", message, place, was, otherwise=new.span, notes=tuple(notes))


def _results(old: Network, new: Network) -> Iterator[Finding]:
    before, after = _outputs(old.body), _outputs(new.body)
    if (old.body.listed, before) != (new.body.listed, after):
        now, was = (_kind(body) + _spelled(_outputs(body)) for body in (new.body, old.body))
        place, old_place = _result_place(new.body), _result_place(old.body)
        message = f"the result is {now}, it was {was}"
        yield finding("B105", message, place, old_place, otherwise=new.span)


def _heads(old: Network, new: Network) -> Iterator[Finding]:
    before, after = _aux(old.body), _aux(new.body)
    if before != after:
        was, now = (_spelled(each) or "none" for each in (before, after))
        place, old_place = _statement(new.body, tree.Aux), _statement(old.body, tree.Aux)
        message = f"the heads in training are {now}, they were {was}"
        yield finding("B106", message, place, old_place, otherwise=new.span)


def _features(old: Network, new: Network) -> Iterator[Finding]:
    before, after = _named(old.body), _named(new.body)
    for name, was in before.items():
        now = after.get(name)
        place, message = None, f"no value is called `{name}` any more"
        if now is not None:
            place, message = now.place, f"`{name}` has {now.beside(was)}, it had {was.beside(now)}"
        if now is None or now.look != was.look:
            yield finding("B107", message, place, was.place, otherwise=new.span, paths=(name,))


# --- what there is --------------------------------------------------------------------------------


Values = list[tuple[str, Shape]]  # in order, "" for what has no name


def _entries(body: Body) -> Values:
    return [
        (name, body.values[ref]) for name, ref in zip(body.input_names, body.inputs, strict=True)
    ]


def _outputs(body: Body) -> Values:
    """The results; those of a list are known by their places."""
    return [("" if body.listed else each.name, body.values[each.value]) for each in body.outputs]


def _aux(body: Body) -> Values:
    return list(heads_of(body))


def _kind(body: Body) -> str:
    return "a list of " if body.listed else ""


@dataclass(frozen=True, slots=True)
class _Feature:
    """Its channels, how much smaller it is than the input along each axis, and what makes it."""

    channels: int
    reductions: tuple[Fraction, ...]
    place: Span | None

    @property
    def look(self) -> tuple[int, tuple[Fraction, ...]]:
        return self.channels, self.reductions

    def beside(self, other: _Feature) -> str:
        """What tells it apart from another one."""
        steps = " x ".join(map(str, dict.fromkeys(self.reductions))) or "no places"
        if self.reductions == other.reductions:
            return f"{self.channels} channels"
        if self.channels == other.channels:
            return f"a reduction of {steps}"
        return f"{self.channels} channels at a reduction of {steps}"


def _named(body: Body) -> dict[str, _Feature]:
    """Named values and the results of blocks by name; not heads, nor what is the same for all
    samples, nor the result itself."""
    aside = {each.value for each in body.outputs} | {aux.node.outputs[0] for aux in body.aux}
    aside |= {ref for ref, shape in enumerate(body.values) if shape.batch != "all"}
    calls = (node for node in body.nodes if isinstance(node, CallNode))
    refs = {name: ref for call in calls for name, ref in _results_of(call)} | dict(body.names)
    entry = body.values[body.inputs[0]]
    return {name: _feature(body, ref, entry) for name, ref in refs.items() if ref not in aside}


def _results_of(call: CallNode) -> Iterator[tuple[str, Ref]]:
    """`layer2`; `fork.a` and `fork.b` of a block with several outputs."""
    for output, ref in zip(call.body.outputs, call.outputs, strict=True):
        yield f"{call.name}.{output.name}" if len(call.outputs) > 1 else call.name, ref


def _feature(body: Body, ref: Ref, entry: Shape) -> _Feature:
    shape = body.values[ref]
    alike = len(shape.spatial) == len(entry.spatial)
    reductions = tuple(map(Fraction, entry.spatial, shape.spatial)) if alike else ()
    return _Feature(shape.channels, reductions, _maker(body, ref))


def _spelled(values: Values) -> str:
    return ", ".join(f"`{name}` {shape}" if name else str(shape) for name, shape in values)


# --- where it is said ---------------------------------------------------------------------------


def _input_place(body: Body) -> Span | None:
    for statement in _statements(body):
        chain = statement.chain if isinstance(statement, tree.Named) else statement
        if isinstance(chain, tree.Chain):
            match chain.links[0]:
                case tree.Input(span=span):
                    return span
    return None


def _result_place(body: Body) -> Span | None:
    """The `output` of an arch, or what makes its last value."""
    return _statement(body, tree.Output) or _maker(body, body.outputs[0].value)


def _maker(body: Body, ref: Ref) -> Span | None:
    return next((node.span for node in body.nodes if ref in node.outputs), None)


def _statement(body: Body, kind: type[tree.Node]) -> Span | None:
    return next((each.span for each in _statements(body) if isinstance(each, kind)), None)


def _statements(body: Body) -> tuple[tree.Node, ...]:
    return body.definition.body.statements if body.definition else ()

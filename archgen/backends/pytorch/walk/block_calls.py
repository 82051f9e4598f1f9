"""Layers and blocks applied: the module that the constructor makes, argument by argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import Build, Made, Param, Plan, Value, is_written_alike
from archgen.backends.pytorch.walk.lanes import Lane, agree
from archgen.backends.pytorch.walk.layer_calls import layer_parameter
from archgen.backends.pytorch.walk.state import Walk
from archgen.backends.pytorch.walk.targets import Target, own_parameter
from archgen.network import CallNode
from archgen.syntax import tree

# --- blocks ---------------------------------------------------------------------------------

LONGEST = 100  # nodes of an expression that a call hands to its caller


def make_call(walk: Walk, lanes: Sequence[Lane], nodes: Sequence[CallNode], target: Target) -> Made:
    """A block: its class with the arguments that its constructor takes."""
    plans = [walk.classes.plan_of(node.body) for node in nodes]
    agree(lanes, [plan.name for plan in plans], {plan.name: plan.name for plan in plans})
    plan = plans[0]
    call = BlockCall(walk, lanes, nodes, target, plan)
    build = Build(plan.name, call.arguments())
    outputs = [[call.outward(value.channels)] for _, value in plan.outputs]
    fields = tuple(name for name, _ in plan.outputs) if plan.several else ()
    fresh = [value.fresh for _, value in plan.outputs]
    heads = tuple(aux.name for aux in plan.aux)
    made = Made(build, outputs, fresh, block=True, fields=fields, heads=heads)
    call.fix()
    made.sizes_on, made.shape_on, made.passes = call.sizes_on(), call.shape_on(), False
    return made


@dataclass(slots=True)
class BlockCall:
    """One call of a printed class: the arguments, in the caller's words."""

    walk: Walk
    lanes: Sequence[Lane]
    nodes: Sequence[CallNode]
    target: Target
    plan: Plan
    exprs: dict[str, Expr] = field(default_factory=dict)

    def arguments(self) -> list[tuple[str | None, Expr | str]]:
        """Required ones by position, others by keyword and only where they differ."""
        positional: list[tuple[str | None, Expr | str]] = []
        named: list[tuple[str | None, Expr | str]] = []
        for param in self.plan.params:
            value = self._value(param)
            if not isinstance(value, str):
                self.exprs[param.name] = value
            if param.default is None:
                positional.append((None, value))
            elif not is_written_alike(value, param.default):
                named.append((param.name, value))
        for param in self.plan.dropped:
            self._learn(param)
        return positional + named

    def _learn(self, param: Param) -> None:
        """What a parameter is that the class does not have: its outputs may speak of it."""
        values = [param.values[id(node.body)] for node in self.nodes]
        expr = None if param.kind == "layer" else self._deduced(param)
        if expr is not None and self.walk.holds(expr, self.lanes, values):
            self.exprs[param.name] = expr

    # --- what the class is right for --------------------------------------------------------

    def fix(self) -> None:
        """What the class is not right for other values of must not be open_parameters to it."""
        params = (*self.plan.params, *self.plan.dropped)
        known = {param.source: param for param in params if param.kind != "channels"}
        entering = {param.source: param for param in params if param.kind == "channels"}
        for name, expr in self.target.arguments.items():
            if name not in known or known[name].name in self.plan.fixed:
                self.walk.fix_by(expr)
        definition = self.nodes[0].body.definition
        if definition is not None and definition.kind == "implicit":
            for parameter in definition.parameters:
                param = known.get(parameter.name)
                if param is None or param.name in self.plan.fixed:
                    self.walk.fix_by(self._argument(parameter.name))
        for source, value in self._inputs().items():
            param = entering.get(source)
            if param is None or param.name in self.plan.fixed:
                self.walk.fix(self.walk.depends_on(value.channels))
            if value.channels is None:
                self.walk.fix(value.sizes_on)
        for name in self.plan.fixed:
            self.walk.fix(self._outside(name))

    def sizes_on(self) -> set[str]:
        """The names that the sizes of the outputs hang on."""
        inside = set().union(*(value.sizes_on for _, value in self.plan.outputs))
        return set().union(*map(self._outside, inside))

    def shape_on(self) -> set[str]:
        """The names that anything of the outputs may hang on."""
        given = (*self.exprs.values(), *self.target.arguments.values())
        inputs = map(self.walk.shape_depends_on, self._inputs().values())
        return set().union(*map(self.walk.depends_on, given), *inputs)

    def _outside(self, name: str) -> set[str]:
        """What a name of the class is here: an argument, or the sizes of an input."""
        source, dot, _ = name.partition(".")
        if dot:
            return self._inputs()[source].sizes_on
        return self.walk.depends_on(self.exprs.get(name))

    def _inputs(self) -> dict[str, Value]:
        return {
            name: self.walk.join(self.lanes, [node.inputs[at] for node in self.nodes])
            for at, (name, _) in enumerate(self.plan.inputs)
        }

    def outward(self, expr: Expr | None) -> Expr | None:
        """The callee's expression in the caller's words; None where it would be too long."""
        if expr is None:
            return None
        try:
            return self._expanded(expr, {})
        except algebra.Opaque:
            return None

    def _expanded(self, expr: Expr, known: dict[str, Expr]) -> Expr:
        """An expression without the callee's locals; `known` are those that were expanded."""

        def meaning(name: str) -> Expr:
            if name in self.plan.lets:
                if name not in known:
                    known[name] = self._expanded(self.plan.lets[name], known)
                return known[name]
            if name not in self.exprs:
                raise algebra.Opaque
            return self.exprs[name]

        made = self.walk.fold(algebra.substitute(expr, meaning), self.lanes)
        if algebra.size(made) > LONGEST:
            raise algebra.Opaque
        return made

    def _value(self, param: Param) -> Expr | str:
        values = [param.values[id(node.body)] for node in self.nodes]
        if param.kind == "layer":
            return self._layer(param, [str(value) for value in values])
        return self.walk.number(self._deduced(param), self.lanes, values, param.name)

    def _layer(self, param: Param, texts: list[str]) -> str:
        """The class for a layer-valued parameter: a name of torch's, or our own parameter."""
        if len(set(texts)) == 1:
            return texts[0]
        implicit = tree.Name((param.source,))
        written = self.target.written.get(param.source, implicit)
        own = own_parameter(self.walk, written)
        if not own:
            agree(self.lanes, texts, {text: text.removeprefix("nn.") for text in texts})
        return layer_parameter(self.walk, self.lanes, own, texts)

    def _deduced(self, param: Param) -> Expr | None:
        if param.kind == "channels":
            return self._input_channels(param)
        if param.kind == "extra":
            return None
        return self._argument(param.source)

    def _input_channels(self, param: Param) -> Expr | None:
        at = next(i for i, (name, _) in enumerate(self.plan.inputs) if name == param.source)
        return self.walk.join(self.lanes, [node.inputs[at] for node in self.nodes]).channels

    def _argument(self, name: str) -> Expr | None:
        """An argument as given, or the parameter's default in the caller's words."""
        definition = self.nodes[0].body.definition
        assert definition is not None
        if definition.kind == "implicit":
            meaning = self.walk.scope.names.get(name)
            return meaning
        if name in self.target.arguments:
            return self.target.arguments[name]
        default = next(p.default for p in definition.parameters if p.name == name)
        if default is None:
            return None

        def meaning_of(inner: str) -> Expr:
            found: Expr | None = None
            if inner in {p.name for p in definition.parameters}:
                found = self._argument(inner)
            elif inner in {"channels", "input.channels"}:
                found = self.walk.join(self.lanes, [n.inputs[0] for n in self.nodes]).channels
            else:
                return algebra.constant(definition.scope.get(inner, ...))
            if found is None:
                raise algebra.Opaque
            return found

        try:
            made = algebra.substitute(default, meaning_of)
            return self.walk.fold(made, self.lanes)
        except algebra.Opaque:
            return None

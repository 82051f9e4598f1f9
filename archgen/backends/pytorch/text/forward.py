"""`forward`: what the items of a class compute, as nested calls and short statements."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.dataflow import read_values, readers
from archgen.backends.pytorch.plan.ir import (
    Apply,
    Aux,
    Carry,
    Constant,
    For,
    Gather,
    If,
    Item,
    Learned,
    Merge,
    Phi,
    Plan,
    Value,
)
from archgen.backends.pytorch.text.attributes import Attributes
from archgen.backends.pytorch.text.expressions import ATOM, literal, written
from archgen.backends.pytorch.text.layout import (
    STEP,
    WIDTH,
    Call,
    Chain,
    Layout,
    Prefixed,
    flat,
    parameters,
    statement,
)
from archgen.backends.pytorch.text.merging import LONG, Merging
from archgen.backends.pytorch.text.places import (
    Line,
    Term,
    letters,
    order_of,
)
from archgen.backends.pytorch.text.variables import input_names
from archgen.syntax import tree


def forward(plan: Plan, attributes: Attributes, result: str) -> list[str]:
    """The lines of `forward`; `result` is the type of what it returns."""
    head = ["self", *(f"{name}: Tensor" for name in input_names(plan))]
    lines = [parameters("def forward", head, f" -> {result}:", STEP)]
    writer = Forward(plan, attributes)
    writer.items(plan.items)
    writer.finish(plan)
    return lines + [line.text for line in writer.lines]


class Forward(Merging):
    """Writes `forward`, item after item."""

    # --- items ----------------------------------------------------------------------------------

    def items(self, items: Sequence[Item]) -> None:
        for item in items:
            match item:
                case Apply():
                    self.apply(item)
                case Learned():
                    name = self.parameter(item.name)
                    typed = item.word == "param" or isinstance(item.name, tree.String)
                    term = Term(name, typed=typed, owned=True)
                    self.give(item.output, term)
                case Constant():
                    self.constant(item)
                case Merge():
                    self.merge(item)
                case Gather():
                    self.gather(item)
                case If():
                    self.decide(item)
                case For(carry=Carry() as carry):
                    self.loop(item, carry)
                case _:
                    pass

    def parameter(self, name: Expr) -> str:
        """`self.gamma`, `getattr(self, f"gamma{i}")`; a tensor may stand in for it.

        `get_parameter` would refuse that, and `torch.func.functional_call` does it.
        """
        if isinstance(name, tree.String) and not name.value.isdecimal():
            return f"self.{name.value}"
        return f"getattr(self, {written(self.attributes.outside(name))})"

    def constant(self, item: Constant) -> None:
        """A number: it is read wherever it is needed."""
        text = written(self.attributes.outside(item.expr), ATOM)
        self.state.terms[id(item.output)] = Term(text, text, typed=True, number=True)

    def attribute(self, name: Expr) -> str:
        """`self.conv1`, `self.ups[0]`, `self.get_submodule(f"path{i}")`."""
        if isinstance(name, tree.String):
            head, *indices = name.value.split(".")
            if head.isdecimal() or len(indices) > 1:  # no type is known of a list in a list
                return f"self.get_submodule({literal(name.value)})"
            return f"self.{head}" + "".join(f"[{index}]" for index in indices)
        outside = self.attributes.outside(name)
        assert isinstance(outside, tree.Template)
        match outside.parts:
            case (str(head), index) if head.endswith(".") and not isinstance(index, str):
                return f"self.{head[:-1]}[{written(index)}]"
        return f"self.get_submodule({written(outside)})"

    def apply(self, item: Apply) -> None:
        term = self.applied(item)
        if len(item.outputs) == 1:
            line = self.plan.arch and item.block
            self.give(item.outputs[0], term, line=line)
            return
        self.unpack(item.outputs, term)

    def applied(self, item: Apply) -> Term:
        """The call of a submodule, its arguments nested if that stays short."""
        head = self.attribute(item.child.name) if item.child is not None else item.function
        head += item.piece
        first, *others = item.inputs
        for value in others:  # all, before any is read: its variable would be free again
            if not self.state.terms[id(value)].variable and not self._is_owned(value):
                self.store(value)
        extra = [self.read(value, stored=True) for value in others]
        room = LONG - len(head) - sum(len(flat(term.layout)) for term in extra)
        twice = item.function.count("{x}") > 1 or "{x}[" in item.function
        stored = item.child is None and twice
        with self.holding(*extra):
            term = self.read(first, stored=stored or self._is_long(first, room))
        term, *extra = _lifted(item, [term, *extra])
        reads = frozenset.union(term.reads, *(other.reads for other in extra))
        if item.child is not None:
            arguments = (term.layout, *(other.layout for other in extra))
            return Term(Call(head, arguments), reads=reads)
        return Term(_function(item.function, [term, *extra]), reads=reads, typed=True)

    def _is_owned(self, value: Value) -> bool:
        return self.state.terms[id(value)].owned

    def _is_long(self, value: Value, room: int) -> bool:
        term = self.state.terms[id(value)]
        return not term.variable and len(flat(term.layout)) > room

    def unpack(self, outputs: Sequence[Value], term: Term) -> None:
        """`a, b = ...`."""
        with self.holding(term):
            self.flush()
        names: list[str] = []
        firsts: tuple[str, ...] = ()
        busy = self.busy()
        for value in outputs:
            name = "_"
            if self.left[id(value)] > 0:
                own = self._own_name(value, busy)
                name = value.name if own else next(x for x in letters() if x not in busy)
            busy.add(name)
            names.append(name)
            self.state.terms[id(value)] = Term(name, name, frozenset({name}), term.typed)
            firsts += self.first(name)
        text = statement(", ".join(names) + " = ", term.layout, self.indent)
        if max(map(len, text.split("\n"))) > WIDTH:
            targets = statement("", Call("", tuple(names), forced=True), self.indent)
            text = f"{targets} = {flat(term.layout)}"
        self.line(text, firsts=firsts)

    # --- decisions and loops --------------------------------------------------------------------

    def decide(self, item: If) -> None:
        """Both sides, each leaving its values in the same variables."""
        self.flush()
        targets = self._phi_variables(item)
        reserved = self.reserved
        if len(targets) > 1:  # one could be overwritten before the other is left
            self.reserved = reserved | set(targets)
        sides = [self._side_of(item, number, targets) for number in range(len(item.arms))]
        self.reserved = reserved
        self.branch(item, sides)
        for phi, name in zip(item.phis, targets, strict=True):
            self.state.terms[id(phi.value)] = self.variable_term(name)

    def _side_of(self, item: If, number: int, targets: Sequence[str]) -> list[Line]:
        def write() -> None:
            self.items(item.arms[number][1])
            for phi, target in zip(item.phis, targets, strict=True):
                self._leave(phi.arms[number], target)

        return self.side(write)[0]

    def _phi_variables(self, item: If) -> list[str]:
        """A variable for each value that is left."""
        names: list[str] = []
        inner = readers([each for _, items in item.arms for each in items])
        for phi in item.phis:
            name = self._handed_on(item, phi, inner)
            if name is None or name in names:
                busy = self.busy() | set(names)
                name = next(letter for letter in letters() if letter not in busy)
            names.append(name)
        return names

    def _handed_on(self, item: If, phi: Phi, inner: Counter[int]) -> str | None:
        """The variable of a value that a side hands on unchanged, if nothing else needs it."""
        for side in phi.arms:
            term = self.state.terms.get(id(side))
            if term is None or not term.variable:
                continue
            later = self.left[id(side)] - inner[id(side)]
            mine = sum(each is side for each in phi.arms)
            if later == mine:
                return term.variable
        return None

    def _leave(self, value: Value, variable: str) -> None:
        """Put a value into the variable that holds it after the decision."""
        term = self.state.terms[id(value)]
        if term.variable == variable:
            self.read(value)
            return
        if value in self.state.pending:
            self.store(value, variable)
            self.left[id(value)] -= 1
            return
        self.flush()
        text = statement(f"{variable} = ", term.layout, self.indent)
        self.lines.append(Line(text, self.first(variable)))
        self.read(value)

    def loop(self, item: For, carry: Carry) -> None:
        """The current value goes through one variable, pass after pass."""
        self.flush()
        inner = readers(item.items)
        outer = self._hold(read_values(item.items))
        term = self.read(carry.before)
        self.left[id(carry.start)] += 0
        name = term.variable
        if self.left[id(carry.before)] > 0 or not name:
            name = self.fresh_letter()
            text = statement(f"{name} = ", term.layout, self.indent)
            self.lines.append(Line(text, self.first(name)))
        self.state.terms[id(carry.start)] = self.variable_term(name)
        self.left[id(carry.start)] = inner[id(carry.start)] + (carry.end is carry.start)

        def write() -> None:
            self.items(item.items)
            self._leave(carry.end, name)

        lines, _ = self.side(write)
        self._release(outer)
        if lines:
            self.lines.append(Line(self.clause(item, lines)))
            self.lines += lines
        self.state.terms[id(carry.result)] = self.variable_term(name)

    # --- the result -----------------------------------------------------------------------------

    def finish(self, plan: Plan) -> None:
        """Return what the block gives; in training, the heads' values with it."""
        if plan.aux:
            self.finish_training(plan, plan.aux)
        if not plan.several:
            ((_, value),) = plan.outputs
            layout = self.returned(value)
            self.lines.append(Line(statement("return ", layout, self.indent)))
            return
        values = [value for _, value in plan.outputs]
        self.flush()
        terms = [self.read(value) for value in values]
        if plan.listed:
            result = Call("", tuple(term.layout for term in terms), "[]")
        else:
            names = [name or "output" for name, _ in plan.outputs]
            result = Call(
                plan.result,
                tuple(Prefixed(f"{n}=", t.layout) for n, t in zip(names, terms, strict=True)),
            )
        self.lines.append(Line(statement("return ", result, self.indent)))

    def returned(self, value: Value) -> Layout:
        """The one value that is returned: a tensor for the type checker too."""
        term = self.state.terms[id(value)]
        if not term.variable and not term.owned:
            if term.typed:
                self.flush(until=value)
                return term.layout
            term = self.store(value, self._free_tensor(value))
        if not term.typed and term.variable not in self.declared:
            self.declare(term.variable)
        return term.layout

    def _free_tensor(self, value: Value) -> str:
        """A variable that the type checker knows as a tensor, and that nobody needs any more."""
        self.flush(until=value)  # what it stores takes variables too
        own = self.variable(value, self.state.terms[id(value)])
        free = sorted(self.declared - self.busy(value), key=order_of)
        return own if own in self.declared or not free else free[0]

    def finish_training(self, plan: Plan, heads: Sequence[Aux]) -> None:
        """`if self.training: return Output(x, self.aux(y))`; what called blocks gave is there."""
        self.flush()
        fields: list[Layout] = []
        for name, value in plan.outputs:
            term = self.state.terms[id(value)]
            if not term.variable:
                term = self.store(value)
            fields.append(Prefixed(f"{name or 'output'}=", term.layout))

        def write() -> None:
            for head in heads:
                term = self.read(head.value) if head.apply is None else self.applied(head.apply)
                fields.append(Prefixed(f"{head.name}=", term.layout))
            result = Call(plan.result, tuple(fields))
            self.lines.append(Line(statement("return ", result, self.indent)))

        lines, _ = self.side(write)
        self.lines.append(Line(" " * self.indent + "if self.training:"))
        self.lines += lines


def _lifted(item: Apply, terms: Sequence[Term]) -> list[Term]:
    """The inputs, those with a leading axis of 1 that lack it."""
    if not any(item.lifts):
        return list(terms)
    return [
        replace(term, layout=Chain(term.layout, (".unsqueeze(0)",)), variable="") if lift else term
        for term, lift in zip(terms, item.lifts, strict=True)
    ]


_METHOD = re.compile(r"(?<=[)}])\.\w+\(")


def _function(text: str, terms: Sequence[Term]) -> Layout:
    """What a layer that is a function makes of values: `Layer.function`, filled in."""
    starts = [found.start() for found in _METHOD.finditer(text) if _is_outside(text, found.start())]
    if not starts:
        return _filled_in(text, [flat(each.layout) for each in terms])
    pieces = [text[start:end] for start, end in pairwise([0, *starts, len(text)])]
    given = [flat(each.layout) for each in terms]
    head = terms[0].layout if pieces[0] == "{x}" else _filled_in(pieces[0], given)
    return Chain(head, tuple(_filled_in(piece, given) for piece in pieces[1:]))


def _is_outside(text: str, at: int) -> bool:
    """Whether a place lies in no brackets."""
    return text.count("(", 0, at) == text.count(")", 0, at)


def _filled_in(text: str, given: Sequence[str]) -> str:
    return text.format(*given, x=given[0], like=given[-1])

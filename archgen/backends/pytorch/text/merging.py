"""Merges in `forward`: one expression, or branch after branch where they hang on decisions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from archgen.backends.pytorch.plan.dataflow import branch_values
from archgen.backends.pytorch.plan.ir import (
    Branch,
    Choice,
    For,
    If,
    Item,
    Loop,
    Merge,
    One,
    Value,
)
from archgen.backends.pytorch.plan.names import LOCALS, Names
from archgen.backends.pytorch.text import modules
from archgen.backends.pytorch.text.constructor import branching
from archgen.backends.pytorch.text.layout import (
    STEP,
    Call,
    Layout,
    Operation,
    flat,
    statement,
)
from archgen.backends.pytorch.text.places import (
    SIGNS,
    Line,
    Term,
    joined,
    laid,
    merged,
    operand,
)
from archgen.backends.pytorch.text.variables import Variables

LONG = 60  # columns of a nested call


class Joins(Variables, ABC):
    """Writes merges; what stands in their branches is written by the class that does the rest."""

    @abstractmethod
    def items(self, items: Sequence[Item]) -> None:
        """Write what stands in a branch."""

    def merge(self, item: Merge) -> None:
        if item.inplace:
            self.add_to_first(item)
            return
        self.shorten(item.operands)
        batch = self._batch(item)
        terms = [self.read(value) for value in item.operands]
        self.give(item.output, merged(item, terms, batch), line=False)

    def add_to_first(self, item: Merge) -> None:
        """`y = ...`, then `y += ...` for each of the others."""
        first, *others = item.operands
        term = self.state.terms[id(first)]
        if not term.variable:
            self.flush(until=first)  # what it stores takes variables too
            term = self.store(first, self.variable_for_sum(item.output, first, term))
        self.read(first)
        with self.holding(term):
            for value in others:
                self.add(item, term.variable, value)
        self.state.terms[id(item.output)] = term

    def variable_for_sum(self, output: Value, first: Value, term: Term) -> str:
        """The sum's own name where it gets one, else what its first operand may take."""
        own = self.left[id(output)] > 1 and self._own_name(output, self.busy(first))
        return output.name if own else self.variable(first, term)

    def add(self, item: Merge, variable: str, value: Value) -> None:
        """`y += ...`, or `y = y + ...` where `y` may be something that others read."""
        if not self.state.terms[id(value)].variable:
            self.flush(until=value)
        layout = laid(self.read(value), item)
        if item.inplace:
            self.line(statement(f"{variable} += ", layout, self.indent))
            return
        sum_ = Operation((variable, f"{SIGNS[item.kind]} {operand(layout, item.kind)}"))
        self.line(statement(f"{variable} = ", sum_, self.indent))

    def shorten(self, operands: Sequence[Value]) -> None:
        """Store the longer operands but the last, if all together would be too long."""
        lengths = [len(flat(self.state.terms[id(value)].layout)) for value in operands]
        if sum(lengths) <= LONG:
            return
        for value, length in list(zip(operands, lengths, strict=True))[:-1]:
            if length > LONG // 3 and not self.state.terms[id(value)].variable:
                self.store(value)

    def _batch(self, item: Merge) -> str:
        """A variable with the batch's size, where a learned value has none."""
        terms = [self.state.terms[id(value)] for value in item.operands]
        if item.kind != "concat" or all(term.axes is None for term in terms):
            return ""
        value = next(v for v, t in zip(item.operands, terms, strict=True) if t.axes is None)
        term = self.state.terms[id(value)]
        return (term if term.variable else self.store(value)).variable

    def merge_branches(self, item: Merge, branches: Sequence[Branch]) -> None:
        """A merge whose branches hang on decisions: added one by one, or listed."""
        first = branches[0]
        if item.kind != "concat" and isinstance(first, One):
            self.fold_branches(item, first, branches[1:])
            return
        self.flush()
        name = self._list_name()
        self.assigned.add(name)
        self.line(" " * self.indent + f"{name}: list[Tensor] = []")
        self.list_branches(item, name, branches)
        if item.kind == "concat":
            layout: Layout = Call("torch.cat", (name, f"dim={item.axis + 1}"))
            self.give(item.output, Term(layout, typed=True))
            return
        self.fold_list(item, name)

    def _list_name(self) -> str:
        return Names({*self.assigned, *LOCALS, *self.plan.locals}).claim("paths")

    def list_branches(self, item: Merge, name: str, branches: Sequence[Branch]) -> None:
        """Append each branch's value to a list."""
        for branch in branches:
            match branch:
                case One(items, value):
                    self.items(items)
                    self.flush(until=value)
                    path = joined(self.read(value), item, self.inputs[0])
                    self.line(statement("", Call(f"{name}.append", (path,)), self.indent))
                case Choice():
                    self.choose(branch, partial(self.list_branches, item, name))
                case Loop():
                    self.repeat(branch, partial(self.list_branches, item, name, branch.branches))

    def fold_list(self, item: Merge, name: str) -> None:
        """Add up a list, from left to right."""
        target = self.fresh_letter()
        path = Names({*self.assigned, *LOCALS, *self.plan.locals, target}).claim("path")
        pad = " " * self.indent
        self.line(f"{pad}{target} = {name}[0]", firsts=(target,))
        self.line(f"{pad}for {path} in {name}[1:]:")
        sign = SIGNS[item.kind]
        sum_ = f"{target} += {path}" if item.inplace else f"{target} = {target} {sign} {path}"
        self.line(f"{pad}{' ' * STEP}{sum_}")
        self.assigned.update({target, path})
        term = Term(target, target, frozenset({target}), True)
        self.state.terms[id(item.output)] = term

    def fold_branches(self, item: Merge, first: One, rest: Sequence[Branch]) -> None:
        """`y = ...`, then `y = y + ...` for each branch that is there."""
        self.items(first.items)
        value = Value(shape=item.output.shape)
        self.left[id(value)] = 1 + len(rest)
        self.made.append(value)
        source = self.state.terms[id(first.value)]
        if source.variable:
            self.read(first.value)
            self.state.pending.append(value)
            self.state.terms[id(value)] = Term(
                source.variable, reads=source.reads, typed=source.typed
            )
            if self.left[id(first.value)] > 0:
                self.store(value)
            else:
                self.state.pending.remove(value)
                self.state.terms[id(value)] = source
        else:
            self.read(first.value)
            source = Term(laid(source, item), reads=source.reads, typed=source.typed)
            self.give(value, source, line=True)
        self.add_branches(item, value, rest)
        self.state.terms[id(item.output)] = self.state.terms[id(value)]
        self.left[id(value)] = 0

    def add_branches(self, item: Merge, value: Value, branches: Sequence[Branch]) -> None:
        for branch in branches:
            match branch:
                case One(items, each):
                    self.items(items)
                    self.flush(until=each)
                    self.add(item, self.state.terms[id(value)].variable, each)
                case Choice():
                    self.choose(branch, partial(self.add_branches, item, value))
                case Loop():
                    self.repeat(branch, partial(self.add_branches, item, value, branch.branches))

    def choose(self, choice: Choice, write: Callable[[Sequence[Branch]], None]) -> None:
        """The branches of the side that is taken."""
        self.flush()
        sides = [self.side(partial(write, inner))[0] for _, inner in choice.arms]
        self.branch(choice, sides)

    def branch(self, decision: If | Choice, sides: Sequence[list[Line]]) -> None:
        tests = [self.attributes.test(decision, at) for at in range(len(sides))]
        lines = branching(tests, [[line.text for line in side] for side in sides], self.indent)
        firsts = {line.text: line.firsts for side in sides for line in side if line.firsts}
        self.lines += [Line(text, firsts.get(text, ())) for text in lines]

    def repeat(self, loop: Loop, write: Callable[[], None]) -> None:
        """The lines for each pass of a loop of branches."""
        self.flush()
        outer = self._hold(value for branch in loop.branches for value in branch_values(branch))
        lines, _ = self.side(write)
        self._release(outer)
        self.lines.append(Line(self.clause(loop, lines)))
        self.lines += lines

    def clause(self, loop: For | Loop, lines: Sequence[Line]) -> str:
        text = "\n".join(line.text for line in lines)
        clause = modules.clause_of(loop, self.attributes.outside(loop.iterable), text)
        return statement("", clause, self.indent, ":")

    def _hold(self, values: Iterator[Value]) -> list[int]:
        """What a loop reads from outside is needed again in the next pass."""
        held = [id(value) for value in values if id(value) in self.state.terms]
        for key in held:
            self.left[key] += 1
        return held

    def _release(self, held: Sequence[int]) -> None:
        for key in held:
            self.left[key] -= 1

"""Merges in `forward`: one expression, or branch after branch where they hang on decisions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from archgen.backends.pytorch.plan.dataflow import read_values
from archgen.backends.pytorch.plan.ir import For, Gather, Give, If, Item, Merge, Value
from archgen.backends.pytorch.plan.names import LOCALS, Names
from archgen.backends.pytorch.plan.regions import gives
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
    Line,
    Term,
    combined,
    joined_along,
    laid,
    listed,
    merged,
)
from archgen.backends.pytorch.text.variables import Variables

LONG = 60  # columns of a nested call


class Merging(Variables, ABC):
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
        self.give(item.output, merged(item, item.operands, terms, batch), line=False)

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

    def add(self, item: Merge | Gather, variable: str, value: Value) -> None:
        """`y += ...`, or `y = y + ...` where `y` may be something that others read."""
        if not self.state.terms[id(value)].variable:
            self.flush(until=value)
        layout = laid(value, self.read(value), item)
        if item.inplace:
            self.line(statement(f"{variable} += ", layout, self.indent))
            return
        made = combined(item.kind, variable, layout)
        self.line(statement(f"{variable} = ", made, self.indent))

    def shorten(self, operands: Sequence[Value]) -> None:
        """Store the longer operands, if all together would be too long: the last, if it is a merge
        that is too long by itself, so that merges in merges do not nest without end."""
        layouts = [self.state.terms[id(value)].layout for value in operands]
        lengths = [len(flat(layout)) for layout in layouts]
        if sum(lengths) <= LONG:
            return
        for value, layout, length in zip(operands, layouts, lengths, strict=True):
            most = LONG // 3
            if value is operands[-1]:
                most = LONG if _is_merge(layout) else length
            if length > most and not self.state.terms[id(value)].variable:
                self.store(value)

    def _batch(self, item: Merge) -> str:
        """A variable with the batch's size, where an operand has none."""
        batches = {value.batch for value in item.operands}
        if item.kind != "concat" or "all" not in batches or len(batches) == 1:
            return ""
        value = next(value for value in item.operands if value.batch == "all")
        term = self.state.terms[id(value)]
        return (term if term.variable else self.store(value)).variable

    def gather(self, item: Gather) -> None:
        """A merge whose operands hang on decisions: added one by one, or listed."""
        at = next(at for at, each in enumerate(item.items) if gives(each))
        first = item.items[at]
        if item.kind != "concat" and isinstance(first, Give):
            self.items(item.items[:at])
            self.fold_onto(item, first.value, item.items[at + 1 :])
            return
        self.flush()
        name = self._list_name()
        self.assigned.add(name)
        self.line(" " * self.indent + f"{name}: list[Tensor] = []")
        self.operands(item.items, partial(self.append, item, name))
        if item.kind == "concat":
            layout: Layout = Call("torch.cat", (name, f"dim={joined_along(item)}"))
            self.give(item.output, Term(layout, typed=True))
            return
        self.fold_list(item, name)

    def operands(self, items: Sequence[Item], give: Callable[[Value], None]) -> None:
        """A region: what it gives is handed to `give`, where it stands in the text."""
        for item in items:
            match item:
                case Give(value=value):
                    give(value)
                case If() if gives(item):
                    self.flush()
                    sides = [
                        self.side(partial(self.operands, arm, give))[0] for _, arm in item.arms
                    ]
                    self.branch(item, sides)
                case For() if gives(item):
                    self.repeat(item, partial(self.operands, item.items, give))
                case _:
                    self.items([item])

    def _list_name(self) -> str:
        return Names({*self.assigned, *LOCALS, *self.plan.locals}).claim("paths")

    def append(self, item: Gather, name: str, value: Value) -> None:
        """Append an operand to a list."""
        self.flush(until=value)
        path = listed(value, self.read(value), item, self.batched_input())
        self.line(statement("", Call(f"{name}.append", (path,)), self.indent))

    def batched_input(self) -> str:
        """An input that has the batch's size."""
        inputs = zip(self.inputs, self.plan.inputs, strict=True)
        return next((name for name, (_, value) in inputs if value.batch == "all"), self.inputs[0])

    def fold_list(self, item: Gather, name: str) -> None:
        """Add up a list, from left to right."""
        target = self.fresh_letter()
        path = Names({*self.assigned, *LOCALS, *self.plan.locals, target}).claim("path")
        pad = " " * self.indent
        self.line(f"{pad}{target} = {name}[0]", firsts=(target,))
        self.line(f"{pad}for {path} in {name}[1:]:")
        made = flat(combined(item.kind, target, path))
        sum_ = f"{target} += {path}" if item.inplace else f"{target} = {made}"
        self.line(f"{pad}{' ' * STEP}{sum_}")
        self.assigned.update({target, path})
        term = Term(target, target, frozenset({target}), True)
        self.state.terms[id(item.output)] = term

    def fold_onto(self, item: Gather, first: Value, rest: Sequence[Item]) -> None:
        """`y = ...`, then `y = y + ...` for each operand that is there."""
        value = Value(shape=item.output.shape)
        self.left[id(value)] = 1 + sum(map(gives, rest))
        self.made.append(value)
        source = self.state.terms[id(first)]
        if source.variable:
            self.read(first)
            self.state.pending.append(value)
            self.state.terms[id(value)] = Term(
                source.variable, reads=source.reads, typed=source.typed
            )
            if self.left[id(first)] > 0:
                self.store(value)
            else:
                self.state.pending.remove(value)
                self.state.terms[id(value)] = source
        else:
            self.read(first)
            source = Term(laid(first, source, item), reads=source.reads, typed=source.typed)
            self.give(value, source, line=True)
        self.operands(rest, partial(self.fold_one, item, value))
        self.state.terms[id(item.output)] = self.state.terms[id(value)]
        self.left[id(value)] = 0

    def fold_one(self, item: Gather, sum_: Value, value: Value) -> None:
        self.flush(until=value)
        self.add(item, self.state.terms[id(sum_)].variable, value)

    def branch(self, decision: If, sides: Sequence[list[Line]]) -> None:
        tests = [self.attributes.test(decision, at) for at in range(len(sides))]
        lines = branching(tests, [[line.text for line in side] for side in sides], self.indent)
        firsts = {line.text: line.firsts for side in sides for line in side if line.firsts}
        self.lines += [Line(text, firsts.get(text, ())) for text in lines]

    def repeat(self, loop: For, write: Callable[[], None]) -> None:
        """The lines for each pass of a loop that gives operands."""
        self.flush()
        outer = self._hold(read_values(loop.items))
        lines, _ = self.side(write)
        self._release(outer)
        self.lines.append(Line(self.clause(loop, lines)))
        self.lines += lines

    def clause(self, loop: For, lines: Sequence[Line]) -> str:
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


def _is_merge(layout: Layout) -> bool:
    return isinstance(layout, Operation) or (
        isinstance(layout, Call) and layout.head in ("torch.cat", "torch.clamp")
    )

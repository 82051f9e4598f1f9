"""Values of `forward` and the variables that hold them: when to store one, and under what name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archgen.backends.pytorch.plan.dataflow import made_values, readers
from archgen.backends.pytorch.plan.ir import (
    Plan,
    Value,
)
from archgen.backends.pytorch.plan.names import FORWARD, LOCALS, Names, is_local
from archgen.backends.pytorch.text.attributes import Attributes
from archgen.backends.pytorch.text.layout import (
    STEP,
    WIDTH,
    statement,
)
from archgen.backends.pytorch.text.places import (
    Line,
    State,
    Term,
    letters,
    order_of,
)


class Variables:
    """The lines so far, and at each point how every value can be read."""

    def __init__(self, plan: Plan, attributes: Attributes) -> None:
        self.plan = plan
        self.attributes = attributes
        self.indent = 2 * STEP
        self.lines: list[Line] = []
        self.state = State()
        self.reserved: set[str] = set()  # by the decision around, for what it leaves
        self.made: list[Value] = []  # kept, since values are known by their `id`
        self.left = readers(plan.items)
        self.left.update(id(value) for _, value in plan.outputs)
        self.left.update(id(value) for head in plan.own_heads for value in head.inputs)
        self.left.update(id(aux.value) for aux in plan.aux if aux.apply is None)
        self.inputs = input_names(plan)
        self.declared = set(self.inputs)
        self.assigned = set(self.declared)
        self.ever = set(self.declared)  # assigned on any way through the text
        self.named = Counter(value.name for value in made_values(plan.items) if value.name)
        for variable, (_, value) in zip(self.inputs, plan.inputs, strict=True):
            self.state.terms[id(value)] = Term(variable, variable, frozenset({variable}), True)

    # --- values ---------------------------------------------------------------------------------

    def read(self, value: Value, *, stored: bool = False) -> Term:
        """A value for its next reader; `stored`: it must be a variable."""
        term = self.state.terms[id(value)]
        if stored and not term.variable and not term.owned:
            term = self.store(value)
        self.left[id(value)] -= 1
        if value in self.state.pending:
            self.state.pending.remove(value)
        return term

    def give(self, value: Value, term: Term, *, line: bool = False) -> None:
        """A value has been computed: it is stored if several read it, or a line is due."""
        self.state.terms[id(value)] = term
        if term.variable or term.owned:
            return
        self.state.pending.append(value)
        if line or self.left[id(value)] > 1:
            self.store(value)

    def store(self, value: Value, variable: str = "") -> Term:
        """Write `y = ...` for a value; what was computed before is written before."""
        self.flush(until=value)
        term = self.state.terms[id(value)]
        if value in self.state.pending:
            self.state.pending.remove(value)
        name = variable or self.variable(value, term)
        self.line(statement(f"{name} = ", term.layout, self.indent), value, self.first(name))
        stored = Term(name, name, frozenset({name}), term.typed or name in self.declared)
        self.state.terms[id(value)] = stored
        return stored

    def first(self, name: str) -> tuple[str, ...]:
        """Note an assignment; the name again if it is the first in the text."""
        known = name in self.ever
        self.assigned.add(name)
        self.ever.add(name)
        return () if known else (name,)

    def flush(self, until: Value | None = None) -> None:
        """Store what waits, in the order in which it was computed."""
        for value in list(self.state.pending):
            if value is until:
                return
            if value in self.state.pending:
                self.store(value)

    @contextmanager
    def holding(self, *terms: Term) -> Iterator[None]:
        """Keep the variables of terms that are read already, and are not written yet."""
        reserved = self.reserved
        self.reserved = reserved.union(*(term.reads for term in terms))
        yield
        self.reserved = reserved

    def line(self, text: str, value: Value | None = None, firsts: tuple[str, ...] = ()) -> None:
        comment = f"  # {value.shape}" if value is not None and value.shape else ""
        fits = "\n" not in text and len(text + comment) <= WIDTH
        shown = comment if self.plan.arch and fits else ""
        self.lines.append(Line(text + shown, firsts))

    def variable(self, value: Value, term: Term) -> str:
        """A name for a value: one of its inputs' that nobody needs any more, its own, a letter."""
        busy = self.busy(value)
        if self.left[id(value)] > 1 and self._own_name(value, busy):
            return value.name
        free = [name for name in sorted(term.reads) if name not in busy]
        if free:
            return min(free, key=order_of)
        names = Names(busy)
        for letter in FORWARD:
            if letter not in names:
                return letter
        return names.claim("t")

    def _own_name(self, value: Value, busy: set[str]) -> bool:
        name = value.name
        fine = bool(name) and is_local(name) and self.named[name] == 1
        return fine and name not in busy and name not in self.assigned

    def busy(self, value: Value | None = None) -> set[str]:
        """Variables that something still reads."""
        waiting = [
            self.state.terms[id(other)] for other in self.state.pending if other is not value
        ]
        names = {name for term in waiting for name in term.reads} | self.reserved
        for key, term in list(self.state.terms.items()):
            if term.variable and self.left[key] > 0:
                names.add(term.variable)
            elif term.variable:
                del self.state.terms[key]  # nothing asks for it again
        return names

    def side(self, write: Callable[[], None]) -> tuple[list[Line], State]:
        """The lines of one side, and what is known at its end; nothing of it holds outside."""
        lines, state, assigned = self.lines, self.state, set(self.assigned)
        self.lines, self.state = [], State(dict(state.terms), [])
        self.indent += STEP
        write()
        self.flush()
        self.indent -= STEP
        made, after = self.lines, self.state
        self.lines, self.state = lines, state
        self.ever |= self.assigned
        self.assigned = assigned
        return made, after

    def variable_term(self, name: str) -> Term:
        return Term(name, name, frozenset({name}), name in self.declared)

    def fresh_letter(self) -> str:
        busy = self.busy()
        return next(x for x in letters() if x not in busy)

    def declare(self, variable: str) -> None:
        """Write the type at the first assignment of a variable, or before it if that unpacks."""
        for at, line in enumerate(self.lines):
            if variable in line.firsts:
                text = line.text.lstrip()
                pad = line.text[: -len(text)]
                if text.startswith(f"{variable} = "):
                    line.text = f"{pad}{variable}: Tensor{text.removeprefix(variable)}"
                else:
                    self.lines.insert(at, Line(f"{pad}{variable}: Tensor"))
                self.declared.add(variable)
                return


def input_names(plan: Plan) -> list[str]:
    """The names of the inputs in `forward`."""
    names = Names(LOCALS)
    return [names.claim_underscored(name) for name, _ in plan.inputs]

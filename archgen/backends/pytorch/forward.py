"""`forward`: what the items of a class compute, as nested calls and short statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from archgen.backends.pytorch import modules
from archgen.backends.pytorch.algebra import Expr
from archgen.backends.pytorch.attributes import Attributes
from archgen.backends.pytorch.constructor import branching
from archgen.backends.pytorch.inplace import readers
from archgen.backends.pytorch.names import FORWARD, LOCALS, Names
from archgen.backends.pytorch.plan import (
    Apply,
    Aux,
    Branch,
    Choice,
    For,
    If,
    Item,
    Learned,
    Loop,
    Merge,
    One,
    Phi,
    Plan,
    Value,
)
from archgen.backends.pytorch.python import literal, written
from archgen.backends.pytorch.text import (
    STEP,
    WIDTH,
    Call,
    Layout,
    Operation,
    Prefixed,
    flat,
    parameters,
    statement,
)
from archgen.syntax import tree

LONG = 60  # columns of a nested call


@dataclass(slots=True, eq=False)
class Term:
    """How a value can be read: a variable, or an expression that is not stored yet.

    `reads` are the variables in the expression; `typed`: the type checker knows a tensor.
    """

    layout: Layout
    variable: str = ""
    reads: frozenset[str] = frozenset()
    typed: bool = False
    constant: bool = False


@dataclass(slots=True)
class Line:
    """A statement; `first` is the variable that it is the first to assign."""

    text: str
    first: str = ""


@dataclass(slots=True)
class State:
    """What is known at a point of `forward`: a term for each value."""

    terms: dict[int, Term] = field(default_factory=dict)
    pending: list[Value] = field(default_factory=list)


def forward(plan: Plan, attributes: Attributes, result: str) -> list[str]:
    """The lines of `forward`; `result` is the type of what it returns."""
    head = ["self", *(f"{_input_name(name)}: Tensor" for name, _ in plan.inputs)]
    lines = [parameters("def forward", head, f" -> {result}:", STEP)]
    writer = Writer(plan, attributes)
    writer.items(plan.items)
    writer.finish(plan)
    return lines + [line.text for line in writer.lines]


def _input_name(name: str) -> str:
    return name if name not in LOCALS else f"{name}_"


class Writer:
    """Lines of `forward`, in the order of the items."""

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
        self.left.update(id(value) for aux in plan.aux for value in aux.apply.inputs)
        self.declared = {_input_name(name) for name, _ in plan.inputs}
        self.assigned = set(self.declared)
        self.ever = set(self.declared)  # assigned on any way through the text
        self.named = Counter(value.name for value in _values(plan.items) if value.name)
        for name, value in plan.inputs:
            variable = _input_name(name)
            self.state.terms[id(value)] = Term(variable, variable, frozenset({variable}), True)

    # --- values ---------------------------------------------------------------------------------

    def read(self, value: Value, *, stored: bool = False) -> Term:
        """A value for its next reader; `stored`: it must be a variable."""
        term = self.state.terms[id(value)]
        if stored and not term.variable and not term.constant:
            term = self.store(value)
        self.left[id(value)] -= 1
        if value in self.state.pending:
            self.state.pending.remove(value)
        return term

    def give(self, value: Value, term: Term, *, line: bool = False) -> None:
        """A value has been computed: it is stored if several read it, or a line is due."""
        self.state.terms[id(value)] = term
        if term.variable or term.constant:
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

    def first(self, name: str) -> str:
        """Note an assignment; the name again if it is the first in the text."""
        known = name in self.ever
        self.assigned.add(name)
        self.ever.add(name)
        return "" if known else name

    def flush(self, until: Value | None = None) -> None:
        """Store what waits, in the order in which it was computed."""
        for value in list(self.state.pending):
            if value is until:
                return
            if value in self.state.pending:
                self.state.pending.remove(value)
                self.store(value)

    def line(self, text: str, value: Value | None = None, first: str = "") -> None:
        comment = f"  # {value.shape}" if value is not None and value.shape else ""
        fits = "\n" not in text and len(text + comment) <= WIDTH
        shown = comment if self.plan.arch and fits else ""
        self.lines.append(Line(text + shown, first))

    def variable(self, value: Value, term: Term) -> str:
        """A name for a value: one of its inputs' that nobody needs any more, its own, a letter."""
        busy = self.busy(value)
        if self.left[id(value)] > 1 and self._own_name(value, busy):
            return value.name
        free = [name for name in sorted(term.reads) if name not in busy]
        if free:
            return min(free, key=_order)
        names = Names(busy)
        for letter in FORWARD:
            if letter not in names:
                return letter
        return names.claim("t")

    def _own_name(self, value: Value, busy: set[str]) -> bool:
        name = value.name
        fine = bool(name) and name not in LOCALS and self.named[name] == 1
        return fine and name not in busy and name not in self.assigned

    def busy(self, value: Value | None = None) -> set[str]:
        """Variables that something still reads."""
        waiting = [
            self.state.terms[id(other)] for other in self.state.pending if other is not value
        ]
        names = {name for term in waiting for name in term.reads} | self.reserved
        for key, term in self.state.terms.items():
            if term.variable and self.left[key] > 0:
                names.add(term.variable)
        return names

    # --- items ----------------------------------------------------------------------------------

    def items(self, items: Sequence[Item]) -> None:
        for item in items:
            match item:
                case Apply():
                    self.apply(item)
                case Learned():
                    name = self.attribute(item.name, "get_parameter")
                    term = Term(name, typed=True, constant=True)
                    self.give(item.output, term)
                case Merge(branches=None):
                    self.merge(item)
                case Merge(branches=list() as branches):
                    self.merge_branches(item, branches)
                case If():
                    self.decide(item)
                case For():
                    self.loop(item)
                case _:
                    pass

    def attribute(self, name: Expr, getter: str = "get_submodule") -> str:
        """`self.conv1`, `self.ups[0]`, `self.get_submodule(f"path{i}")`."""
        if isinstance(name, tree.String):
            head, *indices = name.value.split(".")
            if len(indices) > 1:  # the type checker does not know what a list of lists holds
                return f"self.get_submodule({literal(name.value)})"
            return f"self.{head}" + "".join(f"[{index}]" for index in indices)
        outside = self.attributes.outside(name)
        assert isinstance(outside, tree.Template)
        match outside.parts:
            case (str(head), index) if head.endswith(".") and not isinstance(index, str):
                return f"self.{head[:-1]}[{written(index)}]"
        return f"self.{getter}({written(outside)})"

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
        first, *others = item.inputs
        extra = [self.read(value, stored=True) for value in others]
        room = LONG - len(head) - sum(len(flat(term.layout)) for term in extra)
        stored = item.child is None and item.function.count("{x}") > 1
        term = self.read(first, stored=stored or self._is_long(first, room))
        reads = frozenset.union(term.reads, *(other.reads for other in extra))
        if item.child is not None:
            arguments = (term.layout, *(other.layout for other in extra))
            return Term(Call(head, arguments), reads=reads)
        like = [flat(other.layout) for other in extra]
        text = item.function.format(x=flat(term.layout), like=like[0] if like else "")
        return Term(text, reads=reads, typed=True)

    def _is_long(self, value: Value, room: int) -> bool:
        term = self.state.terms[id(value)]
        return not term.variable and len(flat(term.layout)) > room

    def unpack(self, outputs: Sequence[Value], term: Term) -> None:
        """`a, b = ...`."""
        self.flush()
        names: list[str] = []
        busy = self.busy()
        for value in outputs:
            name = "_"
            if self.left[id(value)] > 0:
                own = self._own_name(value, busy)
                name = value.name if own else next(x for x in _letters() if x not in busy)
            busy.add(name)
            names.append(name)
            self.state.terms[id(value)] = Term(name, name, frozenset({name}), term.typed)
            self.first(name)
        self.line(statement(", ".join(names) + " = ", term.layout, self.indent))

    # --- merges ---------------------------------------------------------------------------------

    def merge(self, item: Merge) -> None:
        self.shorten(item.operands)
        batch = self._batch(item)
        terms = [self.read(value) for value in item.operands]
        self.give(item.output, merged(item, terms, batch), line=False)

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
        if item.kind != "concat" or not any(term.constant for term in terms):
            return ""
        value = next(v for v, t in zip(item.operands, terms, strict=True) if not t.constant)
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
        self.line(" " * self.indent + f"{name}: list[Tensor] = []")
        self.list_branches(name, branches)
        self.assigned.add(name)
        if item.kind == "concat":
            layout: Layout = Call("torch.cat", (name, f"dim={item.axis + 1}"))
            self.give(item.output, Term(layout, typed=True))
            return
        self.fold_list(item, name)

    def _list_name(self) -> str:
        return Names({*self.assigned, *LOCALS}).claim("paths")

    def list_branches(self, name: str, branches: Sequence[Branch]) -> None:
        """Append each branch's value to a list."""
        for branch in branches:
            match branch:
                case One(items, value):
                    self.items(items)
                    self.flush(until=value)
                    term = self.read(value)
                    self.line(statement("", Call(f"{name}.append", (term.layout,)), self.indent))
                case Choice():
                    self.choose(branch, lambda inner: self.list_branches(name, inner))
                case Loop():
                    self.repeat(
                        branch, lambda inner=branch: self.list_branches(name, inner.branches)
                    )

    def fold_list(self, item: Merge, name: str) -> None:
        """Add up a list, from left to right."""
        target = self._fresh_letter()
        path = Names({*self.assigned, *LOCALS, target}).claim("path")
        pad = " " * self.indent
        self.line(f"{pad}{target} = {name}[0]", first=target)
        self.line(f"{pad}for {path} in {name}[1:]:")
        sign = _SIGNS[item.kind]
        self.line(f"{pad}{' ' * STEP}{target} = {target} {sign} {path}")
        self.assigned.update({target, path})
        term = Term(target, target, frozenset({target}), True)
        self.state.terms[id(item.output)] = term

    def _fresh_letter(self) -> str:
        busy = self.busy()
        return next(x for x in _letters() if x not in busy)

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
            self.give(value, source, line=True)
        self.add_branches(item, value, rest)
        self.state.terms[id(item.output)] = self.state.terms[id(value)]
        self.left[id(value)] = 0

    def add_branches(self, item: Merge, value: Value, branches: Sequence[Branch]) -> None:
        sign = _SIGNS[item.kind]
        for branch in branches:
            match branch:
                case One(items, each):
                    self.items(items)
                    self.flush(until=each)
                    variable = self.state.terms[id(value)].variable
                    term = self.read(each)
                    sum_ = Operation((variable, f"{sign} {_operand(term.layout, item.kind)}"))
                    self.line(statement(f"{variable} = ", sum_, self.indent))
                case Choice():
                    self.choose(branch, lambda inner: self.add_branches(item, value, inner))
                case Loop():
                    self.repeat(
                        branch, lambda inner=branch: self.add_branches(item, value, inner.branches)
                    )

    # --- decisions and loops --------------------------------------------------------------------

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

    def choose(self, choice: Choice, write: Callable[[Sequence[Branch]], None]) -> None:
        """The branches of the side that is taken."""
        self.flush()
        sides = [self.side(lambda inner=inner: write(inner))[0] for _, inner in choice.arms]
        self.branch(choice, sides)

    def branch(self, decision: If | Choice, sides: Sequence[list[Line]]) -> None:
        tests = [self.attributes.test(decision, at) for at in range(len(sides))]
        lines = branching(tests, [[line.text for line in side] for side in sides], self.indent)
        firsts = {line.text: line.first for side in sides for line in side if line.first}
        self.lines += [Line(text, firsts.get(text, "")) for text in lines]

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

    def variable_term(self, name: str) -> Term:
        return Term(name, name, frozenset({name}), name in self.declared)

    def _phi_variables(self, item: If) -> list[str]:
        """A variable for each value that is left."""
        names: list[str] = []
        inner = readers([each for _, items in item.arms for each in items])
        for phi in item.phis:
            name = self._handed_on(item, phi, inner)
            if name is None or name in names:
                busy = self.busy() | set(names)
                name = next(letter for letter in _letters() if letter not in busy)
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

    def repeat(self, loop: Loop, write: Callable[[], None]) -> None:
        """The lines for each pass of a loop of branches."""
        self.flush()
        outer = self._hold(value for branch in loop.branches for value in _branch_values(branch))
        lines, _ = self.side(write)
        self._release(outer)
        self.lines.append(Line(self.clause(loop, lines)))
        self.lines += lines

    def loop(self, item: For) -> None:
        """The current value goes through one variable, pass after pass."""
        self.flush()
        inner = readers(item.items)
        outer = self._hold(_read_values(item.items))
        term = self.read(item.before)
        self.left[id(item.start)] += 0
        name = term.variable
        if self.left[id(item.before)] > 0 or not name:
            name = self._fresh_letter()
            text = statement(f"{name} = ", term.layout, self.indent)
            self.lines.append(Line(text, self.first(name)))
        self.state.terms[id(item.start)] = self.variable_term(name)
        self.left[id(item.start)] = inner[id(item.start)] + (item.end is item.start)

        def write() -> None:
            self.items(item.items)
            self._leave(item.end, name)

        lines, _ = self.side(write)
        self._release(outer)
        if lines:
            self.lines.append(Line(self.clause(item, lines)))
            self.lines += lines
        self.state.terms[id(item.result)] = self.variable_term(name)

    def clause(self, loop: For | Loop, lines: Sequence[Line]) -> str:
        text = "\n".join(line.text for line in lines)
        over = written(self.attributes.outside(loop.iterable))
        return " " * self.indent + modules.clause_of(loop, over, text) + ":"

    def _hold(self, values: Iterator[Value]) -> list[int]:
        """What a loop reads from outside is needed again in the next pass."""
        held = [id(value) for value in values if id(value) in self.state.terms]
        for key in held:
            self.left[key] += 1
        return held

    def _release(self, held: Sequence[int]) -> None:
        for key in held:
            self.left[key] -= 1

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
            names = [name for name, _ in plan.outputs]
            result = Call(
                plan.result,
                tuple(Prefixed(f"{n}=", t.layout) for n, t in zip(names, terms, strict=True)),
            )
        self.lines.append(Line(statement("return ", result, self.indent)))

    def returned(self, value: Value) -> Layout:
        """The one value that is returned: a tensor for the type checker too."""
        term = self.state.terms[id(value)]
        if not term.variable and not term.constant:
            if term.typed:
                self.flush(until=value)
                return term.layout
            term = self.store(value)
        if not term.typed and term.variable not in self.declared:
            self.declare(term.variable)
        return term.layout

    def declare(self, variable: str) -> None:
        """Write the type at the first assignment of a variable."""
        for line in self.lines:
            if line.first == variable:
                line.text = line.text.replace(f"{variable} = ", f"{variable}: Tensor = ", 1)
                self.declared.add(variable)
                return

    def finish_training(self, plan: Plan, heads: Sequence[Aux]) -> None:
        """`if self.training: return Output(x, self.aux(y))`."""
        self.flush()
        fields: list[Layout] = []
        for name, value in plan.outputs:
            term = self.state.terms[id(value)]
            if not term.variable:
                term = self.store(value)
            fields.append(Prefixed(f"{name or 'output'}=", term.layout))

        def write() -> None:
            for head in heads:
                fields.append(Prefixed(f"{head.name}=", self.applied(head.apply).layout))
            result = Call(plan.result, tuple(fields))
            self.lines.append(Line(statement("return ", result, self.indent)))

        lines, _ = self.side(write)
        self.lines.append(Line(" " * self.indent + "if self.training:"))
        self.lines += lines


def _overwrites(phi: Phi, side: Value, phis: Sequence[Phi]) -> bool:
    """Whether `phi`, kept in the variable of `side`, would take it from another in some arm."""
    return any(
        other is side and own is not side
        for each in phis
        for own, other in zip(phi.arms, each.arms, strict=True)
    )


_SIGNS = {"add": "+", "mul": "*"}


def merged(item: Merge, terms: Sequence[Term], batch: str) -> Term:
    """The expression of a merge."""
    reads = frozenset[str]().union(*(term.reads for term in terms))
    if item.kind == "concat":
        layouts = tuple(_expanded(term, batch, item.rank) for term in terms)
        layout: Layout = Call("torch.cat", (Call("", layouts), f"dim={item.axis + 1}"))
        return Term(layout, reads=reads, typed=True)
    first, *rest = (_operand(term.layout, item.kind) for term in terms)
    parts = (first, *(f"{_SIGNS[item.kind]} {each}" for each in rest))
    return Term(Operation(parts), reads=reads, typed=all(term.typed for term in terms))


def _expanded(term: Term, batch: str, rank: int) -> Layout:
    """A learned value, once for each sample of the batch."""
    if not term.constant:
        return term.layout
    return f"{flat(term.layout)}.expand({batch}.shape[0]{', -1' * rank})"


def _operand(layout: Layout, kind: str) -> str:
    """An operand of `+` or `*`, in brackets if it would be read otherwise."""
    text = flat(layout)
    if not isinstance(layout, Operation):
        return text
    is_product = layout.parts[-1].startswith("*")
    return text if kind == "add" and is_product else f"({text})"


def _order(name: str) -> tuple[int, str]:
    return FORWARD.index(name) if name in FORWARD else len(FORWARD), name


def _letters() -> Iterator[str]:
    yield from FORWARD
    number = 0
    while True:
        yield f"t{number}"
        number += 1


def _values(items: Sequence[Item]) -> Iterator[Value]:
    """Every value that items make."""
    for item in items:
        match item:
            case Apply(outputs=outputs):
                yield from outputs
            case Merge(output=output, branches=branches):
                yield output
                for branch in branches or ():
                    yield from _branch_values(branch)
            case Learned(output=output):
                yield output
            case If(arms=arms):
                for _, inner in arms:
                    yield from _values(inner)
            case For(items=inner):
                yield from _values(inner)


def _branch_values(branch: Branch) -> Iterator[Value]:
    match branch:
        case One(items, value):
            yield value
            yield from _read_values(items)
        case Choice(arms=arms):
            for _, inner in arms:
                for each in inner:
                    yield from _branch_values(each)
        case Loop(branches=inner):
            for each in inner:
                yield from _branch_values(each)


def _read_values(items: Sequence[Item]) -> Iterator[Value]:
    """Every value that items read."""
    for item in items:
        match item:
            case Apply(inputs=inputs):
                yield from inputs
            case Merge(operands=operands, branches=branches):
                yield from operands
                for branch in branches or ():
                    yield from _branch_values(branch)
            case If(arms=arms, phis=phis):
                for _, inner in arms:
                    yield from _read_values(inner)
                for phi in phis:
                    yield from phi.arms
            case For(items=inner, before=before):
                yield before
                yield from _read_values(inner)

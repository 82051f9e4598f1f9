"""What differs between the runs of a pattern, as parameters of a block and expressions over them.

The shortest description wins: a constant, what is known of the input, a parameter that exists, a
multiple of one, and only then a new parameter. Conditions speak of strides and channels, or are
parameters that are true or false: never a number that fits these runs by chance.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from archgen.importers.block import Block, is_free, set_defaults
from archgen.importers.conditions import conditions
from archgen.importers.program import NO_LAYER, LayerCall, Node, Program
from archgen.importers.shares import filled
from archgen.importers.unify import Pattern, Row
from archgen.importers.values import (
    ABSENT,
    Expr,
    Values,
    channels,
    comparison,
    fits,
    part,
    quotient,
    same,
    times,
    usual,
    written,
)
from archgen.layers import LAYERS
from archgen.syntax import tree

FACTORS = (2, 3, 4, 6, 8, 16)
WIDTHS = {"out", "groups", "width"}  # arguments that count channels
ACTIVATION = "act"
CHANNELS = tree.Name(("channels",))
ENTERING = tree.Name(("input", "channels"))


def solve(name: str, pattern: Pattern, blocks: dict[str, Block], *, is_arch: bool = False) -> Block:
    """Give a pattern parameters. `blocks`: those that its rows call, by name."""
    return _Solver(Block(name, pattern, is_arch), blocks).solved()


@dataclass(slots=True)
class _Slot:
    """An argument of a row, in all runs. `channels`: what enters the row, run by run."""

    row: Row
    argument: str
    values: Values
    channels: Values
    is_width: bool


class _Solver:
    def __init__(self, block: Block, blocks: dict[str, Block]) -> None:
        self.block = block
        self.blocks = blocks
        programs = block.pattern.programs
        self.runs = len(programs)
        self.factors: dict[str, None] = {}  # parameters that widths are multiplied by
        self.entering: Values = [channels(each.inputs if each else []) for each in programs]
        self.leaving: Values = [channels(each.outputs if each else []) for each in programs]

    def solved(self) -> Block:
        self._name_inputs()
        slots = list(self._slots())
        self._name_output(slots)
        for slot in sorted(slots, key=_rank):
            expr = self._expression(slot)
            if slot.row.is_activation:
                self.block.heads[slot.row] = expr
            else:
                self.block.arguments.setdefault(slot.row, {})[slot.argument] = expr
        for row in self.block.pattern.all_rows():
            if row.is_optional and not row.is_activation and row.first.kind != "loop":
                condition = self._condition(row)
                if condition is not None:
                    self.block.conditions[row] = condition
        self._fill()
        set_defaults(self.block)
        return self.block

    def _fill(self) -> None:
        """What is not asked for `none` is some number where it does not count."""
        asked = {repr(each) for each in self.block.conditions.values()}
        for name, values in self.block.parameters.items():
            is_none = tree.Compare(tree.Name((name,)), (("!=", tree.Nothing()),))
            if None in values and repr(is_none) not in asked:
                most = usual([ABSENT if each is None else each for each in values])
                self.block.parameters[name] = [most if each is None else each for each in values]

    def _name_inputs(self) -> None:
        """Names for the inputs of an arch with several, and for those of a block but the first."""
        names = self.block.pattern.input_names
        if self.block.is_arch and len(names) == 1:
            return
        layers = {row.first.name for row in self.block.pattern.rows if row.first.name}
        for name in names if self.block.is_arch else names[1:]:
            plain = name if is_free(name) else f"x_{name}"
            self.block.inputs[name] = self._claim(
                plain if plain.isidentifier() else "value", layers
            )
            if any(each and name not in each.input_names for each in self.block.pattern.programs):
                self.block.optional.add(name)

    # --- slots --------------------------------------------------------------------------------

    def _slots(self) -> Iterator[_Slot]:
        for row in self.block.pattern.all_rows():
            entering = [channels(node.inputs if node else []) for node in row.nodes]
            if row.is_activation:
                calls = [
                    LayerCall(node.key, tuple(node.arguments.items())) if node else NO_LAYER
                    for node in row.nodes
                ]
                values: Values = [
                    call if program is not None else ABSENT
                    for call, program in zip(calls, self._programs(row), strict=True)
                ]
                yield _Slot(row, ACTIVATION, values, entering, is_width=False)
                continue
            for name in self._names(row):
                runs = zip(row.nodes, self._programs(row), strict=True)
                given = [self._argument(row, name, node, program) for node, program in runs]
                yield _Slot(row, name, given, entering, self._is_width(row, name))

    def _argument(self, row: Row, name: str, node: Node | None, run: Program | None) -> object:
        if node is None:
            return 0 if row.first.kind == "loop" and run else ABSENT  # a loop of no passes
        return node.arguments.get(name, self._default(row, name))

    def _programs(self, row: Row) -> list[Program | None]:
        """The runs of the pattern that a row belongs to."""
        patterns = (self.block.pattern, *self._inner())
        return next(each.programs for each in patterns if row in each.rows)

    def _names(self, row: Row) -> list[str]:
        """The arguments that some run gives, in the order of the signature."""
        given = {name for node in row.nodes if node for name in node.arguments}
        callee = self.blocks.get(row.first.key)
        if row.first.kind == "call" and callee is not None:
            order: Sequence[str] = callee.order
        elif row.first.key in LAYERS:
            order = list(LAYERS[row.first.key].model_fields)
        else:
            order = sorted(given)
        return [name for name in order if name in given]

    def _default(self, row: Row, name: str) -> object:
        callee = self.blocks.get(row.first.key)
        if row.first.kind == "call" and callee is not None:
            return callee.defaults.get(name, ABSENT)
        if row.first.key in LAYERS:
            value = LAYERS[row.first.key].model_fields[name].default
            return list(value) if isinstance(value, tuple) else value
        return 0

    def _is_width(self, row: Row, name: str) -> bool:
        callee = self.blocks.get(row.first.key)
        if row.first.kind == "call" and callee is not None:
            return name in callee.widths
        return name in WIDTHS

    # --- expressions --------------------------------------------------------------------------

    def _name_output(self, slots: Sequence[_Slot]) -> None:
        """`out` is what leaves, where that varies and the input does not say it."""
        varies = len({repr(value) for value in self.leaving}) > 1
        said = any(slot.is_width and fits(slot.values, self.leaving) for slot in slots)
        if varies and said and not fits(self.leaving, self.entering):
            self.block.parameters["out"] = list(self.leaving)
            self.block.widths.add("out")

    def _expression(self, slot: _Slot) -> Expr:
        values = [value for value in slot.values if value is not ABSENT]
        if slot.row.first.kind == "param" and slot.argument == "sizes" and not self.block.is_arch:
            sizes = self._sizes(slot)
            if sizes is not None:
                return sizes
        grouped = slot.argument == "groups" and values != [1] * len(values)
        if grouped and fits(slot.values, slot.channels):
            return CHANNELS
        constant = all(same(value, values[0]) for value in values)
        if constant and not (slot.argument == "stride" and slot.row.is_optional):
            return written(values[0])
        for name, known in self.block.parameters.items():
            if fits(slot.values, known) and (name in self.block.widths) == slot.is_width:
                return tree.Name((name,))
        if constant and not self._is_stride_of_shortcut(slot):
            return written(values[0])
        derived = self._derived(slot) if slot.is_width else None
        return derived if derived is not None else self._new(slot)

    def _sizes(self, slot: _Slot) -> Expr | None:
        """`[input.channels, 1, 1]`: the sizes of a parameter one by one."""
        lists = [list(value) for value in slot.values if isinstance(value, list)]
        if len({len(each) for each in lists}) != 1:
            return None
        items: list[Expr] = []
        for at, first in enumerate(lists[0]):
            sizes: Values = [each[at] if isinstance(each, list) else ABSENT for each in slot.values]
            single = _Slot(slot.row, slot.argument, sizes, self.entering, is_width=True)
            constant = all(same(size, first) for size in sizes if size is not ABSENT)
            plain = constant and (first == 1 or not fits(sizes, self.entering))
            expr = written(first) if plain else self._derived(single)
            if expr is None:
                return None
            items.append(ENTERING if expr == CHANNELS else expr)
        return tree.ListOf(tuple(items))

    def _derived(self, slot: _Slot) -> Expr | None:
        """A width as a multiple, or a part, of one that is known."""
        bases: list[tuple[Expr, Values]] = [
            (CHANNELS, slot.channels),
            (ENTERING, self.entering),
            *((tree.Name((name,)), self.block.parameters[name]) for name in self.block.widths),
        ]
        for expr, known in bases:
            if fits(slot.values, known):
                return expr
        for expr, known in reversed(bases):
            for factor in FACTORS:
                if fits(slot.values, [times(value, factor) for value in known]):
                    return tree.Binary("*", tree.Number(factor), expr)
                if fits(slot.values, [part(value, factor) for value in known]):
                    return tree.Binary("//", expr, tree.Number(factor))
        return None

    def _new(self, slot: _Slot) -> Expr:
        """A parameter of its own."""
        expanding = self._expanding(slot) if slot.is_width else None
        if expanding is not None:
            return expanding
        name = self._claim(self._hinted(slot.values) or self._called(slot))
        optional = slot.row.is_optional and not slot.row.is_activation
        filler: object = 1
        if not self._is_stride_of_shortcut(slot):
            filler = None if optional and not self._is_shortcut(slot.row) else usual(slot.values)
        values = [filler if value is ABSENT else value for value in slot.values]
        self.block.parameters[name] = filled(slot.values) or values
        if slot.is_width:
            self.block.widths.add(name)
        return tree.Name((name,))

    def _is_stride_of_shortcut(self, slot: _Slot) -> bool:
        """Whether a stride is what a shortcut is there for."""
        known = "stride" in self.block.parameters or slot.argument != "stride"
        return not known and slot.row.is_optional and self._is_shortcut(slot.row)

    def _expanding(self, slot: _Slot) -> Expr | None:
        """`expand * input.channels`: a width by a factor that varies less than the width does."""
        factors: Values = [
            ABSENT if value is ABSENT else quotient(value, base)
            for value, base in zip(slot.values, self.entering, strict=True)
        ]
        known = {repr(each) for each in factors if each is not ABSENT}
        if None in factors or len(known) >= len({*map(repr, slot.values)}) - 1:
            return None
        for name, values in self.block.parameters.items():
            if name not in self.block.widths and fits(factors, values):
                break
        else:
            name = self._claim("expand")
            self.factors[name] = None
            most = usual(factors)
            self.block.parameters[name] = [most if each is ABSENT else each for each in factors]
        return tree.Binary("*", tree.Name((name,)), ENTERING)

    def _hinted(self, values: Values) -> str | None:
        """What the class itself calls these numbers."""
        programs = self.block.pattern.programs
        names = dict.fromkeys(name for each in programs if each for name in each.hints)
        for name in names:
            hinted = [each.hints.get(name, ABSENT) if each else ABSENT for each in programs]
            if fits(values, hinted) and is_free(name):
                return name
        return None

    def _called(self, slot: _Slot) -> str:
        """`kernel`; what another argument is called already, with its layer: `squeeze_kernel`."""
        known = {"out": "width", "n": "count", "p": "drop"}
        name = known.get(slot.argument, slot.argument)
        node = slot.row.first
        own = (node.name or "").rpartition(".")[2]
        whose = own if own.isidentifier() else node.key
        is_telling = node.kind == "call" or own.isidentifier()
        return f"{whose}_{name}" if name in self.block.parameters and is_telling else name

    def _claim(self, name: str, taken: Collection[str | None] = ()) -> str:
        number = 2
        claimed = name
        known = {*self.block.parameters, *self.block.inputs.values(), *taken}
        while claimed in known or not is_free(claimed):
            claimed = f"{name}{number}"
            number += 1
        return claimed

    # --- conditions ---------------------------------------------------------------------------

    def _condition(self, row: Row) -> Expr | None:
        """When a row is there; None if it always is where its braces are."""
        programs = self._programs(row)
        runs = [at for at, program in enumerate(programs) if program is not None]
        there = [row.nodes[at] is not None for at in runs]
        if all(there):
            return None
        for name in self.block.optional:
            given_to = [name in each.input_names if each else False for each in programs]
            if [given_to[at] for at in runs] == there:
                parameter = tree.Name((self.block.inputs[name],))
                return tree.Compare(parameter, (("!=", tree.Nothing()),))
        asked = conditions(self.block.parameters, self.entering, self.leaving)
        for expr, holds in asked if self._is_shortcut(row) else ():
            if [holds[at] for at in runs] == there:
                return expr
        given = self._widening(row, runs, there) or self._given(row, runs, there)
        given = given or self._expanded(row, runs, there)
        return given or tree.Name((self._flag(row, runs, there),))

    def _widening(self, row: Row, runs: Sequence[int], there: Sequence[bool]) -> Expr | None:
        """`width != input.channels`: a row that only changes the channels. Where it is not, the
        channels are what they were."""
        expr = self.block.arguments.get(row, {}).get("out")
        if not isinstance(expr, tree.Name) or expr.text not in self.block.parameters:
            return None
        values = list(self.block.parameters[expr.text])
        for at, here in zip(runs, there, strict=True):
            if not here and values[at] is None:
                values[at] = self.entering[at]
        widens = [not same(values[at], self.entering[at]) for at in runs]
        if widens != list(there):
            return None
        self.block.parameters[expr.text] = values
        return comparison("input.channels", expr)[0]

    def _given(self, row: Row, runs: Sequence[int], there: Sequence[bool]) -> Expr | None:
        """`squeeze != none`: a row with a parameter that only it needs."""
        for expr in self.block.arguments.get(row, {}).values():
            if isinstance(expr, tree.Name) and expr.text in self.block.parameters:
                values = self.block.parameters[expr.text]
                if [values[at] is not None for at in runs] == list(there):
                    return tree.Compare(expr, (("!=", tree.Nothing()),))
        return None

    def _is_shortcut(self, row: Row) -> bool:
        """Whether a row is a merge, or an input of merges alone, or of a body that some runs lack
        whole: there strides and channels say whether it is needed."""
        programs = self.block.pattern.programs
        if row.first.kind == "merge" or any(each and not each.nodes for each in programs):
            return True
        for pattern in (self.block.pattern, *self._inner()):
            if row in pattern.rows:
                number = pattern.rows.index(row)
                users = [each for each in pattern.rows if (number, 0) in each.inputs]
                merges = all(each.first.kind == "merge" for each in users)
                return bool(users) and merges and (number, 0) not in pattern.outputs
        return False

    def _inner(self) -> Iterator[Pattern]:
        return (each.inner for each in self.block.pattern.all_rows() if each.inner)

    def _expanded(self, row: Row, runs: Sequence[int], there: Sequence[bool]) -> Expr | None:
        """`expand != 1`: a row that only some expansion needs; one that makes `6 * input.channels`
        of its channels, or leaves them."""
        for name in self.factors:
            if [self.block.parameters[name][at] != 1 for at in runs] == list(there):
                return comparison(name, tree.Number(1))[0]
        match self.block.arguments.get(row, {}).get("out"):
            case tree.Binary("*", tree.Number(int(factor)), base) if base == ENTERING:
                known = dict(zip(runs, there, strict=True))
                values: Values = [factor if known.get(at, True) else 1 for at in range(self.runs)]
                name = self._claim(self._hinted(values) or "expand")
                self.block.parameters[name] = values
                self.block.arguments[row]["out"] = tree.Binary("*", tree.Name((name,)), base)
                return comparison(name, tree.Number(1))[0]
            case _:
                return None

    def _flag(self, row: Row, runs: Sequence[int], there: Sequence[bool]) -> str:
        known = dict(zip(runs, there, strict=True))
        values: Values = [known.get(at, False) for at in range(self.runs)]
        for name, others in self.block.parameters.items():
            if all(map(same, others, values)):
                return name
        node = row.first
        plain = (node.name or node.key).rpartition(".")[2]
        stem = self._hinted(values) or (plain if plain.isidentifier() else f"with_{node.key}")
        name = self._claim(stem if is_free(stem) else f"with_{stem}")
        self.block.parameters[name] = values
        return name


def _rank(slot: _Slot) -> tuple[bool, ...]:
    """Widths before other numbers, those before activations; what all runs have before the rest."""
    groups = slot.argument == "groups"
    return slot.row.is_activation, not slot.is_width, groups, ABSENT in slot.values

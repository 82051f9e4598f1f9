"""Network -> Diagram: what is opened, what stays closed, what the boxes say.

level "stage": a box for each stage, block and layer of the arch. "block": stages are frames,
and each block shows its paths, merges and shortcuts. "layer": every block down to its layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from archgen.analysis.cost import Costs
from archgen.analysis.difference import Difference
from archgen.analysis.numerals import short
from archgen.analysis.spelling import spell_body, spell_node
from archgen.backends.drawing.canvas import Canvas, End
from archgen.backends.drawing.caption import shape_label
from archgen.backends.drawing.diagram import Diagram, Line, Mark, Word
from archgen.backends.drawing.layers import layer_lines, parts, theme
from archgen.backends.drawing.likeness import Likeness
from archgen.backends.drawing.marks import Marked, Marks, marks
from archgen.backends.drawing.operations import (
    Calls,
    Operation,
    Paths,
    Run,
    Scope,
    Single,
    Twins,
    Unit,
    Value,
    spread,
    units,
)
from archgen.merges import MERGES
from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, ParamNode
from archgen.resolve.values import show
from archgen.shapes import Shape

Level = Literal["stage", "block", "layer"]


def sketch(network: Network, level: Level = "block", expand: Sequence[str] = ()) -> Diagram:
    """The drawing of a network. `expand` are paths to be opened down to their layers.

    Raises `TooLarge` for a drawing of thousands of boxes.
    """
    return _Sketch(network, frozenset(expand), None).diagram(level)


def sketch_difference(found: Difference, level: Level = "block") -> Diagram:
    """The drawing of the new network with what is new, gone and changed marked."""
    return _Sketch(found.new, frozenset(), marks(found)).diagram(level)


@dataclass(frozen=True, slots=True)
class _View:
    """How a body is drawn. `inside`: it is a block's, not the arch's or a stage's."""

    level: Level
    inside: bool = False

    @property
    def condensed(self) -> bool:
        """Whether layers in a row share one box."""
        return self.inside and self.level == "block"


Ends = dict[Value, End]


class _Sketch:
    def __init__(self, network: Network, expand: frozenset[str], marks: Marks | None) -> None:
        self.network = network
        self.expand = expand
        self.compared = marks is not None
        self.marks = marks or Marks()
        self.costs = Costs()
        self.likeness = Likeness(self.marks)
        self.canvas = Canvas()

    def diagram(self, level: Level) -> Diagram:
        body = self.network.body
        entries = zip(body.input_names, body.inputs, strict=True)
        inputs = [self._terminal("input", name, body.values[ref]) for name, ref in entries]
        outputs = self._body((body,), "", _View(level), inputs)
        for end, output in zip(outputs, body.outputs, strict=True):
            result = self._terminal("output", output.name, body.values[output.value])
            self.canvas.connect(replace(end, label=""), result.box)
        return self.canvas.diagram(self.network.name, compared=self.compared)

    def _terminal(self, kind: str, name: str, shape: Shape) -> End:
        words = (Word(f"{kind} {name}".strip(), strong=True),)
        return End(self.canvas.box("terminal", (words, (Word(str(shape)),)), form="terminal"), "")

    # --- bodies ---------------------------------------------------------------------------

    def _body(
        self,
        twins: Twins,
        path: str,
        view: _View,
        inputs: Sequence[End],
        whole: Marked | None = None,
    ) -> list[End]:
        scope = spread(
            twins, path, lambda call, name: self._is_spread(call, name, view), self.marks, whole
        )
        ends = dict(zip(scope.inputs, self._entered(scope, view, inputs), strict=True))
        for value in scope.inputs:
            self._lose(value, scope, ends)
        for unit in units(scope, self.likeness, self._is_foldable):
            self._unit(unit, scope, view, ends)
        self._heads(twins[0], path, scope, ends, whole)
        return [ends[value] for value in scope.outputs]

    def _entered(self, scope: Scope, view: _View, inputs: Sequence[End]) -> list[End]:
        """Where the inputs are read: a value that forks at the door of a block forks inside."""
        if not view.inside:
            return list(inputs)
        values = zip(scope.inputs, inputs, strict=True)
        return [self._fork(end) if scope.readers[value] > 1 else end for value, end in values]

    def _fork(self, end: End) -> End:
        box = self.canvas.box("fork", (), form="fork")
        self.canvas.connect(end, box)
        return End(box, "")

    def _lose(self, value: Value, scope: Scope, ends: Ends) -> None:
        """Draw what stood behind a value before."""
        if gone := scope.gone.get(value):
            self.canvas.ghost(ends[value], gone)

    def _heads(self, body: Body, path: str, scope: Scope, ends: Ends, whole: Marked | None) -> None:
        """Auxiliary heads: closed boxes at the end of dashed edges."""
        for aux in body.aux:
            cost = self.costs.of_node(body, aux.node)
            title = Word(spell_node(aux.node), strong=True)
            marked = self.marks.inside([aux.node], whole)
            note = f"{short(cost.params)} parameters, in training only"
            box = self.canvas.box(
                "block",
                ((title,), (Word(aux.name),)),
                note=", ".join(filter(None, (marked.detail if marked else "", note))),
                path=path + aux.name,
                dashed=True,
                mark=marked.mark if marked else None,
            )
            self.canvas.connect(ends[scope.refs[aux.node.inputs[0]]], box, dashed=True)

    def _is_spread(self, call: CallNode, path: str, view: _View) -> bool:
        """Whether a call is not seen as one: chains; blocks that are one layer with norm and
        activation; in a condensed block every block that is a mere chain."""
        if call.count > 1 or call.reused or path in self.expand:
            return False
        if _is_anonymous(call.body) and not self.likeness.is_stage(call.body):
            return call.body.kind == "sequential" or self.likeness.is_frame(call.body)
        heavy = self.likeness.heavy(call.body)
        return heavy is not None and (heavy <= 1 or view.condensed)

    def _is_foldable(self, path: str) -> bool:
        return not self._is_wanted(path)

    def _is_wanted(self, path: str) -> bool:
        """Whether it, or something in it, is to be expanded."""
        return any(name == path or name.startswith(f"{path}.") for name in self.expand)

    # --- units ----------------------------------------------------------------------------

    def _unit(self, unit: Unit, scope: Scope, view: _View, ends: Ends) -> None:
        match unit:
            case Run():
                chunks = [unit.operations] if view.condensed else parts(unit.operations)
                for chunk in chunks:
                    self._layers(chunk, scope, view, ends)
            case Calls():
                self._calls(unit, scope, view, ends)
            case Paths():
                self._paths(unit, scope, view, ends)
            case Single():
                self._single(unit.operation, scope, ends)
            case _:
                assert_never(unit)

    def _paths(self, unit: Paths, scope: Scope, view: _View, ends: Ends) -> None:
        """The first of parallel paths, and a box for all others."""
        for inner in unit.units:
            self._unit(inner, scope, view, ends)
        lines = ((Word(f"{unit.count - 1} more paths"),), (Word("like this one"),))
        box = self.canvas.box("paths", lines)
        self.canvas.connect(replace(ends[unit.fork], label=""), box)
        ends[unit.other] = End(box, "")

    def _layers(self, chunk: Sequence[Operation], scope: Scope, view: _View, ends: Ends) -> None:
        """A box for layers in a row."""
        lines = layer_lines(chunk, condensed=view.condensed, gone=scope.gone)
        box = self.canvas.box(
            theme(chunk),
            lines,
            note=self._note(chunk, view),
            path=chunk[0].path,
            mark=_common(word.mark for line in lines for word in line),
        )
        node, values = chunk[0].node, chunk[0].inputs
        numbers = {ref for _, ref in node.operands()} if isinstance(node, LayerNode) else set()
        for place, (ref, value) in enumerate(zip(node.inputs, values, strict=True)):
            # Dashed is a value of which the sizes alone are read.
            self.canvas.connect(ends[value], box, dashed=place > 0 and ref not in numbers)
        self._leave(chunk[-1], box, scope, ends, ghosts=False)

    def _leave(
        self, operation: Operation, box: str, scope: Scope, ends: Ends, *, ghosts: bool = True
    ) -> None:
        for value in operation.outputs:
            ends[value] = End(box, shape_label(scope.shapes[value]))
            if ghosts:
                self._lose(value, scope, ends)

    def _mark(self, operations: Sequence[Operation]) -> tuple[Mark | None, str]:
        """The mark of what is drawn as one, and what there is to say of it."""
        marked = next((made.marked for made in operations if made.marked), None)
        return (marked.mark, marked.detail) if marked else (None, "")

    def _single(self, operation: Operation, scope: Scope, ends: Ends) -> None:
        node = operation.node
        if not isinstance(node, MergeNode):
            is_buffer = isinstance(node, ParamNode) and node.word == "buffer"
            what = "buffer" if is_buffer else "parameter"
            words = (Word(f"{what} {operation.path.rpartition('.')[2]}"),)
            mark, detail = self._mark([operation])
            box = self.canvas.box(
                "parameter", (words,), path=operation.path, note=detail, mark=mark
            )
            return self._leave(operation, box, scope, ends)
        sign = _sign(node)
        form: Literal["box", "merge"] = "merge" if len(sign) == 1 else "box"  # a word has no room
        mark, _ = self._mark([operation])
        box = self.canvas.box("merge", ((Word(sign),),), form=form, mark=mark)
        for value in operation.inputs:
            if value in ends:
                self.canvas.connect(ends[value], box, shortcut=scope.readers[value] > 1)
        self._leave(operation, box, scope, ends)
        if node.kind != "concat":
            ends[operation.outputs[0]].label = ""  # as the edges into it say
        return None

    # --- calls ----------------------------------------------------------------------------

    def _calls(self, unit: Calls, scope: Scope, view: _View, ends: Ends) -> None:
        first, last = unit.operations[0], unit.operations[-1]
        inner = self._inner_view(first.calls[0].body, first.path, view)
        inputs = [ends[value] for value in first.inputs]
        if inner is None:
            box = self._closed(unit, view)
            for end in inputs:
                self.canvas.connect(end, box)
            return self._leave(last, box, scope, ends)
        kind: Literal["stage", "block"] = "block" if inner.inside else "stage"
        note = self._note(unit.operations, view)
        mark, detail = self._mark(unit.operations)
        note = ", ".join(filter(None, (detail, note)))
        # Inside of a block that is not new, each part says for itself whether it changed.
        new = first.marked if mark == "added" else None
        frame = mark if new or detail else None
        with self.canvas.group(kind, *self._titles(unit), note=note, path=first.path, mark=frame):
            results = self._body(unit.bodies, f"{first.path}.", inner, inputs, new)
        for value, end in zip(last.outputs, results, strict=True):
            ends[value] = End(end.box, shape_label(scope.shapes[value]), end.gone)
            self._lose(value, scope, ends)

    def _inner_view(self, body: Body, path: str, view: _View) -> _View | None:
        """How to draw the inside of a call; None if it stays closed."""
        is_frame = self.likeness.is_stage(body) or self.likeness.is_frame(body)
        if path in self.expand:
            return _View("layer", inside=not is_frame)
        if self._is_wanted(path) or view.level == "layer":
            return replace(view, inside=not is_frame)
        if view.inside or self.likeness.is_chain(body):
            return None
        if is_frame:
            closed = view.level == "stage" and self.likeness.is_stage(body)
            return None if closed else view
        return _View("block", inside=True) if view.level == "block" else None

    def _closed(self, unit: Calls, view: _View) -> str:
        first = unit.operations[0]
        body = first.calls[0].body
        lines: tuple[Line, ...] = ((Word(" ".join(self._titles(unit)), strong=True),),)
        if self.likeness.is_stage(body):
            lines += ((Word(spell_body(body)),),)
        elif view.level != "stage" and self.likeness.is_chain(body):
            new = first.marked if first.marked and first.marked.mark == "added" else None
            prefix = f"{first.path}."
            chain = spread(unit.bodies, prefix, lambda call, name: True, self.marks, new)
            lines += layer_lines(chain.operations, condensed=True, gone=chain.gone)
        reused = first.calls[0].reused
        note = f"weights of {first.calls[0].name}" if reused else self._note(unit.operations, view)
        mark, detail = self._mark(unit.operations)
        note = ", ".join(filter(None, (detail, note)))
        return self.canvas.box("block", lines, note=note, path=first.path, mark=mark)

    def _titles(self, unit: Calls) -> list[str]:
        """What is called, and how often in a row."""
        first = unit.operations[0]
        body = first.calls[0].body
        by_name = _is_anonymous(body) or self.likeness.is_stage(body)
        title = first.calls[0].name if by_name else spell_body(body)
        return [title, f"x {unit.count:,}"] if unit.count > 1 else [title]

    def _note(self, operations: Sequence[Operation], view: _View) -> str:
        """The parameters of what stands in the arch or in a stage."""
        if view.inside:
            return ""
        params = sum(self.costs.of_node(*made.sites[0]).params for made in operations)
        return f"{short(params)} parameters" if params else ""


def _common(found: Iterable[Mark | None]) -> Mark | None:
    """The mark of a box by those of its words: new if all are, changed if any is marked."""
    marks = list(found)
    if set(marks) == {"added"}:
        return "added"
    return "changed" if any(marks) else None


def _is_anonymous(body: Body) -> bool:
    """Whether it is a chain or braces: no block that has a name."""
    return body.definition is None or body.definition.kind == "implicit"


def _sign(node: MergeNode) -> str:
    """`+`, `max`; with numbers as they stand: `1 -`, `÷ 2`."""
    sign = MERGES[node.kind].sign
    before = [show(number) for at, number in node.numbers if at == 0]
    after = [show(number) for at, number in node.numbers if at > 0]
    return " ".join([*before, sign, *after])

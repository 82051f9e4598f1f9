"""Where two networks that hold the same weights begin to compute something else.

Bodies that correspond (the arch, and calls of one name in corresponding bodies) are read side by
side. A node of the new one whose value the old one does not have, though it has all that the node
reads, is a cause; from there on its value stands for that of its counterpart, so that one change
is one cause and what follows from it is none. Pairs of bodies are read once, however often they
are called.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from archgen.analysis.breaking.numbering import Number, Numbering, Step
from archgen.analysis.spelling import given, spell_node
from archgen.diagnostics import Frame
from archgen.network import Body, CallNode, LayerNode, MergeNode, Node, OutputValue
from archgen.text import Span

MOST_AROUND = 100  # steps that read one value, among which a counterpart is looked for
MOST_PATHS = 100  # that a cause names


@dataclass(frozen=True, slots=True)
class Cause:
    """A place where the function changed. `times` counts the modules, `paths` names some.

    `place` is in the new text, `old` in the old one; either is None if there is nothing there.
    `trail` has the calls that lead there in the new text, the innermost first.
    """

    what: str
    place: Span | None
    old: Span | None
    paths: tuple[str, ...]
    times: int = 1
    trail: tuple[Frame, ...] = ()

    @property
    def key(self) -> Hashable:
        return (self.what, _range(self.place), _range(self.old))


def _range(span: Span | None) -> tuple[int, int, int] | None:
    return (id(span.source), span.start, span.end) if span else None


class Causes:
    """Finds causes with one numbering for both networks."""

    def __init__(self, numbering: Numbering, labels: Mapping[Node, str] | None = None) -> None:
        self._numbering = numbering
        self._labels = labels or {}
        self._known: dict[tuple[Body, Body], list[Cause]] = {}

    def between(self, old: Body, new: Body) -> list[Cause]:
        """The causes in a pair of bodies, and in those that they call; paths begin here."""
        if (old, new) not in self._known:
            found = _Pair(self._numbering, self.between, old, new, self._labels).causes()
            self._known[old, new] = _grouped(found)
        return self._known[old, new]


def _grouped(causes: Iterator[Cause]) -> list[Cause]:
    """One cause for one place that is met under several paths."""
    known: dict[Hashable, Cause] = {}
    for cause in causes:
        first = known.setdefault(cause.key, cause)
        if first is not cause:
            paths = dict.fromkeys((*first.paths, *cause.paths))
            known[cause.key] = replace(
                first, paths=tuple(paths)[:MOST_PATHS], times=first.times + cause.times
            )
    return list(known.values())


@dataclass
class _Pair:
    """Two bodies, read side by side."""

    numbering: Numbering
    between: Callable[[Body, Body], list[Cause]]
    old: Body
    new: Body
    labels: Mapping[Node, str]  # how nodes are called that copies give other names
    names: dict[Number, str] = field(default_factory=dict)  # what made a value, for people
    before: dict[str, Step] = field(default_factory=dict)  # the old one's steps, by name
    # Those whose name the new one does not have, by what they read; a step is taken once.
    nameless: dict[Number, list[Step]] = field(default_factory=dict)
    known: set[Number] = field(default_factory=set)  # the values of the old one

    def causes(self) -> Iterator[Cause]:
        old = self._read_old()
        values = dict(zip(self.new.inputs, self.numbering.inputs(self.new), strict=True))
        for node in self.numbering.nodes(self.new):
            step = self.numbering.step(self.new, node, tuple(values[ref] for ref in node.inputs))
            outputs = step.outputs
            if not self.known.issuperset(outputs):
                outputs = yield from self._changed(node, step)
            self._name(node, outputs)
            values.update(zip(node.outputs, outputs, strict=True))
        yield from self._results(old, values)

    # --- the old one -----------------------------------------------------------------------------

    def _read_old(self) -> dict[int, Number]:
        inputs = self.numbering.inputs(self.old)
        self.known.update(inputs)
        self.names |= dict.fromkeys(inputs, "the input")
        values = dict(zip(self.old.inputs, inputs, strict=True))
        names = {_name_of(node) for node in self.numbering.nodes(self.new)} - {""}
        for node in self.numbering.nodes(self.old):
            step = self.numbering.step(self.old, node, tuple(values[ref] for ref in node.inputs))
            values.update(zip(node.outputs, step.outputs, strict=True))
            self.known.update(step.outputs)
            self._name(node, step.outputs)
            self.before.setdefault(_name_of(node), step)
            if _name_of(node) not in names:
                for number in dict.fromkeys(step.inputs):
                    self.nameless.setdefault(number, []).append(step)
        return values

    def _name(self, node: Node, outputs: tuple[Number, ...]) -> None:
        name = node.kind if isinstance(node, MergeNode) else self._label(node)
        for number in outputs:
            self.names.setdefault(number, f"`{name}`")

    # --- a node of the new one whose value the old one does not have ---------------------------

    def _changed(self, node: Node, step: Step) -> Generator[Cause, None, tuple[Number, ...]]:
        """Its causes, and the numbers that its values go on with."""
        twin = self._twin(node, step)
        if twin is None:
            if self.known.issuperset(step.inputs):
                yield self._cause(f"{_spell(node)} is new", node, None)
            return step.inputs[:1] if len(step.outputs) == 1 == len(step.inputs) else step.outputs
        yield from self._against(twin, step)
        return twin.outputs if len(twin.outputs) == len(step.outputs) else step.outputs

    def _twin(self, node: Node, step: Step) -> Step | None:
        """What stood in the old one where this node stands: by its name, or by what it reads."""
        twin = self.before.get(_name_of(node)) if _name_of(node) else None
        if twin is not None and type(twin.node) is type(node):
            return twin
        around = {id(each): each for number in step.inputs for each in self._free(number)}
        alike = [each for each in around.values() if _may_replace(each, step)]
        twin = max(alike, key=lambda each: _shared(each, step), default=None)
        if twin is not None:
            for number in dict.fromkeys(twin.inputs):
                self.nameless[number].remove(twin)
        return twin

    def _free(self, number: Number) -> list[Step]:
        return self.nameless.get(number, [])[:MOST_AROUND]

    def _against(self, old: Step, new: Step) -> Iterator[Cause]:
        """What differs between two steps that stand for each other."""
        before, after = old.node, new.node
        if isinstance(before, CallNode) and isinstance(after, CallNode):
            inside = self.between(before.body, after.body)
            yield from (self._within(after, cause) for cause in inside)
            if before.count != after.count:
                yield self._cause(f"{after.count} calls, there were {before.count}", after, before)
        elif old.meaning != new.meaning:
            yield self._cause(_change(before, after), after, before)
        if old.inputs != new.inputs and self.known.issuperset(new.inputs):
            yield from self._rewired(old, new)

    def _rewired(self, old: Step, new: Step) -> Iterator[Cause]:
        read, was = self._listed(new.inputs), self._listed(old.inputs)
        if sorted(old.inputs) == sorted(new.inputs):
            yield self._cause(f"{_spell(new.node)} reads in another order", new.node, old.node)
        else:
            what = f"{_spell(new.node)} reads {read}, it read {was}"
            yield self._cause(what, new.node, old.node)

    def _label(self, node: Node) -> str:
        return self.labels.get(node, _name_of(node))

    def _cause(self, what: str, node: Node | None, old: Node | None) -> Cause:
        """A cause at a node, which may have been another one."""
        path = self._label(node) if node else ""
        return Cause(what, node.span if node else None, old.span if old else None, (path,))

    def _within(self, call: CallNode, cause: Cause) -> Cause:
        """A cause inside a call, as the caller sees it."""
        paths = tuple(f"{self._label(call)}.{path}".rstrip(".") for path in cause.paths)
        trail = cause.trail
        if call.span not in (cause.place, *(frame.span for frame in trail)):
            trail = (*trail, Frame(spell_node(call), call.span))
        return replace(cause, paths=paths, times=cause.times * call.count, trail=trail)

    def _results(self, old: dict[int, Number], new: dict[int, Number]) -> Iterator[Cause]:
        """Results that are other values of the body than they were."""
        by_name = {each.name: each for each in self.old.outputs}
        for output in self.new.outputs:
            before = by_name.get(output.name)
            if before is None or old[before.value] == new[output.value]:
                continue
            if new[output.value] in self.known:
                yield self._result(old[before.value], new[output.value], output)

    def _result(self, old: Number, new: Number, output: OutputValue) -> Cause:
        name = f"the result `{output.name}`" if output.name else "the result"
        what = f"{name} is that of {self.names[new]}, it was that of {self.names[old]}"
        maker = next((n for n in reversed(self.new.nodes) if output.value in n.outputs), None)
        return self._cause(what, maker, None)

    def _listed(self, numbers: tuple[Number, ...]) -> str:
        return ", ".join(self.names.get(number, "a new value") for number in numbers)


def _name_of(node: Node) -> str:
    return "" if isinstance(node, MergeNode) else node.name


def _may_replace(old: Step, new: Step) -> bool:
    """Whether one step may stand where another stood: merges for merges, others for others."""
    merges = isinstance(old.node, MergeNode), isinstance(new.node, MergeNode)
    return all(merges) or (not any(merges) and old.inputs == new.inputs)


def _shared(old: Step, new: Step) -> int:
    return len({*old.inputs} & {*new.inputs})


def _change(old: Node, new: Node) -> str:
    """`conv`: stride=1, it was 2: the arguments alone where the layer is the same."""
    if isinstance(old, LayerNode) and isinstance(new, LayerNode):
        before, after = dict(given(old.layer)), dict(given(new.layer))
        names = [name for name in after if after[name] != before.get(name)]
        if names and old.layer.keyword == new.layer.keyword:
            now = ", ".join(f"{name}={after[name]}" for name in names)
            was = ", ".join(before[name] for name in names)
            return f"`{new.layer.keyword}` has {now}, it was {was}"
    return f"{_spell(new)}, it was {_spell(old)}"


def _spell(node: Node) -> str:
    return f"`{spell_node(node)}`"

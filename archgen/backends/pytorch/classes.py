"""Which classes a file has, and which calls share one: definitions in order, callees first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from archgen.backends.pytorch import passes
from archgen.backends.pytorch.passes.fold import fold
from archgen.backends.pytorch.plan.file import File
from archgen.backends.pytorch.plan.ir import Apply, Child, InitPath, Let, Param, Plan, Value
from archgen.backends.pytorch.plan.names import (
    GLOBALS,
    Names,
    author_names,
    camel_case,
    helper_names,
    is_local,
)
from archgen.backends.pytorch.plan.regions import all_items, expressions
from archgen.backends.pytorch.plan.validate import validated
from archgen.backends.pytorch.walk.containers import contain, fill
from archgen.backends.pytorch.walk.lanes import Split, agree
from archgen.backends.pytorch.walk.scope import Escaped
from archgen.backends.pytorch.walk.signature import Opening
from archgen.backends.pytorch.walk.state import Walk
from archgen.backends.pytorch.walk.statements import STATEMENTS
from archgen.backends.pytorch.walk.units import callees, units_of
from archgen.backends.pytorch.walk.work import MOST, Work
from archgen.network import Body, Definition, Network
from archgen.syntax import tree
from archgen.traversal import bodies


class Classes:
    """The classes of one network's file.

    `closed` are the parameters of the arch that turn out to be constants in its class.
    """

    def __init__(self, network: Network, work: Work) -> None:
        self.network = network
        self.work = work
        self.closed: set[str] = set()
        self.file = File(network, Names(_taken(network)))
        self._arch_name = self.file.claim(_arch_words(network))
        self._by_body: dict[int, Plan] = {}
        self._units = units_of(network.body)
        self._unit_of = {id(body): unit for unit, bodies in self._units.items() for body in bodies}
        self._arch_plan()

    # --- what the walk asks for ---------------------------------------------------------------

    def plan_of(self, body: Body) -> Plan:
        """The class of a call; made now, with all calls that share it, if it is not yet."""
        if id(body) not in self._by_body:
            self._make(self._units[self._unit_of[id(body)]])
        return self._by_body[id(body)]

    def folds(self, definition: Definition | None) -> bool:
        """Whether a text is the arch's own: its numbers are constants."""
        while definition is not None and definition.kind == "implicit":
            definition = definition.parent
        return definition is self.network.body.definition

    def leaves_open(self, name: str) -> bool:
        """Whether a parameter of the arch stays one of its class."""
        value = self.network.parameters.get(name)
        plain = isinstance(value, int | float | str)
        return plain and name not in self.closed | self.network.hidden and is_local(name)

    def close(self, name: str) -> None:
        """A parameter of the arch is a constant in all its texts."""
        self.closed.add(name)

    # --- making classes -----------------------------------------------------------------------

    def _arch_plan(self) -> None:
        plan = self._finish(self._walk([self.network.body]), self._arch_name)
        plan.arch = True
        plan.doc = ""
        for folded in fold(self.file, self.closed):
            validated(folded, "fold")
            passes.run(folded)

    def _make(self, bodies: Sequence[Body]) -> None:
        """Make the classes of calls of one definition: one if they can share it."""
        for body in bodies:
            for callee in callees(body):
                self.plan_of(callee)
        definition = bodies[0].definition
        assert definition is not None
        self._group(bodies, self._class_name(definition), "")

    def _class_name(self, definition: Definition) -> str:
        """A block's name; a part of the arch is spelled as the arch's documentation does."""
        doc = self.network.doc if self.folds(definition) else ""
        return camel_case(class_words(definition), doc)

    def _group(self, bodies: Sequence[Body], name: str, label: str) -> None:
        try:
            walk = self._walk(bodies)
        except Split as split:
            for key, group in _by_key(bodies, split).items():
                suffix = camel_case(split.labels[key]) if split.labels.get(key) else ""
                self._group(group, name, label + suffix)
            return
        plan = self._finish(walk, self.file.claim(name + label))
        for body in bodies:
            self._by_body[id(body)] = plan

    def _walk(self, bodies: Sequence[Body]) -> Walk:
        try:
            return self._walked(bodies, unrolled=False)
        except Escaped:
            return self._walked(bodies, unrolled=True)

    def _walked(self, bodies: Sequence[Body], *, unrolled: bool) -> Walk:
        definition = bodies[0].definition
        assert definition is not None
        walk = Opening(self, STATEMENTS, definition, bodies).walk
        walk.unrolled = unrolled
        agree(walk.lanes, [lane.body.path_init for lane in walk.lanes])
        if definition.kind == "synonym":
            _contain(walk, definition.chain.links)
        else:
            steps = [lane.body.steps for lane in walk.lanes]
            walk.run(walk.lanes, definition.body.statements, steps)
        walk.outputs = _outputs(walk)
        return walk

    def _finish(self, walk: Walk, name: str) -> Plan:
        body = walk.lanes[0].body
        called = bool(walk.aux) and body is not self.network.body  # the caller takes all results
        walk.locals.hold(walk.looped)
        plan = Plan(
            name=name,
            doc=_doc(walk.scope.definition),
            params=_ordered(walk),
            inputs=walk.inputs,
            items=walk.items,
            outputs=walk.outputs,
            listed=body.listed and not called,
            named=body.named or called,
            aux=sorted(walk.aux, key=lambda aux: aux.apply is None),
            path_init=[InitPath(path, init) for path, init in body.path_init],
            lets=walk.lets,
            locals=walk.locals,
            fixed=walk.fixed,
            folds=self.folds(walk.scope.definition),
            open=walk.tracked | walk.open_parameters.keys(),
            worth=walk.worth,
            sequential=walk.scope.definition.kind == "synonym",
        )
        validated(plan, "the walk")
        passes.run(plan)
        _check_kept(walk, plan)
        if plan.several or plan.aux:
            plan.result = self.file.claim(f"{name}Output")
        self.file.plans.append(plan)
        return plan


def _doc(definition: Definition) -> str:
    """What a definition says of itself; `block name = seq { ... }` says it inside."""
    match definition:
        case Definition(kind="synonym"):
            for link in definition.chain.links:
                if isinstance(link, tree.Seq):
                    docs = (
                        each.text for each in link.body.statements if isinstance(each, tree.Doc)
                    )
                    return next(docs, "")
    return definition.doc


def _contain(walk: Walk, links: Sequence[tree.Link]) -> None:
    """The class is an `nn.Sequential`."""
    ((_, start),) = walk.inputs
    container = contain(walk, walk.lanes, start, lambda lanes: fill(walk, lanes, links))
    child = Child(tree.String(""), container)
    walk.items.append(Apply(child, [start], [container.result]))


def _outputs(walk: Walk) -> list[tuple[str, Value]]:
    """What the calls return: so many values, under these names."""
    lanes = walk.lanes
    results = [lane.body.outputs for lane in lanes]
    agree(lanes, [tuple(output.name for output in each) for each in results])
    return [
        (output.name, walk.join(lanes, [each[at].value for each in results]))
        for at, output in enumerate(results[0])
    ]


def _ordered(walk: Walk) -> list[Param]:
    """Inputs' channels, then parameters in the block's order, then what was found missing."""
    places = {p.name: at for at, p in enumerate(walk.scope.definition.parameters)}
    inputs = {name: at for at, (name, _) in enumerate(walk.inputs)}

    def place(param: Param) -> tuple[bool, bool, int]:
        last = len(places)
        at = places.get(param.source, last) if param.kind != "extra" else last
        if param.kind == "channels":
            at = inputs[param.source]
        return param.default is not None, param.kind != "channels", at

    return sorted(walk.params.values(), key=place)


def _by_key(bodies: Sequence[Body], split: Split) -> dict[object, list[Body]]:
    groups: dict[object, list[Body]] = {}
    for body in bodies:
        groups.setdefault(split.keys.get(id(body)), []).append(body)
    return groups


MOST_DERIVED = 2  # numbers of the arch's text that may be made of one of its parameters


def _check_kept(walk: Walk, plan: Plan) -> None:
    """A parameter of the arch that many numbers are made of is a constant: they read better."""
    items = list(all_items(plan))
    lets = (item.expr for item in items if isinstance(item, Let))
    exprs = (*(expr for item in items for expr in expressions(item)), *lets)
    derived = (walk.depends_on(expr) for expr in exprs if not isinstance(expr, tree.Name))
    counts = Counter(name for names in derived for name in names)
    walk.fix(
        walk.open_parameters.keys()
        & {name for name, count in counts.items() if count > MOST_DERIVED}
    )


def class_words(definition: Definition) -> str:
    """The name of a definition's class, in words: an implicit block is its parent's part."""
    if definition.kind == "implicit" and definition.parent is not None:
        return f"{class_words(definition.parent)}_{definition.name}"
    return definition.name


# --- the calls of a network -------------------------------------------------------------------


def class_name(network: Network) -> str:
    """The name of the network's class in its file."""
    return Names(_taken(network)).claim(_arch_words(network))


def _taken(network: Network) -> frozenset[str]:
    """Names that no class may have: what its author calls otherwise could be a variable."""
    found = [*bodies(network.body)]
    texts = {id(body.definition): body.definition for body in found if body.definition}
    computed = (name for body in found for name in body.names)
    return GLOBALS | helper_names() | {*computed, *chain(*map(author_names, texts.values()))}


def _arch_words(network: Network) -> str:
    """The name as the documentation spells it: `ResNet50`, `ResNet50Backbone`."""
    name, suffix = network.name, ""
    if network.asked:  # the documentation is that of the whole network
        name, _, suffix = name.rpartition("_")
    return camel_case(name, network.doc) + suffix.capitalize()


def classes_of(network: Network, steps: int = MOST) -> Classes:
    """The classes of a network's file. Raises `ArchError` where they take too much work."""
    return Classes(network, Work(network, steps))

"""Parameters of the arch that turned out to be constants are folded into its texts.

The walk begins with every parameter of the arch as one of its class. Where something is decided by
a parameter (a side of an `if`, the passes of a loop, a number that no expression says), it is a
constant from there on; what was said before is said again here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from archgen.backends.pytorch.plan import algebra, kinds
from archgen.backends.pytorch.plan.algebra import Expr, Missing
from archgen.backends.pytorch.plan.file import File
from archgen.backends.pytorch.plan.ir import Build, Item, Let, Param, Plan, Worth, is_written_alike
from archgen.backends.pytorch.plan.regions import all_items, change, makes, modules, revise
from archgen.syntax import tree

Places = set[int | str]  # arguments by position or name


def fold(file: File, closed: set[str]) -> Iterator[Plan]:
    """Fold these parameters into the classes of the arch's own text, callees first; yields each
    class that it changed, which goes through the other passes once more."""
    dropped: dict[str, Places] = {}
    plans = {plan.name: plan for plan in file.plans}
    for plan in file.plans if closed else ():
        if plan.folds:
            before = list(plan.params)
            _Folding(plan, closed).run()
            for item in all_items(plan):
                for module in modules(item):
                    if isinstance(module, Build):
                        callee = plans.get(module.target)
                        _shorten(module, dropped.get(module.target, set()), callee)
            yield plan
            dropped[plan.name] = _places(before, plan.params)


@dataclass(slots=True)
class _Folding:
    """The names of a class that are constants by now, and its lists of constants."""

    plan: Plan
    closed: set[str]
    values: dict[str, Expr] = field(default_factory=dict)
    tables: dict[str, object] = field(default_factory=dict)

    def run(self) -> None:
        plan = self.plan
        for param in list(plan.params):
            constant = algebra.common([*param.values.values()])
            if param.source in self.closed and param.kind == "number" and constant is not None:
                self.values[param.name] = constant
                plan.params.remove(param)
        plan.open -= self.values.keys()
        self.depend_on_open()
        plan.items = change(plan.items, self.rewrite, containers=True)
        change(plan.own_heads, self.rewrite, containers=True)
        if agreed := self.agreed():
            self.values |= agreed
            plan.items = change(plan.items, self.rewrite, containers=True)
        plan.lets = {name: self.revised(expr) for name, expr in plan.lets.items()}

    def depend_on_open(self) -> None:
        """Locals that hang on what is open are open too."""
        lets = [item for item in all_items(self.plan) if isinstance(item, Let)]
        while more := {
            let.name
            for let in lets
            if let.name not in self.plan.open
            and not self.plan.open.isdisjoint(algebra.names_in(let.expr))
        }:
            self.plan.open |= more

    def agreed(self) -> dict[str, Expr]:
        """Locals that follow the channels of a loop, and are the same constant all the way."""
        found: dict[str, list[Expr]] = {}
        for item in all_items(self.plan):
            if isinstance(item, Let) and item.name not in self.plan.lets:
                found.setdefault(item.name, []).append(item.expr)
        return {
            name: first
            for name, (first, *others) in found.items()
            if algebra.is_constant(first) and all(is_written_alike(first, each) for each in others)
        }

    def rewrite(self, item: Item) -> list[Item]:
        revise(item, self.revised)
        for value in makes(item):
            if value.channels is not None:
                value.channels = self.revised(value.channels)
        if isinstance(item, Let) and item.name in self.values:
            return []
        if isinstance(item, Let) and item.name in self.plan.lets:
            if isinstance(item.expr, tree.ListOf) and algebra.is_constant(item.expr):
                self.tables[item.name] = algebra.as_items(algebra.value_of(item.expr, {}))
            elif algebra.is_constant(item.expr):
                self.values[item.name] = item.expr
                return []
        return [item]

    def revised(self, expr: Expr) -> Expr:
        """The expression with what is known folded into it."""
        made = expr
        if not self.values.keys().isdisjoint(algebra.names_in(expr)):
            known = self.values
            made = algebra.substitute(expr, lambda name: known.get(name, tree.Name((name,))))
            made = algebra.fold(made)
        made = algebra.computed(made, self.tables)
        worth = self.plan.worth.get(id(expr))
        if worth is None or not self.plan.open.isdisjoint(algebra.names_in(made)):
            return made
        constant = algebra.common(worth.values) if worth.straight else None
        return algebra.plainer(made, constant, lambda simpler: _holds(simpler, worth))


def _holds(expr: Expr, worth: Worth) -> bool:
    """Whether an expression has these values, in Python too."""

    def kind(name: str) -> kinds.Kinds:
        return kinds.union(kinds.kinds_of(each[name]) for each in worth.names if name in each)

    try:
        found = [algebra.value_of(expr, names) for names in worth.names]
    except Missing:
        return False
    return all(map(algebra.same, found, worth.values)) and kinds.is_same_in_python(expr, kind)


def _places(before: list[Param], after: list[Param]) -> Places:
    """How calls gave the parameters that are gone."""
    positional = [param for param in before if param.default is None]
    gone = [param for param in before if param not in after]
    return {positional.index(each) if each.default is None else each.name for each in gone}


def _shorten(build: Build, gone: Places, callee: Plan | None) -> None:
    """Leave out arguments that a class does not take any more, or has anyway."""
    defaults = {} if callee is None else {param.name: param.default for param in callee.params}
    arguments = []
    for at, (keyword, value) in enumerate(build.arguments):
        constant = not isinstance(value, str) and algebra.is_constant(value)
        implied = keyword in build.implied and constant
        default = defaults.get(keyword or "")
        if not implied and (keyword or at) not in gone and not is_written_alike(value, default):
            arguments.append((keyword, value))
    build.arguments = arguments

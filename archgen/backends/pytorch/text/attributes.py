"""The attributes of a class besides its submodules: what `forward` must know of the constructor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from archgen.backends.pytorch.plan import algebra
from archgen.backends.pytorch.plan.algebra import Expr
from archgen.backends.pytorch.plan.ir import Apply, Child, Constant, For, If, Item, Learned, Plan
from archgen.backends.pytorch.plan.names import module_names
from archgen.backends.pytorch.plan.regions import children, inner
from archgen.syntax import tree

_NOTHING: Expr = tree.Nothing()


class Attributes:
    """One name table for a class: submodules, stored parameters, flags of decisions.

    `stored` are parameters that `forward` reads, with their attributes; `flags` the names of
    stored conditions, by `id` of the decision and number of the side.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.locals = plan.locals
        self.stored: dict[str, str] = {}
        self.flags: dict[int, dict[int, str]] = {}
        self._params = {param.name for param in plan.params}
        items = [*plan.items, *plan.own_heads]
        self._children = children(items)
        self._names = module_names(map(_first_part, self._children))
        self._computed = list(map(_pattern, filter(_is_computed, self._children)))
        self._members = _member_lists(self._children)
        self._read_items(items, frozenset())
        for param in plan.params if plan.arch else ():
            self._store(tree.Name((param.name,)), frozenset())  # to make a new model

    # --- what forward says ----------------------------------------------------------------------

    def outside(self, expr: Expr) -> Expr:
        """An expression of the constructor as `forward` says it."""

        def meaning(name: str) -> Expr:
            if name in self.stored:
                return tree.Name((f"self.{self.stored[name]}",))
            if name in self.plan.lets:
                return algebra.substitute(self.plan.lets[name], meaning)
            return tree.Name((name,))

        return algebra.substitute(expr, meaning)

    def test(self, decision: If, number: int) -> Expr | None:
        """The condition of a side as `forward` asks it."""
        flag = self.flags.get(id(decision), {}).get(number)
        if flag is not None:
            return tree.Name((f"self.{flag}",))
        condition = decision.arms[number][0]
        return None if condition is None else self.outside(condition)

    # --- lists of modules -----------------------------------------------------------------------

    def members_of(self, child: Child) -> list[Child] | None:
        """For `ups.0`: all of the list at its first child, none at the others; else None."""
        return self._members.get(id(child))

    def lists_in(self, loop: For) -> Iterator[str]:
        """The lists of modules that a loop fills."""
        for child in children(loop.items):
            first = child.name.parts[0] if isinstance(child.name, tree.Template) else ""
            if isinstance(first, str) and "." in first:
                yield _first_part(child)

    # --- finding what is read -------------------------------------------------------------------

    def _read_items(self, items: Sequence[Item], bound: frozenset[str]) -> None:
        for item in items:
            inside = bound
            match item:
                case Apply(child=Child(name=name)) | Learned(name=name):
                    self._store(name, bound)
                case Constant(expr=expr):
                    self._store(expr, bound)
                case If():
                    self._decide(item, bound)
                case For():
                    self._store(item.iterable, bound)
                    inside = bound | {item.index, *item.names}
                case _:
                    pass
            for region in inner(item):
                self._read_items(region, inside)

    def _store(self, expr: Expr, bound: frozenset[str]) -> None:
        """Keep the parameters that an expression reads as attributes."""
        for name in sorted(self._roots(expr)):
            if name not in bound and name in self._params and name not in self.stored:
                self.stored[name] = self._names.claim_underscored(self._apart(name))

    def _apart(self, name: str) -> str:
        """A name that no numbered submodule can have: `conv2_` beside `f"conv{i + 1}"`."""
        return f"{name}_" if any(each.fullmatch(name) for each in self._computed) else name

    def _roots(self, expr: Expr) -> set[str]:
        """The names behind the locals of an expression."""
        todo, seen = list(algebra.names_in(expr)), set[str]()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += algebra.names_in(self.plan.lets.get(name, _NOTHING))
        return seen.difference(self.plan.lets)

    def _decide(self, decision: If, bound: frozenset[str]) -> None:
        """A condition of one parameter is asked again, one of several is stored."""
        flags: dict[int, str] = {}
        for number, (condition, _) in enumerate(decision.arms):
            if condition is None:
                continue
            names = set(algebra.names_in(condition))
            if bound.intersection(self._roots(condition)) or (
                len(names) == 1 and names <= self._params
            ):
                self._store(condition, bound)
            else:
                flags[number] = self._names.claim(self._apart(_flag_name(decision, number)))
        self.flags[id(decision)] = flags


def _first_part(child: Child) -> str:
    name = child.name
    text = name.value if isinstance(name, tree.String) else ""
    if isinstance(name, tree.Template):
        text = str(name.parts[0]) if isinstance(name.parts[0], str) else ""
    return text.partition(".")[0]


def _is_computed(child: Child) -> bool:
    return isinstance(child.name, tree.Template)


def _pattern(child: Child) -> re.Pattern[str]:
    """The names that a computed name may be worth."""
    assert isinstance(child.name, tree.Template)
    parts = (re.escape(part) if isinstance(part, str) else r"\w+" for part in child.name.parts)
    return re.compile("".join(parts))


def _flag_name(decision: If, number: int) -> str:
    """`has_conv1`: after the first submodule that hangs on the decision."""
    sides = [children(items) for _, items in decision.arms]
    if sides[number]:
        return f"has_{_first_part(sides[number][0])}"
    others = [child for side in sides for child in side]
    return f"skips_{_first_part(others[0])}" if others else "has_shortcut"


def _member_lists(found: Sequence[Child]) -> dict[int, list[Child]]:
    """The children of each list of modules, at the first of them."""
    lists: dict[str, list[Child]] = {}
    members: dict[int, list[Child]] = {}
    for child in found:
        if isinstance(child.name, tree.String) and "." in child.name.value:
            name = _first_part(child)
            members[id(child)] = [] if name in lists else lists.setdefault(name, [])
            lists[name].append(child)
    return members

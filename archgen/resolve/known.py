"""What a text knows where a statement stands: constants, and names of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace

from archgen.frozen import dataclass
from archgen.syntax import tree


@dataclass(frozen=True)
class Known:
    """What is known where a statement stands.

    values: names that are defined on every way there; `perhaps`: on some way; `passed`: in passes
    of a loop that has ended; `pure`: without a submodule. `later`: those that the loop around it
    defines; `items`: of these, lists (`ys[i] = ...`). `maybe`: what may be known behind a
    condition, which may ask for just the calls and passes that have it: they tell. `dynamic`:
    names were computed, so that any name may exist.
    """

    constants: frozenset[str]
    values: dict[str, tree.Node] = field(default_factory=dict)
    perhaps: frozenset[str] = frozenset()
    dynamic: bool = False
    later: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    maybe: frozenset[str] = frozenset()
    pure: frozenset[str] = frozenset()
    passed: frozenset[str] = frozenset()

    def behind_condition(self) -> Known:
        """Where only some calls and passes come."""
        return replace(self, maybe=self.maybe | self.perhaps | self.items)

    def knowing(self, names: Iterable[str]) -> Known:
        return replace(self, constants=self.constants | set(names))

    def inside(self) -> Known:
        """A submodule's body: constants are seen, values are not."""
        return Known(self.constants)

    def after_sides(self, ends: Sequence[Known]) -> Known:
        """After an `if` a value is known when every side defines it."""
        return replace(
            self,
            values={
                name: at
                for name, at in ends[0].values.items()
                if all(name in end.values for end in ends)
            },
            perhaps=_union(end.perhaps | end.values.keys() for end in ends),
            dynamic=any(end.dynamic for end in ends),
            pure=_union(end.pure for end in ends),
            passed=_union(end.passed for end in ends),
        )

    def in_loop(self, loop: tree.For) -> Known:
        """Where the body of a loop begins."""
        named = list(_named_in(loop.body))
        names = frozenset(each.name for each in named if isinstance(each.name, str))
        lists = frozenset(str(each.name) for each in named if each.indices) & names
        inside = self.behind_condition().knowing(loop.names)
        return replace(inside, later=self.later | names, items=self.items | lists)

    def after_loop(self, end: Known) -> Known:
        """After a loop, whose body ends so: what one pass gave alone may be known; a name without
        a submodule is free again."""
        over = end.pure & (end.values.keys() - self.values.keys())
        return replace(
            self,
            values={name: at for name, at in end.values.items() if name not in over},
            perhaps=end.perhaps,
            dynamic=end.dynamic,
            pure=end.pure,
            passed=end.passed | over,
        )


def _union(sets: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def _named_in(body: tree.Body) -> Iterator[tree.Place]:
    """The names that the statements of a body give to values, in `if` and `for` too."""
    for statement in body.statements:
        match statement:
            case tree.Named():
                yield from statement.places
            case tree.If():
                for side in statement.sides:
                    yield from _named_in(side)
            case tree.For():
                yield from _named_in(statement.body)
            case _:
                pass

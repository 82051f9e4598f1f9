"""Where values come from, before and after: what an insertion explains, and what it does not.

`conv -> bn` becoming `conv -> relu -> bn` is one insertion: that `bn` reads another value follows
from it. Sources are compared past units that only one side has.
"""

from __future__ import annotations

from archgen.analysis.difference.matching import BodyMatch, Matched
from archgen.analysis.difference.units import INPUT, Row, Source, Unit
from archgen.network import MergeNode


class Wiring:
    """Compares sources within one pair of bodies."""

    def __init__(self, match: BodyMatch) -> None:
        self.match = match
        moved = {id(each.new) for each in match.matched if each.moved}
        self._partner = {
            b: a for b, a in match.partner.items() if id(match.new.units[b]) not in moved
        }
        self._kept = set(self._partner.values())
        self._makers = {
            each.old.name: each.new.name
            for each in match.matched
            if not (each.old.reused or each.new.reused)
        }

    def differs(self, each: Matched) -> bool:
        """Whether a unit reads other values than it did, for no reason that is told elsewhere."""
        if each.moved or each.old.offset or each.new.offset:
            return False
        before, after = each.old.inputs, each.new.inputs
        if self._past(before) == self._past_new(after):
            return False
        if isinstance(each.new.node, MergeNode):
            return self._left(before) != self._left_new(after)
        return True

    def other_maker(self, each: Matched) -> bool:
        """Whether a unit that is reused is another one than before."""
        return self._makers.get(each.old.name) != each.new.name

    def outputs_differ(self) -> bool:
        """Whether the body gives other values than it did."""
        return self._past(self.match.old.outputs) != self._past_new(self.match.new.outputs)

    # --- in terms of the old units ------------------------------------------------------------

    def _past(self, sources: tuple[Source, ...]) -> list[Source]:
        return [_skip(source, self.match.old, self._kept) for source in sources]

    def _past_new(self, sources: tuple[Source, ...]) -> list[Source]:
        skipped = (_skip(source, self.match.new, self._partner) for source in sources)
        return [(self._partner.get(at, INPUT), out) for at, out in skipped]

    def _left(self, sources: tuple[Source, ...]) -> list[Source]:
        return [(at, out) for at, out in sources if at == INPUT or at in self._kept]

    def _left_new(self, sources: tuple[Source, ...]) -> list[Source]:
        return [
            (self._partner.get(at, INPUT), out)
            for at, out in sources
            if at == INPUT or at in self._partner
        ]


def _skip(source: Source, row: Row, kept: dict[int, int] | set[int]) -> Source:
    """The source behind units that the other side does not have, along their main input."""
    at, out = source
    while at != INPUT and at not in kept:
        unit = row.units[at]
        if not unit.inputs:
            return -2 - at, out  # a parameter of its own
        at, out = unit.inputs[0]
    return at, out


def spelled(sources: tuple[Source, ...], row: Row) -> str:
    """`conv1, input`: what is read."""
    return ", ".join(_name(source, row) for source in sources)


def _name(source: Source, row: Row) -> str:
    at, out = source
    if at == INPUT:
        names = row.body.input_names
        return names[out] if out < len(names) and names[out] else "input"
    unit: Unit = row.units[at]
    name = unit.name or "a merge"
    return f"{name}[{out}]" if len(unit.node.outputs) > 1 else name

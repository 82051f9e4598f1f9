"""How many places of the inputs one place of a value sees."""

from __future__ import annotations

from collections.abc import Sequence

from archgen.analysis.fields import Fields, Row
from archgen.analysis.histories import Histories
from archgen.analysis.views import Extent, extent
from archgen.network import Body, CallNode, Ref
from archgen.shapes import Shape


class ReceptiveFields:
    """Those of the values of a network, by tables of its bodies, which make repeats cheap; where
    these do not tell which channels see what, by following the calls one by one."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._fields = Fields()
        self._histories = Histories(body)

    def of_value(self, calls: Sequence[CallNode], ref: Ref) -> tuple[Extent, ...]:
        """For each spatial axis of the inputs; of several inputs, the one that is seen more of."""
        y = (calls[-1].body if calls else self._body).values[ref]
        found = self._widest(self._fields.inside(self._body, calls, ref), y)
        if "unknown" not in found:
            return found
        known = self._histories.of_value(calls, ref)
        row = {
            source: tuple(known.get((source, axis)) for axis in range(x.rank))
            for source, x in enumerate(self._entries())
            if any((source, axis) in known for axis in range(x.rank))
        }
        return self._widest(row, y) or found

    def _entries(self) -> list[Shape]:
        return [self._body.values[ref] for ref in self._body.inputs]

    def _widest(self, row: Row, y: Shape) -> tuple[Extent, ...]:
        entries = self._entries()
        fields = [
            tuple(
                extent(row[source][axis], y, x.sizes[axis])
                for axis in range(x.rank)
                if axis != x.axis
            )
            for source, x in enumerate(entries)
            if source in row and x.rank == entries[0].rank
        ]
        return tuple(max(column, key=_order) for column in zip(*fields, strict=True))


def _order(size: Extent) -> tuple[int, int]:
    match size:
        case int():
            return 0, size
        case "all":
            return 1, 0
        case "unknown":
            return 2, 0

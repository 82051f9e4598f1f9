"""Which values reach a result: of what a call is handed, that which its body makes use of."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from archgen.network import Body, CallNode, LayerNode, Node, Ref
from archgen.resolve.values import Budget


class Reading:
    """What bodies read of their inputs, remembered for each set of results that are wanted.

    `sizes`: whether a value counts that gives its sizes alone (`upsample(like=from x)`): a model
    needs it, but no gradient comes back through it.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._known: dict[tuple[Body, frozenset[int], bool], frozenset[int]] = {}

    def alive(self, nodes: Sequence[Node], results: Collection[Ref], *, sizes: bool) -> set[Ref]:
        """The values that reach one of these results. The nodes are in order of execution."""
        alive = set(results)
        for node in reversed(nodes):
            wanted = frozenset(at for at, ref in enumerate(node.outputs) if ref in alive)
            match node:
                case CallNode() if wanted or node.body.heads:
                    alive.update(node.inputs[at] for at in self._used(node, wanted, sizes))
                case LayerNode() if wanted and not sizes:
                    alive.add(node.inputs[0])
                    alive.update(ref for _, ref in node.operands())
                case _ if wanted:
                    alive.update(node.inputs)
        return alive

    def _used(self, call: CallNode, wanted: frozenset[int], sizes: bool) -> frozenset[int]:
        """The places among a call's inputs of what these of its results, or its heads, need."""
        body = call.body
        if len(body.inputs) == 1 and _come_from_it(body):
            return frozenset({0})
        key = body, wanted, sizes
        if key not in self._known:
            self._budget.spend(call.span, len(body.nodes))
            results = {body.outputs[at].value for at in wanted}
            results.update(ref for aux in body.aux for ref in aux.node.outputs)
            alive = self.alive(body.all_nodes, results, sizes=sizes)
            used = frozenset(at for at, ref in enumerate(body.inputs) if ref in alive)
            self._known[key] = used
        return self._known[key]


def _come_from_it(body: Body) -> bool:
    """Whether all results come from the one input: nothing else brings a batch."""
    shapes = [body.values[ref] for ref in (*body.inputs, *(each.value for each in body.outputs))]
    return all(shape.batch == "all" for shape in shapes)

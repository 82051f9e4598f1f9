"""A network as rows: where its weights and its work are. Knows no format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from archgen.analysis.cost import Cost, Costs
from archgen.analysis.figures import Figures, figures
from archgen.analysis.numerals import numbered
from archgen.analysis.sizes.legal import Sizes, sizes_of
from archgen.analysis.spelling import spell_node
from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, Node, ParamNode
from archgen.shapes import Shape

MOST_ROWS = 10_000
DEEPEST = 1_000  # blocks in blocks: more than there can be


@dataclass(frozen=True, slots=True)
class Row:
    """One node. `level` counts from 0; a row's cost holds that of the deeper rows below it.

    `count` repeats are one row, whose cost is that of all of them. `role` is "run", "reused" (no
    weights of its own) or "training" (an auxiliary head: weights, and no work in evaluation).
    """

    path: str
    level: int
    layer: str
    count: int
    role: str
    outputs: tuple[Shape, ...]
    params: int
    macs: int

    @property
    def data(self) -> dict[str, object]:
        """Plain values by name, for JSON and for tables."""
        return {
            "path": self.path,
            "level": self.level,
            "layer": self.layer,
            "count": self.count,
            "role": self.role,
            "outputs": [list(shape.sizes) for shape in self.outputs],
            "params": self.params,
            "macs": self.macs,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """Rows and totals. `cut`: there are more rows than `MOST_ROWS`; the figures are complete."""

    name: str
    doc: str
    inputs: tuple[Shape, ...]
    rows: tuple[Row, ...]
    cut: bool
    figures: Figures
    sizes: Sizes  # of the input that it takes


def summarise(network: Network, depth: int = 1) -> Summary:
    """The nodes of a network down to `depth` levels, and its figures."""
    body = network.body
    rows = tuple(islice(_Rows(Costs(), depth).of_body(body, "", 0, 1, "run"), MOST_ROWS + 1))
    return Summary(
        network.name,
        network.doc,
        tuple(body.values[ref] for ref in body.inputs),
        rows[:MOST_ROWS],
        len(rows) > MOST_ROWS,
        figures(network),
        sizes_of(network),
    )


def layers(network: Network) -> Summary:
    """The layers and `param`s of a network at any depth, without the blocks that hold them."""
    whole = summarise(network, DEEPEST)
    nested = [*(row.level for row in whole.rows[1:]), 0]
    rows = (row for row, below in zip(whole.rows, nested, strict=True) if below <= row.level)
    return replace(whole, rows=tuple(rows))


@dataclass(frozen=True, slots=True)
class _Rows:
    costs: Costs
    depth: int

    def of_body(self, body: Body, prefix: str, level: int, times: int, role: str) -> Iterator[Row]:
        """Rows for a body that is called `times` times; `role` is that of the call."""
        for node in body.nodes:
            if not isinstance(node, MergeNode):
                yield from self.of_node(body, node, prefix, level, times, _role(node, role))
        for aux in body.aux:
            head = "training" if role == "run" else role
            yield from self.of_node(body, aux.node, prefix, level, times, head)

    def of_node(
        self,
        body: Body,
        node: LayerNode | CallNode | ParamNode,
        prefix: str,
        level: int,
        times: int,
        role: str,
    ) -> Iterator[Row]:
        count = node.count if isinstance(node, CallNode) else 1
        path = prefix + numbered(node.name, count)
        cost = _in_role(self.costs.of_node(body, node) * times, role)
        outputs = tuple(body.values[ref] for ref in node.outputs)
        yield Row(path, level, spell_node(node), count, role, outputs, cost.params, cost.macs)
        if isinstance(node, CallNode) and level + 1 < self.depth:
            yield from self.of_body(node.body, f"{path}.", level + 1, times * count, role)


def _role(node: Node, role: str) -> str:
    if isinstance(node, LayerNode | CallNode) and node.reused and role == "run":
        return "reused"
    return role


def _in_role(cost: Cost, role: str) -> Cost:
    match role:
        case "reused":
            return cost.of_work
        case "training":
            return cost.of_weights
        case _:
            return cost

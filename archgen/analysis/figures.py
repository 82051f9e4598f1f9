"""The figures of a network, in evaluation: what `expect` knows and `summary` totals."""

from __future__ import annotations

from dataclasses import field
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from archgen.analysis.cost import Costs
from archgen.analysis.depth import depths
from archgen.frozen import dataclass
from archgen.network import Body, CallNode, Network, Ref
from archgen.shapes import Shape

if TYPE_CHECKING:
    from archgen.analysis.views import Extent

CONVENTION = (
    "One multiply-add is one MAC and two FLOPs, for one sample in evaluation. Convolutions, "
    "linear layers and matrix products count, as in torch.utils.flop_counter; biases, "
    "normalisations, nonlinearities, pools and merges do not. Parameters include those of "
    "auxiliary heads; activations are the outputs of convolutions and linear layers."
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a network costs and how it looks, for one sample in evaluation.

    params, buffers: numbers in the learned parameters (of auxiliary heads too) and the buffers.
    macs: multiply-adds, as PyTorch's counter counts them; `flops` are twice as many.
    activations: output elements of convolutions and linear layers (RegNet's convention).
    depth: convolutions and linear layers on the longest path.
    outputs: shapes of the results, without those of auxiliary heads.
    reduction: size of the input over size of the features, for each spatial axis. The
        features are the last values that have more than one place: what a global pool reads.
    receptive_field: places of the input that one place of the features can see, from the first
        to the last, for each spatial axis, borders ignored (Araujo et al. 2019). "all" where it
        sees the whole axis, whatever its size: behind a global mean, or attention. "unknown"
        where it cannot be said.
    """

    params: int
    buffers: int
    macs: int
    activations: int
    depth: int
    outputs: tuple[Shape, ...]
    reduction: tuple[Fraction, ...]
    network: Network = field(repr=False, compare=False)

    @property
    def receptive_field(self) -> tuple[Extent, ...]:
        """Found when it is asked for: it may take longer than all the others."""
        from archgen.analysis.receptive import ReceptiveFields

        body = self.network.body
        return ReceptiveFields(body).of_value(*_features(body))

    @property
    def flops(self) -> int:
        return 2 * self.macs


def figures(network: Network) -> Figures:
    """Count a network. Takes time for its distinct bodies only, not for their repeats."""
    body = network.body
    cost = Costs().of_body(body)
    calls, ref = _features(body)
    features = _owner(body, calls).values[ref]
    entry = body.values[body.inputs[0]]
    return Figures(
        params=cost.params,
        buffers=cost.buffers,
        macs=cost.macs,
        activations=cost.activations,
        depth=max((depth for row in depths(network) for depth in row.values()), default=0),
        outputs=tuple(body.values[output.value] for output in body.outputs),
        reduction=tuple(map(Fraction, entry.spatial, features.spatial)),
        network=network,
    )


def _features(body: Body) -> tuple[tuple[CallNode, ...], Ref]:
    """The last value made that has more than one place, axes as the input's: the calls that it is
    made in, and its number there. The input if there is no such value."""
    return _last(body, body.values[body.inputs[0]], set()) or ((), body.inputs[0])


def _owner(body: Body, calls: tuple[CallNode, ...]) -> Body:
    """The body that a value is made in."""
    return calls[-1].body if calls else body


def _last(body: Body, entry: Shape, barren: set[Body]) -> tuple[tuple[CallNode, ...], Ref] | None:
    """`barren` are the bodies that were searched in vain: a body may be called exponentially
    often."""
    for node in reversed(body.nodes):
        shape = body.shape_out(node)
        if (shape.rank, shape.axis) == (entry.rank, entry.axis) and prod(shape.spatial) > 1:
            return (), node.outputs[0]
        if isinstance(node, CallNode) and node.body not in barren:
            found = _last(node.body, entry, barren)
            if found:
                return (node, *found[0]), found[1]
    barren.add(body)
    return None

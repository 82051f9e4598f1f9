"""The figures of a network, in evaluation: what `expect` knows and `summary` totals."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, prod

from archgen.analysis.cost import Costs
from archgen.analysis.reach import Reach, Reaches
from archgen.frozen import dataclass
from archgen.network import Body, CallNode, Network
from archgen.shapes import Shape

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
    receptive_field: places of the input that one place of the features can see, for each
        spatial axis, borders ignored (Araujo et al. 2019).
    """

    params: int
    buffers: int
    macs: int
    activations: int
    depth: int
    outputs: tuple[Shape, ...]
    reduction: tuple[Fraction, ...]
    receptive_field: tuple[int, ...]

    @property
    def flops(self) -> int:
        return 2 * self.macs


def figures(network: Network) -> Figures:
    """Count a network. Takes time for its distinct bodies only, not for their repeats."""
    body = network.body
    cost = Costs().of_body(body)
    reaches = [reach for row in Reaches().of_body(body) for reach in row.values()]
    return Figures(
        params=cost.params,
        buffers=cost.buffers,
        macs=cost.macs,
        activations=cost.activations,
        depth=max((reach.depth for reach in reaches), default=0),
        outputs=tuple(body.values[output.value] for output in body.outputs),
        reduction=_reduction(body),
        receptive_field=receptive_field(body.values[body.inputs[0]], reaches),
    )


def receptive_field(entry: Shape, reaches: list[Reach]) -> tuple[int, ...]:
    """What a value sees of the input, by how it looks back at each source."""
    seeing = [reach.margin for reach in reaches if len(reach.margin) == entry.rank - 1]
    tolerance = 1e-6  # of resampling by thirds
    return tuple(1 + ceil(max(margins) - tolerance) for margins in zip(*seeing, strict=True))


def _reduction(body: Body) -> tuple[Fraction, ...]:
    entry = body.values[body.inputs[0]]
    features = _features(body, entry, set()) or entry
    return tuple(map(Fraction, entry.spatial, features.spatial))


def _features(body: Body, entry: Shape, barren: set[Body]) -> Shape | None:
    """The last value made that has more than one place, axes as the input's.

    `barren` are the bodies that were searched in vain: a body may be called exponentially often.
    """
    for node in reversed(body.nodes):
        shape = body.shape_out(node)
        if (shape.rank, shape.axis) == (entry.rank, entry.axis) and prod(shape.spatial) > 1:
            return shape
        if isinstance(node, CallNode) and node.body not in barren:
            found = _features(node.body, entry, barren)
            if found:
                return found
    barren.add(body)
    return None

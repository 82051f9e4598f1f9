"""What layers ask of their input, each demand as one function that raises a `LayerFault`."""

from __future__ import annotations

from archgen.layers.base import LayerFault
from archgen.shapes import Shape

MOST_SPATIAL_AXES = 3


def features_first(x: Shape) -> None:
    """Images, signals and vectors; not tokens."""
    if not x.channels_first:
        raise LayerFault(
            f"needs the features on the first axis, they are on axis {x.axis} of {x}",
            help=f"put `permute({_to_front(x)})` before it",
            before=f"permute({_to_front(x)})",
            features="first",
            ours=True,
        )


def features_last(x: Shape) -> None:
    """Tokens and vectors; not images."""
    if not x.channels_last:
        raise LayerFault(
            f"needs the features on the last axis, they are on axis {x.axis} of {x}",
            help=f"put `flatten` before it for one vector, or `permute({_to_back(x)})` for tokens",
            before="flatten",
            features="last",
            ours=True,
        )


def spatial(x: Shape) -> str:
    """A signal, an image or a volume; gives `1d`, `2d` or `3d`."""
    features_first(x)
    axes = x.rank - 1
    if not 1 <= axes <= MOST_SPATIAL_AXES:
        raise LayerFault(
            f"needs one to three spatial axes, {_sizes(x)} has {axes or 'none'}",
            help="a vector is given axes by `reshape`" if not axes else None,
            ours=True,
        )
    return f"{axes}d"


def image(x: Shape) -> None:
    """Two spatial axes."""
    if spatial(x) != "2d":
        raise LayerFault(f"needs an image, with two spatial axes, not {x}", ours=True)


def divides(
    groups: int,
    number: int,
    what: str = "channels",
    argument: str = "groups",
    *,
    ours: bool = False,
) -> None:
    """`groups` parts of the same size."""
    if number % groups:
        message = f"{argument}={groups} does not divide {number} {what}"
        raise LayerFault(message, argument=argument, code="A202", ours=ours)


def room(mode: str, size: int, by: int, argument: str = "by") -> None:
    """What is mirrored or repeated around an axis has to be there."""
    most = {"reflect": size - 1, "circular": size}.get(mode)
    if most is not None and by > most:
        raise LayerFault(
            f'with {argument}="{mode}" at most {most} fit around {size}, not {by}',
            argument=argument,
        )


def axis_of(axis: int, x: Shape, argument: str = "axis") -> int:
    """An axis that the input has, counted from 0; a negative one counts from the last."""
    if not -x.rank <= axis < x.rank:
        raise LayerFault(
            f"no axis {axis} in {_sizes(x)}",
            argument=argument,
            help=f"axes count from 0 after the batch: the last is {x.rank - 1}, or -1",
            ours=axis == -x.rank - 1,  # torch's batch
        )
    return axis % x.rank


def axes_of(
    axes: int | tuple[int, ...], x: Shape, argument: str = "axis", *, ours: bool = False
) -> tuple[int, ...]:
    """One axis or several that the input has, counted from 0, none twice; in the order given."""
    several = (axes,) if isinstance(axes, int) else axes
    found = tuple(axis_of(axis, x, argument) for axis in several)
    if len(set(found)) < len(found):
        raise LayerFault("an axis is named twice", argument=argument, ours=ours)
    return found


def in_torch(axis: int) -> int:
    """An axis as torch counts it, the batch being 0; from the last it counts as we do."""
    return axis + 1 if axis >= 0 else axis


def _sizes(x: Shape) -> str:
    return f"a vector of {x}" if x.rank == 1 else str(x)


def _to_front(x: Shape) -> list[int]:
    return [x.axis, *(axis for axis in range(x.rank) if axis != x.axis)]


def _to_back(x: Shape) -> list[int]:
    return [*(axis for axis in range(x.rank) if axis != x.axis), x.axis]

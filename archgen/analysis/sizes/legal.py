"""`sizes_of`: the sizes of the input that a network takes, from a few runs.

A run at the declared sizes says for which others it would go the same way. Where it would not,
another run is made, until each size of each axis has an answer. Axes are looked at one by one;
what ties them together (`H // 4 * (W // 4) == 400`) stays a condition beside the sets. Where
that would not be the whole truth, the answer is "not known".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import islice, product
from math import prod

from archgen.analysis.sizes.passing import Refused, Run, run
from archgen.analysis.sizes.sets import EVERY, NONE, SizeSet, TooLarge
from archgen.analysis.sizes.symbols import Joint, Note, Term
from archgen.frozen import dataclass
from archgen.network import Network
from archgen.shapes import Shape

MOST_RUNS = 64  # for an axis
# Of the sizes of an axis those that are tried, to see what an unmet condition leads to.
FARTHEST_TRIED, STEP = 256, 7
MOST_POINTS = 1 << 14
IMAGE = ("H", "W")
VOLUME = ("D", "H", "W")


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of an input whose size may change. `name` is `H`, or `left.H` of several inputs."""

    name: str
    input: int
    axis: int
    declared: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Sizes of an axis that are refused, and by what."""

    sizes: SizeSet
    refused: Refused


@dataclass(frozen=True, slots=True)
class OfAxis:
    """What is known of an axis, the others as declared: the sizes that are taken, those that no
    answer was found for, and why the others are not."""

    axis: Axis
    legal: SizeSet
    unknown: SizeSet
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes that a network takes: those in the set of each axis at which all of `joints` hold.

    `main` is the run at the declared sizes: `main.outputs` are functions of the sizes wherever
    `main.covers` them. `known`: whether the answer is whole.
    """

    network: Network
    axes: tuple[OfAxis, ...]
    joints: tuple[Joint, ...]
    main: Run
    known: bool

    def accept(self, at: tuple[int, ...]) -> bool | None:
        """Whether the built model takes an input of these sizes; None: not known."""
        if not self.known:
            return None
        sets = list(zip(at, self.axes, strict=True))
        if any(size not in of.legal and size not in of.unknown for size, of in sets):
            return False
        if any(size in of.unknown for size, of in sets):
            return None
        return all(joint.holds(at) for joint in self.joints)

    def outputs(self, at: tuple[int, ...]) -> tuple[tuple[int, ...], ...] | None:
        """The shapes of the outputs at these sizes; None where there are none, or not known."""
        at_hand = self.main
        if not at_hand.covers(at):
            at_hand = run(self.network, _places(self.network), at)
        if at_hand.outputs is None:
            return None
        return tuple(tuple(term(at) for term in shape) for shape in at_hand.outputs)


def sizes_of(network: Network) -> Sizes:
    """Every size of the input's axes but channels that the model built from a network takes."""
    axes = tuple(_axes(network))
    places = _places(network)
    declared = tuple(axis.declared for axis in axes)
    main = run(network, places, declared)
    joints = tuple(dict.fromkeys(_joints(main)))
    if main.outputs is None:
        nothing = tuple(OfAxis(axis, NONE, EVERY, ()) for axis in axes)
        return Sizes(network, nothing, joints, main, known=False)
    explored = [_Exploration(network, places, main, number) for number in range(len(axes))]
    found = tuple(
        OfAxis(axis, each.legal, each.unknown, tuple(each.reasons))
        for axis, each in zip(axes, explored, strict=True)
    )
    boxes = all(each.is_independent for each in explored)
    branches = sum(len(each.legal_runs) > 1 for each in explored)
    joints = tuple(joint for joint in joints if not _is_implied(joint, found))
    whole = boxes and branches < 2 and _joints_refuse(network, places, found, joints)
    return Sizes(network, found, joints, main, whole)


def _axes(network: Network) -> Iterator[Axis]:
    body = network.body
    for number, ref in enumerate(body.inputs):
        shape = body.values[ref]
        prefix = f"{body.input_names[number]}." if len(body.inputs) > 1 else ""
        others = [axis for axis in range(shape.rank) if axis != shape.axis]
        for name, axis in zip(_names(shape, len(others)), others, strict=True):
            yield Axis(prefix + name, number, axis, shape.sizes[axis])


def _names(shape: Shape, count: int) -> Sequence[str]:
    if count == 1:
        return ("L",) if shape.channels_first else ("T",)
    if count <= len(VOLUME):
        return VOLUME[len(VOLUME) - count :]
    return [f"S{number}" for number in range(count)]


def _places(network: Network) -> tuple[tuple[int, int], ...]:
    return tuple((axis.input, axis.axis) for axis in _axes(network))


class _Exploration:
    """The runs for all sizes of one axis, the others as declared."""

    def __init__(
        self, network: Network, places: tuple[tuple[int, int], ...], main: Run, axis: int
    ) -> None:
        self.network, self.places, self.main, self.axis = network, places, main, axis
        self.legal = _box(main, axis)
        self.unknown = NONE
        self.reasons: list[Reason] = []
        self.legal_runs = [main]
        self.is_independent = True
        open_sizes = ~self.legal
        for _ in range(MOST_RUNS):
            size = open_sizes.first
            if size is None:
                return
            open_sizes &= ~self._look(size, open_sizes)
        self.unknown |= open_sizes

    def _look(self, size: int, open_sizes: SizeSet) -> SizeSet:
        """The sizes among the open ones that a run at one of them says something about."""
        at = (*self.main.at[: self.axis], size, *self.main.at[self.axis + 1 :])
        made = run(self.network, self.places, at)
        box = _box(made, self.axis) & open_sizes
        if made.refused is not None:
            self.is_independent &= self._goes_wrong_alone(made)
            self.reasons.append(Reason(box, made.refused))
        elif made.outputs is None:
            self.unknown |= box
        else:
            self.legal |= box
            self.legal_runs.append(made)
            others = [axis for axis in range(len(at)) if axis != self.axis]
            same = all(_box(made, axis) == _box(self.main, axis) for axis in others)
            self.is_independent &= same and _joints(made) == _joints(self.main)
        return box

    def _goes_wrong_alone(self, made: Run) -> bool:
        """Whether a refusal hangs on this axis alone, once the run has left the way of `main`."""
        pairs = zip(made.notes, self.main.notes, strict=False)
        parting = next((at for at, (one, two) in enumerate(pairs) if one != two), len(made.notes))
        after = made.notes[parting:]
        return all(isinstance(note, Note) and note.axis == self.axis for note in after)


def _box(made: Run, axis: int) -> SizeSet:
    """The sizes of an axis for which a run goes the same way."""
    sets = (note.sizes for note in made.notes if isinstance(note, Note) and note.axis == axis)
    try:
        return reduce(SizeSet.__and__, sets, EVERY)
    except TooLarge:
        size = made.at[axis]
        return SizeSet.of(1, size + 1, lambda x: x == size)


def _joints(made: Run) -> list[Joint]:
    return [note for note in made.notes if isinstance(note, Joint)]


def _is_implied(joint: Joint, found: Sequence[OfAxis]) -> bool:
    """Whether a condition holds at all sizes of the sets, which are few."""
    if not all(of.legal.is_finite for of in found):
        return False
    sets = [list(of.legal) for of in found]
    return prod(map(len, sets)) <= MOST_POINTS and all(map(joint.holds, product(*sets)))


def _joints_refuse(
    network: Network,
    places: tuple[tuple[int, int], ...],
    found: Sequence[OfAxis],
    joints: Sequence[Joint],
) -> bool:
    """Whether sizes at which a condition on several axes does not hold are refused, as tried."""
    tried = [[*islice(of.legal, 0, FARTHEST_TRIED, STEP), of.axis.declared] for of in found]
    for number, joint in enumerate(joints):
        points = (
            at
            for at in product(*tried)
            if not joint.holds(at) and all(each.holds(at) for each in joints[:number])
        )
        point = next(points, None)
        if point is None or run(network, places, point).refused is None:
            return False
    return True


__all__ = ["Axis", "OfAxis", "Reason", "Sizes", "Term", "sizes_of"]

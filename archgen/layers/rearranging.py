"""`rearrange`: axes split, moved, merged and repeated, by a pattern."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import prod
from typing import Annotated, final

from pydantic import Field

from archgen.layers import patterns
from archgen.layers.base import Layer, LayerFault, Positive
from archgen.layers.keeps import NOTHING, REGROUPED, Keeps
from archgen.layers.patterns import Group, Pattern, PatternFault, SizeFault
from archgen.layers.reads import MOST_SPANS, Reads, Steps, Terms, at
from archgen.shapes import Shape

MOST_AXES = 8  # of a result


@final
class Rearrange(Layer):
    """Axes split, moved, merged and repeated by a pattern, as in einops, without the batch."""

    moves = True
    keyword = "rearrange"
    reserved = False
    group = "shape"
    out_channels = None
    fresh = False
    keeps_offset = True
    makes_module = False
    open_field = "sizes"
    example = ('rearrange("c h w -> (h w) c")', "96 x 14 x 14", "196 x 96")

    pattern: str = Field(description='the axes before and after: `"c (a h) w -> (a w) h c"`')
    features: str | None = Field(
        None, description="an axis of the result, which then holds the features"
    )
    like: Shape | None = Field(
        None, description="a value with the axes of the result, whose sizes are taken"
    )
    sizes: Annotated[tuple[tuple[str, Positive], ...], Field(max_length=16)] = Field(
        (), description="the sizes of axes by their names; written `h=7`"
    )

    def shape(self, x: Shape) -> Shape:
        pattern = self._pattern(x)
        known = self._sizes(pattern, x)
        sizes = tuple(prod(known[name] for name in group) for group in pattern.right)
        return Shape(sizes, self._features(pattern, x))

    def lifts(self, x: Shape) -> tuple[bool, ...]:
        like = () if self.like is None else (self.like.batch == "none",)
        return (False, *like) if all(like) else super().lifts(x)

    def function(self, x: Shape) -> str:
        pattern = self._pattern(x)
        lead = 0 if x.batch == "none" and not self.lifts(x)[0] else 1  # the batch's axis
        text = "{x}"
        for axis, parts in self._split(pattern, lead):
            # Of torch, not of the tensor, whose `unflatten` has no types.
            text = f"torch.unflatten({text}, {axis + lead}, {parts})"
        return text + "".join(self._steps(pattern, lead))

    def keeps(self, x: Shape, *, training: bool) -> Keeps:
        return REGROUPED if self._is_view(x) else NOTHING

    def reads(self, x: Shape, output: int = 0) -> Reads:
        pattern = self._pattern(x)
        known = self._sizes(pattern, x)
        found: list[Terms | None] = []
        for group in pattern.left:
            terms: list[tuple[int, Steps]] = []
            for name, weight in _weights(group, known):
                axis, held = next(
                    (axis, dict(_weights(after, known))[name])
                    for axis, after in enumerate(pattern.right)
                    if name in after
                )
                steps = _digit(held, known[name], weight, first=pattern.right[axis][0] == name)
                if steps is None:
                    break
                terms.append((axis, steps))
            else:
                found.append(tuple(terms) or at(0))
                continue
            found.append(None)
        return tuple(found)

    def channels_out(self, x: Shape, output: int = 0) -> str:
        pattern, given = self._pattern(x), dict(self.sizes)
        before = pattern.left[x.axis]
        after = pattern.right[self._features(pattern, x)]
        gone = [name for name in before if name not in after]
        more = [name for name in after if name not in before]
        if len(gone) == len(before) or not {*gone, *more} <= given.keys():
            return ""
        text = "channels"
        if gone:
            text += f" // {prod(given[name] for name in gone)}"
        return f"{text} * {prod(given[name] for name in more)}" if more else text

    def is_identity(self, x: Shape, *, training: bool) -> bool:
        pattern = self._pattern(x)
        return pattern.left == pattern.right

    def caption(self, x: Shape) -> tuple[str, ...]:
        return self.keyword, self.pattern

    def _is_view(self, x: Shape) -> bool:
        """Whether the axes that it merges lie one behind the other in the memory of `x`."""
        pattern = self._pattern(x)
        known = self._sizes(pattern, x)
        strides, stride = dict.fromkeys(pattern.new, 0), 1
        for name in reversed([name for group in pattern.left for name in group]):
            strides[name] = stride
            stride *= known[name]
        for group in pattern.right:
            long = [name for name in group if known[name] > 1]
            for outer, inner in pairwise(long):
                if strides[outer] != strides[inner] * known[inner]:
                    return False
        return True

    # --- the pattern ----------------------------------------------------------------------------

    def _pattern(self, x: Shape) -> Pattern:
        try:
            pattern = patterns.read(self.pattern).spread(x.rank)
        except PatternFault as fault:
            within = fault.start, fault.end
            raise LayerFault(
                fault.message, argument="pattern", code="A109", help=fault.help, within=within
            ) from None
        if len(pattern.left) != x.rank:
            raise LayerFault(
                f"the left side has {len(pattern.left)} axes, {x} has {x.rank}",
                argument="pattern",
                help="the batch is not named",
            )
        if not 1 <= len(pattern.right) <= MOST_AXES:
            message = f"the result has {len(pattern.right)} axes, not 1 to {MOST_AXES}"
            raise LayerFault(message, argument="pattern")
        return pattern

    def _sizes(self, pattern: Pattern, x: Shape) -> dict[str, int]:
        given, known = dict(self.sizes), {*patterns.names(pattern.left), *pattern.new}
        for name in given:
            if name not in known:
                listed = ", ".join(sorted(each for each in known if each.isidentifier()))
                raise LayerFault(
                    f"the pattern has no axis `{name}`",
                    argument=name,
                    code="A106",
                    help=f"it has: {listed}",
                )
        like = None if self.like is None else self.like.sizes
        if like is not None and len(like) != len(pattern.right):
            raise LayerFault(
                f"the value of like= is {self.like}, the result has {len(pattern.right)} axes",
                argument="like",
            )
        try:
            return patterns.sizes_of(pattern, x.sizes, given, like)
        except SizeFault as fault:
            within = pattern.places.get(fault.name or "")
            raise LayerFault(
                fault.message, argument="pattern", code="A202", help=fault.help, within=within
            ) from None

    def _features(self, pattern: Pattern, x: Shape) -> int:
        """The axis of the result with the features: their name's, of a group its last."""
        before = pattern.left[x.axis]
        name = self.features if self.features is not None else next(reversed(before), None)
        for axis, group in enumerate(pattern.right):
            if name in group:
                return axis
        if self.features is not None:
            raise LayerFault(
                f"the result has no axis `{self.features}`", argument="features", ours=True
            )
        return len(pattern.right) - 1 if x.channels_last else 0

    # --- as torch writes it ---------------------------------------------------------------------

    def _steps(self, pattern: Pattern, lead: int) -> Iterator[str]:
        """The methods of a tensor that is split, one after the other."""
        left = [name for group in pattern.left for name in (group or ("1",))]
        for axis in reversed(range(len(left))):
            if left[axis] == "1":
                yield f".squeeze({axis + lead})"
        kept = [name for name in left if name != "1"]
        order = [kept.index(name) for name in patterns.names(pattern.right) if name in kept]
        yield from _moved(order, lead)
        yield from self._repeated(pattern, lead)
        yield from _merged(pattern, lead)

    def _split(self, pattern: Pattern, lead: int) -> Iterator[tuple[int, str]]:
        """Axes to split, the last first, and into what. Sizes that were not given stay free."""
        for axis in reversed(range(len(pattern.left))):
            group = pattern.left[axis]
            if len(group) > 1:
                yield axis, self._parts(pattern, group, lead)

    def _parts(self, pattern: Pattern, group: Group, lead: int) -> str:
        """The sizes of a group: given, of `like`, or -1 for the one that is left."""
        given = dict(self.sizes)
        unknown = [name for name in group if name not in given]
        if len(unknown) < 2:
            return f"({', '.join(str(given.get(name, -1)) for name in group)})"
        places = {name: axis for axis, after in enumerate(pattern.right) for name in after}
        axes = [places[name] for name in group]
        alone = all(pattern.right[axis] == (name,) for axis, name in zip(axes, group, strict=True))
        if unknown == list(group) and alone and axes == list(range(axes[0], len(pattern.right))):
            return f"{{like}}.shape[{axes[0] + lead}:]"
        return f"({', '.join(self._size(name, pattern, lead) for name in group)})"

    def _size(self, name: str, pattern: Pattern, lead: int) -> str:
        """A size of a group of which more than one is left to `like`."""
        given = dict(self.sizes)
        if name in given:
            return str(given[name])
        axis = next(axis for axis, group in enumerate(pattern.right) if name in group)
        others = [each for each in pattern.right[axis] if each != name]
        by = [str(given[each]) if each in given else _own(each, pattern, lead) for each in others]
        whole = f"{{like}}.shape[{axis + lead}]"
        if not by:
            return whole
        return f"{whole} // {by[0]}" if len(by) == 1 else f"{whole} // ({' * '.join(by)})"

    def _repeated(self, pattern: Pattern, lead: int) -> Iterator[str]:
        """New axes, and what is there along them."""
        new, given = pattern.new, dict(self.sizes)
        flat = [name for group in pattern.right for name in group]
        for axis, name in enumerate(flat):
            if name in new:
                yield f".unsqueeze({axis + lead})"
        wide = [str(given[name]) if name in new else "-1" for name in flat]
        if any(given[name] > 1 for name in new):
            yield f".expand({'-1, ' * lead}{', '.join(wide)})"


def _own(name: str, pattern: Pattern, lead: int) -> str:
    """The size of an axis of the input."""
    return f"{{x}}.shape[{pattern.left.index((name,)) + lead}]"


def _moved(order: Sequence[int], lead: int) -> Iterator[str]:
    """Axes in another order; two that change places are a transposition."""
    moved = [at for at, axis in enumerate(order) if at != axis]
    if len(moved) == 2:
        yield f".transpose({moved[0] + lead}, {moved[1] + lead})"
    elif moved:
        yield f".permute({', '.join(map(str, (*range(lead), *(axis + lead for axis in order))))})"


def _merged(pattern: Pattern, lead: int) -> Iterator[str]:
    """Groups as one axis, from the last to the first, and axes of size 1."""
    starts = [sum(map(len, pattern.right[:axis])) for axis in range(len(pattern.right))]
    total = sum(map(len, pattern.right))
    groups = list(zip(pattern.right, starts, strict=True))
    for number, (group, start) in reversed(list(enumerate(groups))):
        end = start + len(group) - 1
        if not group:
            yield f".unsqueeze({start + lead})"
        elif len(group) > 1:
            last = number == len(groups) - 1 and end == total - 1
            yield f".flatten({start + lead})" if last else f".flatten({start + lead}, {end + lead})"


def _weights(group: Group, known: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Each name of a group with the distance of its neighbours along the axis."""
    for at_, name in enumerate(group):
        yield name, prod(known[each] for each in group[at_ + 1 :])


def _digit(held: int, size: int, weight: int, *, first: bool) -> Steps | None:
    """The index of a name, times a weight, as an axis of the result has it."""
    if held * (1 if first else size) > MOST_SPANS:
        return None
    if first:
        return Steps(((0, 0),) * held, weight)
    digits = (index // held * weight for index in range(held * size))
    return Steps(tuple((digit, digit) for digit in digits), 0)

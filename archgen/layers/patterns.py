"""Patterns of axes: `c (a h) (b w) -> (a b) c h w`, the notation of einops without the batch.

Knows no layer: a pattern is read into names, and the names of an input's axes into sizes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import prod

from archgen.frozen import dataclass

MOST_NAMES = 16  # axes of a side, those inside of groups counted
TOKEN = re.compile(r"\s*(->|\.\.\.|[()]|\w+|\S)")
REST = "..."

Group = tuple[str, ...]  # the axes that are one axis; the names of none are an axis of size 1


class PatternFault(Exception):
    """What is wrong with a pattern, and the part of its text that is to blame."""

    def __init__(self, message: str, start: int, end: int, help: str | None = None) -> None:
        super().__init__(message)
        self.message, self.start, self.end, self.help = message, start, end, help


@dataclass(frozen=True, slots=True)
class Pattern:
    """Both sides, axis by axis. `places` says where in the text a name first stands."""

    left: tuple[Group, ...]
    right: tuple[Group, ...]
    places: Mapping[str, tuple[int, int]]

    @property
    def new(self) -> tuple[str, ...]:
        """The names that only the right side has: what is there repeats along them."""
        known = set(names(self.left))
        return tuple(name for name in names(self.right) if name not in known)

    def spread(self, rank: int) -> Pattern:
        """With an axis for each that `...` stands for, in a value of so many axes."""
        if (REST,) not in self.left:
            return self
        more = tuple((f"{REST}{at}",) for at in range(rank - len(self.left) + 1))
        left, right = (_filled(side, more) for side in (self.left, self.right))
        return Pattern(left, right, self.places)


def names(side: Iterable[Group]) -> Iterator[str]:
    """The names of a side, in order."""
    for group in side:
        yield from group


def _filled(side: Sequence[Group], more: tuple[Group, ...]) -> tuple[Group, ...]:
    at = side.index((REST,))
    return (*side[:at], *more, *side[at + 1 :])


@lru_cache(maxsize=1000)
def read(text: str) -> Pattern:
    """The pattern of a text. Raises `PatternFault`."""
    tokens = [(match[1], match.start(1), match.end(1)) for match in TOKEN.finditer(text)]
    arrows = [at for at, token in enumerate(tokens) if token[0] == "->"]
    if len(arrows) != 1:
        start, end = tokens[arrows[1]][1:] if len(arrows) > 1 else (0, len(text))
        message = "a pattern has one `->`, between the axes before and the axes after"
        raise PatternFault(message, start, end, 'as in `"c h w -> (h w) c"`')
    places: dict[str, tuple[int, int]] = {}
    left = _side(tokens[: arrows[0]], places)
    right = _side(tokens[arrows[0] + 1 :], places)
    pattern = Pattern(left, right, places)
    after = set(names(right))
    for name in names(left):
        if name not in after:
            message = f"`{name}` is on the left side alone"
            help = "a rearrangement drops nothing: `mean` and `select` take an axis away"
            raise PatternFault(message, *places[name], help)
    if REST in after and REST not in set(names(left)):
        raise PatternFault("`...` is on the right side alone", *places[REST])
    return pattern


def _side(
    tokens: Sequence[tuple[str, int, int]], places: dict[str, tuple[int, int]]
) -> tuple[Group, ...]:
    groups: list[Group] = []
    inner: list[str] | None = None
    opened = (0, 0)
    seen: set[str] = set()
    for word, start, end in tokens:
        if word == "(" and inner is None:
            inner, opened = [], (start, end)
        elif word == ")" and inner is not None:
            groups.append(tuple(inner))
            inner = None
        elif word == "1":
            groups += [()] if inner is None else []
        elif word in seen:
            raise PatternFault(f"`{word}` stands twice on one side", start, end)
        elif word.isidentifier() or (word == REST and inner is None):
            seen.add(word)
            places.setdefault(word, (start, end))
            if inner is None:
                groups.append((word,))
            else:
                inner.append(word)
        else:
            raise PatternFault(*_unexpected(word, start, end))
        if len(seen) > MOST_NAMES:
            raise PatternFault(f"a side has at most {MOST_NAMES} axes", start, end)
    if inner is not None:
        raise PatternFault("this `(` is not closed", *opened)
    return tuple(groups)


def _unexpected(word: str, start: int, end: int) -> tuple[str, int, int, str]:
    if word.isdecimal():
        help = "name the axis, and give its size: `h=7`"
        return f"an axis has a name or is `1`, not `{word}`", start, end, help
    if word in {"(", ")"}:
        return f"`{word}` does not fit here", start, end, "groups do not nest"
    if word == REST:
        return "`...` stands for whole axes, not inside of a group", start, end, "put it outside"
    return f"`{word}` is no axis", start, end, "axes are names, `1`, `...` and groups `(h w)`"


class SizeFault(Exception):
    """Sizes that do not fit a pattern; `name` is the axis to point at, if it is one."""

    def __init__(self, message: str, name: str | None = None, help: str | None = None) -> None:
        super().__init__(message)
        self.message, self.name, self.help = message, name, help


def sizes_of(
    pattern: Pattern,
    sizes: Sequence[int],
    given: Mapping[str, int],
    like: Sequence[int] | None,
) -> dict[str, int]:
    """The size of every name: given, else what is left of an axis, else as in `like`, a value with
    the axes of the right side."""
    known = dict(given)
    groups = list(zip(pattern.left, sizes, strict=True))
    for group, size in groups:
        if sum(name not in known for name in group) < 2:  # an axis by itself, refused by itself
            _infer(known, group, size)
            _check(known, group, size)
    for group, size in zip(pattern.right, like or (), strict=False):
        _infer(known, group, size)
    for group, size in groups:
        _infer(known, group, size)
        _check(known, group, size)
    for name in pattern.new:
        if name not in known:
            help = f"give its size: `{name}=...`"
            raise SizeFault(f"`{name}` is new on the right side, and has no size", name, help)
    return known


def _infer(known: dict[str, int], group: Group, size: int) -> None:
    """The one size of a group that is not known yet, if it comes out whole."""
    missing = [name for name in group if name not in known]
    if len(missing) != 1:
        return
    by = prod(known[name] for name in group if name in known)
    if len(group) == 1:
        known[missing[0]] = size
    elif by and not size % by:
        known[missing[0]] = size // by


def _check(known: Mapping[str, int], group: Group, size: int) -> None:
    missing = [name for name in group if name not in known]
    shown = f"({' '.join(group)})" if len(group) != 1 else group[0]
    if len(missing) > 1:
        text = " and ".join(f"`{name}`" for name in missing)
        help = f"give one, `{missing[-1]}=...`, or `like=`, a value with the sizes of the result"
        raise SizeFault(f"the sizes of {text} in `{shown}` are not known", missing[0], help)
    if missing:
        of = " * ".join(f"{name}={known[name]}" for name in group if name in known)
        raise SizeFault(f"{of} does not divide {size}, the size of `{shown}`", missing[0])
    if prod(known[name] for name in group) != size:
        parts = ", ".join(f"{name}={known[name]}" for name in group)
        what = f"`{shown}` has {size}" if group else f"`1` has {size}"
        raise SizeFault(
            f"{what}, which {parts or 'a size of 1'} does not fill", next(iter(group), None)
        )


@dataclass(frozen=True, slots=True)
class Product:
    """The axes of two values and of the sum of their products."""

    left: Group
    right: Group
    result: Group


@lru_cache(maxsize=1000)
def read_product(text: str) -> Product:
    """`h n d, h m d -> h n m`. Raises `PatternFault`."""
    before, arrow, after = text.partition("->")
    one, comma, two = before.partition(",")
    if not arrow or not comma:
        message = "a product names the axes of two values and of the result"
        raise PatternFault(message, 0, len(text), 'as in `"h n d, h m d -> h n m"`')
    starts = (0, len(one) + 1, len(before) + 2)
    places: dict[str, tuple[int, int]] = {}
    sides = [
        _letters(side, start, places) for side, start in zip((one, two, after), starts, strict=True)
    ]
    left, right, result = sides
    for name in result:
        if name not in left and name not in right:
            raise PatternFault(f"neither value has the axis `{name}`", *places[name])
    for name in {*left, *right} - {*result}:
        if name not in left or name not in right:
            message = f"`{name}` is in one value alone, and not in the result"
            raise PatternFault(message, *places[name], "take its sum or `mean` before")
    if not result:
        raise PatternFault("the result has no axis", 0, len(text))
    return Product(left, right, result)


def _letters(side: str, start: int, places: dict[str, tuple[int, int]]) -> Group:
    found: list[str] = []
    for match in re.finditer(r"\w+|\S", side):
        word, place = match[0], (start + match.start(), start + match.end())
        if not word.isidentifier():
            help = "axes are names: `n`, `heads`"
            raise PatternFault(f"`{word}` is no axis", *place, help)
        if word in found:
            raise PatternFault(f"`{word}` stands twice for one value", *place)
        if len(found) == MOST_NAMES:
            raise PatternFault(f"a value has at most {MOST_NAMES} axes", *place)
        found.append(word)
        places[word] = place
    return tuple(found)

"""How two networks compare that ought to be one: keys side by side, outputs, gradients. Plain
values, as text for people and as JSON for programs.

The JSON is one object, its structure stable within a `version`:

    {"version": 1, "old": "net.arch", "new": "py:nets:Net", "equal": false, "reason": "",
     "keys": {"equal": 318, "same_order": true, "differ": [
         {"key": "fc.weight", "old": [10, 8], "new": null}]},
     "measured": [{"what": "outputs in evaluation", "difference": 0.1, "where": "...",
                   "equal": false}]}

where `old` and `new` of a key are its shape there, null where it has none; `measured` is empty if
`reason` says why nothing could be run; `difference` is null where shapes differ, or for a NaN.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from archgen.checkpoint.grouping import whole
from archgen.checkpoint.report import MOST_ROWS, sizes_text, table
from archgen.report import plural, printable

Sizes = tuple[int, ...]
Shapes = Mapping[str, Sizes]


@dataclass(frozen=True, slots=True)
class Measured:
    """The largest difference of one kind, relative to the largest number, and where it is.

    difference: 0 if equal to the bit; infinite where there is a NaN, or shapes differ.
    """

    what: str
    difference: float
    where: str
    equal: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two networks side by side. `equal` if keys, shapes, outputs and gradients are; `print` it.

    old, new: what they are called. wanted, held: the shapes by key of each. measured: what was
    compared of their numbers; empty if they could not be, and `reason` says why.
    """

    old: str
    new: str
    wanted: Shapes
    held: Shapes
    measured: tuple[Measured, ...] = ()
    reason: str = ""

    @property
    def equal(self) -> bool:
        return not self.differing and not self.reason and all(each.equal for each in self.measured)

    @property
    def differing(self) -> list[str]:
        """The keys that one of them has not, or has with another shape."""
        keys = dict.fromkeys((*self.wanted, *self.held))
        return [key for key in keys if self.wanted.get(key) != self.held.get(key)]

    @property
    def same_order(self) -> bool:
        """Whether the keys that both have stand in one order, which counts for an optimizer."""
        common = self.wanted.keys() & self.held.keys()
        one, other = ([key for key in keys if key in common] for keys in (self.wanted, self.held))
        return one == other

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def reason_of(wanted: Shapes, held: Shapes) -> str:
    """Why numbers of networks with these keys cannot be compared; empty if they can."""
    return "" if dict(wanted) == dict(held) else "the weights of one do not load into the other"


def as_json(found: Comparison) -> str:
    keys = [
        {"key": key, "old": found.wanted.get(key), "new": found.held.get(key)}
        for key in found.differing
    ]
    equal = len({*found.wanted, *found.held}) - len(keys)
    return json.dumps(
        {
            "version": 1,
            "old": found.old,
            "new": found.new,
            "equal": found.equal,
            "reason": found.reason,
            "keys": {"equal": equal, "same_order": found.same_order, "differ": keys},
            "measured": [_measured(each) for each in found.measured],
        },
        indent=2,
    )


def _measured(each: Measured) -> dict[str, object]:
    finite = each.difference if each.difference < float("inf") else None
    return {**asdict(each), "difference": finite}


# --- text -----------------------------------------------------------------------------------------


def _lines(found: Comparison) -> Iterator[str]:
    verdict = "equal" if found.equal else "not equal"
    yield f"{printable(found.old)} and {printable(found.new)}: {verdict}"
    if found.differing:
        yield f"keys: {len(found.differing):,} differ, {_count(found)} are equal"
        yield from table([("", "OLD", "NEW"), *_rows(found)], MOST_ROWS)
    else:
        order = "in the same order" if found.same_order else "in another order"
        yield f"keys: {plural(len(found.wanted), 'key')} with equal shapes, {order}"
    if found.reason:
        yield f"outputs and gradients: not compared, {found.reason}"
    for each in found.measured:
        yield f"{each.what}: {_said(each)}"


def _count(found: Comparison) -> str:
    return f"{len({*found.wanted, *found.held}) - len(found.differing):,}"


def _rows(found: Comparison) -> Iterator[tuple[str, str, str]]:
    """Keys that differ, those of a layer or of a whole block that one lacks in one row."""
    old = [key for key in found.differing if key not in found.held]
    new = [key for key in found.differing if key not in found.wanted]
    both = [key for key in found.differing if key in found.wanted and key in found.held]
    for key in both:
        yield printable(key), sizes_text(found.wanted[key]), sizes_text(found.held[key])
    for path, keys in whole(old, found.wanted).items():
        yield printable(path), _what(keys, path, found.wanted), "-"
    for path, keys in whole(new, found.held).items():
        yield printable(path), "-", _what(keys, path, found.held)


def _what(keys: Sequence[str], path: str, shapes: Shapes) -> str:
    """`2 tensors`; of a single one its name below the path, and its shape."""
    if len(keys) > 1:
        return plural(len(keys), "tensor")
    name = keys[0].removeprefix(path).removeprefix(".")
    return f"{printable(name)} {sizes_text(shapes[keys[0]])}".strip()


def _said(each: Measured) -> str:
    if each.difference == 0:
        return "equal to the bit"
    amount = f"{each.difference:.1e} of the largest number"
    if each.equal:
        return f"equal within {amount}"
    return f"differ by {amount}, {each.where}" if each.difference < float("inf") else each.where

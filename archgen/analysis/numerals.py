"""Numbers and shapes as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from archgen.shapes import Shape


def shapes(values: Iterable[Shape]) -> str:
    """`64 x 56 x 56`, several with commas."""
    return ", ".join(map(str, values))


def numbered(name: str, count: int) -> str:
    """The name of a repeat: `1`, or `1-3` for three."""
    return name if count == 1 else f"{name}-{int(name) + count - 1}"


def told(names: Sequence[str], values: Sequence[Shape]) -> str:
    """`64 x 56 x 56`, several by their names: `a 512 x 28 x 28 and b 1024 x 14 x 14`."""
    texts = [
        f"{name} {shape}" if name and len(values) > 1 else str(shape)
        for name, shape in zip(names, values, strict=True)
    ]
    return " and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def short(number: int) -> str:
    """`4.09 G`: three digits or four and a unit; numbers under a thousand as they are."""
    for power, unit in ((12, "T"), (9, "G"), (6, "M"), (3, "K")):
        if number >= 10**power:
            return f"{number / 10**power:,.2f} {unit}"
    return str(number)


def plain(ratio: Fraction) -> int | float:
    """An integer where it is whole."""
    return int(ratio) if ratio.denominator == 1 else float(ratio)


def per_axis(numbers: Sequence[int | Fraction | str]) -> str:
    """One number (or word) where all axes agree, else `64 x 32`; `-` where there are none."""
    texts = [_number(number) for number in numbers] or ["-"]
    return texts[0] if len(set(texts)) == 1 else " x ".join(texts)


def _number(number: int | Fraction | str) -> str:
    if isinstance(number, str):
        return number
    value = plain(number) if isinstance(number, Fraction) else number
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"

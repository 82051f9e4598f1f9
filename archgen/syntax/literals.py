"""Numbers and strings: from their spelling to their value and back."""

from __future__ import annotations

import re
from decimal import Decimal
from inspect import cleandoc
from math import isinf

from archgen.syntax.limits import MAX_DIGITS, MAX_INTEGER

_SUFFIXES = {"K": 3, "M": 6, "G": 9}
_SPELLING = re.compile(
    r"(?P<digits>(?:0|[1-9]\d*(?:_\d+)*)(?P<fraction>\.\d+)?(?P<exponent>[eE][+-]?\d+)?)"
    r"(?P<suffix>[KMG])?",
    re.ASCII,
)


class NumberRefused(ValueError):
    """A number that is well spelled and means none that we keep."""


def read_number(text: str) -> int | float:
    """Give the value of a number as it is written.

    Without a suffix, `.` or an exponent makes a float. With one, the value is exact and has to
    be whole: `4.1G` is the integer 4_100_000_000.
    """
    match = _SPELLING.fullmatch(text)
    if match is None:
        raise NumberRefused("this is not how a number is written")
    if len(text) > MAX_DIGITS:
        raise NumberRefused(f"a number has at most {MAX_DIGITS} characters")
    digits = match["digits"].replace("_", "")
    if match["suffix"]:
        return _scaled(Decimal(digits), _SUFFIXES[match["suffix"]])
    if match["fraction"] or match["exponent"]:
        return _float(digits)
    return _bounded(int(digits))


def _scaled(number: Decimal, power: int) -> int:
    if number and not -MAX_DIGITS < number.adjusted() < MAX_DIGITS:
        raise NumberRefused("the number is out of range")
    scaled = number.scaleb(power)
    if scaled != scaled.to_integral_value():
        raise NumberRefused("with K, M or G a number has to be whole")
    return _bounded(int(scaled))


def _float(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise NumberRefused("the number is too large for a float")
    if value == 0 and re.search("[1-9]", re.split("[eE]", digits)[0]):
        raise NumberRefused("the number is too close to zero for a float")
    return value


def _bounded(value: int) -> int:
    if value > MAX_INTEGER:
        raise NumberRefused("the number is larger than 2^63 - 1")
    return value


def write_number(value: int | float) -> str:
    """Spell a number that is not negative: `25_557_032`, `0.1`, `1e-5`."""
    if isinstance(value, int):
        return f"{value:_}" if value >= 10_000 else str(value)
    text = repr(value)
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text


def string_content(text: str) -> tuple[str, int]:
    """Give what stands between the quotes, and how many quotes there are on each side."""
    width = 3 if text.startswith('"""') else 1
    return text[width : len(text) - width], width


def write_string(content: str) -> str:
    """Quote a text. There are no escapes: a text holds `\"` or a line end only within `\"\"\"`."""
    if '"' not in content and "\n" not in content:
        return f'"{content}"'
    if '"""' in content or content.endswith('"'):
        raise ValueError(f"no string can hold this text: {content!r}")
    return f'"""{content}"""'


def read_documentation(content: str) -> str:
    """Take the indentation of the file and blanks at line ends out of a documentation string."""
    lines = cleandoc(content).split("\n")
    return cleandoc("\n".join(line.rstrip() for line in lines))

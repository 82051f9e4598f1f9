"""What a name says of a unit: one that a person gave says which unit it is, a number where it is.

The names of nameless layers, of calls in a stage and of children of a chain end in a number; so
does `conv1 = conv(64, 3)`, which is no worse for being taken as one of them.
"""

from __future__ import annotations

from string import digits


def is_given(name: str) -> bool:
    """Whether nothing but a person gives such a name."""
    return bool(name) and name == stem(name)


def stem(name: str) -> str:
    """A name without its number: `conv` for `conv12`, nothing for the child `3` of a chain."""
    return name.rstrip(digits)

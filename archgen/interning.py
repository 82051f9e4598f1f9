"""Hash-consing: values as numbers, so that large ones are compared at once."""

from __future__ import annotations

from collections.abc import Hashable


class Interner:
    """Gives out numbers from 0 on: the same for equal keys. A key may hold numbers that it gave,
    so that what shares its parts, however often, stays small."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def number(self, key: Hashable) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

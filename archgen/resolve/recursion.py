"""Room for nested resolution: a spec nests at most so deep, and each level takes several calls."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

ENOUGH = 20_000


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Lift Python's limit while a network is resolved; the resolver has limits of its own."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, ENOUGH))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)

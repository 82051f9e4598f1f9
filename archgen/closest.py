"""Did you mean: the known word that a misspelled one is closest to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

MOST_CANDIDATES = 200  # names to compare a misspelled one with


def closest(word: str, known: Iterable[str]) -> str | None:
    """Give the closest of the known words; None if none is close."""
    from difflib import get_close_matches  # for mistakes alone: a clean run does without

    return next(iter(get_close_matches(word, list(known), n=1)), None)


def suggest(name: str, known: Sequence[str]) -> str | None:
    """A hint for a name that does not exist."""
    close = _closest(name, tuple(known[:MOST_CANDIDATES]))
    return f"did you mean `{close}`?" if close else None


@lru_cache(maxsize=1000)
def _closest(name: str, known: tuple[str, ...]) -> str | None:
    return closest(name, known)

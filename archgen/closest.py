"""Did you mean: the known word that a misspelled one is closest to."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """Give the closest of the known words; None if none is close."""
    from difflib import get_close_matches  # for mistakes alone: a clean run does without

    return next(iter(get_close_matches(word, list(known), n=1)), None)

"""Two sequences laid side by side: which items of one become which of the other, in order.

The best alignment is the one of largest total score. Knows numbers and scores, no networks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

MOST_CELLS = 250_000  # of one table; longer sequences are cut at items that occur once

Pair = tuple[int, int]
# How well items i and j go together; 0 and less: not at all.
Score = Callable[[int, int], float]


def align(old: Sequence[int], new: Sequence[int], score: Score) -> list[Pair]:
    """Pairs of positions, rising on both sides. Equal numbers say that items are the same."""
    return list(_align(old, new, (0, len(old)), (0, len(new)), score))


def _align(
    old: Sequence[int], new: Sequence[int], one: Pair, other: Pair, score: Score
) -> Iterator[Pair]:
    (i, j), (m, n) = (one[0], other[0]), (one[1], other[1])
    while i < m and j < n and old[i] == new[j]:
        yield i, j
        i, j = i + 1, j + 1
    tail = 0
    while i < m - tail and j < n - tail and old[m - tail - 1] == new[n - tail - 1]:
        tail += 1
    m, n = m - tail, n - tail
    if (m - i) * (n - j) <= MOST_CELLS:
        yield from _table(i, m, j, n, score)
    else:
        yield from _by_anchors(old, new, (i, m), (j, n), score)
    yield from zip(range(m, m + tail), range(n, n + tail), strict=True)


def _table(i: int, m: int, j: int, n: int, score: Score) -> list[Pair]:
    """Needleman and Wunsch, without a price for gaps."""
    if i == m or j == n:
        return []
    scores = [[score(a, b) for b in range(j, n)] for a in range(i, m)]
    best = [[0.0] * (n - j + 1) for _ in range(m - i + 1)]
    for a in range(m - i - 1, -1, -1):
        here, below, row = best[a], best[a + 1], scores[a]
        for b in range(n - j - 1, -1, -1):
            both = below[b + 1] + row[b] if row[b] > 0 else 0.0
            here[b] = max(both, below[b], here[b + 1])
    return list(_trace(scores, best, i, j))


def _trace(scores: list[list[float]], best: list[list[float]], i: int, j: int) -> Iterator[Pair]:
    """The pairs of the best way through a table; of equals the one that pairs first."""
    a = b = 0
    while a < len(scores) and b < len(scores[0]):
        both = scores[a][b]
        if both > 0 and best[a][b] == best[a + 1][b + 1] + both:
            yield i + a, j + b
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1


# --- long ones ------------------------------------------------------------------------------------


def _by_anchors(
    old: Sequence[int], new: Sequence[int], one: Pair, other: Pair, score: Score
) -> Iterator[Pair]:
    """Cut where items that occur once on either side agree (patience diff)."""
    anchors = rising(_unique_pairs(old, new, one, other))
    if not anchors:
        yield from _in_step(one, other, score)
        return
    i, j = one[0], other[0]
    for a, b in anchors:
        yield from _align(old, new, (i, a), (j, b), score)
        yield a, b
        i, j = a + 1, b + 1
    yield from _align(old, new, (i, one[1]), (j, other[1]), score)


def _unique_pairs(old: Sequence[int], new: Sequence[int], one: Pair, other: Pair) -> list[Pair]:
    counts = Counter(old[slice(*one)]), Counter(new[slice(*other)])
    places = {new[b]: b for b in range(*other) if counts[1][new[b]] == 1}
    return [(a, places[old[a]]) for a in range(*one) if counts[0][old[a]] == 1 and old[a] in places]


def rising(pairs: list[Pair]) -> list[Pair]:
    """The longest part of the pairs that rises on the second side too."""
    ends: list[int] = []
    links: list[int] = []
    last: list[int] = []
    for at, (_, b) in enumerate(pairs):
        length = bisect_left(ends, b)
        ends[length : length + 1] = [b]
        last[length : length + 1] = [at]
        links.append(last[length - 1] if length else -1)
    found = []
    at = last[-1] if last else -1
    while at >= 0:
        found.append(pairs[at])
        at = links[at]
    return found[::-1]


def _in_step(one: Pair, other: Pair, score: Score) -> Iterator[Pair]:
    """Where nothing tells items apart: one after the other, as far as they go together."""
    for a, b in zip(range(*one), range(*other), strict=False):
        if score(a, b) > 0:
            yield a, b


# --- exchanges ------------------------------------------------------------------------------------


def cycles(following: Mapping[int, int]) -> Iterator[list[int]]:
    """The rings of items that follow one another, of two and more; each once."""
    seen: set[int] = set()
    for start in following:
        ring: list[int] = []
        at = start
        while at in following and at not in seen:
            seen.add(at)
            ring.append(at)
            at = following[at]
        if len(ring) > 1 and at == start:
            yield ring

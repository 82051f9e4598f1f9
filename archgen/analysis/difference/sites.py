"""Where in the networks a pair of bodies is called: paths, as many as one wants to read, and how
many there are in all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from archgen.analysis.difference.matching import BodyMatch
from archgen.analysis.difference.model import MOST_PATHS
from archgen.network import MergeNode


@dataclass(slots=True, eq=False)
class Sites:
    """The places of one pair of bodies. paths: prefixes on both sides, repeats as ranges;
    `count` is exact, repeats counted."""

    count: int = 0
    paths: list[tuple[str, str]] = field(default_factory=list)


def sites(root: BodyMatch) -> dict[BodyMatch, Sites]:
    """The places of every pair of bodies that differ, callers before what they call."""
    found = {match: Sites() for match in reversed(list(_inner_first(root, set())))}
    found[root] = Sites(1, [("", "")])
    for match, here in found.items():
        for each in match.matched:
            if each.inner is None or each.inner not in found:
                continue
            inner = found[each.inner]
            inner.count += here.count * each.count
            old, new = each.old.named(0, each.count), each.new.named(0, each.count)
            room = MOST_PATHS - len(inner.paths)
            inner.paths += [(f"{a}{old}.", f"{b}{new}.") for a, b in here.paths[:room]]
    return found


def _inner_first(match: BodyMatch, seen: set[BodyMatch]) -> Iterator[BodyMatch]:
    if match in seen or match.same:
        return
    seen.add(match)
    for each in reversed(match.matched):
        if each.inner is not None:
            yield from _inner_first(each.inner, seen)
    yield match


def joined(prefix: str, node: object, name: str) -> str:
    """The path of a node below a prefix; a merge is where its body is."""
    return prefix.removesuffix(".") if isinstance(node, MergeNode) else prefix + name

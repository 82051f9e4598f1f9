"""Where in the networks a pair of bodies is called: paths, as many as one wants to read, and how
many there are in all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


def ranges(paths: Iterable[str]) -> list[str]:
    """Neighbours that differ in one number and count on as one: `layer3.1-5.conv1`."""
    found: list[str] = []
    for path in paths:
        merged = _merged(found[-1], path) if found else None
        if merged is None:
            found.append(path)
        else:
            found[-1] = merged
    return found


def _merged(before: str, path: str) -> str | None:
    one, other = before.split("."), path.split(".")
    if len(one) != len(other):
        return None
    differing = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(differing) != 1:
        return None
    at = differing[0]
    start, last = _ends(one[at])
    following, end = _ends(other[at])
    if last is None or following is None or following != last + 1:
        return None
    return ".".join((*one[:at], f"{start}-{end}", *one[at + 1 :]))


def _ends(part: str) -> tuple[int | None, int | None]:
    """`7` is from 7 to 7, `1-22` from 1 to 22."""
    first, _, last = part.partition("-")
    if not first.isdecimal() or (last and not last.isdecimal()):
        return None, None
    return int(first), int(last or first)

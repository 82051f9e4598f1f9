"""Repeats in the `nn.Sequential`s of a class whose number differs from run to run.

`dark_step(64, 1)` and `dark_step(256, 8)` are runs of one class: its equal children are one step
with a count, which becomes a parameter. Repeats whose number is always the same are found when the
sequence is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from archgen.importers.loops import LONGEST, same_step
from archgen.importers.program import Node, Program

Labels = tuple[str, ...]
STAGE = "stage"  # the class of a repeat of one block, whose first call alone has a stride


def fold_sequences(runs: Sequence[Program], in_place: Collection[str]) -> None:
    """Fold the repeats of the sequences of a class, where this makes all of its runs alike."""
    places: dict[tuple[str, ...], list[Program]] = defaultdict(list)
    for run in runs:
        for place, sequence in _sequences(run, in_place, ()):
            places[place].append(sequence)
    for members in places.values():
        if len({len(each.nodes) for each in members}) < 2:
            continue
        patterns = list(dict.fromkeys(each for one in members for each in _patterns(one, in_place)))
        folded = [_folded(each, patterns, in_place) for each in members]
        if len({tuple(map(_label, _single(nodes))) for nodes in folded}) == 1:
            for each, nodes in zip(members, folded, strict=True):
                each.nodes = nodes


def _sequences(
    program: Program, in_place: Collection[str], place: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Program]]:
    """A program, and those that are written in place in it, if they are sequences with numbers
    for names."""
    names = [node.name for node in program.nodes if node.name]
    if program.sequential and all(map(str.isdigit, names)):
        yield place, program
    for node in program.nodes:
        if node.program is not None and node.key in in_place:
            yield from _sequences(node.program, in_place, (*place, node.name or node.key))


def _patterns(program: Program, in_place: Collection[str]) -> Iterator[Labels]:
    """What is repeated in a sequence."""
    at = 0
    while at < len(program.nodes):
        for period in range(1, LONGEST + 1):
            count = _passes(program.nodes, at, period, in_place)
            if count > 1:
                yield tuple(map(_label, program.nodes[at : at + period]))
                at += count * period - 1
                break
        at += 1


def _passes(nodes: Sequence[Node], at: int, period: int, in_place: Collection[str]) -> int:
    """How often the steps from here on are repeated; once if they are there at all."""
    first = nodes[at : at + period]
    count = int(len(first) == period)
    while count:
        other = nodes[at + count * period : at + (count + 1) * period]
        equal = len(other) == period and all(map(same_step, first, other))
        if not equal and not (period == len(other) == 1 and _follows(first[0], other[0], in_place)):
            break
        count += 1
    return count


def _follows(first: Node, other: Node, in_place: Collection[str]) -> bool:
    """Whether a call of a block is another one, but for its stride."""
    base = {name: value for name, value in first.arguments.items() if name != "stride"}
    is_block = first.kind == other.kind == "call" and first.key not in in_place
    return is_block and first.key == other.key and repr(base) == repr(other.arguments)


def _folded(program: Program, patterns: Sequence[Labels], in_place: Collection[str]) -> list[Node]:
    made: list[Node] = []
    nodes = program.nodes
    at = 0
    while at < len(nodes):
        for labels in patterns:
            period = len(labels)
            if tuple(map(_label, nodes[at : at + period])) == labels:
                count = _passes(nodes, at, period, in_place)
                made.append(_repeat(program, nodes[at : at + count * period], count, in_place))
                at += count * period
                break
        else:
            made.append(nodes[at])
            at += 1
    return made


def _repeat(program: Program, nodes: Sequence[Node], count: int, in_place: Collection[str]) -> Node:
    """One step for all passes; its program is the first pass."""
    first = list(nodes[: len(nodes) // count])
    is_block = len(first) == 1 and first[0].kind == "call" and first[0].key not in in_place
    inner = Program(STAGE if is_block else "loop", program.path, True, first[0].inputs, first)
    inner.outputs, inner.input_names = first[-1].outputs, ["input"]
    key = " ".join(map(_label, first))
    return Node("loop", key, first[0].inputs, nodes[-1].outputs, {"n": count}, program=inner)


def _single(nodes: Sequence[Node]) -> list[Node]:
    return [node for node in nodes if node.kind != "loop"]


def _label(node: Node) -> str:
    return f"{node.kind}:{node.key}"

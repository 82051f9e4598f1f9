"""A program of a whole network as a spec: blocks for classes, an arch for what is left."""

from __future__ import annotations

import re
from collections import defaultdict

from archgen.importers.loops import fold_loops
from archgen.importers.parameters import Block, solve
from archgen.importers.program import Node, Program, Unsupported
from archgen.importers.tidy import has_weights
from archgen.importers.unify import Pattern, Unlike, unify
from archgen.importers.values import written
from archgen.importers.write import Body
from archgen.layers import LAYERS
from archgen.syntax import tree
from archgen.syntax.words import RESERVED, TOP_LEVEL

CONTAINERS = frozenset({"Sequential"})


def recover(program: Program, name: str) -> tuple[tree.File, list[int]]:
    """The spec of a tidied program, and its heads in the order of the text.

    Raises `Unsupported`.
    """
    runs = _runs(program)
    in_place = CONTAINERS | {cls for cls, each in runs.items() if _is_written_in_place(each)}
    blocks: dict[str, Block] = {}
    callers = _callers(program)
    for cls in _innermost_first(program, runs):
        if cls not in in_place:
            _make_blocks(cls, runs[cls], frozenset(in_place), blocks, callers)
    fold_loops(program, frozenset(in_place))
    whole = solve(name, unify([program], frozenset(in_place)), blocks)
    items: list[tree.Item] = [_definition(block, blocks) for block in blocks.values()]
    body = Body(whole, blocks, whole.pattern)
    arch = _arch(name, program, body)
    if len(body.heads) != len(program.heads):
        raise Unsupported("a result of training mode that is no head")
    return tree.File((*items, arch)), body.heads


# --- classes --------------------------------------------------------------------------------


def _runs(program: Program) -> dict[str, list[Program]]:
    """The runs of each class below the root, in order."""
    found: dict[str, list[Program]] = defaultdict(list)
    for each in program.programs():
        if each is not program:
            found[each.cls].append(each)
    return found


def _is_written_in_place(runs: list[Program]) -> bool:
    """Whether a class is run once, and not as a numbered child, which cannot have a body."""
    return len(runs) == 1 and not runs[0].path.rpartition(".")[2].isdigit()


def _innermost_first(program: Program, runs: dict[str, list[Program]]) -> list[str]:
    heights: dict[int, int] = {}

    def height(each: Program) -> int:
        if id(each) not in heights:
            inner = (node.program for node in each.nodes if node.program is not None)
            heights[id(each)] = 1 + max(map(height, inner), default=0)
        return heights[id(each)]

    height(program)
    return sorted(runs, key=lambda cls: max(heights[id(run)] for run in runs[cls]))


def _make_blocks(
    cls: str,
    runs: list[Program],
    in_place: frozenset[str],
    blocks: dict[str, Block],
    callers: dict[int, Node],
) -> None:
    """The blocks of a class: one, or several where its runs are too unlike."""
    groups: list[tuple[list[Program], Pattern]] = []
    for run in runs:
        fold_loops(run, in_place)
        for at, (members, _) in enumerate(groups):
            try:
                groups[at] = ([*members, run], unify([*members, run], in_place))
            except Unlike:
                continue
            break
        else:
            groups.append(([run], unify([run], in_place)))
    for members, pattern in groups:
        block = solve(_unused(arch_name(cls), blocks), pattern, blocks)
        blocks[block.name] = block
        for number, member in enumerate(members):
            node = callers[id(member)]
            node.key, node.arguments = block.name, block.call(number)


def _callers(program: Program) -> dict[int, Node]:
    """The step that calls each program."""
    nodes = (node for each in program.programs() for node in each.nodes)
    return {id(node.program): node for node in nodes if node.program is not None}


def _unused(name: str, blocks: dict[str, Block]) -> str:
    made, number = name, 2
    while made in blocks:
        made, number = f"{name}_{number}", number + 1
    return made


def arch_name(cls: str) -> str:
    """`BasicBlock` -> `basic_block`; a name that the language has gets `_block` behind it."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls).lower()
    name = words.strip("_")
    taken = name in LAYERS or name in RESERVED or name in TOP_LEVEL
    return f"{name}_block" if taken or not name.isidentifier() else name


# --- definitions ----------------------------------------------------------------------------


def _definition(block: Block, blocks: dict[str, Block]) -> tree.Item:
    pattern = block.pattern
    parameters = tuple(
        tree.Parameter(name, written(block.defaults[name]) if name in block.defaults else None)
        for name in block.order
    )
    body = tree.Body(tuple(Body(block, blocks, pattern).statements()))
    if pattern.first.sequential:
        return tree.Synonym(block.name, parameters, tree.Chain((tree.Seq(body),)))
    return tree.Block(block.name, parameters, body)


def _arch(name: str, program: Program, body: Body) -> tree.Arch:
    if len(program.inputs) != 1 or len(program.outputs) != 1:
        raise Unsupported("several inputs or outputs")
    if program.sequential and any(map(has_weights, program.nodes)):
        raise Unsupported("an `nn.Sequential` as the whole network: its keys begin with numbers")
    sizes = tuple(tree.Argument(None, tree.Number(size)) for size in program.inputs[0].sizes)
    first = tree.Chain((tree.Input(sizes),))
    return tree.Arch(name, (), tree.Body((first, *body.statements())))

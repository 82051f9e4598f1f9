"""A program of a whole network as a spec: blocks for classes, an arch for what is left."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection

from archgen.importers.block import Block
from archgen.importers.loops import fold_loops
from archgen.importers.parameters import solve
from archgen.importers.program import Node, Program, Unsupported
from archgen.importers.sequences import fold_sequences
from archgen.importers.shares import find_shares
from archgen.importers.spelling import named
from archgen.importers.unify import Unlike, outlined, unify
from archgen.importers.values import written
from archgen.importers.weighted import has_weights
from archgen.importers.write import Body
from archgen.layers import LAYERS
from archgen.syntax import tree
from archgen.syntax.words import RESERVED, TOP_LEVEL

CONTAINERS = frozenset({"Sequential"})


def recover(program: Program, name: str) -> tuple[tree.File, list[int]]:
    """The spec of a tidied program, and its heads in the order of the text.

    Raises `Unsupported`.
    """
    find_shares(program)
    runs = _runs(program)
    in_place = {cls for cls, each in runs.items() if _is_written_in_place(each)} | CONTAINERS
    blocks: dict[str, Block] = {}
    callers = _callers(program)
    for cls in _innermost_first(program, runs):
        if cls not in in_place:
            _make_blocks(cls, runs[cls], in_place, blocks, callers)
    fold_loops(program, in_place)
    whole = solve(name, unify([program], in_place), blocks, is_arch=True)
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
    """Whether a class is run once, with one input, and not as a numbered child, which cannot have
    a body. One without weights is a block: its name says what its steps are for."""
    is_numbered = runs[0].path.rpartition(".")[2].isdigit()
    has_name = runs[0].sequential or any(map(has_weights, runs[0].nodes))
    return len(runs) == 1 and len(runs[0].inputs) == 1 and not is_numbered and has_name


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
    in_place: set[str],
    blocks: dict[str, Block],
    callers: dict[int, Node],
) -> None:
    """The blocks of a class: one, or several where its runs are too unlike. A run that is like no
    other is written in its place, which `in_place` is told."""
    fold_sequences(runs, in_place)
    groups: list[dict[object, list[Program]]] = []  # the runs of each block by their outline
    for run in runs:
        fold_loops(run, in_place)
        outline = outlined(run, in_place)
        for group in groups:
            if outline in group or _are_alike(
                [*(each[0] for each in group.values()), run], in_place
            ):
                group.setdefault(outline, []).append(run)
                break
        else:
            groups.append({outline: [run]})
    families = [[each for alike in group.values() for each in alike] for group in groups]
    for family, suffix in zip(families, _suffixes(families), strict=True):
        inside = set(map(id, family))
        members = [run for run in runs if id(run) in inside]
        if _is_written_in_place(members):
            node = callers[id(members[0])]
            node.key = f"{cls} {members[0].path}"
            in_place.add(node.key)
            continue
        pattern = unify(members, in_place)
        block = solve(_unused(arch_name(cls) + suffix, blocks), pattern, blocks)
        blocks[block.name] = block
        for number, member in enumerate(members):
            node = callers[id(member)]
            node.key, node.arguments = block.name, block.call(number)


def _suffixes(families: list[list[Program]]) -> list[str]:
    """What tells the blocks of one class apart: a number that each was made with, `_stride2`."""
    if len(families) > 1:
        for name in families[0][0].hints:
            values = [{repr(each.hints.get(name)) for each in family} for family in families]
            found = [f"_{name}{next(iter(each))}".lower() for each in values]
            plain = all(len(each) == 1 for each in values) and len(set(found)) == len(found)
            if plain and all(map(str.isidentifier, found)):
                return found
    return [""] * len(families)


def _are_alike(runs: list[Program], in_place: Collection[str]) -> bool:
    try:
        unify(runs, in_place)
    except Unlike:
        return False
    return True


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
    parameters = tuple(
        sorted(
            (
                *parameters,
                *(
                    tree.Parameter(text, tree.Nothing() if name in block.optional else None)
                    for name, text in block.inputs.items()
                ),
            ),
            key=lambda parameter: parameter.default is not None,
        )
    )
    body = tree.Body(tuple(Body(block, blocks, pattern).statements()))
    match body.statements:
        case (tree.Chain((tree.Stage(),)) as stage,) if pattern.first.sequential:
            return tree.Synonym(block.name, parameters, stage)
    if pattern.first.sequential:
        return tree.Synonym(block.name, parameters, tree.Chain((tree.Seq(body),)))
    return tree.Block(block.name, parameters, body)


def _arch(name: str, program: Program, body: Body) -> tree.Arch:
    if program.sequential and any(map(has_weights, program.nodes)):
        raise Unsupported("an `nn.Sequential` as the whole network: its keys begin with numbers")
    inputs: list[tree.Statement] = []
    for input_name, value in zip(program.input_names, program.inputs, strict=True):
        sizes = tuple(tree.Argument(None, tree.Number(size)) for size in value.sizes)
        link = tree.Input(sizes)
        text = body.block.inputs.get(input_name)
        inputs.append(named(text, link) if text else tree.Chain((link,)))
    return tree.Arch(name, (), tree.Body((*inputs, *body.statements())))

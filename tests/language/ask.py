"""Questions that a test asks of a text: its keys, its submodules, its result, its faults."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import archgen
from archgen.analysis.promises import verify
from archgen.analysis.weights import state
from archgen.diagnostics import Diagnostic
from archgen.layers import LAYERS
from archgen.network import Body, CallNode, LayerNode, MergeNode, ParamNode
from archgen.resolve.expressions import evaluate
from archgen.resolve.program import Program
from archgen.resolve.values import Environment
from archgen.syntax.parse import parse_expression
from archgen.text import Source
from archgen.traversal import Part, fold

Sizes = tuple[int, ...]


def arch(*lines: str, size: str = "3, 32, 32", head: str = "net") -> str:
    """A network of these lines. Its `arch` is line 1, its `input` line 2, the first line is 3."""
    body = "".join(f"  {line}\n" for line in (f"input({size})", *lines))
    return f"arch {head} {{\n{body}}}\n"


def sizes(text: str, **parameters: object) -> dict[str, Sizes]:
    """Keys of the `state_dict` with their sizes, in order."""
    return {entry.key: entry.sizes for entry in state(archgen.loads(text, **parameters))}


def keys(text: str, **parameters: object) -> list[str]:
    """Keys of what is learned, in order."""
    entries = state(archgen.loads(text, **parameters))
    return [entry.key for entry in entries if entry.kind == "parameter"]


def paths(text: str, **parameters: object) -> list[str]:
    """Every submodule and `param`, with those that have no weights, in the order of execution."""
    network = archgen.loads(text, **parameters)
    return [path for path, _ in fold(network, lambda body, leaf: [], _named)]


def layers(text: str, name: str | None = None) -> dict[str, LayerNode]:
    """Every layer by its path; of a repeat, those of its first call."""
    named = fold(archgen.loads(text, name), lambda body, leaf: [], _named)
    return {path: node for path, node in named if isinstance(node, LayerNode)}


Submodule = LayerNode | CallNode | ParamNode
Named = list[tuple[str, Submodule]]


def _named(_: Body, parts: Sequence[Part[Named]]) -> Named:
    """What runs in evaluation with its path; a repeat has the name of its first call."""
    found: Named = []
    for part in parts:
        if not part.head and not isinstance(part.node, MergeNode):
            found.append((part.node.name, part.node))
            found += [(f"{part.node.name}.{path}", node) for path, node in part.value]
    return found


def result(text: str, **parameters: object) -> Sizes | dict[str, Sizes]:
    """The shape of the result, or of each by name."""
    return archgen.loads(text, **parameters).output


def diagnostics(text: str, folder: Path | None = None) -> list[Diagnostic]:
    """Everything that `archgen check` has to say of a text."""
    program = Program.of(text, folder=folder)
    for name, definition in program.archs.items():
        if all(parameter.default is not None for parameter in definition.parameters):
            network = program.network(name)
            program.sink.extend(verify(network) if network else ())
    return list(program.sink)


def faults(text: str, folder: Path | None = None) -> list[tuple[str, int, int]]:
    """Code, line and column of every fault."""
    return [(each.code, each.span.line, each.span.column) for each in diagnostics(text, folder)]


def fault(text: str, folder: Path | None = None) -> Diagnostic:
    """The one fault of a text."""
    (found,) = diagnostics(text, folder)
    return found


def value(expression: str, **constants: object) -> object:
    """What an expression is worth."""
    tree = parse_expression(Source("<expression>", expression))
    return evaluate(tree, Environment(constants, LAYERS))

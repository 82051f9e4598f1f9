"""A network as text for people: each distinct body once, its nodes as lines of a program.

    bottleneck(256)
      0                       64 x 56 x 56
      conv1  conv(64, 1)      64 x 56 x 56     0 -> 1

Numbers are values of the body. Knows the network and nothing of how it is written.
"""

from __future__ import annotations

from collections.abc import Iterator

from archgen.analysis.spelling import spell_body, spell_node
from archgen.network import Body, CallNode, MergeNode, Network, Node, Ref
from archgen.traversal import bodies

Row = tuple[str, str, str, str]


def render(network: Network) -> str:
    """The bodies of a network, callers before what they call. Ends in a newline."""
    found = [*bodies(network.body)]
    return "\n\n".join("\n".join(_lines(body, network.name)) for body in reversed(found)) + "\n"


def _lines(body: Body, name: str) -> Iterator[str]:
    yield name if body.kind == "arch" else f"{spell_body(body)}  [{body.kind}]"
    rows = [("", "", str(body.values[ref]), f"-> {ref}") for ref in body.inputs]
    rows += [_row(body, node, "") for node in body.nodes]
    rows += [_row(body, aux.node, f" (head `{aux.name}`)") for aux in body.aux]
    rows.append(("", "output", _numbers([each.value for each in body.outputs]), ""))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield ("  " + "  ".join(cells)).rstrip()


def _row(body: Body, node: Node, remark: str) -> Row:
    name = "" if isinstance(node, MergeNode) else node.name
    count = node.count if isinstance(node, CallNode) else 1
    shapes = ", ".join(str(body.values[ref]) for ref in node.outputs)
    text = spell_node(node) + (f" x {count}" if count > 1 else "") + remark
    wires = f"{_numbers(node.inputs)} -> {_numbers(node.outputs)}".lstrip()
    return name, text, shapes, wires


def _numbers(refs: tuple[Ref, ...] | list[Ref]) -> str:
    return ", ".join(map(str, refs))

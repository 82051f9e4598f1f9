"""How large a live model may be. A spec of a line can ask for 10^9 blocks: such a network is
checked and counted like any other, but not made.

Needs no torch, so that a model is refused before torch is imported.
"""

from __future__ import annotations

import os
from typing import Final

from archgen.diagnostics import ArchError, error
from archgen.network import Body, CallNode, LayerNode, Network, Node

MOST_MODULES: Final = 20_000  # some 20 KB and 50 us each
MOST_PARAMETERS: Final = 4_000_000_000  # 16 GB in float32
MOST_MACS: Final = 2_000_000_000_000  # of one sample: about a minute on a CPU
BYTES: Final = 4  # of a number in float32, in which models are made


def check_buildable(network: Network, params: int, *, meta: bool) -> None:
    """Raise `ArchError` if a network is too large to be made live.

    params: how many numbers its weights hold.
    meta: on the device of that name weights take no memory, and any number is allowed.
    """
    modules = count_modules(network)
    if modules > MOST_MODULES:
        reason = f"{modules:,} modules, the limit is {MOST_MODULES:,}"
        raise _refusal(network, reason, "lower a repeat (`--set`)")
    limit = min(MOST_PARAMETERS, memory() // BYTES)
    if params > limit and not meta:
        reason = f"{params:,} parameters, the limit on this machine is {limit:,}"
        raise _refusal(network, reason, "on the device meta weights take no memory")


def too_large_to_run(network: Network, macs: int) -> str | None:
    """Say why one sample is not run through a network, if it would take too much."""
    if macs > MOST_MACS:
        return f"{macs:,} MACs, the limit is {MOST_MACS:,}"
    largest = max(_largest_value(body) for body in _bodies(network.body))
    if 4 * largest * BYTES > memory():
        return f"one of its values holds {largest:,} numbers"
    return None


def count_modules(network: Network) -> int:
    """Count the modules of the live model, itself included."""
    counts: dict[int, int] = {}
    for body in _bodies(network.body):  # callees first
        children = sum(_modules_of(node, counts) for node in _made(body))
        counts[id(body)] = 1 + len(_lists(body)) + children
    return counts[id(network.body)]


def memory() -> int:
    """Bytes of memory of this machine; where it does not tell, enough for any allowed model."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return MOST_PARAMETERS * BYTES


def _refusal(network: Network, reason: str, help: str) -> ArchError:
    refused = error(
        "A405",
        f"{network.name}: too large for a live model: {reason}",
        network.span,
        notes=["it can be checked, counted, drawn and written as source all the same"],
        help=help,
    )
    return ArchError([refused])


def _made(body: Body) -> list[LayerNode | CallNode]:
    """The nodes of a body that make a module."""
    nodes: list[Node] = [*body.nodes, *(head.node for head in body.aux)]
    return [node for node in nodes if isinstance(node, LayerNode | CallNode) and not node.reused]


def _modules_of(node: LayerNode | CallNode, counts: dict[int, int]) -> int:
    return 1 if isinstance(node, LayerNode) else node.count * counts[id(node.body)]


def _lists(body: Body) -> set[str]:
    """The paths of the `nn.ModuleList`s of a body: `ups` for a node called `ups.0`."""
    places = (node.name.split(".")[:-1] for node in _made(body))
    return {".".join(place[: end + 1]) for place in places for end in range(len(place))}


def _bodies(root: Body) -> list[Body]:
    """The distinct bodies of a network, callees before their callers."""
    found: dict[int, Body] = {}

    def visit(body: Body) -> None:
        for node in _made(body):
            if isinstance(node, CallNode) and id(node.body) not in found:
                visit(node.body)
        found[id(body)] = body

    visit(root)
    return list(found.values())


def _largest_value(body: Body) -> int:
    return max((shape.numel for shape in body.values), default=0)

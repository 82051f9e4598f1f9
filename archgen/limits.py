"""How large a live model may be. A spec of a line can ask for 10^9 blocks: such a network is
checked and counted like any other, but not made.

Needs no torch, so that a model is refused before torch is imported.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from archgen.diagnostics import ArchError, error
from archgen.network import Body, CallNode, LayerNode, Network
from archgen.traversal import Part, bodies, fold

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
    largest = max(_largest_value(body) for body in bodies(network.body))
    if 4 * largest * BYTES > memory():
        return f"one of its values holds {largest:,} numbers"
    return None


def count_modules(network: Network) -> int:
    """Count the modules of the live model, itself included."""
    return fold(network, lambda _, node: int(isinstance(node, LayerNode)), _modules)


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


def _modules(body: Body, parts: Sequence[Part[int]]) -> int:
    """The module of a body, those of its nodes, and its `nn.ModuleList`s."""
    made = [part for part in parts if not part.reused]
    return 1 + len(_lists(body)) + sum(part.value * part.count for part in made)


def _lists(body: Body) -> set[str]:
    """The paths of the `nn.ModuleList`s of a body: `ups` for a node called `ups.0`."""
    nodes = (node for node in body.all_nodes if isinstance(node, LayerNode | CallNode))
    places = [node.name.split(".")[:-1] for node in nodes if not node.reused]
    return {".".join(place[: end + 1]) for place in places for end in range(len(place))}


def _largest_value(body: Body) -> int:
    return max((shape.numel for shape in body.values), default=0)

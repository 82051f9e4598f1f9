"""What a network promises. Knows nothing of what is inside it."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.analysis.figures import figures
from archgen.diagnostics import Diagnostic, warning
from archgen.network import Network


def check(network: Network) -> Iterator[Diagnostic]:
    """W009: a network without an `expect`. The help shows two that hold."""
    if not network.promises:
        message = f"`{network.name}` promises nothing: no `expect` holds what it costs"
        known = figures(network)
        hint = (
            f"hold what it is: `expect params == {known.params:_}`, `expect depth == {known.depth}`"
        )
        yield warning("W009", message, network.span, help=hint)

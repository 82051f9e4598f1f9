"""What a network promises. Knows nothing of what is inside it."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.diagnostics import Diagnostic, warning
from archgen.network import Network


def check(network: Network) -> Iterator[Diagnostic]:
    """W009: a network without an `expect`."""
    if not network.promises:
        message = f"`{network.name}` promises nothing: no `expect` holds what it costs"
        hint = "say what must stay true: `expect params <= 25.6M`, `expect depth == 50`"
        yield warning("W009", message, network.span, help=hint)

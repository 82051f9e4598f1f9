"""A limit on the work of writing source, so that it ends for every network that was accepted."""

from __future__ import annotations

from archgen.diagnostics import ArchError, error
from archgen.network import Network
from archgen.resolve.values import Budget
from archgen.text import Span

MOST = 3_000_000  # the largest shipped network takes 62,000


class Work(Budget):
    """Counts the work for the source of one network: a step is an operation of an expression, or
    a statement, in one call and one pass of its loops. Raises `ArchError` beyond the limit."""

    def __init__(self, network: Network, steps: int) -> None:
        super().__init__(steps)
        self.network = network
        self.steps = steps

    def spend(self, span: Span, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise ArchError(
                [
                    error(
                        "A404",
                        f"{self.network.name}: writing its source takes too much work",
                        self.network.span,
                        f"stopped after {self.steps:_} steps",
                        help="make a block of what is in the inner loops: its source is one class",
                    )
                ]
            )

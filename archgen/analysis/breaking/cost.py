"""What those see who pay: more parameters, multiply-adds or activations. Less breaks nobody."""

from __future__ import annotations

from collections.abc import Iterator

from archgen.analysis.breaking.finding import Finding, finding
from archgen.analysis.figures import figures
from archgen.network import Network

_FIGURES = (
    ("B401", "params", "parameters"),
    ("B402", "macs", "MACs"),
    ("B403", "activations", "activations"),
)


def cost(old: Network, new: Network, threshold: float) -> Iterator[Finding]:
    """Each figure that grew by more than so many per cent."""
    before, after = figures(old), figures(new)
    for code, field, noun in _FIGURES:
        was, now = getattr(before, field), getattr(after, field)
        if 100 * (now - was) > threshold * was:
            by = f"{100 * (now - was) / was:.3g} % more than {was:,}" if was else "there were none"
            yield finding(code, f"{now:,} {noun}, {by}", None, None, otherwise=new.span)

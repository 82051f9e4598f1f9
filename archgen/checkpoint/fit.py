"""Whether weights fit a network: the comparison as a value that prints itself, and as a check."""

from __future__ import annotations

import os
from typing import Final, Literal

from archgen import resources
from archgen.checkpoint.contents import Contents
from archgen.checkpoint.differences import KINDS, Comparison, differences
from archgen.checkpoint.report import render_text, rows
from archgen.diagnostics import ArchError, error
from archgen.limits import check_buildable
from archgen.network import Network

_MOST_NOTES: Final = 10


class Fit(Comparison):
    """How weights fit a network."""

    __slots__ = ()

    def __repr__(self) -> str:
        if self.fits:
            return f"<Fit of {self.network.name}: it fits>"
        counts = ", ".join(f"{len(self.of(kind)):,} {kind}" for kind in KINDS if self.of(kind))
        return f"<Fit of {self.network.name}: {counts}>"

    def __str__(self) -> str:
        return render_text(self, "the checkpoint")


def fit(network: Network, contents: Contents) -> Fit:
    """Compare what a checkpoint holds with what a network's `state_dict` has to hold.

    Raises `ArchError` if the network has more modules than a live model may have.
    """
    check_buildable(network, 0, meta=True)
    return Fit(network, contents, differences(network, contents))


def check_fits(
    network: Network, contents: Contents, path: str | None, code: Literal["A522", "A524"]
) -> None:
    """Raise `ArchError` unless weights fit.

    path: of their file; None for a `state_dict`.
    code: A522 of the old network's weights, A524 of those that a model is to have.
    """
    found = fit(network, contents)
    if found.fits:
        return
    role = ", of which it is to be" if code == "A522" else ""
    refused = error(
        code,
        f"{path or 'the state_dict'} does not fit {network.name}{role}",
        network.span,
        notes=[row.strip() for row in rows(found, _MOST_NOTES)],
        help=f"archgen weights {path} {_spec(network)} says more" if path else None,
    )
    raise ArchError([refused])


def _spec(network: Network) -> str:
    """The network as commands take it: by name, if archgen ships it."""
    path = network.span.source.path
    is_shipped = os.path.dirname(path) == str(resources.root("specs"))
    return network.name if is_shipped else f"{network.spec}:{network.name}"

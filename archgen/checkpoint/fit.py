"""Whether weights fit a network: which keys are missing, unexpected, or of another shape.

They fit exactly when torch's `load_state_dict(strict=True)` takes them. Knows no file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from archgen.analysis.paths import find
from archgen.analysis.weights import Entry, state
from archgen.checkpoint.contents import Contents, Held
from archgen.limits import check_buildable
from archgen.network import Network
from archgen.text import Span

Kind = Literal["missing", "unexpected", "reshaped"]
Sizes = tuple[int, ...]

DEEPEST = 100  # names in a key; what a network has is less deep
COUNT = "num_batches_tracked"
_COUNTED_SINCE = 2  # the version of batch norm's format that has the count


@dataclass(frozen=True, slots=True)
class Difference:
    """One key: what the network wants there, and what the checkpoint holds."""

    key: str
    wanted: Entry | None
    held: Held | None

    @property
    def kind(self) -> Kind:
        if self.held is None:
            return "missing"
        return "unexpected" if self.wanted is None else "reshaped"


@dataclass(frozen=True, slots=True)
class Part:
    """Differences of one kind below one path: a weight, a layer, or a block that is all of them.

    place: in the spec, of what it has there.
    """

    kind: Kind
    path: str
    differences: tuple[Difference, ...]
    place: Span | None


@dataclass(frozen=True, slots=True)
class Fit:
    """How weights fit a network."""

    network: Network
    contents: Contents
    differences: tuple[Difference, ...]

    @property
    def fits(self) -> bool:
        """Whether a strict load succeeds."""
        return not self.differences

    @property
    def parts(self) -> list[Part]:
        """The differences by layer, or by the largest block that is missing or unexpected whole."""
        return list(_parts(self))

    def __str__(self) -> str:
        from archgen.checkpoint.report import render_text

        return render_text(self, "the checkpoint")

    def of(self, kind: Kind) -> list[Difference]:
        """The differences of one kind, in the order of the network or of the checkpoint."""
        return [each for each in self.differences if each.kind == kind]


def fit(network: Network, contents: Contents) -> Fit:
    """Compare what a checkpoint holds with what a network's `state_dict` has to hold.

    Raises `ArchError` if the network has more modules than a live model may have.
    """
    check_buildable(network, 0, meta=True)
    wanted = {entry.key: entry for entry in state(network)}
    held = contents.held
    missing = (
        Difference(key, entry, None)
        for key, entry in wanted.items()
        if key not in held and not may_be_missing(entry, contents)
    )
    unexpected = (Difference(key, None, each) for key, each in held.items() if key not in wanted)
    reshaped = (
        Difference(key, entry, held[key])
        for key, entry in wanted.items()
        if key in held and not _loads(entry.sizes, held[key].shape)
    )
    return Fit(network, contents, (*missing, *unexpected, *reshaped))


def may_be_missing(entry: Entry, contents: Contents) -> bool:
    """Torch fills in the count of batches in weights that are older than it, or do not say."""
    path, _, name = entry.key.rpartition(".")
    return name == COUNT and contents.versions.get(path, 0) < _COUNTED_SINCE


def _loads(wanted: Sizes, held: Sizes | None) -> bool:
    """Torch takes a vector of one where it wants a number: so it wrote them before 0.4."""
    return held == wanted or (wanted == () and held == (1,))


# --- by layer -----------------------------------------------------------------------------


def _parts(fit: Fit) -> Iterator[Part]:
    place = partial(_place, fit.network)
    missing = {each.key for each in fit.of("missing")}
    asked = (entry.key for entry in state(fit.network))
    asked = (key for key in asked if key in missing or key in fit.contents.held)
    yield from _whole("missing", fit, asked, place)
    yield from _whole("unexpected", fit, fit.contents.held, lambda _: None)
    by_layer: dict[str, list[Difference]] = {}
    for each in fit.of("reshaped"):
        by_layer.setdefault(_layer(each.key), []).append(each)
    for layer, group in by_layer.items():
        yield Part("reshaped", layer, tuple(group), place(layer))


def _whole(
    kind: Kind, fit: Fit, keys: Iterable[str], place: Callable[[str], Span | None]
) -> Iterator[Part]:
    """Differences below the shortest path that has no other keys."""
    differences = {each.key: each for each in fit.of(kind)}
    all_below = Counter(path for key in keys for path in _above(key))
    these_below = Counter(path for key in differences for path in _above(key))
    groups: dict[str, list[Difference]] = {}
    for key, each in differences.items():
        whole = (path for path in _above(key) if these_below[path] == all_below[path])
        groups.setdefault(next(whole), []).append(each)
    for path, group in groups.items():
        yield Part(kind, path, tuple(group), place(path) or place(_layer(path)))


def _place(network: Network, path: str) -> Span | None:
    node = find(network, path)
    return node.span if node else None


def _above(key: str) -> Sequence[str]:
    """`a`, `a.b` and `a.b.weight` for `a.b.weight`."""
    names = key.split(".", DEEPEST)
    return [".".join(names[: end + 1]) for end in range(len(names))]


def _layer(key: str) -> str:
    return key.rpartition(".")[0] or key

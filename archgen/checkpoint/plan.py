"""Which weight of an old network becomes which of a new one: decided before a number is touched.

`archgen.analysis.difference` lays the networks side by side. What it proves to be the same layer
with the same shape is carried; nothing else is. Knows no file and no tensor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from archgen.analysis.difference import KeyPair, difference
from archgen.analysis.weights import Entry
from archgen.checkpoint.differences import COUNT
from archgen.checkpoint.first import input_convolutions
from archgen.checkpoint.grouping import layer_of
from archgen.diagnostics import ArchError, error
from archgen.limits import check_buildable
from archgen.network import Network

Channels = Literal["sum", "mean", "repeat"]
CHANNELS: tuple[Channels, ...] = get_args(Channels)
"""How the weights of other input channels are computed from the old: each new channel has the
sum or the mean of all the old ones, or those of old channel i mod C, C of them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The fate of every entry of the old network and of the new one, in the order of the new.

    channels: how weights of convolutions that read an input of other channels are computed;
    None if they are not. convolutions: these, by new key.
    """

    old: Network
    new: Network
    pairs: tuple[KeyPair, ...]
    channels: Channels | None = None
    convolutions: frozenset[str] = frozenset()

    @property
    def carried(self) -> dict[str, str]:
        """The old key of every new one that is filled from it."""
        return {
            pair.new.key: pair.old.key
            for pair in self.pairs
            if pair.old and pair.new and pair.fate in ("kept", "renamed")
        }

    @property
    def renamed(self) -> dict[str, str]:
        """The same for those whose key is another."""
        return {new: old for new, old in self.carried.items() if new != old}

    @property
    def combined(self) -> list[tuple[Entry, Entry]]:
        """Entries whose numbers are computed from the old ones, for other input channels."""
        return [pair for pair in self._resized() if self.channels and self._is_first(pair)]

    @property
    def combinable(self) -> list[tuple[Entry, Entry]]:
        """Those that could be."""
        return [pair for pair in self._resized() if not self.channels and self._is_first(pair)]

    @property
    def reshaped(self) -> list[tuple[Entry, Entry]]:
        """Entries of layers that are the same except for their sizes: no number is carried."""
        combined = self.combined
        return [pair for pair in self._resized() if pair not in combined]

    def _resized(self) -> list[tuple[Entry, Entry]]:
        fated = (pair for pair in self.pairs if pair.fate == "reshaped")
        return [(pair.old, pair.new) for pair in fated if pair.old and pair.new]

    def _is_first(self, pair: tuple[Entry, Entry]) -> bool:
        return pair[1].key in self.convolutions

    @property
    def added(self) -> list[Entry]:
        """Entries of the new network that the old one has no counterpart of."""
        return [pair.new for pair in self.pairs if pair.new and pair.old is None]

    @property
    def dropped(self) -> list[Entry]:
        """Entries of the old network that the new one has no counterpart of."""
        return [pair.old for pair in self.pairs if pair.old and pair.new is None]

    @property
    def initialised(self) -> list[Entry]:
        """What the new network has to start anew: new or reshaped."""
        return [*self.added, *(new for _, new in self.reshaped)]


def plan(old: Network, new: Network, channels: Channels | None = None) -> Plan:
    """Decide what becomes of each weight.

    channels: compute those of the first convolution, if the input has other channels.
    Raises `ArchError` for networks too large to be built, `ValueError` for `channels` where no
    convolution reads an input of other channels.
    """
    for network in (old, new):
        check_buildable(network, 0, meta=True)
    pairs = tuple(_whole_norms(difference(old, new).state()))
    made = Plan(old, new, pairs, channels, frozenset(_convolutions(old, new, pairs)))
    if channels and not made.combined:
        raise ValueError("no convolution reads an input that has other channels than before")
    return made


def _convolutions(old: Network, new: Network, pairs: Iterable[KeyPair]) -> Iterator[str]:
    """The weights of convolutions that differ in the channels of the input alone, by new key."""
    before, after = input_convolutions(old), input_convolutions(new)
    for pair in pairs:
        if pair.old and pair.new and pair.fate == "reshaped":
            one, other = pair.old, pair.new
            same = one.sizes[:1] + one.sizes[2:] == other.sizes[:1] + other.sizes[2:]
            if same and one.key in before and other.key in after:
                yield other.key


def _whole_norms(pairs: Iterable[KeyPair]) -> Iterator[KeyPair]:
    """A count of batches says how much the means beside it have seen: they go together."""
    pairs = list(pairs)
    reshaped = {layer_of(pair.new.key) for pair in pairs if pair.fate == "reshaped" and pair.new}
    for pair in pairs:
        alone = pair.old and pair.new and layer_of(pair.new.key) in reshaped
        if alone and pair.new and pair.new.key.endswith(COUNT):
            yield KeyPair(None, pair.new)
            yield KeyPair(pair.old, None)
        else:
            yield pair


def check_whole(plan: Plan) -> None:
    """Raise `ArchError` if some weights of the new network would start anew."""
    if plan.initialised:
        count = len(plan.initialised)
        refused = error(
            "A523",
            f"{count} of the new network's tensors have no old one that they could be",
            plan.new.span,
            help=_how_to_start(plan),
        )
        raise ArchError([refused])


def _how_to_start(plan: Plan) -> str:
    start = "--allow-new, in Python allow_new=True, starts them as the spec says"
    if not plan.combinable:
        return start
    (one, other), *_ = plan.combinable
    counts = f"{one.sizes[1]} input channels to {other.sizes[1]}"
    ways = "|".join(CHANNELS)
    return f"{start}; --input-channels {ways} computes {other.key} from {counts}"

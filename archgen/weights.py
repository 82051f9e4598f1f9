"""What archgen does with checkpoints, as functions of Python.

    fit = archgen.check_weights(torch.load("model.pt", weights_only=True), "resnet50")
    assert fit.fits, fit
    moved = archgen.transfer("main:net.arch", "net.arch", state, allow_new=True).state

Torch is needed for what needs numbers: its own files, and weights that start anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archgen import arguments, operands
from archgen import network as resolved
from archgen.api import build
from archgen.checkpoint import transfer_report
from archgen.checkpoint.contents import State, contents
from archgen.checkpoint.fit import Fit, check_fits, fit
from archgen.checkpoint.hints import without
from archgen.checkpoint.plan import Channels, Plan, check_whole, plan
from archgen.checkpoint.read import read
from archgen.checkpoint.transfer import transferred
from archgen.loaded import Network
from archgen.loading import PathLike

if TYPE_CHECKING:
    from archgen.operands import Operand
    from archgen.overrides import Inputs


def check_weights(
    weights: State | PathLike,
    network: Operand,
    /,
    *,
    input: Inputs = None,
    under: Sequence[str] = (),
    prefix: str = "",
) -> Fit:
    """Whether a checkpoint fits a network: whether a strict `load_state_dict` would take it.

    weights: a `state_dict`, or a file of safetensors or of `torch.save`; of a file `under` names
    the dictionaries in which its weights lie. prefix: what to take off its keys, as `module.`.
    network: loaded, a SPEC as the commands take it, or a module of PyTorch.
    input: sizes of its input, without the batch, where it is not loaded yet; a module needs them.
    Numbers are not looked at, and torch is needed for files of `torch.save` alone.

    Raises `ArchError` for a bad spec or file, `ValueError` if two keys are one without the prefix.
    """
    arguments.check(
        under=(under, arguments.TEXTS),
        prefix=(prefix, arguments.TEXT),
        weights=(weights, arguments.STATE | arguments.PATH),
    )
    network = operands.taken("network", network, input)
    return fit(network, without(contents(_state(weights, under)), prefix))


def _state(weights: State | PathLike, under: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(weights, Mapping):
        return read(arguments.path("weights", weights), under).state
    if under:
        raise TypeError("`under` is for a file: give the inner dictionary")
    return weights


@dataclass(frozen=True, slots=True)
class Transfer:
    """Weights for a new network, and where each comes from.

    state: the new `state_dict`. carried: the old key of each new one. added, reshaped: new keys
    that were initialised. combined: new keys of first convolutions, computed for other input
    channels. dropped: old keys that are not in it. `print` it for a report.
    """

    state: dict[str, Any]
    plan: Plan = field(repr=False)

    @property
    def carried(self) -> dict[str, str]:
        return self.plan.carried

    @property
    def added(self) -> list[str]:
        return [entry.key for entry in self.plan.added]

    @property
    def reshaped(self) -> list[str]:
        return [new.key for _, new in self.plan.reshaped]

    @property
    def combined(self) -> list[str]:
        return [new.key for _, new in self.plan.combined]

    @property
    def dropped(self) -> list[str]:
        return [entry.key for entry in self.plan.dropped]

    def __str__(self) -> str:
        return transfer_report.render_text(self.plan)


def transfer(
    old: Operand,
    new: Operand,
    state: State,
    /,
    *,
    input: Inputs = None,
    allow_new: bool = False,
    seed: int | None = None,
    input_channels: Channels | None = None,
) -> Transfer:
    """Carry weights over to a network that was edited: all that belong to the same layers.

    old, new: loaded, SPECs as the commands take them, also `REV:PATH`, or modules of PyTorch;
        `input` as for `archgen.diff`.
    state: the `state_dict` of the old network. Carried tensors are its own, not copies.
    allow_new: what is new or has other sizes starts as the spec says, by `seed`.
    input_channels: "sum", "mean" or "repeat": how the weights of the first convolution are
        computed from the old ones if the input has other channels.

    Raises `ArchError` for a bad spec, if `state` does not fit `old`, and, without `allow_new`, if
    some weights of the new network would be initialised; `ValueError` for `input_channels` where
    no convolution reads an input of other channels.
    """
    arguments.check(
        state=(state, arguments.STATE),
        allow_new=(allow_new, arguments.FLAG),
        input_channels=(input_channels, arguments.TEXT | arguments.NONE),
        seed=(seed, arguments.SEED | arguments.NONE),
    )
    before, after = operands.pair(old, new, input)
    check_fits(before, contents(state), None, "A522")
    made = plan(before, after, input_channels)
    if not allow_new:
        check_whole(made)
    return Transfer(transferred(made, state, lambda: fresh(after, seed)), made)


def fresh(network: resolved.Network, seed: int | None) -> State:
    """The `state_dict` of a network as its spec initialises it. Needs torch."""
    state: State = build(Network.of(network), seed=seed).state_dict()
    return state

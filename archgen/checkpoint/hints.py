"""What may have happened to weights that do not fit: a prefix, another `--set`, another `--input`.

What each says of keys and shapes is counted; whether it is so only the user knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from archgen.analysis.weights import state
from archgen.checkpoint.contents import Contents
from archgen.checkpoint.differences import Comparison, Difference

_LONGEST_PREFIX = 4  # names, as in `module.model.backbone.net.`
_MOST_INPUTS = 20  # other sizes of inputs that are worth a trial


def without(contents: Contents, prefix: str) -> Contents:
    """The same with a prefix taken off all keys that have it; others keep their names."""
    cut = {key: key.removeprefix(prefix) for key in contents.held}
    if len(set(cut.values())) < len(cut):
        raise ValueError(f"without `{prefix}` two keys have one name")
    path = prefix.rstrip(".")
    return Contents(
        {cut[key]: held for key, held in contents.held.items()},
        {
            name.removeprefix(prefix) if name != path else "": version
            for name, version in contents.versions.items()
        },
    )


@dataclass(frozen=True, slots=True)
class Prefix:
    """What stands before keys, and how many keys are the network's without it."""

    text: str
    matched: int


def prefix(fit: Comparison) -> Prefix | None:
    """The prefix without which the most keys are the network's, if these are more than now."""
    wanted = {entry.key for entry in state(fit.network)}
    counted = Counter(
        start
        for key in fit.contents.held
        for start in _starts(key)
        if key.removeprefix(start) in wanted
    )
    if not counted:
        return None
    text, matched = counted.most_common(1)[0]
    now = sum(key in wanted for key in fit.contents.held)
    return Prefix(text, matched) if matched > now else None


def settings(fit: Comparison) -> dict[str, int]:
    """Integer parameters of the arch that the sizes of what is reshaped would be explained by."""
    sizes = [pair for each in fit.of("reshaped") for pair in _other_sizes(each)]
    found = {}
    for name, value in fit.network.parameters.items():
        held = {new for old, new in sizes if old == value}
        if type(value) is int and len(held) == 1:
            found[name] = held.pop()
    return found


def inputs(fit: Comparison) -> list[str]:
    """Sizes of inputs with other channels that reshaped weights may be of: `4x224x224`, with its
    name where there are several inputs."""
    body = fit.network.body
    sizes = dict.fromkeys(pair for each in fit.of("reshaped") for pair in _other_sizes(each))
    found = []
    for name, ref in zip(body.input_names, body.inputs, strict=True):
        shape = body.values[ref]
        others = (new for old, new in sizes if old == shape.channels and new)
        start = f"{name}=" if len(body.inputs) > 1 else ""
        found += [start + "x".join(map(str, shape.with_channels(new).sizes)) for new in others]
    return found[:_MOST_INPUTS]


def _other_sizes(each: Difference) -> Iterator[tuple[int, int]]:
    wanted = each.wanted.sizes if each.wanted else ()
    held = (each.held.shape if each.held else None) or ()
    yield from ((old, new) for old, new in zip(wanted, held, strict=False) if old != new)


def _starts(key: str) -> list[str]:
    """`module.` and `module.model.` for `module.model.fc.bias`."""
    names = key.split(".", _LONGEST_PREFIX)[:-1]
    return [".".join(names[: end + 1]) + "." for end in range(len(names))]

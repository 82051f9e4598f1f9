"""Weights outlive edits: what is carried, what is not, and that it computes the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import archgen
from archgen.api import Network
from archgen.diagnostics import ArchError

pytestmark = pytest.mark.torch

BLOCKS = """
block unit(out, stride=1) {
  add {
    { conv(out, 3, stride=stride) -> bn -> relu; conv(out, 3) -> bn }
    if stride == 1 and channels == out { identity }
    else { shortcut = conv(out, 1, stride=stride) -> bn }
  }
  relu
}
"""
NET = """
arch net(classes=4) {
  input(3, 16, 16)
  stem = conv(8, 3) -> bn -> relu
  a = conv(8, 3)
  conv(8, 3) -> bn -> relu
  stage(unit, 8, n=2)
  stage(unit, 12, n=2, stride=2)
  aux head = flatten -> linear(3)
  global_avgpool -> flatten
  fc = linear(classes)
}
"""


@dataclass(frozen=True)
class Edit:
    """A change of the text, and what is expected of each key.

    rename: the new key of an old one; None if the old one is not carried. outputs: the networks
    compute the same.
    """

    change: Callable[[str], str]
    rename: Callable[[str], str | None] = lambda key: key
    outputs: bool = False


def replace(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


def renamed(old: str, new: str) -> Callable[[str], str | None]:
    return lambda key: new + key.removeprefix(old) if key.startswith(old) else key


def without(*prefixes: str) -> Callable[[str], str | None]:
    return lambda key: None if key.startswith(prefixes) else key


def shifted(key: str) -> str | None:
    """The nameless convolution and its norm, where one of each is inserted before them."""
    for stem in ("conv", "bn"):
        key = key.replace(f"{stem}1.", f"{stem}2.") if key.startswith(f"{stem}1.") else key
    return key


def moved_up(key: str) -> str:
    """The nameless stages, where the first of them gets a name."""
    return key.replace("layer1.", "body.").replace("layer2.", "layer1.")


EDITS = {
    "nothing": Edit(lambda text: text, outputs=True),
    "comments and layout": Edit(replace("  a = ", "  # why\n\n  a   =   "), outputs=True),
    "a layer renamed": Edit(replace("  a =", "  begin ="), renamed("a.", "begin."), outputs=True),
    "a chain renamed": Edit(replace("stem =", "begin ="), renamed("stem.", "begin."), outputs=True),
    "the arch renamed": Edit(replace("arch net", "arch other"), outputs=True),
    "a block renamed": Edit(replace("unit", "basic"), outputs=True),
    "a head renamed": Edit(
        replace("aux head", "aux side"), renamed("head.", "side."), outputs=True
    ),
    "a name for a stage": Edit(
        replace("  stage(unit, 8, n=2)", "  body = stage(unit, 8, n=2)"), moved_up, outputs=True
    ),
    "a block inserted in the middle": Edit(
        replace("  stage(unit, 12", "  middle = unit(8)\n  stage(unit, 12")
    ),
    "a layer inserted in the middle": Edit(
        replace("  stage(unit, 8", "  more = conv(8, 5)\n  stage(unit, 8")
    ),
    "nameless layers inserted before others": Edit(
        replace("  a =", "  conv(8, 5) -> bn -> relu\n  a ="), shifted
    ),
    "a layer inserted in a block": Edit(
        replace("conv(out, 3) -> bn }", "conv(out, 3) -> bn; more = conv(out, 1) }")
    ),
    "a stage lengthened": Edit(replace("8, n=2", "8, n=4")),
    "a stage shortened": Edit(replace("8, n=2", "8, n=1"), without("layer1.1.")),
    "a stage removed": Edit(
        replace("  stage(unit, 8, n=2)\n", ""),
        lambda key: None if key.startswith("layer1.") else key.replace("layer2.", "layer1."),
    ),
    "a layer removed": Edit(replace("  a = conv(8, 3)\n", ""), without("a.")),
    "another number of classes": Edit(replace("classes=4", "classes=7"), without("fc.")),
    "another width": Edit(
        replace("12, n=2", "16, n=2"), without("layer2.", "fc.weight", "head.1.weight")
    ),
    "another kernel": Edit(replace("a = conv(8, 3)", "a = conv(8, 5)"), without("a.")),
    "another norm": Edit(
        replace("stem = conv(8, 3) -> bn", "stem = conv(8, 3) -> group_norm(2)"),
        without("stem.1."),
    ),
    "a layer of another kind, of the same shape": Edit(
        replace("a = conv(8, 3)", "a = conv_transpose(8, 3, padding=1)"), without("a.")
    ),
    "an activation exchanged": Edit(
        replace("stem = conv(8, 3) -> bn -> relu", "stem = conv(8, 3) -> bn -> gelu")
    ),
    "a dilation": Edit(replace("a = conv(8, 3)", "a = conv(8, 3, dilation=2)")),
}


@pytest.fixture(params=EDITS.values(), ids=EDITS)
def edit(request: pytest.FixtureRequest) -> Edit:
    assert isinstance(request.param, Edit)
    return request.param


def model(network: Network) -> nn.Module:
    """A model whose every number is another, buffers too, in evaluation."""
    made = archgen.build(network, seed=1)
    with torch.no_grad():
        for tensor in made.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand_like(tensor) + 0.5)
            else:
                tensor.fill_(int(torch.randint(1, 1000, ())))
    return made.eval()


def networks(change: Callable[[str], str]) -> tuple[Network, Network]:
    text = BLOCKS + NET
    return archgen.loads(text), archgen.loads(change(text))


def test_each_weight_has_the_fate_that_is_expected(edit: Edit) -> None:
    old, new = networks(edit.change)
    state = model(old).state_dict()
    result = archgen.transfer(old, new, state, allow_new=True, seed=2)
    expected = {edit.rename(key): key for key in state}
    dropped = {key for key in state if edit.rename(key) is None}
    expected.pop(None, None)
    assert result.carried == expected
    reshaped = {each.key for each, _ in result.plan.reshaped}
    assert set(result.dropped) | reshaped == dropped
    for key, before in expected.items():
        assert key is not None
        assert torch.equal(result.state[key], state[before])


def test_a_strict_load_takes_it(edit: Edit) -> None:
    old, new = networks(edit.change)
    state = archgen.transfer(old, new, model(old).state_dict(), allow_new=True).state
    made = archgen.build(new)
    made.load_state_dict(state, strict=True)
    assert list(state) == list(made.state_dict())


def test_a_renamed_network_computes_the_same(edit: Edit) -> None:
    if not edit.outputs:
        return
    old, new = networks(edit.change)
    before = model(old)
    after = archgen.build(new).eval()
    after.load_state_dict(archgen.transfer(old, new, before.state_dict()).state)
    x = torch.randn(2, 3, 16, 16)
    assert torch.equal(before(x), after(x))


def test_what_is_before_an_insertion_computes_the_same() -> None:
    change = EDITS["a block inserted in the middle"].change
    old, new = networks(change)
    before, after = model(old), archgen.build(new).eval()
    after.load_state_dict(archgen.transfer(old, new, before.state_dict(), allow_new=True).state)
    x = torch.randn(2, 3, 16, 16)
    one, other = (seen_by(made, x) for made in (before, after))
    first = [name for name in one if name.startswith(("stem", "a", "conv1", "layer1"))]
    assert "layer1.1" in first
    assert all(torch.equal(one[name], other[name]) for name in first)


def seen_by(made: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The output of each module, when the model runs."""
    outputs: dict[str, Tensor] = {}
    for name, module in made.named_modules():
        module.register_forward_hook(
            lambda _module, _args, output, name=name: outputs.update({name: output.clone()})
        )
    made(x)
    return outputs


SWAPS = {
    "alike": ("conv(8, 3)", "conv(8, 3)"),
    "of the same shape": ("conv(8, 3)", "conv(8, 3, dilation=2)"),
    "of another shape": ("conv(8, 3)", "conv(8, 5)"),
    "blocks": ("unit(8)", "unit(8)"),
}


@pytest.mark.parametrize("pair", SWAPS.values(), ids=SWAPS)
def test_layers_that_change_places_keep_their_names_and_weights(pair: tuple[str, str]) -> None:
    head = BLOCKS + "arch net { input(8, 8, 8); first = conv(8, 1)\n"
    one, other = f"a = {pair[0]}\n", f"b = {pair[1]}\n"
    old, new = (archgen.loads(f"{head}{text}}}") for text in (one + other, other + one))
    result = archgen.transfer(old, new, model(old).state_dict())
    assert all(new == old for new, old in result.carried.items())
    assert not result.dropped


def test_nameless_layers_that_change_places_take_their_weights_along() -> None:
    """In a sum it does not matter which comes first: the network computes the same."""
    text = "arch net {{ input(8, 8, 8); relu\nadd {{ {}; {} }} }}"
    one, other = "conv(8, 3)", "conv(8, 3, dilation=2)"
    old, new = archgen.loads(text.format(one, other)), archgen.loads(text.format(other, one))
    before, after = model(old), archgen.build(new).eval()
    after.load_state_dict(archgen.transfer(old, new, before.state_dict()).state)
    x = torch.randn(2, 8, 8, 8)
    assert torch.equal(before(x), after(x))


def test_nothing_is_partial_unless_allowed() -> None:
    old, new = networks(EDITS["a stage lengthened"].change)
    with pytest.raises(ArchError) as refused:
        archgen.transfer(old, new, model(old).state_dict())
    assert [each.code for each in refused.value.diagnostics] == ["A523"]


def test_the_weights_have_to_be_those_of_the_old_network() -> None:
    old, new = networks(EDITS["a layer renamed"].change)
    state = model(old).state_dict()
    with pytest.raises(ArchError) as refused:
        archgen.transfer(new, old, state)
    (found,) = refused.value.diagnostics
    assert found.code == "A522"
    assert any(note.split()[:2] == ["missing", "begin"] for note in found.notes)


def test_what_is_new_starts_as_the_spec_says() -> None:
    old = archgen.loads("arch a { input(8); fc = linear(8) }")
    text = 'arch a { input(8); fc = linear(8); more = linear(8); init("more.weight", eye) }'
    new = archgen.loads(text)
    state = archgen.build(old).state_dict()
    result = archgen.transfer(old, new, state, allow_new=True)
    assert torch.equal(result.state["more.weight"], torch.eye(8))
    assert result.added == ["more.weight", "more.bias"]


def test_a_seed_decides_what_is_new() -> None:
    old, new = networks(EDITS["another number of classes"].change)
    state = model(old).state_dict()
    one, same, other = (
        archgen.transfer(old, new, state, allow_new=True, seed=seed).state["fc.weight"]
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_carried_tensors_are_the_old_ones() -> None:
    old, new = networks(EDITS["a layer renamed"].change)
    state = model(old).state_dict()
    assert archgen.transfer(old, new, state).state["begin.weight"] is state["a.weight"]


def test_dtypes_are_kept_and_what_is_new_has_the_usual_one() -> None:
    old, new = networks(EDITS["a stage lengthened"].change)
    state: dict[str, Any] = model(old).half().state_dict()
    state["fc.bias"] = state["fc.bias"].double()
    result = archgen.transfer(old, new, state, allow_new=True).state
    assert result["fc.bias"].dtype == torch.float64
    assert result["layer1.3.conv1.weight"].dtype == torch.float16
    assert result["layer1.3.bn1.num_batches_tracked"].dtype == torch.int64


def test_a_norm_of_another_size_forgets_how_much_it_has_seen() -> None:
    old, new = networks(EDITS["another width"].change)
    state = model(old).state_dict()
    result = archgen.transfer(old, new, state, allow_new=True)
    assert result.state["layer2.0.bn1.num_batches_tracked"] == 0
    assert "layer2.0.bn1.num_batches_tracked" in result.added


def test_counts_that_old_weights_lack_stay_away() -> None:
    old, new = networks(EDITS["a chain renamed"].change)
    state = {k: v for k, v in model(old).state_dict().items() if not k.endswith("tracked")}
    result = archgen.transfer(old, new, state).state
    assert not any(key.endswith("tracked") for key in result)
    archgen.build(new).load_state_dict(result, strict=True)


def test_counts_that_some_layers_lack_stay_away() -> None:
    old, new = networks(EDITS["a stage lengthened"].change)
    state = model(old).state_dict()
    del state["stem.1.num_batches_tracked"], state._metadata["stem.1"]  # type: ignore[attr-defined]
    result = archgen.transfer(old, new, state, allow_new=True).state
    assert archgen.check_weights(result, new).fits
    archgen.build(new).load_state_dict(result, strict=True)


def test_versions_of_formats_are_kept() -> None:
    old, new = networks(EDITS["a chain renamed"].change)
    state = model(old).state_dict()
    assert isinstance(state, OrderedDict)
    metadata = archgen.transfer(old, new, state).state._metadata  # type: ignore[attr-defined]
    assert metadata["begin.1"] == {"version": 2}


def test_versions_may_be_anything_in_a_file_of_strangers() -> None:
    old, new = networks(EDITS["a chain renamed"].change)
    for metadata in (3, {"stem.1": 3}, {"stem.1": {"version": "x"}}, {3: {"version": 2}}):
        state = OrderedDict(model(old).state_dict())
        state._metadata = metadata  # type: ignore[attr-defined]
        assert archgen.check_weights(state, old).fits
        assert "begin.1.weight" in archgen.transfer(old, new, state).state


def test_there_and_back() -> None:
    old, new = networks(EDITS["a name for a stage"].change)
    state = model(old).state_dict()
    there = archgen.transfer(old, new, state).state
    back = archgen.transfer(new, old, there).state
    assert list(back) == list(state)
    assert all(back[key] is state[key] for key in state)


def test_the_report_names_everything() -> None:
    old, new = networks(
        lambda text: (
            text.replace("stem =", "begin =").replace("8, n=2", "8, n=3").replace("=4", "=7")
        )
    )
    result = archgen.transfer(old, new, model(old).state_dict(), allow_new=True)
    lines = str(result).splitlines()
    total = len(archgen.build(new).state_dict())
    carried = len(result.carried)
    assert lines[0] == (
        f"net to net: {carried} of {total} tensors carried, 6 of them under another name, "
        f"{total - carried} new, 2 dropped"
    )
    assert [line.split()[:4] for line in lines[1:]] == [
        ["renamed", "stem", "->", "begin"],
        ["reshaped", "fc", "weight", "was"],
        ["new", "layer1.2", "12", "tensors"],
    ]

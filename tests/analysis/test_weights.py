"""The `state_dict` without torch: order and laziness. `test_against_torch` has the law."""

from __future__ import annotations

from itertools import islice

import archgen
from archgen.analysis.weights import state
from tests import networks


def keys(text: str) -> list[str]:
    return [entry.key for entry in state(archgen.loads(text))]


def test_repeats_are_written_out_only_as_they_are_asked_for() -> None:
    entries = state(archgen.loads(networks.LONG))
    keys = [entry.key for entry in islice(entries, 100)]
    assert keys[6] == "layer1.0.conv1.weight"
    assert keys[-1].startswith("layer1.7.")


def test_kinds_and_sizes() -> None:
    entries = list(state(archgen.loads("arch a { input(3, 8, 8); conv(4, 3) -> bn }")))
    assert [(entry.key, entry.sizes, entry.kind) for entry in entries] == [
        ("conv1.weight", (4, 3, 3, 3), "parameter"),
        ("bn1.weight", (4,), "parameter"),
        ("bn1.bias", (4,), "parameter"),
        ("bn1.running_mean", (4,), "buffer"),
        ("bn1.running_var", (4,), "buffer"),
        ("bn1.num_batches_tracked", (), "buffer"),
    ]


def test_parameters_of_a_body_come_before_its_children() -> None:
    assert keys(
        "arch a { input(3, 8, 8); conv(3, 1); mul { identity; scale = param([3, 1, 1]) } }"
    ) == ["scale", "conv1.weight"]


def test_children_of_a_list_stand_together() -> None:
    text = "arch a { input(3, 8, 8); xs[0] = conv(3, 1); y = conv(3, 1); xs[1] = conv(3, 1) }"
    assert keys(text) == ["xs.0.weight", "xs.1.weight", "y.weight"]


def test_training_heads_come_last() -> None:
    heads = keys(networks.HEADED)
    assert heads[-4:] == [
        "fc.bias",
        "early.conv1.weight",
        "early.linear1.weight",
        "early.linear1.bias",
    ]


def test_what_is_reused_is_there_once() -> None:
    found = keys(networks.SIAMESE)
    assert len(found) == len(set(found)) == 8

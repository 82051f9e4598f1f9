"""Renames are found at any depth, whatever the order of the file."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

import archgen
from archgen.analysis.weights import state
from archgen.checkpoint.contents import Contents, Held
from archgen.checkpoint.differences import COUNT
from archgen.checkpoint.fit import Fit, fit
from archgen.checkpoint.renames import renames
from tests.checkpoints import renamed_stages

Rename = Callable[[str], str]


def lists(key: str) -> str:
    """`layers.0` for `layer1`, `norm.1` for `norm1`: numbers become items of a list."""
    return re.sub(r"\b([a-z_]+?)([1-9])\b", lambda m: f"{m[1]}s.{int(m[2]) - 1}", key)


def deeper(key: str) -> str:
    return f"model.encoder.{key}"


def at_the_end(key: str) -> str:
    return re.sub(r"\bdownsample\b", "shortcut", key)


def within(key: str) -> str:
    return re.sub(r"\.(\d+)\.", r".block\1.", key)


def abbreviated(key: str) -> str:
    return key.replace("conv", "c").replace("bn", "n")


RENAMES: dict[str, Rename] = {
    "lists": lists,
    "deeper": deeper,
    "a name at the end": at_the_end,
    "names within": within,
    "short names": abbreviated,
    "lists, deeper": lambda key: deeper(lists(key)),
    "all of them": lambda key: deeper(within(lists(at_the_end(key)))),
}
NETWORKS = ["resnet18", "vgg11_bn", "lenet5"]


def found(name: str, rename: Rename, order: Callable[[list[str]], list[str]]) -> Fit:
    network = archgen.load(name)
    entries = {rename(entry.key): Held(entry.sizes, "float32") for entry in state(network)}
    return fit(network, Contents({key: entries[key] for key in order(list(entries))}))


ORDERS: dict[str, Callable[[list[str]], list[str]]] = {
    "of the network": lambda keys: keys,
    "sorted": sorted,
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("rename", RENAMES.values(), ids=RENAMES)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_renamed_key_is_found(
    name: str, rename: Rename, order: Callable[[list[str]], list[str]]
) -> None:
    checked = found(name, rename, order)
    guessed = renames(checked)
    missing = [each.key for each in checked.of("missing") if not each.key.endswith(COUNT)]
    assert len(missing) > 0 or all(rename(key) == key for key in missing)
    for key in missing:
        paths = [path for path in guessed if key == path or key.startswith(f"{path}.")]
        assert len(paths) == 1, key
        old, new = paths[0], guessed[paths[0]]
        assert rename(key).startswith(new)
        inside, inside_new = key.removeprefix(old), rename(key).removeprefix(new)
        assert inside.rpartition(".")[2] == inside_new.rpartition(".")[2]


def test_renames_are_as_high_as_they_can_be() -> None:
    guessed = renames(found("resnet18", lists, sorted))
    assert guessed["layer1"] == "layers.0"
    assert guessed["layer4"] == "layers.3"
    assert guessed["conv1"] == "convs.0"
    assert renames(found("resnet18", deeper, sorted))["layer4"] == "model.encoder.layer4"


def test_stages_that_became_a_list() -> None:
    """The case `renamed_stages`: both renames are guessed."""
    network, shapes = renamed_stages()
    held = {key: Held(tuple(shape), "float32") for key, shape in shapes.items()}
    assert renames(fit(network, Contents(held))) == {"layer1": "layers.0", "layer2": "layers.1"}


def test_a_tensor_alone_is_of_its_layer_or_of_its_name() -> None:
    network = archgen.loads("arch net { input(4); fc = linear(4); last = linear(4) }")
    held = {"fc.weight": (4, 4), "fc.beta": (4,), "last.weight": (4, 4), "other.scale": (4,)}
    checked = fit(network, Contents({key: Held(shape, "float32") for key, shape in held.items()}))
    assert renames(checked) == {"fc.bias": "fc.beta"}


def test_random_keys_end_soon() -> None:
    network = archgen.load("resnet152")
    dice = random.Random(1)
    shapes = [entry.sizes for entry in state(network)]
    held = {f"a{n % 30}.b{n}.c": Held(dice.choice(shapes), "float32") for n in range(3000)}
    checked = fit(network, Contents(held))
    guessed = renames(checked)
    assert len(set(guessed.values())) == len(guessed)
    assert len(str(checked).splitlines()) < 60

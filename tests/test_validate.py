"""What the resolver makes is valid; what is spoiled in it is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import archgen
from archgen.network import Body, CallNode, LayerNode, MergeNode, Network, Node
from archgen.validate import validate, validated
from tests import networks

SHIPPED = [name for name, _ in archgen.shipped()]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_networks_are_valid(name: str) -> None:
    assert validate(archgen.load(name)) == []


@pytest.mark.parametrize("name", networks.PECULIAR)
def test_peculiar_networks_are_valid(name: str) -> None:
    assert validate(archgen.loads(networks.PECULIAR[name])) == []


def test_shared_bodies_are_looked_at_once() -> None:
    assert validate(archgen.loads(networks.TOWER)) == []
    assert validate(archgen.loads(networks.LONG)) == []


# --- spoiled on purpose -------------------------------------------------------------------

SPEC = """
arch small {
  input(3, 8, 8)
  conv(4, 3) -> relu
  add { identity; conv(4, 1) }
  stage(unit, 4, n=4)
  concat { identity; conv(4, 1) }
}
block unit(out) { conv(out, 3) -> relu }
"""


def spoiled(change: Callable[[Body], Body]) -> list[str]:
    network: Network = archgen.loads(SPEC)
    return validate(replace(network, body=change(network.body)))


def with_node(cls: type[Node], /, **changes: object) -> Callable[[Body], Body]:
    """The last node of a kind, changed."""

    def change(body: Body) -> Body:
        place = max(i for i, node in enumerate(body.nodes) if isinstance(node, cls))
        changed = replace(body.nodes[place], **changes)
        return replace(body, nodes=(*body.nodes[:place], changed, *body.nodes[place + 1 :]))

    return change


def every_shape(body: Body) -> list[Callable[[Body], Body]]:
    def change(ref: int) -> Callable[[Body], Body]:
        shape = body.values[ref]
        wrong = shape.with_channels(shape.channels + 1)
        return lambda body: replace(
            body, values=(*body.values[:ref], wrong, *body.values[ref + 1 :])
        )

    return [change(ref) for ref in range(len(body.values)) if ref not in body.inputs]


def test_every_wrong_shape_is_found() -> None:
    body = archgen.loads(SPEC).body
    assert all(spoiled(change) for change in every_shape(body))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_node(LayerNode, inputs=(99,)), "reads value 99 before it is written"),
        (with_node(LayerNode, outputs=(1,)), "value 1 is written 2 times"),
        (with_node(LayerNode, outputs=(99,)), "value 99 has no shape"),
        (with_node(LayerNode, name="conv1"), "two children are called `conv1`"),
        (with_node(LayerNode, reused=True), "`conv3` is reused before it is made"),
        (with_node(MergeNode, axis=1), "which should be"),
        (with_node(MergeNode, kind="add"), "which should be 4 x 8 x 8"),
        (lambda body: replace(body, outputs=()), "there is no output"),
        (lambda body: replace(body, nodes=body.nodes[::-1]), "before it is written"),
    ],
)
def test_what_is_said(change: Callable[[Body], Body], said: str) -> None:
    assert any(said in fault for fault in spoiled(change)), spoiled(change)


def test_repeats_take_what_they_make() -> None:
    def change(body: Body) -> Body:
        (stage,) = (node for node in body.nodes if isinstance(node, CallNode))
        (unit,) = stage.body.nodes
        assert isinstance(unit, CallNode)
        wider = unit.body.values[0].with_channels(5)
        inner = replace(stage.body, values=(wider, stage.body.values[1]))
        return with_node(CallNode, body=inner)(body)

    assert any("calls in a row make" in fault for fault in spoiled(change))


def test_values_without_a_batch_make_no_value_that_has_one() -> None:
    network: Network = archgen.loads(
        "arch a { input(4, 8, 8); mul { identity; scale = param([channels], init=ones) } }"
    )
    assert validate(network) == []
    learned, merge = network.body.nodes
    (scale,) = learned.outputs
    alone = replace(network.body, nodes=(learned, replace(merge, inputs=(scale, scale))))
    faults = " ".join(validate(replace(network, body=alone)))
    assert "mul has another batch than its branches" in faults
    (output,) = network.body.outputs
    given = replace(network.body, outputs=(replace(output, value=scale),))
    assert "the output has no batch" in " ".join(validate(replace(network, body=given)))


# --- after every step ---------------------------------------------------------------------


def test_every_step_has_its_network_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a step spoils is named there, and not met later as something else."""
    network = archgen.loads(SPEC)
    spoilt = replace(network, body=replace(network.body, values=network.body.values[:-1]))
    with pytest.raises(AssertionError, match=r"the pass `x` made .* has no shape"):
        validated(spoilt, "the pass `x`")
    monkeypatch.setenv("ARCHGEN_VALIDATE", "0")
    assert validated(spoilt, "the pass `x`") is spoilt


@pytest.mark.parametrize("step", ["resolve.program", "passes.features"])
def test_no_step_is_left_out(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def seen(network: Network, made_by: str) -> Network:
        steps.append(made_by)
        return network

    monkeypatch.setattr(f"archgen.{step}.validated", seen)
    archgen.loads(SPEC, features=["relu1"])
    assert len(steps) == 1

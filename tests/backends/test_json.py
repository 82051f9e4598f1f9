"""The JSON of a network: valid by its published schema, closed, and always the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import archgen
from archgen.analysis.weights import state
from archgen.backends.json import render
from tests import networks

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "ir.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SHIPPED = [name for name, _ in archgen.shipped()]


@pytest.mark.parametrize("name", [*networks.PECULIAR, *SHIPPED])
def test_schema_and_references(name: str) -> None:
    text = networks.PECULIAR.get(name)
    network = archgen.loads(text) if text else archgen.load(name)
    data = json.loads(render(network))
    VALIDATOR.validate(data)
    assert data["body"] == len(data["bodies"]) - 1
    for place, body in enumerate(data["bodies"]):
        calls = [node for node in nodes_of(body) if node["kind"] == "call"]
        assert all(call["body"] < place for call in calls)
        refs = [ref for node in nodes_of(body) for ref in (*node["inputs"], *node["outputs"])]
        assert all(ref < len(body["values"]) for ref in refs)


@pytest.mark.parametrize("name", ["resnet50", "densenet121"])
def test_it_holds_every_weight(name: str) -> None:
    """A reader of the JSON alone finds the `state_dict`."""
    network = archgen.load(name)
    data = json.loads(render(network))
    assert sorted(tensors(data, data["body"], "")) == sorted(
        (entry.key, list(entry.sizes)) for entry in state(network)
    )


def test_same_network_same_text() -> None:
    assert render(archgen.load("resnet50")) == render(archgen.load("resnet50"))


def test_a_billion_blocks_are_short() -> None:
    assert len(render(archgen.loads(networks.LONG))) < 20_000


def test_reviewed_text(golden: Callable[[str, str], None]) -> None:
    golden("ir/convnext.json", render(archgen.loads(networks.CONVNEXT)))


def nodes_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [*body["nodes"], *(head["node"] for head in body["aux"])]


def tensors(data: dict[str, Any], place: int, prefix: str) -> list[tuple[str, list[int]]]:
    found = []
    for node in nodes_of(data["bodies"][place]):
        if node["kind"] == "layer":
            held = node["weights"] | node["buffers"]
            found += [(f"{prefix}{node['name']}.{name}", sizes) for name, sizes in held.items()]
        elif node["kind"] == "call":
            first = node["name"]
            names = [first] if node["count"] == 1 else range(int(first), int(first) + node["count"])
            for name in names:
                found += tensors(data, node["body"], f"{prefix}{name}.")
    return found

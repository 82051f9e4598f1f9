"""Summaries as text: reviewed files, and JSON that says the same."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import archgen
from archgen.analysis.memory.amounts import Training
from archgen.backends.table import render
from tests import networks

Golden = Callable[[str, str], None]


def test_table_of_resnet50(golden: Golden) -> None:
    golden("summary/resnet50.txt", render(archgen.load("resnet50")))


def test_markdown_of_densenet121(golden: Golden) -> None:
    golden("summary/densenet121.md", render(archgen.load("densenet121"), 2, "markdown"))


@pytest.mark.parametrize("name", ["siamese", "headed"])
def test_table_with_roles(name: str, golden: Golden) -> None:
    golden(f"summary/{name}.txt", render(archgen.loads(networks.PECULIAR[name]), 2))


def test_json_says_what_the_table_says() -> None:
    network = archgen.load("resnet50")
    data = json.loads(render(network, 2, "json"))
    table = render(network, 2)
    assert data["params"] == 25_557_032
    assert data["flops"] == 2 * data["macs"]
    for row in data["rows"]:
        line = next(line for line in table.splitlines() if line.strip().startswith(row["path"]))
        assert row["layer"] in line
        assert line.endswith(f"{row['macs']:,}")


def test_columns_are_aligned() -> None:
    lines = render(archgen.load("resnet18"), 3).splitlines()
    rule = next(line for line in lines if line.startswith("---"))
    start, end = (index for index, line in enumerate(lines) if line == rule)
    assert {len(line) for line in lines[start : end + 1]} == {len(rule)}


def test_markdown_is_not_fooled_by_names() -> None:
    text = 'arch a { input(3, 8, 8); s = seq { "a|b<c>*" = conv(3, 1); relu } }'
    row = next(
        line for line in render(archgen.loads(text), 2, "markdown").splitlines() if "a\\" in line
    )
    assert "a\\|b\\<c\\>\\*" in row


def test_unknown_format() -> None:
    with pytest.raises(ValueError, match="table, markdown, json"):
        render(archgen.load("resnet18"), format="csv")


def test_training(golden: Golden) -> None:
    training = Training(batch=32, optimizer="adam")
    golden("summary/googlenet.train.txt", render(archgen.load("googlenet"), training=training))


def test_training_as_data() -> None:
    """A batch of 3 keeps 3 times what does not hang on the statistics of a batch norm."""
    network = archgen.loads("arch a { input(3, 8, 8); conv(4, 3) -> relu -> conv(2, 1) }")
    one, three = (
        json.loads(render(network, 1, "json", training=Training(batch=batch))) for batch in (1, 3)
    )
    # the input; what ReLU gives, which the second convolution reads
    assert one["training"]["kept"] == 4 * (3 * 64 + 4 * 64)
    assert three["training"]["kept"] == 3 * one["training"]["kept"]
    assert [row["kept"] for row in one["rows"]] == [4 * 4 * 64, 0, 0]


def test_what_is_not_known_is_said() -> None:
    network = archgen.loads("arch a { input(8, 16, axis=1); attention(2, dropout=0.1) }")
    text = render(network, training=Training())
    assert "kept            not known (attention)" in text
    data = json.loads(render(network, 1, "json", training=Training()))
    assert data["training"]["kept"] is None

"""Rows add up to the figures at every depth, whatever is repeated, shared or left out."""

from __future__ import annotations

import pytest

import archgen
from archgen.analysis.summary import MOST_ROWS, Row, summarise
from tests import networks

NETWORKS = {name: archgen.loads(text) for name, text in networks.PECULIAR.items()} | {
    name: archgen.load(name) for name in ("resnet50", "densenet121", "resnext50_32x4d_a")
}


def leaves(rows: tuple[Row, ...]) -> list[Row]:
    """Rows that no deeper row follows."""
    following = [*rows[1:], rows[0]]
    return [row for row, after in zip(rows, following, strict=True) if after.level <= row.level]


@pytest.mark.parametrize("depth", [1, 2, 3, 9])
@pytest.mark.parametrize("name", NETWORKS)
def test_rows_add_up(name: str, depth: int) -> None:
    summary = summarise(NETWORKS[name], depth)
    bottom = leaves(summary.rows)
    assert sum(row.params for row in bottom) == summary.figures.params
    assert sum(row.macs for row in bottom) == summary.figures.macs
    assert max(row.level for row in summary.rows) < depth
    assert len({row.path for row in summary.rows if row.role == "run"}) == sum(
        row.role == "run" for row in summary.rows
    )


def test_a_repeat_is_one_row() -> None:
    rows = {row.path: row for row in summarise(archgen.load("resnet50"), 3).rows}
    assert rows["layer3.1-5"].count == 5
    assert rows["layer3.1-5.conv2"].params == 5 * 256 * 256 * 9


def test_roles() -> None:
    roles = {row.path: row.role for row in summarise(NETWORKS["headed"], 2).rows}
    assert roles["early"] == roles["early.conv1"] == "training"
    rows = summarise(NETWORKS["siamese"], 2).rows
    assert [row.params for row in rows if row.role == "reused"] == [0] * 8


def test_there_is_an_end_to_rows() -> None:
    summary = summarise(archgen.loads(networks.TOWER), 50)
    assert summary.cut
    assert len(summary.rows) == MOST_ROWS

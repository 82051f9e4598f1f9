"""What all tests share: comparison with reviewed files (`pytest --accept` rewrites them)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

# Before torch is imported: on a busy machine two threads are slower than one, and tests run in
# parallel anyway.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Every step that makes a network has it validated, in processes that tests start too.
os.environ.setdefault("ARCHGEN_VALIDATE", "1")

pytest_plugins = ["tests.proofs"]

GOLDEN = Path(__file__).parent / "golden"


# Sweeps over random, hostile or all shipped specs: not for every save.
SLOW = (
    "hostile/",
    "laws/",
    "passes/",
    "backends/",
    "specs/",
    "docs/",
    "cli/test_fmt",
    "lint/test_laws",
    "lint/test_bounds",
    "test_codes",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        place = item.path.relative_to(Path(__file__).parent).as_posix()
        if place.startswith(SLOW):
            item.add_marker(pytest.mark.slow)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite the golden files")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden("report/branches.txt", text)`: the text equals the reviewed file of that name."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--accept"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"no golden {name}: review the text, then run pytest --accept"
        assert text == path.read_text(encoding="utf-8")

    return compare

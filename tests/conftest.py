"""What all tests share: comparison with reviewed files (`pytest --accept` rewrites them)."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

# Before torch is imported: on a busy machine two threads are slower than one, and tests run in
# parallel anyway.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Every step that makes a network has it validated, in processes that tests start too.
os.environ.setdefault("ARCHGEN_VALIDATE", "1")
# Random specs use modules of the tests' own.
os.environ.setdefault("ARCHGEN_ALLOW_EXTERN", "tests.strangers")

pytest_plugins = ["tests.proofs"]

GOLDEN = Path(__file__).parent / "golden"


# Sweeps over random, hostile or all shipped specs, and many processes: not for every save.
SLOW = (
    "hostile/",
    "laws/",
    "passes/",
    "specs/",
    "docs/",
    "backends/test_json.py::test_schema_and_references",
    "backends/test_render",
    "backends/pytorch/test_linters",
    "backends/pytorch/test_source.py::test_class_name",
    "backends/pytorch/test_source.py::test_merges_in_merges",
    "backends/pytorch/test_source.py::test_the_same_text",
    "backends/pytorch/test_text.py::test_ruff",
    "backends/pytorch/test_work.py::test_shipped",
    "cli/test_fmt",
    "cli/test_look.py::test_list_names_every",
    "cli/test_weights.py::test_a_shipped_network_is_recognised",
    "layers/test_new_layer",
    "lint/test_laws",
    "lint/test_bounds",
    "lint/test_fix.py::test_what_was_put_into_a_shipped_spec",
    "lint/test_shipped",
    "cli/test_review.py::test_a_comment_fits_whatever_changed",
    "resolve/test_growth",
    "syntax/test_grammar.py::test_trees_of_shipped_specs",
    "test_action",
    "test_codes",
    "test_line_endings",
    "test_sweeps",
    "test_sarif.py::test_any_diagnostics",
    "test_traversal.py::test_it_agrees_on",
    "test_validate.py::test_shipped",
)

# A file of which all tests need torch.
TORCH = re.compile(r"^pytestmark = (\[\s*)?pytest\.mark\.torch\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import what would be left out anyway: `make check` never waits for torch."""
    left_out = re.fullmatch(r"not (\w+)(?: and not (\w+))?", config.option.markexpr)
    marks = set(left_out.groups()) if left_out else set()
    if "slow" in marks and _place(collection_path).startswith(SLOW):
        return True
    if "torch" in marks and collection_path.suffix == ".py":
        return True if TORCH.search(collection_path.read_text(encoding="utf-8")) else None
    return None


def pytest_collection_finish() -> None:
    """What was imported and collected stays: going through it again at every full collection of
    garbage takes a tenth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _place(path: Path) -> str:
    """A path below this folder; a folder ends with a slash."""
    place = path.relative_to(Path(__file__).parent).as_posix()
    return f"{place}/" if path.is_dir() else place


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if f"{_place(item.path)}::{item.name}".startswith(SLOW):
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

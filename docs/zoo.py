"""docs/ZOO.md: every shipped network with its figures, what it was compared with, and what came of
it.

`python docs/zoo.py` rewrites the page; `python docs/zoo.py --run` runs the comparisons before
(minutes, with torch and torchvision) and keeps in zoo.json what the tests said.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(ROOT))  # the table of references is the tests'

import archgen  # noqa: E402
from tests.specs.references import references  # noqa: E402

if TYPE_CHECKING:
    import pytest

PAGE = DOCS / "ZOO.md"
RESULTS = DOCS / "zoo.json"
HEAD = """# The shipped networks

{count} networks in {files} files. Made by `python docs/zoo.py --run`: the last column is what the
tests said when they ran last, with torch {torch} and torchvision {torchvision}.

- *Spec* and *source* are lines: of the file, which a family shares, and of the module that
  `archgen build` writes.
- Parameters, MACs (multiply-adds of one sample) and depth (convolutions and linear layers on the
  longest path) are known without torch. PyTorch counts the same: `tests/specs/test_counts.py` asks
  it for every network.
- *Compared with* is the table in `tests/specs/references.py`, which names the tests too. "To the
  bit" is `torch.equal` with the same weights, loaded strictly.

| network | spec | source | parameters | MACs | depth | compared with | result |
| --- | ---: | ---: | ---: | ---: | ---: | --- | --- |
"""


def page(known: dict[str, Any]) -> str:
    """The page, with these results of comparisons."""
    shipped = sorted(archgen.shipped(), key=_place)
    files = len({path for _, path in shipped})
    head = HEAD.format(**known["versions"], count=len(shipped), files=files)
    return head + "".join(_row(name, path, known["results"]) for name, path in shipped)


def results() -> dict[str, Any]:
    """What the comparisons said when they ran last."""
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def _place(shipped: tuple[str, Path]) -> tuple[str, int]:
    """Files by name, networks as they stand in them."""
    name, path = shipped
    match = re.search(rf"^arch {name}\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert match
    return path.stem, match.start()


def _row(name: str, path: Path, said: dict[str, str]) -> str:
    network = archgen.load(name)
    lines = len(path.read_text(encoding="utf-8").splitlines())
    compared = list(references(name))
    cells = [
        f"`{name}`",
        f"[{lines}](../specs/{path.name})",
        str(len(archgen.source(network).splitlines())),
        f"{network.params:,}",
        f"{network.macs:,}",
        str(network.depth),
        "<br>".join(each.source for each in compared),
        "<br>".join(_result(each.test, said) for each in compared),
    ]
    return f"| {' | '.join(cells)} |\n"


def _result(test: str, said: dict[str, str]) -> str:
    """What a test said; of several with this beginning, all the same."""
    found = {text for key, text in said.items() if key.startswith(test)}
    return "; ".join(sorted(found)) or "not run"


# --- running the comparisons ----------------------------------------------------------------------


class _Listener:
    """Notes what passing tests say with `record_property("result", ...)`."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            for key, value in report.user_properties:
                if key == "result":
                    self.said[report.nodeid] = str(value)


def run() -> dict[str, Any]:
    """Run every test that is named in the table; what it said, by its id. Raises `SystemExit`
    when one fails."""
    import pytest
    import torch
    import torchvision

    tests = [each.test for name, _ in archgen.shipped() for each in references(name)]
    functions = sorted({test.partition("[")[0] for test in tests})
    listener = _Listener()
    places = [str(ROOT / function) for function in functions]
    status = pytest.main(["-q", "--whole", "-p", "no:cacheprovider", *places], plugins=[listener])
    if status:
        raise SystemExit(status)
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    plain = {name: version.partition("+")[0] for name, version in versions.items()}
    return {"versions": plain, "results": dict(sorted(listener.said.items()))}


def main() -> None:
    if "--run" in sys.argv[1:]:
        RESULTS.write_text(json.dumps(run(), indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(results()), encoding="utf-8")


if __name__ == "__main__":
    main()

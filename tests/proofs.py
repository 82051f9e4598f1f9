"""The pytest plugin behind `make prove`: the full counts of all sweeps, resumable.

`pytest --prove` runs the sweeps of `tests/sweeps.py` and nothing else. Each chunk or case that has
ended is a line in `.prove/results.jsonl`; a second run on the same code goes on where the first
stopped. Sweeps that ran to their end get a row in `docs/PROOFS.md`, with the commit.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import seed

CODE = ("archgen", "grammar", "specs", "templates", "tests", "pyproject.toml")
HEADER = """\
# Proofs

Laws that the tests try on a sample, tried in full. `make prove` writes this page; a row changes
only when its sweep has run to the end on one commit. *Tried* counts random examples, or listed
cases; *judged* those that the law says something about: a random spec that is refused is tried
only. Hypothesis draws the random examples, with the seeds given.

| law | test | seeds | tried | judged | failed | commit |
| --- | --- | --- | ---: | ---: | ---: | --- |
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--prove", action="store_true", help="the full count of every sweep")
    parser.addoption("--whole", action="store_true", help="all cases of listed sweeps too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sweep(of, chunks): a law with a full count")
    config.addinivalue_line("markers", "prove: a case outside of the sample, run by --prove alone")
    if config.getoption("--prove"):
        config.pluginmanager.register(Prover(config), "archgen-prover")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not (config.getoption("--prove") or config.getoption("--whole")):
        left = [item for item in items if item.get_closest_marker("prove")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not item.get_closest_marker("prove")]


class Prover:
    """What a run with `--prove` does: expands sweeps, leaves out what is done, keeps results."""

    def __init__(self, config: pytest.Config) -> None:
        worker = getattr(config, "workerinput", None)
        self.is_worker = worker is not None
        self.tree = Tree(config.rootpath)
        self.results = Results(config.rootpath / ".prove" / "results.jsonl")
        self.table = config.rootpath / "docs" / "PROOFS.md"
        self.code: str = worker["archgen_code"] if worker else self.tree.hash()
        self.done = set(worker["archgen_done"] if worker else self.results.passed(self.code))

    def pytest_configure_node(self, node: Any) -> None:
        """What a worker of pytest-xdist must know: all of them must collect the same."""
        node.workerinput["archgen_code"] = self.code
        node.workerinput["archgen_done"] = sorted(self.done)

    @pytest.hookimpl(tryfirst=True)  # totals count what `-k` leaves out
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        planned = [each for item in items for each in expanded(item)]
        totals = Counter(law_of(item) for item in planned)
        for item in planned:
            law = law_of(item)
            facts = {"law": law, "total": totals[law], "chunks": None} | sweep_of(item)
            item.user_properties.extend(facts.items())
        items[:] = [item for item in planned if item.nodeid not in self.done]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self.is_worker or (report.when != "call" and report.outcome == "passed"):
            return
        row = {"code": self.code, "id": report.nodeid, "outcome": report.outcome}
        self.results.append(row | dict(report.user_properties))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.is_worker:
            return
        rows = list(self.results.of(self.code))
        for law in dict.fromkeys(row["law"] for row in rows):
            terminalreporter.write_line(progress([row for row in rows if row["law"] == law]))
        if self.tree.changes():
            terminalreporter.write_line("uncommitted changes: docs/PROOFS.md is left as it is")
        else:
            write_table(self.table, rows, self.tree.commit())


# --- items ----------------------------------------------------------------------------------


def expanded(item: pytest.Item) -> Iterator[pytest.Item]:
    """The cases of a sweep: a random law once for each seed, a listed case as it is."""
    sweep = sweep_of(item)
    if not sweep:
        return
    chunks = sweep.get("chunks")
    if chunks is None:
        item.user_properties.extend([("tried", 1), ("judged", 1)])
        yield item
        return
    assert isinstance(item, pytest.Function)
    for number in range(chunks):
        notes: list[tuple[str, object]] = []
        clone = pytest.Function.from_parent(
            item.parent,
            name=f"{item.name}[seed{number}]",
            callobj=chunk(item.obj, number, notes),
        )
        clone.user_properties = notes
        clone.own_markers.extend(item.own_markers)
        clone.extra_keyword_matches.update(item.extra_keyword_matches)
        yield clone


def chunk(law: Any, number: int, notes: list[tuple[str, object]]) -> Callable[[], None]:
    """A Hypothesis test with a seed, which counts its examples."""

    def run() -> None:
        counts = Counter[str]()
        inner = law.hypothesis.inner_test

        def counted(*args: object, **kwargs: object) -> None:
            counts["tried"] += 1
            inner(*args, **kwargs)
            counts["judged"] += 1

        law.hypothesis.inner_test = counted
        try:
            seed(number)(law)()
        finally:
            law.hypothesis.inner_test = inner
            notes.extend((name, counts[name]) for name in ("tried", "judged"))

    return run


def sweep_of(item: pytest.Item) -> dict[str, Any]:
    """What `sweeps.examples` or `sweeps.cases` said: `of`, and `chunks` of random laws."""
    mark = item.get_closest_marker("sweep")
    return dict(mark.kwargs) if mark else {}


def law_of(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


# --- results --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Results:
    """The file that keeps what has ended, a line for each chunk or case."""

    path: Path

    def append(self, row: dict[str, Any]) -> None:
        self.path.parent.mkdir(exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def of(self, code: str) -> Iterator[dict[str, Any]]:
        """The last result of every case on this code."""
        found: dict[str, dict[str, Any]] = {}
        if self.path.is_file():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                if row["code"] == code:
                    found[row["id"]] = row
        yield from found.values()

    def passed(self, code: str) -> list[str]:
        return sorted(row["id"] for row in self.of(code) if row["outcome"] == "passed")


def progress(rows: list[dict[str, Any]]) -> str:
    failed = sum(row["outcome"] != "passed" for row in rows)
    tried = sum(row.get("tried", 0) for row in rows)
    first = rows[0]
    return f"{first['of']}: {len(rows)} of {first['total']} done, {tried} tried, {failed} failed"


def write_table(path: Path, rows: list[dict[str, Any]], commit: str) -> None:
    """A row for each sweep that ran to its end; the rows of others stay."""
    lines = dict(_old_lines(path))
    for law in {row["law"] for row in rows}:
        ended = [row for row in rows if row["law"] == law]
        if len(ended) == ended[0]["total"]:
            lines[ended[0]["of"]] = _line(ended, commit)
    path.write_text(HEADER + "".join(lines[of] for of in sorted(lines)), encoding="utf-8")


def _old_lines(path: Path) -> Iterator[tuple[str, str]]:
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for line in text.splitlines(keepends=True):
        if line.startswith("| ") and not line.startswith(("| law", "| ---")):
            yield line.split("|")[1].strip(), line


def _line(rows: list[dict[str, Any]], commit: str) -> str:
    first = rows[0]
    seeds = f"0 to {first['chunks'] - 1}" if first["chunks"] else "all cases"
    tried, judged = (sum(row.get(name, 0) for row in rows) for name in ("tried", "judged"))
    failed = sum(row["outcome"] != "passed" for row in rows)
    cells = (first["of"], f"`{first['law']}`", seeds, f"{tried:,}", f"{judged:,}", failed, commit)
    return f"| {' | '.join(map(str, cells))} |\n"


# --- the code that is proved ----------------------------------------------------------------


@dataclass(frozen=True)
class Tree:
    """The checkout: results are about its code, uncommitted changes included."""

    root: Path

    def hash(self) -> str:
        listed = self._git("ls-tree", "HEAD", "--", *CODE)
        return hashlib.sha256((listed + self.changes()).encode()).hexdigest()[:16]

    def changes(self) -> str:
        """The uncommitted changes, new files included; empty if there are none."""
        names = self._git("ls-files", "--others", "--exclude-standard", "--", *CODE).splitlines()
        texts = [(self.root / name).read_text("utf-8", "replace") for name in names]
        return "".join([self._git("diff", "HEAD", "--", *CODE), *names, *texts])

    def commit(self) -> str:
        return self._git("rev-parse", "--short", "HEAD").strip()

    def _git(self, *words: str) -> str:
        command = ["git", "-C", str(self.root), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

"""How much of a change in the code the tests notice: `make mutants` prints a score.

    python -m tests.mutation             150 mutants, seeded; goes on where it stopped
    python -m tests.mutation --room lint --count 40
    python -m tests.mutation --map       which tests run which line, written again

A mutant is the package with one operator, constant, call or return changed. It meets the tests that
run its line, of those without torch, nearest first, until one fails. It is known by its
text, not by its place, so that results outlive moves. `tests/unnoticed.txt` lists those that no
test can notice, with the reason.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".mutants"  # the map and the results: not committed
UNNOTICED = ROOT / "tests" / "unnoticed.txt"
ROOMS = ("syntax", "resolve", "analysis", "lint", "checkpoint", "backends")
FAST = "not torch and not slow"
FIRST = 40  # tests of the first run, nearest to the code
SECONDS = 300  # for all tests of a mutant: one that hangs is noticed

OPERATORS: dict[type, tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "+"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}


@dataclass(frozen=True)
class Mutant:
    path: str  # of the file, from the root
    line: int
    start: int  # bytes
    end: int
    before: str
    after: str
    key: str  # by the text around it

    def __str__(self) -> str:
        return f"{self.key} {self.path}:{self.line}: `{self.before}` -> `{self.after}`"

    def text(self, source: bytes) -> bytes:
        return source[: self.start] + self.after.encode() + source[self.end :]


# --- mutants ------------------------------------------------------------------------------------


def mutants_of(path: Path) -> Iterator[Mutant]:
    source = path.read_bytes()
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tree = ast.parse(source)
    seen: dict[str, int] = defaultdict(int)
    for function in _functions(tree):
        text = ast.unparse(function)
        for node in _nodes(function):
            for first, last, after in _changes(node, source, starts):
                before = source[first:last].decode()
                content = f"{text}\0{before}\0{after}"
                seen[content] += 1
                key = hashlib.sha256(f"{content}\0{seen[content]}".encode()).hexdigest()[:10]
                place = path.relative_to(ROOT).as_posix()
                line = source[:first].count(b"\n") + 1
                yield Mutant(place, line, first, last, before, after, key)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """The functions of a module and of its classes; inner ones belong to the outer."""
    for node in tree.body:
        for each in [node, *(node.body if isinstance(node, ast.ClassDef) else ())]:
            if isinstance(each, ast.FunctionDef):
                yield each


def _nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Everything that runs in a function: no annotations, no texts that stand alone."""
    todo: list[ast.AST] = [*function.args.defaults, *function.body]
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        yield node
        for name, value in ast.iter_fields(node):
            if name not in {"annotation", "returns"}:
                items = value if isinstance(value, list) else [value]
                todo += [item for item in items if isinstance(item, ast.AST)]


def _changes(node: ast.AST, source: bytes, starts: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    def place(each: ast.expr) -> tuple[int, int]:
        assert each.end_lineno is not None
        assert each.end_col_offset is not None
        first = starts[each.lineno - 1] + each.col_offset
        return first, starts[each.end_lineno - 1] + each.end_col_offset

    def said(each: ast.expr) -> str:
        first, last = place(each)
        return source[first:last].decode()

    def between(left: ast.expr, right: ast.expr, kind: type) -> Iterator[tuple[int, int, str]]:
        word, other = OPERATORS[kind]
        first, last = place(left)[1], place(right)[0]
        at = source.find(word.encode(), first, last)
        if at >= 0 and b"#" not in source[first:last]:
            yield at, at + len(word), other

    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            if not any(
                isinstance(each, ast.Constant | ast.JoinedStr) and _is_text(each)
                for each in (left, right)
            ):
                yield from between(left, right, type(op))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            yield from between(left, right, type(op))
        case ast.BoolOp(op=op, values=[left, right, *_]):
            yield from between(left, right, type(op))
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            first, last = place(node)
            yield first, last, f"bool({said(inner)})"
        case ast.Constant(value=bool() as value):
            yield *place(node), str(not value)
        case ast.Constant(value=int() as value):
            yield *place(node), str(value + 1)
        case ast.Call(args=[one, other, *_]) if said(one) != said(other):
            yield place(one)[0], place(other)[1], f"{said(other)}, {said(one)}"
        case ast.Call(args=[ast.expr() as one], keywords=[]) if not isinstance(
            one, ast.Starred | ast.GeneratorExp
        ):
            yield *place(node), f"({said(one)})"
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield *place(value), "None"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str)


def sample(rooms: Sequence[str], count: int, seed: int) -> list[Mutant]:
    """So many in all, as many from each room: those of the lowest numbers of a seeded hash."""
    found: list[Mutant] = []
    for index, room in enumerate(rooms):
        paths = sorted((ROOT / "archgen" / room).rglob("*.py"))
        known = [mutant for path in paths for mutant in mutants_of(path)]
        number = lambda each: hashlib.sha256(f"{seed} {each.key}".encode()).digest()  # noqa: E731
        share = count // len(rooms) + (index < count % len(rooms))
        found += sorted(known, key=number)[:share]
    return found


# --- which tests run which line -------------------------------------------------------------------

PLUGIN = """
import coverage, pytest
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    coverage.Coverage.current().switch_context(item.nodeid)
"""


def make_map(marks: str, workers: int) -> None:
    """Run the tests of a copy once under coverage: for each line, the tests that ran it."""
    KEPT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(Path(folder).resolve())
        (copy / "mutation_contexts.py").write_text(PLUGIN)
        known = _mapped(copy, marks, workers)
    (KEPT / "map.json").write_text(json.dumps(known))


def _mapped(copy: Path, marks: str, workers: int) -> dict[str, object]:
    files = sorted(
        path.relative_to(copy).as_posix() for path in (copy / "tests").rglob("test_*.py")
    )
    random.Random(0).shuffle(files)
    command = [sys.executable, "-m", "coverage", "run", "--source", "archgen", "-m", "pytest"]
    command += ["-q", "-p", "mutation_contexts", "-p", "no:cacheprovider", "-m", marks]

    def run(shard: int) -> Path:
        data = copy / f"coverage.{shard}"
        environment = {**os.environ, "COVERAGE_FILE": str(data), "PYTHONPATH": str(copy)}
        with open(KEPT / f"map.{shard}.log", "w") as log:
            words = [*command, *files[shard::workers]]
            subprocess.run(words, cwd=copy, env=environment, stdout=log, check=False)
        return data

    with ThreadPoolExecutor(workers) as pool:
        shards = list(pool.map(run, range(workers)))
    tests: dict[str, int] = {}
    lines: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for shard in shards:
        for place, line, test in _ran(shard, copy):
            lines[place][line].append(tests.setdefault(test, len(tests)))
    texts = {place: (copy / place).read_text(encoding="utf-8") for place in lines}
    return {"tests": list(tests), "lines": lines, "texts": texts}


def _ran(shard: Path, copy: Path) -> Iterator[tuple[str, int, str]]:
    from coverage import CoverageData

    data = CoverageData(str(shard))
    data.read()
    for name in data.measured_files():
        place = Path(name).relative_to(copy).as_posix()
        for line, contexts in data.contexts_by_lineno(name).items():
            yield from ((place, line, test) for test in contexts if test)


def tests_of(mutant: Mutant, known: dict) -> list[str]:  # type: ignore[type-arg]
    """The tests that run a mutant's line, those of its room first; lines that moved since the map
    was made are found by their text."""
    lines = known["lines"].get(mutant.path)
    if lines is None:
        return []
    now = (ROOT / mutant.path).read_text(encoding="utf-8").splitlines()
    text, old = now[mutant.line - 1], known["texts"][mutant.path].splitlines()
    alike = [number for number, each in enumerate(old, 1) if each == text]
    if not alike:
        return []
    nearest = min(alike, key=lambda number: abs(number - mutant.line))
    room = mutant.path.split("/")[1]
    found = [known["tests"][index] for index in lines.get(str(nearest), ())]
    shuffled = random.Random(mutant.key).sample(found, len(found))
    stem = Path(mutant.path).stem
    return sorted(shuffled, key=lambda test: (stem not in test, f"tests/{room}" not in test))


# --- running --------------------------------------------------------------------------------------


def noticed(mutant: Mutant, tests: Sequence[str], copy: Path) -> str:
    """The first test that fails; "" if none does."""
    target = copy / mutant.path
    source = (ROOT / mutant.path).read_bytes()
    target.write_bytes(mutant.text(source))
    try:
        for part in (tests[:FIRST], tests[FIRST:]):
            if part and (failed := _first_failure(part, copy)):
                return failed
    finally:
        target.write_bytes(source)
    return ""


def _first_failure(tests: Sequence[str], copy: Path) -> str:
    listed = copy / "mutant_tests.txt"
    listed.write_text("\n".join(tests))
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [*command, f"@{listed}"],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return "it does not end"
    if done.returncode == 0:
        return ""
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].split(" - ")[0] if failed else "the tests cannot be collected"


def copied(folder: Path) -> Path:
    """The working tree without what git ignores."""
    listed = ["git", "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def unnoticed() -> dict[str, str]:
    """The mutants that no test can notice, by key, and why."""
    lines = UNNOTICED.read_text(encoding="utf-8").splitlines() if UNNOTICED.exists() else []
    pairs = (line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    return dict(pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--room", action="append", choices=ROOMS)
    parser.add_argument("--marks", default=FAST, help="the tests that the map knows")
    parser.add_argument("--map", action="store_true", help="make the map again")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if options.map or not (KEPT / "map.json").exists():
        make_map(options.marks, options.workers)
    known = json.loads((KEPT / "map.json").read_text())
    results_path = KEPT / "results.json"
    results: dict[str, str] = json.loads(results_path.read_text()) if results_path.exists() else {}
    chosen = sample(options.room or ROOMS, options.count, options.seed)
    todo = [each for each in chosen if not results.get(each.key)]

    def run(share: Sequence[Mutant]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy = copied(Path(folder))
            for mutant in share:
                tests = tests_of(mutant, known)
                results[mutant.key] = noticed(mutant, tests, copy) if tests else ""
                results_path.write_text(json.dumps(dict(results), indent=1))
                print(mutant, "|", results[mutant.key] or f"unnoticed by {len(tests)}", flush=True)

    with ThreadPoolExecutor(options.workers) as pool:
        list(pool.map(run, (todo[at :: options.workers] for at in range(options.workers))))
    report(chosen, results)


def report(chosen: Sequence[Mutant], results: dict[str, str]) -> None:
    excused = unnoticed()
    left = [each for each in chosen if not results.get(each.key) and each.key not in excused]
    counted = [each for each in chosen if each.key not in excused]
    for mutant in left:
        print("unnoticed:", mutant)
    for room in sorted({each.path.split("/")[1] for each in counted}):
        mine = [each for each in counted if each.path.split("/")[1] == room]
        print(f"{room:12} {sum(each not in left for each in mine)} of {len(mine)}")
    score = 100 * (len(counted) - len(left)) / max(len(counted), 1)
    print(f"{len(counted) - len(left)} of {len(counted)} noticed: {score:.0f} %")


if __name__ == "__main__":
    main()

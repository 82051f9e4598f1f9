"""How the package is put together: who imports whom, and what stays true of every module."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import archgen
from tests.conftest import SLOW, TORCH, _place

PACKAGE = Path(archgen.__file__).parent
TESTS = Path(__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}

# A line imports from lines below it; what shares a line does not import its neighbour. An entry
# with a dot is a module that lies elsewhere than its folder.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("__init__",),
    ("review",),
    ("breakage", "weights"),
    ("comparison",),
    ("api", "convert"),
    ("operands",),
    ("importers",),
    ("versions",),
    ("loading",),
    ("checkpoint", "trial", "specs", "library"),
    ("limits", "live", "overrides", "exporting", "externs"),
    ("lint", "loaded"),
    ("backends", "highlighting"),
    ("analysis",),
    ("passes",),
    ("resolve",),
    ("cutting",),
    ("validate", "holdings"),
    ("traversal",),
    ("network",),
    ("formula",),
    ("git",),
    ("layers", "syntax"),
    ("shapes",),
    ("config", "sarif", "annotations"),
    ("diagnostics", "codes"),
    ("report",),
    ("snippet", "catalogue"),
    ("text", "resources", "seal", "replacing", "arguments"),
    ("foreign",),
    ("merges",),
    ("frozen", "closest", "as_json", "interning"),
)
# The rooms of the PyTorch backend, lowest first: none imports one that stands behind it.
PYTORCH = ("plan", "walk", "passes", "text")
LONGEST = 400


def part(module: str) -> str:
    """The part of the package that a module belongs to: `archgen.resolve.values` -> `resolve`."""
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


@cache
def imports(module: str) -> tuple[str, ...]:
    """Every module that a module imports, in functions too; type checking aside."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    nodes = [node for node in ast.walk(tree) if id(node) not in skipped]
    return tuple(_imported(module, nodes))


@cache
def mentions(module: str) -> tuple[str, ...]:
    """The same, with what is imported for type checking."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    return tuple(_imported(module, ast.walk(tree)))


def _imported(module: str, nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in MODULES else str(node.module) for name in names)


def test_every_part_has_its_place() -> None:
    listed = [name for line in LAYERS for name in line]
    assert len(listed) == len(set(listed))
    assert {part(module) for module in MODULES} == set(listed)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_downwards(module: str) -> None:
    height = {name: -line for line, names in enumerate(LAYERS) for name in names}
    for imported in imports(module):
        if imported.partition(".")[0] != "archgen":
            continue
        here, there = part(module), part(imported)
        assert height[there] < height[here] or here == there, f"{module} imports {imported}"


def folders() -> Iterator[tuple[str, dict[str, set[str]]]]:
    """Each folder with its modules and folders, and which of these import which, with what is
    imported for type checking. The folder itself is its `__init__`."""
    for folder, path in MODULES.items():
        if path.name != "__init__.py":
            continue
        parts: dict[str, set[str]] = {}
        for module in MODULES:
            if here := _part_of(folder, module):
                imported = {_part_of(folder, other) for other in mentions(module)}
                parts.setdefault(here, set()).update(filter(None, imported - {here}))
        yield folder, parts


def _part_of(folder: str, module: str) -> str:
    """The module or folder in a folder that a module is, or lies in; nothing if it lies outside."""
    if module == folder:
        return folder
    start, _, rest = module.partition(f"{folder}.")
    return f"{folder}.{rest.partition('.')[0]}" if rest and not start else ""


def circles(parts: dict[str, set[str]]) -> Iterator[frozenset[str]]:
    """Parts that all reach each other (Tarjan's strongly connected components)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []

    def visit(part: str) -> Iterator[frozenset[str]]:
        number[part] = lowest[part] = len(number)
        path.append(part)
        for other in sorted(parts[part]):
            if other not in number:
                yield from visit(other)
            if other in path:
                lowest[part] = min(lowest[part], lowest[other])
        if lowest[part] == number[part]:
            circle = frozenset(path[path.index(part) :])
            del path[path.index(part) :]
            if len(circle) > 1:
                yield circle

    for part in parts:
        if part not in number:
            yield from visit(part)


def test_no_import_goes_in_a_circle() -> None:
    """Neither among the modules of a folder, nor among its folders, nor between the two: so none
    among all modules."""
    for folder, parts in folders():
        for circle in circles(parts):
            shown = ", ".join(sorted(circle))
            raise AssertionError(f"in {folder} these import each other: {shown}")


def test_a_circle_is_found() -> None:
    parts = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": set(), "e": {"d"}}
    assert set(circles(parts)) == {frozenset("abc")}


def test_the_rooms_of_the_pytorch_backend_stand_on_each_other() -> None:
    """And passes and text do not know the walk: what it found out is in the plan."""
    room = "archgen.backends.pytorch."
    for module in MODULES:
        here, *_ = module.removeprefix(room).split(".")
        if not module.startswith(room) or here not in PYTORCH:
            continue
        for other in mentions(module):
            there, *_ = other.removeprefix(room).split(".")
            if other.startswith(room):
                allowed = there in PYTORCH[: PYTORCH.index(here) + 1]
                assert allowed, f"{module} imports {other}"
                assert there != "walk" or here == "walk", f"{module} imports {other}"


def test_what_a_link_does_knows_no_statement() -> None:
    """Statements dispatch to links, and links to what applies them; braces are run by the frame."""
    room = "archgen.resolve.interpret"
    above = {
        name: {module for module in MODULES if f"{room}.{name}" in mentions(module)}
        for name in ("statements", "links")
    }
    assert above == {"statements": {"archgen.resolve.instances"}, "links": {f"{room}.statements"}}


def test_commands_import_no_command() -> None:
    """What two of them need is a module beside them."""
    from archgen.cli.app import COMMANDS

    commands = {f"archgen.cli.{name}" for name in COMMANDS.values()}
    assert not {(one, other) for one in commands for other in mentions(one) if other in commands}


def test_torch_is_imported_by_few_modules() -> None:
    """One executes source, one names axes for exporters, one reads and writes checkpoints, five
    run modules of PyTorch."""
    found = {
        module
        for module in MODULES
        for name in imports(module)
        if name.partition(".")[0] in {"torch", "torchvision"}
    }
    names = ("trace", "described", "prove", "measure", "surroundings")
    importers = {f"archgen.importers.{name}" for name in names}
    assert found == {"archgen.live", "archgen.exporting", "archgen.checkpoint.tensors", *importers}


@cache
def _needs_torch(path: Path) -> bool:
    """Whether a file of the tests imports torch as it is imported."""
    text = path.read_text(encoding="utf-8")
    names: list[str] = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            names += [item.name for item in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module or "", *(f"{node.module}.{item.name}" for item in node.names)]
    files = (TESTS.parent / f"{name.replace('.', '/')}.py" for name in names)
    return (
        any(re.match(r"torch(vision)?\b|safetensors\.torch\b", name) for name in names)
        or bool(re.search(r"^(\w+ = )?pytest\.importorskip\(.torch", text, re.MULTILINE))
        or any(_needs_torch(each) for each in files if each.is_file() and TESTS in each.parents)
    )


def test_make_check_imports_no_torch() -> None:
    """All tests of a file that imports torch are marked, or left out as slow."""
    files = [path for path in TESTS.rglob("test_*.py") if not _place(path).startswith(SLOW)]
    fast = [path for path in files if not TORCH.search(path.read_text(encoding="utf-8"))]
    assert [_place(path) for path in fast if _needs_torch(path)] == []


def test_pygments_is_imported_by_the_lexer_alone() -> None:
    """And the lexer by nothing, so that nothing else needs Pygments."""
    lexer = "archgen.highlighting.lexer"
    imported = [(module, name) for module in MODULES for name in imports(module)]
    assert {module for module, name in imported if name.startswith("pygments")} == {lexer}
    assert lexer not in {name for _, name in imported}


def test_modules_are_short() -> None:
    long = {
        module
        for module, path in MODULES.items()
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST
    }
    assert not long


@pytest.mark.parametrize("module", MODULES)
def test_modules_say_what_they_are_for(module: str) -> None:
    text = MODULES[module].read_text(encoding="utf-8")
    assert not text or ast.get_docstring(ast.parse(text))


def test_public_names() -> None:
    assert set(archgen.__all__) <= set(dir(archgen))
    for name in archgen.__all__:
        assert getattr(archgen, name).__module__.startswith("archgen")
        assert getattr(archgen, name).__doc__
    assert sorted(archgen.__all__) == [
        "ArchError",
        "Diagnostic",
        "Difference",
        "ImportFault",
        "Network",
        "breaking",
        "build",
        "check",
        "check_weights",
        "compare",
        "convert_resnext",
        "diff",
        "draw",
        "dynamic_shapes",
        "expression",
        "from_module",
        "load",
        "loads",
        "shipped",
        "source",
        "summary",
        "transfer",
    ]


def test_what_the_documentation_calls_is_public() -> None:
    root = PACKAGE.parent
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    called = {
        name
        for page in pages
        if page.is_file()
        for name in re.findall(r"\barchgen\.([a-z_]+)\(", page.read_text(encoding="utf-8"))
    }
    assert called <= set(archgen.__all__)


def test_every_decision_is_in_the_index_once() -> None:
    """Under its area, at the top of `docs/DECISIONS.md`, by its title."""
    text = (PACKAGE.parent / "docs" / "DECISIONS.md").read_text(encoding="utf-8")
    decisions = re.findall(r"^## (\d+\. .+)$", text, flags=re.MULTILINE)
    index = re.findall(r"^- (\d+\. .+)$", text.partition("\n## ")[0], flags=re.MULTILINE)
    assert sorted(index) == sorted(decisions)
    assert [int(each.partition(".")[0]) for each in decisions] == [*range(1, len(decisions) + 1)]


def test_importing_archgen_imports_nothing_of_it() -> None:
    code = "import sys, archgen; print(*(m for m in sys.modules if m.startswith('archgen.')))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


CHECK = """
import sys
from archgen.cli.app import run
assert run(["check", sys.argv[1]]) == 0
print(*sorted(sys.modules))
"""


def test_a_check_imports_no_more_than_it_needs(
    tmp_path: Path, golden: Callable[[str, str], None]
) -> None:
    """A check runs on every save: what is imported for a clean spec is paid for every time.

    Not Lark, whose tables are kept; nothing that only a mistake needs. Whoever adds a module to
    the golden adds its time to every check: measure it (`python benchmarks/run.py check`).
    """
    spec = str(PACKAGE.parent / "specs" / "resnet50.arch")
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", CHECK, spec]
    for _ in range(2):  # the first run makes the tables
        run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    loaded = run.stdout.splitlines()[-1].split()
    assert not {"lark", "difflib"} & set(loaded)
    ours = [name for name in loaded if name.startswith("archgen.")]
    golden("check_imports.txt", "\n".join(ours) + "\n")


@pytest.mark.torch
def test_reserved_names_are_those_of_torch() -> None:
    from torch import nn

    from archgen.resolve.reserved import MODULE_ATTRIBUTES

    owned = {name for kind in (nn.Module, nn.Sequential) for name in dir(kind())}
    owned |= set(nn.Module().__dict__)
    assert {name for name in owned if not name.startswith("__")} == set(MODULE_ATTRIBUTES)

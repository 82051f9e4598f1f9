"""How the package is put together: who imports whom, and what stays true of every module."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import archgen

PACKAGE = Path(archgen.__file__).parent
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
    ("breakage", "importers", "weights"),
    ("comparison",),
    ("versions",),
    ("api", "convert"),
    ("checkpoint", "trial", "specs"),
    ("limits", "live", "overrides"),
    ("lint", "loaded"),
    ("backends", "analysis", "highlighting"),
    ("passes",),
    ("resolve",),
    ("network",),
    ("git",),
    ("layers", "syntax"),
    ("shapes",),
    ("report", "config", "sarif", "annotations"),
    ("snippet",),
    ("diagnostics", "codes"),
    ("text", "resources", "seal", "replacing", "arguments"),
    ("foreign",),
    ("frozen", "closest", "as_json"),
)
# Against the order, each with its reason.
ALLOWED = {
    ("diagnostics", "report"),  # `str(ArchError)` renders, when it is asked for
    ("backends", "analysis"),  # tables and diagrams are of figures
}
LONGEST = 400


def part(module: str) -> str:
    """The part of the package that a module belongs to: `archgen.resolve.flow` -> `resolve`."""
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


def imports(module: str) -> Iterator[str]:
    """Every module that a module imports, in functions too; type checking aside."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
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
        lower = height[there] < height[here] or here == there
        assert lower or (here, there) in ALLOWED, f"{module} imports {imported}"


def test_torch_is_imported_by_few_modules() -> None:
    """One executes source, one reads and writes checkpoints, three run modules of PyTorch."""
    found = {
        module
        for module in MODULES
        for name in imports(module)
        if name.partition(".")[0] in {"torch", "torchvision"}
    }
    importers = {f"archgen.importers.{name}" for name in ("trace", "prove", "factory")}
    assert found == {"archgen.live", "archgen.checkpoint.tensors", *importers}


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
        "convert_resnext",
        "diff",
        "draw",
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

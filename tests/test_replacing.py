"""Files are written whole, by one module, and on Windows too."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import archgen
from archgen import replacing
from archgen.cli.app import run
from archgen.syntax import grammar
from tests.test_architecture import MODULES

WRITES = {"write_bytes", "write_text", "mkstemp", "NamedTemporaryFile", "fsync", "fdopen"}
# It gets a draft to write to, since tensors are not bytes in memory.
DRAFTS = "archgen.checkpoint."


def writes(module: str) -> Iterator[str]:
    """The calls of a module that make files."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        modes = [
            each.value
            for each in (*node.args, *(k.value for k in node.keywords))
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        opened = name == "open" and any(set(mode) & set("wax+") for mode in modes if len(mode) < 4)
        if name in WRITES or opened or ast.unparse(node.func) in {"os.replace", "os.rename"}:
            yield ast.unparse(node)


def test_one_module_writes_files() -> None:
    found = {module: list(writes(module)) for module in MODULES}
    writers = {module for module, calls in found.items() if calls}
    assert {each for each in writers if not each.startswith(DRAFTS)} == {
        "archgen.replacing",
        "archgen.git",  # a revision, into a new folder of its own
    }


@pytest.fixture
def as_on_windows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """`fsync` is `FlushFileBuffers` there, which refuses a file that was opened to read."""
    fcntl = pytest.importorskip("fcntl")
    flushed: list[int] = []

    def flush(handle: int) -> None:
        if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(9, "Bad file descriptor")
        flushed.append(handle)

    monkeypatch.setattr(os, "fsync", flush)
    return flushed


def test_every_writer_works_on_windows(tmp_path: Path, as_on_windows: list[int]) -> None:
    spec = tmp_path / "net.arch"
    spec.write_text("arch net {\n  input(3, 8, 8)\n  conv(8,3)  ->  relu\n}\n")
    for count, command in enumerate(
        (
            ["fmt", str(spec)],
            ["build", str(spec), "-o", str(tmp_path / "net.py")],
            ["draw", str(spec), "-o", str(tmp_path / "net.mmd")],
        ),
        start=1,
    ):
        assert run(command) == 0
        assert len(as_on_windows) == count
    archgen.draw(archgen.load(str(spec))).save(tmp_path / "net.dot")
    grammar._store({}, tmp_path / "cache" / "tables.json")
    assert len(as_on_windows) == 5
    assert sorted(os.listdir(tmp_path)) == ["cache", "net.arch", "net.dot", "net.mmd", "net.py"]


def test_a_drawing_that_cannot_be_written_leaves_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.dot"
    path.write_text("before")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        archgen.draw(archgen.load("resnet18")).save(path)
    assert os.listdir(tmp_path) == ["net.dot"]
    assert path.read_text() == "before"


def test_the_mode_of_a_new_file(tmp_path: Path) -> None:
    replacing.replace(tmp_path / "private", b"x", mode=0o600)
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600

"""A spec is the same spec with `\\n` and `\\r\\n`, read from disk, git or Python, by any path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import archgen
from archgen import versions
from archgen.backends.json import render
from archgen.cli.app import run
from archgen.seal import origin, seal
from tests.repositories import Repository

SPECS = sorted({path for _, path in archgen.shipped()})
TEXT = '''use "blocks/parts.arch"
use residual

# a comment
arch net(classes=10) {
  """A network.

  Its documentation has lines."""
  input(3, 32, 32)
  first = conv(16, 3)  # another
  stem = { unit(16) -> dropout(0.5) }
  stage(basic, 16, n=2)
  expect depth > 3
  global_avgpool -> flatten -> linear(classes)
}
'''
PARTS = 'block unit(out) {\n  """A unit.\n\n  Of two layers."""\n  conv(out, 3) -> relu\n}\n'


def windows(text: str) -> str:
    return text.replace("\n", "\r\n")


def everything(network: archgen.Network) -> tuple[object, ...]:
    source = archgen.source(network)
    return network.digest, source, seal(source), render(network)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_shipped_specs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    text = path.read_text(encoding="utf-8")
    name = next(name for name, file in archgen.shipped() if file == path)
    first, second = (archgen.loads(each, name) for each in (text, windows(text)))
    assert everything(first) == everything(second)


@pytest.fixture
def texts() -> tuple[dict[str, str], dict[str, str]]:
    plain = {"net.arch": TEXT, "blocks/parts.arch": PARTS}
    return plain, {name: windows(text) for name, text in plain.items()}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder


def test_every_reading_path(
    tmp_path: Path,
    texts: tuple[dict[str, str], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two line endings, on disk, as a blob of git, as a text; by a relative and a whole path."""
    found = []
    for name, files in zip(("plain", "windows"), texts, strict=True):
        folder = written(tmp_path / name, files)
        repository = Repository(folder)
        repository.git("config", "core.autocrlf", "false")
        repository.commit({})
        assert (b"\r\n" in (folder / "net.arch").read_bytes()) == (name == "windows")
        monkeypatch.chdir(folder)
        found += [
            archgen.load("net.arch"),
            archgen.load("./net.arch"),
            archgen.load(folder / "net.arch"),
            archgen.loads(files["net.arch"]),
            versions.load("HEAD:net.arch"),
            versions.load("HEAD:./net.arch:net"),
        ]
    facts = [everything(network)[0] for network in found]
    assert len(set(facts)) == 1, facts
    sources = {archgen.source(each).replace("<text>.arch", "net.arch") for each in found}
    assert len(sources) == 1
    assert all(archgen.diff(found[0], each).same for each in found)
    assert archgen.breaking(found[0], found[-1]) == []


def test_a_build_is_up_to_date_after_a_checkout_with_other_line_endings(tmp_path: Path) -> None:
    """The sealed source too may have been converted."""
    spec, target = tmp_path / "net.arch", tmp_path / "net.py"
    spec.write_text(TEXT.replace('use "blocks/parts.arch"\n', "").replace("unit(16)", "relu"))
    assert run(["build", str(spec), "-o", str(target)]) == 0
    before = target.read_text()
    spec.write_bytes(windows(spec.read_text()).encode())
    target.write_bytes(windows(before).encode())
    assert origin(target.read_bytes().decode()) == "sealed"
    assert run(["build", str(spec), "-o", str(target)]) == 0
    assert target.read_text() == before
    assert sorted(os.listdir(tmp_path)) == ["net.arch", "net.py"]

"""Every code has an example that fails with it and with nothing else, and one that passes; and
every code that the package gives has an entry."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

import archgen
from archgen import api, breakage, config, limits, trial, versions
from archgen.analysis.breaking import Category
from archgen.checkpoint.contents import contents
from archgen.checkpoint.fit import check_fits
from archgen.checkpoint.loading import fitting
from archgen.checkpoint.plan import check_whole, plan
from archgen.checkpoint.read import read
from archgen.cli.operands import load
from archgen.cli.spec import Settings
from archgen.codes import CODES
from archgen.codes.entry import Code
from archgen.config.schema import Breaking, Config, Exemption
from archgen.diagnostics import ArchError, Diagnostic, Fault, Severity
from archgen.lint import OPT_IN
from tests import checkpoints
from tests.repositories import Repository

NETS = """
def tiny(forgotten=False):
    from torch import nn
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 10)
            if forgotten:
                self.forgotten = nn.Linear(8, 10)
        def forward(self, x):
            return self.fc(x)
    return Net()

def broken():
    raise ValueError("no such file")

def classes():
    return 10

def forgetful():
    return tiny(forgotten=True)

def waits():
    import time
    time.sleep(60)
"""
DEFORM = """
extern deform(out, offset) = "torchvision.ops:DeformConv2d"(channels, out, 3, padding=1) {
  output [out, shape[1], shape[2]]
  param weight = [out, channels, 3, 3]
  param bias = [out]
}

arch net {
  input(4, 16, 16)
  offsets = conv(18, 3)
  from input -> deform(8, offset=from offsets)
}
"""
PACKAGE = Path(archgen.__file__).parent
SEVERITIES = {"A": "error", "W": "warning"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the files that the examples of A5xx speak of."""
    (tmp_path / "folder.arch").mkdir()
    (tmp_path / "deform.arch").write_text(DEFORM)
    (tmp_path / "biased.arch").write_text(DEFORM.replace("  param bias = [out]\n", ""))
    (tmp_path / "enormous.arch").write_text("#" * (2 << 20))
    (tmp_path / "damaged.safetensors").write_bytes(b"\x08" + bytes(7) + b'{"a": 1}')
    checkpoints.write(tmp_path / "net.safetensors", {"fc.weight": [10, 8], "fc.bias": [10]})
    checkpoints.write(tmp_path / "other.safetensors", {"head.weight": [10, 8], "head.bias": [10]})
    (tmp_path / "latin1.arch").write_bytes("# Schicht für Schicht\n".encode("latin-1"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMAND = re.compile(
    r"(?P<settings>(\w+=\S* )*)archgen (?P<name>diff|weights|transfer|build|summary) (?P<words>.+)"
)
OF_BUILDING = {"A122", "A126", "A405"}  # a spec that shows them is sound
FEATURES = {"A126": ["stem"]}  # as their explanation asks for
OF_CONFIGURATION = {"A510", "A511"}  # its examples are those of an `archgen.toml`


def found(code: str, text: str) -> Iterator[Diagnostic]:
    """What checking a spec finds; for a code of building, what building its live model finds."""
    if code in OF_CONFIGURATION:
        yield from configured(text)
        return
    Path("net.arch").write_text(text)
    if code in OPT_IN:
        Path("archgen.toml").write_text(f'[lint]\nenable = ["{code}"]\n')
    yield from api.check_paths(["net.arch"], lint=code.startswith("W"))
    if code not in OF_BUILDING:
        return
    try:
        network = archgen.load("net.arch", features=FEATURES.get(code, []))
        limits.check_buildable(network, network.params, meta=False)
    except ArchError as refused:
        yield from refused.diagnostics


def configured(text: str) -> Sequence[Diagnostic]:
    """What reading a configuration finds."""
    Path("archgen.toml").write_text(text)
    try:
        config.load()
    except Fault as fault:
        return [fault.diagnostic]
    except ArchError as refused:
        return refused.diagnostics
    return []


def refused(command: re.Match[str]) -> Sequence[Diagnostic]:
    """What a command line finds, up to where it would write."""
    words = shlex.split(command["words"], comments=True)
    with pytest.MonkeyPatch.context() as patch:
        for setting in shlex.split(command["settings"]):
            patch.setenv(*setting.split("="))
        try:
            RUN[command["name"]](*words)
        except ArchError as fault:
            return fault.diagnostics
    return []


def diff(*specs: str) -> None:
    for spec in specs:
        versions.load(spec)


def weights(checkpoint: str, spec: str) -> None:
    read(checkpoint)


def transfer(old: str, new: str, checkpoint: str, *options: str) -> None:
    before, after = versions.load(old), versions.load(new)
    check_fits(before, contents(read(checkpoint).state), checkpoint, "A522")
    made = plan(before, after)
    if "--allow-new" not in options:
        check_whole(made)


def build(spec: str, option: str = "", value: str = "") -> None:
    network = archgen.load(spec)
    if option != "--weights":
        trial.build(network, allowed=(value,))
        return
    checkpoint = value
    fitting(read(checkpoint).state, network, network)


@cache
def summary(*words: str) -> None:
    """Of a module, in a process; what the same words find is asked for once."""
    spec, *options = words
    given = dict(zip(options[::2], options[1::2], strict=True))
    sizes = tuple(filter(None, [given.get("--input")]))
    load(spec, Settings((), sizes, timeout=float(given.get("--timeout", 600))))


RUN = {"diff": diff, "weights": weights, "transfer": transfer, "build": build, "summary": summary}
COMMANDS = [
    pytest.param(entry, marks=[pytest.mark.torch] if "py:" in entry.fails else [], id=entry.code)
    for entry in CODES.values()
    if COMMAND.fullmatch(entry.fails)
]
CHANGES = [entry for entry in CODES.values() if entry.before]
SPECS = [
    entry for entry in CODES.values() if not COMMAND.fullmatch(entry.fails) and entry not in CHANGES
]


@pytest.mark.parametrize("entry", COMMANDS)
def test_one_command_fails_and_one_passes(entry: Code, folder: Path) -> None:
    repository = Repository(folder)
    repository.commit({"net.arch": "arch net { input(8); fc = linear(10) }\n"})
    Path("new.arch").write_text("arch net { input(8); fc = linear(10) }\n")
    Path("other.arch").write_text("arch net { input(8); head = linear(10) }\n")
    Path("nets.py").write_text(NETS)
    Path("longer.arch").write_text("arch net { input(8); fc = linear(10); head = linear(4) }\n")
    fails, passes = COMMAND.fullmatch(entry.fails), COMMAND.fullmatch(entry.passes)
    assert fails
    assert passes
    assert {item.code for item in refused(fails)} == {entry.code}
    assert refused(passes) == []


@pytest.mark.parametrize("entry", SPECS, ids=lambda entry: entry.code)
def test_one_example_fails_and_one_passes(entry: Code, folder: Path) -> None:
    diagnostics = list(found(entry.code, entry.fails))
    assert {item.code for item in diagnostics} == {entry.code}
    assert {item.severity.value for item in diagnostics} == {SEVERITIES[entry.code[0]]}
    assert list(found(entry.code, entry.passes)) == []


ALLOWED = Exemption(spec="after/net.arch", category="numerics", reason="it is better")


def broken_by(entry: Code, after: str) -> list[Diagnostic]:
    """What a change breaks; for the code of exceptions, where one is made for it."""
    for folder, text in (("before", entry.before), ("after", after)):
        Path(folder).mkdir(exist_ok=True)
        Path(folder, "net.arch").write_text(text)
    exceptions = (ALLOWED,) if entry.code == "B001" else ()
    table = Breaking(categories=tuple(map(str, Category)), exceptions=exceptions)
    rules = breakage.Rules.of(Config(breaking=table))
    return breakage.judge(versions.between_folders("before", "after"), rules).diagnostics


@pytest.mark.parametrize("entry", CHANGES, ids=lambda entry: entry.code)
def test_one_change_breaks_and_one_does_not(entry: Code, folder: Path) -> None:
    assert entry.code in {each.code for each in broken_by(entry, entry.fails)}
    found = broken_by(entry, entry.passes)
    assert [each for each in found if each.severity is not Severity.NOTE] == []


def test_every_code_that_is_given_is_explained() -> None:
    given = {
        code
        for file in PACKAGE.rglob("*.py")
        if file.parent.name != "codes"
        for code in re.findall(r'"([ABW][0-9]{3})"', file.read_text(encoding="utf-8"))
    }
    assert given == set(CODES)


def test_codes_are_in_order() -> None:
    assert list(CODES) == sorted(CODES)


@pytest.mark.parametrize("entry", CODES.values(), ids=CODES)
def test_entries_are_written_to_be_read(entry: Code) -> None:
    assert entry.title == entry.title.strip().rstrip(".")
    assert entry.explanation.strip().endswith((".", "`"))
    assert all(len(line) <= 100 for line in entry.explanation.splitlines())

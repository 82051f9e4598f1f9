"""`extern`: modules that are not ours in live models, if they may run and are as declared."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.ops import DeformConv2d

import archgen
from archgen.externs import VARIABLE
from tests.language.externs import ALLOWED, DEFORM, GATE, MIX, UNITS
from tests.strangers import Gate, Mix

pytestmark = pytest.mark.torch


class Plain(nn.Module):
    """The network of `DEFORM`, written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.offsets = nn.Conv2d(4, 18, 3, padding=1)
        self.deform1 = DeformConv2d(4, 8, 3, padding=1)
        self.linear1 = nn.Linear(960, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear1(torch.relu(self.deform1(x, self.offsets(x))).flatten(1))


class PlainUnit(nn.Module):
    def __init__(self, channels: int, out: int, kernel: int = 3) -> None:
        super().__init__()
        self.gate1 = Gate(channels, out, kernel, scale=0.5)
        self.conv1 = nn.Conv2d(channels, out, 1, bias=False) if channels != out else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.gate1(x) + (x if self.conv1 is None else self.conv1(x)))


class PlainUnits(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.unit1 = PlainUnit(3, 8)
        self.unit2 = PlainUnit(8, 16, 5)
        self.layers = nn.Sequential(PlainUnit(16, 16), PlainUnit(16, 16))
        self.linear1 = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear1(self.layers(self.unit2(self.unit1(x))).mean((2, 3)))


class PlainMix(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.b = nn.Conv2d(4, 4, 1, bias=False)
        self.linear1 = nn.Linear(4, 3)
        self.mix = Mix()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        a = self.a(x)
        b = self.b(a)
        c, d = self.mix(a, b)
        e, f = self.mix(c, a, b)
        return self.linear1(e.mean((2, 3)) + d + f)


@pytest.mark.parametrize(
    ("text", "plain"),
    [(DEFORM, Plain), (UNITS, PlainUnits), (MIX, PlainMix)],
    ids=["deform", "units", "mix"],
)
def test_as_plain_pytorch(text: str, plain: type[nn.Module]) -> None:
    net = archgen.loads(text)
    torch.manual_seed(0)
    theirs = plain().double()
    ours = archgen.build(net, dtype="float64", allow_extern=ALLOWED)
    assert [*ours.state_dict()] == [*theirs.state_dict()]
    for value in theirs.state_dict().values():
        if value.is_floating_point():
            value.copy_(torch.rand_like(value) + 0.1)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.randn(2, *net.input, dtype=torch.float64)
    for training in (True, False):
        results = []
        for model in (ours.train(training), theirs.train(training)):
            model.zero_grad()
            given = x.clone().requires_grad_()
            result = model(given)
            result.square().sum().backward()
            results.append([result, given.grad, *(each.grad for each in model.parameters())])
        for one, other in zip(*results, strict=True):
            assert torch.equal(one, other)
    assert net.params == sum(each.numel() for each in theirs.parameters())
    with FlopCounterMode(display=False) as counter, torch.device("meta"):
        plain()(torch.empty(1, *net.input))
    assert counter.get_total_flops() == 2 * net.macs


LIES = {
    "output [out, shape[1], shape[2]]": (
        "output [out, shape[1] - 1, shape[2]]",
        "it makes [8, 16, 16], and was to make [8, 15, 16]",
        "output [8, 16, 16]",
    ),
    'param "norm.bias" = [out]': ('param "norm.bis" = [out]', "`norm.bias` first", "norm.bias"),
    'param "norm.weight" = [out]': ('param "norm.weight" = [1]', "`norm.weight` first", "= [8]"),
    "buffer calls = []": ("param calls = []", "`calls` first", "buffer calls = []"),
    'buffer "norm.running_var" = [out]': ("", "`norm.running_var` first", "running_var"),
    "macs 2 * out": ("macs out", "PyTorch counts 110,592 MACs, not 55,296", "macs 110592"),
}


def test_a_name_that_the_file_has_already() -> None:
    text = UNITS.replace("block unit", "block gate_").replace("unit(", "gate_(")
    text = text.replace("stage(unit", "stage(gate_")
    model = archgen.build(archgen.loads(text), allow_extern=ALLOWED)
    assert sum(isinstance(each, Gate) for each in model.modules()) == 4


def refusal(text: str, *allowed: str) -> archgen.Diagnostic:
    with pytest.raises(archgen.ArchError) as raised:
        archgen.build(archgen.loads(text), allow_extern=allowed)
    return raised.value.diagnostics[0]


@pytest.mark.parametrize("allowed", [(), ("torchvision",), ("torchvision.ops:Deform",), ("*",)])
def test_what_nobody_allowed_does_not_run(allowed: tuple[str, ...]) -> None:
    fault = refusal(DEFORM, *allowed)
    assert fault.code == "A406"
    assert fault.span.text == "deform(8, offset=from offsets)"
    assert "--allow-extern torchvision.ops:DeformConv2d" in (fault.help or "")


@pytest.mark.parametrize(
    "value", ["torchvision.ops", "a:B, torchvision.ops:DeformConv2d", "x torchvision.ops"]
)
def test_the_environment_allows(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, value)
    assert archgen.build(archgen.loads(DEFORM)) is not None


def test_refused_before_anything_is_imported(tmp_path: Path) -> None:
    (tmp_path / "stranger.py").write_text("open('ran', 'w')\n")
    spec = DEFORM.replace("torchvision.ops:DeformConv2d", "stranger:Class")
    (tmp_path / "net.arch").write_text(spec)
    run = _build(tmp_path)
    assert run.returncode == 1
    assert "A406" in run.stderr
    assert not (tmp_path / "ran").exists()
    assert (tmp_path / "build" / "net.py").is_file()  # the text, which runs nothing
    assert "has no attribute 'Class'" in _build(tmp_path, "--allow-extern", "stranger").stderr
    assert (tmp_path / "ran").exists()


def _build(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archgen", "build", "net.arch", *options]
    path = os.pathsep.join(
        (str(Path(archgen.__file__).parents[1]), os.environ.get("PYTHONPATH", ""))
    )
    env = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, cwd=folder, env=env, text=True, capture_output=True)


@pytest.mark.parametrize("truth", LIES)
def test_a_declaration_that_lies_is_refused(truth: str) -> None:
    lie, told, help = LIES[truth]
    text = f"{GATE}\narch net {{ input(3, 16, 16); gate(8) }}\n"
    fault = refusal(text.replace(truth, lie, 1), *ALLOWED)
    assert fault.code == "A407"
    assert told in fault.message
    assert help in (fault.help or "")
    assert fault.span.text == "gate(8)"


def test_the_order_of_keys_is_declared() -> None:
    lines = ['  param "norm.weight" = [out]\n', '  param "norm.bias" = [out]\n']
    fault = refusal(UNITS.replace("".join(lines), "".join(reversed(lines))), *ALLOWED)
    assert (fault.code, "its order first" in fault.message) == ("A407", True)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("os:system", "system is no class of an nn.Module"),
        ("tests.strangers:maker", "maker is no class of an nn.Module"),
        ("tests.strangers:Missing", "has no attribute 'Missing'"),
        ("tests.missing:Gate", "No module named 'tests.missing'"),
        ("tests.strangers:Broken", "no such kernel"),
        ("tests.strangers:Alone", "a result has no batch"),
    ],
)
def test_what_cannot_be_built(target: str, reason: str) -> None:
    text = f"""extern odd = "{target}" {{ output shape }}
arch net {{ input(4, 8, 8); odd }}
"""
    fault = refusal(text, target)
    assert fault.code == "A407"
    assert reason in fault.message


def test_constants_of_the_file_count() -> None:
    text = UNITS.replace("scale=0.5", "scale=factor").replace(
        "extern", "let factor = 0.5\nextern", 1
    )
    one, other = archgen.loads(text), archgen.loads(text.replace("= 0.5", "= 0.25", 1))
    assert archgen.diff(one, archgen.loads(text)).same
    assert not archgen.diff(one, other).same
    model = archgen.build(other, allow_extern=ALLOWED)
    assert {each.scale for each in model.modules() if isinstance(each, Gate)} == {0.25}


def test_a_library_brings_externs(tmp_path: Path) -> None:
    (tmp_path / "gates.arch").write_text(GATE)
    (tmp_path / "net.arch").write_text(
        'use "gates.arch" as g\n\narch net {\n  input(3, 8, 8)\n  g.gate(8)\n'
        '  init("gate1.conv.weight", zeros)\n}\n'
    )
    model = archgen.build(tmp_path / "net.arch", allow_extern=["tests.strangers:Gate"])
    assert not model.state_dict()["gate1.conv.weight"].any()


def test_features_and_reuse() -> None:
    text = UNITS.replace("unit(16, kernel=5)", "unit(8) -> reuse unit2")
    net = archgen.loads(text.replace("stage(unit, 16, n=2)", "reuse unit2"))
    assert net.params < archgen.loads(text).params
    path = archgen.build(net, allow_extern=ALLOWED)
    assert len([each for each in path.modules() if isinstance(each, Gate)]) == 2

"""`extern`: modules that are not ours are declared, and held against what is declared."""

from __future__ import annotations

import os
import pickle
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
from tests.strangers import Gate, Mix

DEFORM = """extern deform(out, offset, kernel=3) = "torchvision.ops:DeformConv2d"(
  channels, out, kernel, padding=kernel // 2,
) {
  "Deformable convolution (Dai et al. 2017)."
  output [out, shape[1], shape[2]]
  param weight = [out, channels, kernel, kernel]
  param bias = [out]
}

arch net {
  input(4, 12, 10)
  offsets = conv(18, 3, bias=true)
  from input -> deform(8, offset=from offsets) -> relu
  flatten -> linear(5)
}
"""
GATE = """extern gate(out, kernel=3) = "tests.strangers:Gate"(channels, out, kernel, scale=0.5) {
  output [out, shape[1], shape[2]]
  buffer calls = []
  param "conv.weight" = [2 * out, channels, kernel, kernel]
  param "norm.weight" = [out]
  param "norm.bias" = [out]
  buffer "norm.running_mean" = [out]
  buffer "norm.running_var" = [out]
  buffer "norm.num_batches_tracked" = []
  macs 2 * out * channels * kernel ** 2 * shape[1] * shape[2]
}
"""
UNITS = f"""{GATE}
block unit(out, kernel=3) {{
  add {{
    gate(out, kernel=kernel)
    if input.channels != out {{ conv(out, 1) }} else {{ identity }}
  }}
  relu
}}

arch net {{
  input(3, 16, 16)
  unit(8) -> unit(16, kernel=5)
  layers = stage(unit, 16, n=2)
  global_avgpool -> flatten -> linear(5)
}}
"""
MIX = """extern mix(other, third=none) = "tests.strangers:Mix" {
  output [max(channels, other.channels), shape[1], shape[2]], [channels]
}

arch net {
  input(4, 8, 8)
  a = conv(4, 3)
  b = conv(4, 1)
  c, d = from a -> mix(from b)
  e, f = from c -> mix(from a, from b)
  from e -> global_avgpool -> flatten -> add { identity; from d; from f } -> linear(3)
}
"""
ALLOWED = ["torchvision.ops:DeformConv2d", "tests.strangers"]


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


def test_the_source_is_a_file_of_its_own(tmp_path: Path) -> None:
    source = archgen.source(archgen.loads(UNITS))
    assert "from tests.strangers import Gate" in source
    assert "runs code of tests.strangers" in " ".join(source.split())
    assert "self.gate1 = Gate(in_channels, out, kernel, scale=0.5)" in source
    assert "Needs only torch" not in source


def test_a_name_that_the_file_has_already() -> None:
    text = UNITS.replace("block unit", "block gate_").replace("unit(", "gate_(")
    text = text.replace("stage(unit", "stage(gate_")
    model = archgen.build(archgen.loads(text), allow_extern=ALLOWED)
    assert sum(isinstance(each, Gate) for each in model.modules()) == 4


def test_a_check_imports_nothing() -> None:
    text = DEFORM.replace("torchvision.ops:DeformConv2d", "no.such.module:Class")
    assert archgen.loads(text).params == Plain().linear1.weight.numel() + 5 + 666 + 296
    code = "import sys, archgen\narchgen.loads(sys.stdin.read())\nprint('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], input=DEFORM, text=True, capture_output=True)
    assert run.stdout == "False\n", run.stderr


# --- who may run --------------------------------------------------------------------------------


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


# --- declarations that are not so -----------------------------------------------------------------

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


# --- what is wrong with a text --------------------------------------------------------------------

MISTAKES = [
    ('extern e = "torch.nn" { output shape }', "A127", '"torch.nn"'),
    ('extern e = "torch.nn:class" { output shape }', "A127", '"torch.nn:class"'),
    ('extern e = "os; evil:X" { output shape }', "A127", '"os; evil:X"'),
    ('extern e = "a:B" { macs 0 }', "A127", "{"),
    ('extern e = "a:B" { output shape; outputs shape }', "A127", "outputs"),
    ('extern e = "a:B" { output shape; macs x = 3 }', "A127", "macs x = 3"),
    ('extern e = "a:B" { output shape; param [3] }', "A001", "["),
    ('extern e = "a:B" { output shape; output shape }', "A127", "output shape"),
    ('extern e = "a:B" { output shape; param a = [1]; buffer a = [1] }', "A127", "buffer a = [1]"),
    ('extern e = "a:B"(out) { output shape }', "A101", "out"),
    ('extern e = "a:B"(from x) { output shape }', "A113", "x"),
    ('extern e(a, a) = "a:B" { output shape }', "A103", "a"),
    ('extern e(depth) = "a:B" { output shape }', "A105", "depth"),
    ('extern e(shape) = "a:B" { output shape }', "A105", "shape"),
    ('extern e(a=b) = "a:B"(a) { output shape }', "A101", "b"),
    ('extern e(a=relu) = "a:B"(a) { output shape }', "A109", "relu"),
    ('extern e = "a:B"(k=1, 2) { output shape }', "A108", "2"),
    ('extern e = "a:B"(k=1, k=2) { output shape }', "A108", "k=2"),
    ('extern e = "a:B"(lambda=1) { output shape }', "A106", "lambda=1"),
    ('extern conv = "a:B" { output shape }', "A105", "conv"),
    ('extern e = "a:B" { "a"; output shape; "b" }', "A015", '"b"'),
]


@pytest.mark.parametrize(("text", "code", "place"), MISTAKES)
def test_mistakes_of_a_declaration(text: str, code: str, place: str) -> None:
    with pytest.raises(archgen.ArchError) as raised:
        archgen.loads(f"{text}\narch net {{ input(3, 8, 8); e }}\n")
    fault = raised.value.diagnostics[0]
    assert (fault.code, fault.span.text) == (code, place)


CALLS = [
    ("mix(3)", "A109", "3", "`other` goes to `forward`"),
    ("mix(none, from a)", "A109", "from a", "`forward` takes values in order"),
    ("mix(from a, third=3)", "A109", "third=3", "`third` goes to `forward`"),
    ("mix", "A107", "mix", "`other` is missing"),
    ("mix(from a, from a, 3)", "A108", "3", "at most 2 arguments"),
    ("sized(0)", "A127", "sized(0)", "has a size that is not from 1"),
    ("sized(1.5)", "A127", "sized(1.5)", "sizes are a list of integers"),
    ("sized(from a)", "A127", "sized(from a)", "sizes are a list of integers"),
    ("sized(relu)", "A109", "relu", "`n` must be"),
]


@pytest.mark.parametrize(("call", "code", "place", "message"), CALLS)
def test_mistakes_of_a_call(call: str, code: str, place: str, message: str) -> None:
    text = f"""extern mix(other=none, third=none) = "a:B" {{ output shape }}
extern sized(n) = "a:B"(n) {{ output [n, shape[1], shape[2]] }}
arch net {{
  input(3, 8, 8)
  a = conv(3, 3)
  {call}
}}
"""
    if call == "mix":
        text = text.replace("other=none", "other")
    with pytest.raises(archgen.ArchError) as raised:
        archgen.loads(text)
    fault = raised.value.diagnostics[0]
    assert (fault.code, fault.span.text) == (code, place)
    assert message in fault.message


def test_the_words_of_a_declaration_are_names_elsewhere() -> None:
    text = """block extern(out, macs=3) { params = conv(out, macs) -> relu }
arch net(output_=4) {
  input(3, 8, 8)
  let weight = 4
  extern(weight) -> extern(output_, macs=1)
}
"""
    assert archgen.loads(text).params == 3 * 4 * 9 + 16


# --- everything else that takes a network ---------------------------------------------------------


def test_equal_declarations_are_one_layer() -> None:
    other = "# elsewhere\n" + UNITS.replace("out, kernel=3) = ", "out,   kernel=3) = ", 1)
    assert archgen.diff(archgen.loads(UNITS), archgen.loads(other)).same


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("scale=0.5", "scale=0.25"),
        ("strangers:Gate", "strangers:Other"),
        ("output [out, shape[1], shape[2]]", "output [out, shape[2], shape[1]]"),
        ('"norm.bias" = [out]', '"norm.offset" = [out]'),
    ],
)
def test_a_changed_declaration_is_a_difference(before: str, after: str) -> None:
    found = archgen.diff(archgen.loads(UNITS), archgen.loads(UNITS.replace(before, after, 1)))
    assert not found.same
    assert {edit.what for edit in found.edits} >= {"gate(8)"}


def test_constants_of_the_file_count() -> None:
    text = UNITS.replace("scale=0.5", "scale=factor").replace(
        "extern", "let factor = 0.5\nextern", 1
    )
    one, other = archgen.loads(text), archgen.loads(text.replace("= 0.5", "= 0.25", 1))
    assert archgen.diff(one, archgen.loads(text)).same
    assert not archgen.diff(one, other).same
    model = archgen.build(other, allow_extern=ALLOWED)
    assert {each.scale for each in model.modules() if isinstance(each, Gate)} == {0.25}


def test_pickles() -> None:
    net = archgen.loads(UNITS)
    again = pickle.loads(pickle.dumps(net))
    assert archgen.diff(net, again).same
    assert archgen.source(again) == archgen.source(net)
    code = "import sys, pickle\nprint(pickle.load(sys.stdin.buffer).params)"
    run = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(net), capture_output=True)
    assert int(run.stdout) == net.params, run.stderr


def test_what_cannot_be_known_is_said() -> None:
    net = archgen.loads(UNITS)
    assert "not known" in str(net.sizes)
    assert "not known" in archgen.summary(net)
    assert set(net.figures.receptive_field) == {"unknown"}


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

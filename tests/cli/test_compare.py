"""`archgen compare`: two networks that ought to be one, side by side."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import archgen
from archgen.cli.app import group

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

SPEC = """\
arch port(classes=10) {{
  input(3, 8, 8)
  conv1 = conv(8, 3)
  bn1 = bn
  {act} -> mean([1, 2])
  fc = linear(classes)
}}
"""


class Net(nn.Module):
    def __init__(self, act: Any = torch.relu, width: int = 8) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.fc = nn.Linear(width, 10)
        self.act = act

    def forward(self, x: Any) -> Any:
        return self.fc(self.act(self.bn1(self.conv1(x))).mean((2, 3)))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder; what a process of its own would do is done here."""
    from archgen.importers import factory, process, worker

    monkeypatch.setattr(process, "run", lambda request, told: worker.done(request.task, told))
    monkeypatch.setattr(factory, "import_module", lambda name: sys.modules[__name__])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "port.arch").write_text(SPEC.format(act="relu"))
    (tmp_path / "wrong.arch").write_text(SPEC.format(act="relu6"))
    other = SPEC.format(act="relu").replace("fc =", "head =").replace("conv(8", "conv(6")
    (tmp_path / "keys.arch").write_text(other)
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(group, ["compare", *words], prog_name="archgen")
    return result.exit_code, result.stdout


def test_equal() -> None:
    status, said = run("port.arch", "py:here:Net")
    assert status == 0
    assert said == (
        "port.arch and py:here:Net: equal\n"
        "keys: 8 keys with equal shapes, in the same order\n"
        "outputs in evaluation: equal to the bit\n"
        "outputs in training: equal to the bit\n"
        "gradients: equal to the bit\n"
        "buffers after training: equal to the bit\n"
    )


def test_another_function() -> None:
    status, said = run("wrong.arch", "py:here:Net")
    assert status == 1
    outputs = said.splitlines()[2]
    assert outputs.startswith("outputs in evaluation: differ by ")
    assert outputs.endswith("; `fc` (Linear) is the first with another output")
    assert "of 5 differ" in said
    status, said = run("wrong.arch", "py:here:Net", "--format", "json")
    assert status == 1
    assert [each["equal"] for each in json.loads(said)["measured"]] == [False, False, False, True]


def test_other_keys() -> None:
    status, said = run("keys.arch", "py:here:Net", "--input", "3x8x8")
    assert status == 1
    rows = [line.split() for line in said.splitlines()[2:-1]]
    assert [
        "conv1.weight",
        *["6", "x", "3", "x", "3", "x", "3", "8", "x", "3", "x", "3", "x", "3"],
    ] in rows
    assert ["head", "2", "tensors", "-"] in rows
    assert ["fc", "-", "2", "tensors"] in rows
    assert said.endswith("the weights of one do not load into the other\n")
    data = json.loads(run("keys.arch", "py:here:Net", "--format", "json")[1])
    shapes = {each["key"]: (each["old"], each["new"]) for each in data["keys"]["differ"]}
    assert shapes["fc.bias"] == (None, [10])


def test_two_modules_and_two_specs() -> None:
    assert run("py:here:Net", "py:here:Net", "--input", "3x8x8")[0] == 0
    words = ("py:here:Net", "py:here:Net", "--input", "3x8x8", "--arg-new", "width=6")
    assert run(*words)[0] == 1
    assert run("port.arch", "wrong.arch")[0] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere.arch", "py:here:Net"), "error[A501]"),
        (("py:here:Net", "py:here:Net"), "error[A533]"),
        (("port.arch", "py:here:Net", "--input-new", "3x9x9"), "both are run on the same input"),
        (("port.arch", "py:here:Nett"), "did you mean `Net`?"),
    ],
)
def test_errors(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(group, ["compare", *words], prog_name="archgen")
    assert result.exit_code == 2
    assert said in result.output


def test_from_python() -> None:
    """Of modules that no spec can be written of, too; both are left as they are."""
    model = Net().eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    found = archgen.compare("port.arch", model)
    assert found.equal, found
    assert not archgen.compare("wrong.arch", model).equal
    twisted = Net(lambda x: torch.sort(x.relu(), 1).values)
    assert archgen.compare(twisted, twisted, input=(3, 8, 8)).equal
    found = archgen.compare(twisted, model, input=(3, 8, 8))
    assert "`fc` (Linear) is the first" in str(found)
    assert not model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_every_difference_is_seen() -> None:
    """A momentum, an epsilon, a slope: what equal keys and shapes do not say."""

    def changed(**settings: float) -> Net:
        net = Net()
        for name, value in settings.items():
            setattr(net.bn1, name, value)
        return net

    assert archgen.compare(changed(), Net(), input=(3, 8, 8)).equal
    for model in (
        changed(eps=1e-3),
        changed(momentum=0.2),
        Net(nn.functional.elu),
        Net(lambda x: x.relu() * 1.001),
    ):
        assert not archgen.compare(model, Net(), input=(3, 8, 8)).equal


def test_a_forward_that_fails_is_a_fault() -> None:
    with pytest.raises(archgen.ImportFault, match="A531") as fault:
        archgen.compare(Net(), Net(lambda x: x.nonsense), input=(3, 8, 8))
    assert "x.nonsense" in str(fault.value)
    with pytest.raises(TypeError, match="old is a module of PyTorch"):
        archgen.compare(Net(), Net())

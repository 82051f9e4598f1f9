"""Whatever stands for a network is taken wherever one is: a loaded one, a SPEC, a live module."""

from __future__ import annotations

from pathlib import Path

import pytest

import archgen
from archgen.cli.app import run
from tests.repositories import Repository

TINY = """\
arch tiny(classes=4) {
  input(3, 8, 8)
  conv = conv(6, 3)
  relu -> global_avgpool -> flatten
  fc = linear(classes)
}
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.chdir(tmp_path)
    made = Repository(tmp_path)
    made.commit({"tiny.arch": TINY})
    Path("tiny.arch").write_text(TINY.replace("conv(6, 3)", "conv(6, 5)"))
    return made


@pytest.mark.usefixtures("repository")
def test_a_spec_at_a_revision(capsys: pytest.CaptureFixture[str]) -> None:
    old = archgen.load("main:tiny.arch", classes=5)
    assert (old.params, old.output) == (6 * 27 + 6 * 5 + 5, (5,))
    assert "3, " in archgen.source("main:tiny.arch")
    for command in ("summary", "ir", "draw"):
        assert run([command, "main:tiny.arch:tiny", "--input", "3x16x16"]) == 0
    assert "190" in capsys.readouterr().out


@pytest.mark.torch
@pytest.mark.usefixtures("repository")
def test_a_live_module() -> None:
    torch = pytest.importorskip("torch")
    spec = archgen.load("tiny.arch")
    model = archgen.build(spec)
    state = model.state_dict()
    assert archgen.diff(spec, model).keys == archgen.diff(spec, spec).keys
    assert archgen.breaking(model, model, input=(3, 8, 8)) == []
    assert archgen.check_weights(state, model, input=(3, 8, 8)).fits
    assert archgen.transfer(model, spec, state).dropped == []
    assert "conv" in archgen.summary(model, input=(3, 8, 8))
    assert "Conv2d" in archgen.source(model, input=(3, 8, 8))
    assert "conv" in archgen.draw(model, input=(3, 8, 8)).dot
    made = archgen.build(model, input=(3, 8, 8))
    made.load_state_dict(state, strict=True)
    sample = torch.randn(1, 3, 8, 8)
    assert torch.equal(made.eval()(sample), model.eval()(sample))


@pytest.mark.torch
def test_a_live_module_needs_sizes() -> None:
    nn = pytest.importorskip("torch.nn")
    with pytest.raises(TypeError, match="network is a module of PyTorch: give the shape"):
        archgen.summary(nn.Sequential(nn.ReLU()))
    with pytest.raises(TypeError, match="takes no parameters"):
        archgen.summary(nn.Sequential(nn.ReLU()), input=(3, 8, 8), classes=4)


def test_python_imports_nothing_by_name() -> None:
    """The prefix `py:` is the command line's."""
    with pytest.raises(archgen.ArchError, match="A501"):
        archgen.load("py:json:decoder")

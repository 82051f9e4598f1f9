"""`--set`, `--input` and `--features`, as every command with a SPEC takes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archgen.cli import trial
from tests import networks
from tests.cli.conftest import Run


@pytest.mark.parametrize("command", ["summary", "ir", "draw"])
def test_commands_that_show_a_network_take_them(run: Run, command: str) -> None:
    result = run(command, "net.arch", "--features", "stem", "--input", "1x16x16")
    assert result.exit_code == 0
    assert "net_backbone" in result.stdout
    assert "linear(" not in result.stdout


def test_a_backbone_has_a_file_of_its_own(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "find_spec", lambda name: None)
    result = run("build", "net.arch", "--features", "stem, global_avgpool1")
    assert "  output      stem 16 x 16 x 16 and global_avgpool1 16 x 1 x 1\n" in result.stdout
    text = (folder / "build" / "net_backbone.py").read_text()
    assert "from net.arch, the features stem, global_avgpool1" in " ".join(text.split())
    assert "class NetBackbone(nn.Module):" in text
    assert "Input 3 x 32 x 32, output stem 16 x 16 x 16 and global_avgpool1" in text
    assert not (folder / "build" / "net.py").exists()


@pytest.mark.torch
def test_the_live_backbone_gives_what_was_told(run: Run) -> None:
    pytest.importorskip("torch")
    result = run("build", "net.arch", "--features", "stem", "-o", "x.py", "--device", "cpu")
    assert result.exit_code == 0
    assert "ran one sample" in result.stdout


def test_inputs_in_order_and_by_name(run: Run, folder: Path) -> None:
    (folder / "two.arch").write_text(networks.SIAMESE)
    for inputs in (("1x48x48", "1x48x48"), ("right=1x48x48", "left=1 x 48 x 48")):
        options = [word for each in inputs for word in ("--input", each)]
        shown = run("summary", "two.arch", "--format", "json", *options).stdout
        assert json.loads(shown)["inputs"] == [[1, 48, 48], [1, 48, 48]]


@pytest.mark.parametrize(
    ("options", "place", "message"),
    [
        (("--input", "3x"), "1:2", "a size is missing here"),
        (("--input", "x3"), "1:1", "a size is missing here"),
        (("--input", ""), "", "a size is missing here"),
        (("--input", "0x3x3"), "1:1", "at least 1"),
        (("--input", "3,32,32"), "1:1", "`3,32,32` is not a size"),
        (("--input", "3x32x³"), "1:6", "`³` is not a size"),
        (("--input", "3x" + "9" * 5000), "1:3", "too large"),
        (("--input", "a=3x32x32", "--input", "a=3x32x32"), "1:1", "`a` is given twice"),
        (("--input", "a=3x32x32", "--input", "3x32x32"), "1:1", "some by place"),
        (("--features", "stem,steem"), "1:6", "did you mean `stem`?"),
        (("--features", ""), "", "without a name"),
        (("--features", "stem,,fc"), "1:6", "without a name"),
        (("--features", "stem,stem"), "1:6", "asked for twice"),
        (("--set", "clases=3"), "1:1", "did you mean `classes`?"),
        (("--set", "classes=1 +"), "1:", "classes"),
    ],
)
def test_what_is_wrong_is_shown_on_the_command_line(
    run: Run, options: tuple[str, ...], place: str, message: str
) -> None:
    result = run("summary", "net.arch", *options)
    assert result.exit_code == 1
    assert f"<command line>:{place}" in result.stderr or not place
    assert message in result.stderr


def test_a_network_that_cannot_take_it(run: Run) -> None:
    result = run("summary", "net.arch", "--input", "3x32")
    assert result.exit_code == 1
    assert "net.arch:4:3" in result.stderr
    assert "`input` has 3 sizes (3 x 32 x 32), not 2 (3 x 32)" in result.stderr
    assert "help: as many sizes as the spec declares: 3x32x32" in result.stderr


def test_promises_under_overrides_are_notes(run: Run, folder: Path) -> None:
    spec = (
        (folder / "net.arch")
        .read_text()
        .replace("linear(classes)", "linear(classes)\n  expect output == [10]")
    )
    (folder / "net.arch").write_text(spec)
    result = run("summary", "net.arch", "--set", "classes=3")
    assert result.exit_code == 0
    assert "note[A301]: broken promise: output is [3], not [10]" in result.stderr
    assert "help" not in result.stderr
    for given in ((), ("--set", "classes=10"), ("--set", "classes=3", "--features", "fc")):
        assert run("summary", "net.arch", *given).stderr == ""


def test_a_setting_twice_is_a_wrong_call(run: Run) -> None:
    assert run("summary", "net.arch", "--set", "classes=1", "--set", "classes=2").exit_code == 2


def test_options_of_training_want_train() -> None:
    from click.testing import CliRunner

    from archgen.cli.app import group

    result = CliRunner().invoke(group, ["summary", "lenet5", "--batch", "2"])
    assert result.exit_code == 2
    assert "--batch, --dtype and --optimizer are for --train" in result.output

"""`archgen weights`: what it says, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import archgen
from archgen.analysis.weights import state
from archgen.checkpoint import identify
from tests import checkpoints
from tests.checkpoints import write
from tests.cli.conftest import Run

SHAPES = {
    "stem.0.weight": [16, 3, 3, 3],
    "stem.1.weight": [16],
    "stem.1.bias": [16],
    "stem.1.running_mean": [16],
    "stem.1.running_var": [16],
    "fc.weight": [10, 16],
    "fc.bias": [10],
}


def without(*prefixes: str) -> dict[str, list[int]]:
    return {key: shape for key, shape in SHAPES.items() if not key.startswith(prefixes)}


@pytest.fixture
def file(folder: Path) -> Path:
    write(folder / "m.safetensors", SHAPES)
    return folder / "m.safetensors"


def test_it_fits(file: Path, run: Run) -> None:
    result = run("weights", "m.safetensors", "net.arch")
    assert result.exit_code == 0
    assert result.stdout == "m.safetensors fits net: 7 tensors (float32)\n"


def test_layers_that_differ(file: Path, run: Run) -> None:
    other = without("stem.1", "fc.bias") | {"head.0.bias": [3], "head.0.weight": [3, 3]}
    write(file, other)
    result = run("weights", "m.safetensors", "net.arch")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "m.safetensors does not fit net: 4 tensors (float32)",
        "  missing     stem.1   4 tensors  net.arch:5:35",
        "  missing     fc.bias  10         net.arch:8:8",
        "  unexpected  head     2 tensors",
    ]


def test_other_sizes_are_explained(file: Path, run: Run) -> None:
    write(file, SHAPES | {"fc.weight": [7, 16], "fc.bias": [7]})
    result = run("weights", "m.safetensors", "net.arch")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1:] == [
        "  reshaped  fc  weight is 7 x 16, not 10 x 16; bias is 7, not 10  net.arch:8:8",
        "  = help: other sizes: --set classes=7",
    ]
    assert run("weights", "m.safetensors", "net.arch", "--set", "classes=7").exit_code == 0


def test_other_sizes_replace_those_that_were_given(file: Path, run: Run) -> None:
    result = run("weights", "m.safetensors", "net.arch", "--set", "classes=3")
    assert result.exit_code == 1
    assert "  = help: other sizes: --set classes=10" in result.stdout.splitlines()


def test_a_backbone_is_one_network_and_other_sizes_of_an_image_none(file: Path, run: Run) -> None:
    call = ("weights", "m.safetensors", "net.arch")
    assert run(*call, "--input", "3x64x64").exit_code == 0
    result = run(*call, "--features", "stem")
    assert result.exit_code == 1
    assert "  unexpected  fc  2 tensors" in result.stdout.splitlines()
    write(file, without("fc"))
    assert run(*call, "--features", "stem").exit_code == 0


def test_a_prefix_is_named_and_taken_off_on_request(file: Path, run: Run) -> None:
    write(file, {f"module.{key}": shape for key, shape in SHAPES.items()})
    result = run("weights", "m.safetensors", "net.arch")
    assert result.exit_code == 1
    assert (
        "= help: without `module.` 7 of 7 keys are the network's: --prefix module." in result.stdout
    )
    assert run("weights", "m.safetensors", "net.arch", "--prefix", "module.").exit_code == 0
    result = run("weights", "m.safetensors", "net.arch", "--prefix", "model.")
    assert result.exit_code == 1


def test_a_rename_is_guessed(file: Path, run: Run) -> None:
    write(file, without("fc") | {"head.weight": [10, 16], "head.bias": [10]})
    result = run("weights", "m.safetensors", "net.arch")
    assert "missing     fc    2 tensors  net.arch:8:8  did you mean `head`?" in result.stdout


def test_json(file: Path, run: Run) -> None:
    write(file, without("fc.bias") | {"fc.weight": [7, 16], "x": []})
    result = run("weights", "m.safetensors", "net.arch", "--format", "json")
    assert result.exit_code == 1
    place = {"path": "net.arch", "line": 8, "column": 8}
    assert json.loads(result.stdout) == {
        "version": 1,
        "checkpoint": "m.safetensors",
        "network": "net",
        "fits": False,
        "tensors": 7,
        "dtypes": {"float32": 7},
        "missing": [{"key": "fc.bias", "shape": [10], "place": place}],
        "unexpected": [{"key": "x", "shape": [], "dtype": "float32"}],
        "reshaped": [
            {"key": "fc.weight", "shape": [10, 16], "place": place}
            | {"held": [7, 16], "dtype": "float32"}
        ],
        "retyped": [],
        "hints": ["other sizes: --set classes=7"],
    }


def test_numbers_of_another_kind_are_told(folder: Path, run: Run) -> None:
    (folder / "scale.arch").write_text("arch net { input(3); fc = linear(2, bias=false) }\n")
    entry = {"dtype": "C64", "shape": [2, 3], "data_offsets": [0, 48]}
    text = json.dumps({"fc.weight": entry}).encode()
    content = len(text).to_bytes(8, "little") + text + bytes(48)
    (folder / "c.safetensors").write_bytes(content)
    said = run("weights", "c.safetensors", "scale.arch").stdout
    assert "weight holds complex64, not real floating-point numbers" in said


def test_many_rows_are_cut(file: Path, run: Run) -> None:
    write(file, SHAPES | {f"x{number}.weight": [1] for number in range(80)})
    result = run("weights", "m.safetensors", "net.arch")
    assert "... and 30 more; --format json has them all" in result.stdout


def test_what_a_file_says_reaches_no_terminal_unescaped(file: Path, run: Run) -> None:
    write(file, SHAPES | {"\x1b[2J": [1]})
    assert "\x1b" not in run("weights", "m.safetensors", "net.arch").stdout
    write(file, {f"\x1b[2J.{key}": sizes for key, sizes in SHAPES.items()})
    said = run("weights", "m.safetensors", "net.arch").stdout
    assert "\x1b" not in said
    assert "= help: " in said


@pytest.fixture
def lenet(file: Path) -> dict[str, list[int]]:
    """The shapes of a shipped network; the file holds them."""
    shapes = {entry.key: list(entry.sizes) for entry in state(archgen.load("lenet5"))}
    write(file, shapes)
    return shapes


@pytest.fixture
def all_shipped() -> None:
    """Asks for all shipped networks."""


@pytest.mark.usefixtures("all_shipped")
def test_a_shipped_network_is_recognised(lenet: dict[str, list[int]], run: Run) -> None:
    """Among all of them."""
    result = run("weights", "m.safetensors", "--format", "json")
    assert result.exit_code == 0
    (found,) = json.loads(result.stdout)["networks"]
    assert found == {
        "name": "lenet5",
        "file": "lenet.arch",
        "prefix": "",
        "fits": True,
        "reshaped": [],
    }


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Only two networks are shipped: looking at all takes seconds."""
    if "all_shipped" in request.fixturenames:
        return
    shipped = [("lenet.arch", archgen.load("lenet5")), ("vgg.arch", archgen.load("vgg11"))]
    monkeypatch.setattr(identify, "_shipped", lambda: shipped)


def test_a_network_of_other_sizes_is_recognised(
    lenet: dict[str, list[int]], file: Path, run: Run
) -> None:
    assert "  fits lenet5 (lenet.arch)" in run("weights", "m.safetensors").stdout.splitlines()
    key = list(lenet)[-1]
    write(file, lenet | {key: [1, 1]})
    result = run("weights", "m.safetensors")
    assert result.exit_code == 1
    assert f"  has the keys of lenet5 (lenet.arch): {key} is 1 x 1, not" in result.stdout


def test_a_network_behind_a_prefix_is_recognised(
    lenet: dict[str, list[int]], file: Path, run: Run
) -> None:
    write(file, {f"module.model.{key}": shape for key, shape in lenet.items()})
    result = run("weights", "m.safetensors")
    assert result.exit_code == 1
    assert "  without `module.model.` fits lenet5 (lenet.arch)" in result.stdout.splitlines()
    result = run("weights", "m.safetensors", "--prefix", "module.model.")
    assert result.exit_code == 0
    assert "  fits lenet5 (lenet.arch)" in result.stdout.splitlines()


def test_an_unknown_network(file: Path, run: Run) -> None:
    result = run("weights", "m.safetensors")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1] == "  no shipped network has its keys"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("nowhere", "net.arch"), 1, "error[A520]"),
        (("net.arch", "net.arch"), 1, "error[A521]"),
        (("m.safetensors", "nowhere.arch"), 1, "error[A501]"),
        (("net.arch", "m.safetensors"), 1, "a checkpoint stands before the specs"),
        (("m.safetensors", "--set", "classes=3"), 2, "are for a SPEC"),
        (("m.safetensors", "--features", "stem"), 2, "are for a SPEC"),
        (("m.safetensors", "net.arch", "--format", "xml"), 2, "xml"),
        ((), 2, "CHECKPOINT"),
    ],
)
def test_what_goes_wrong(
    file: Path, run: Run, arguments: tuple[str, ...], status: int, message: str
) -> None:
    result = run("weights", *arguments)
    assert result.exit_code == status
    assert message in result.stderr


def test_two_keys_are_not_made_one(file: Path, run: Run) -> None:
    write(file, SHAPES | {"module.fc.bias": [10]})
    result = run("weights", "m.safetensors", "net.arch", "--prefix", "module.")
    assert result.exit_code == 2
    assert "two keys have one name" in result.stderr


def test_it_needs_no_torch(file: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None; from archgen.cli import main;"
        "sys.argv[1:] = ['weights', 'm.safetensors', 'net.arch']; main()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=file.parent, check=True)


def test_without_torch_its_files_are_refused(
    file: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archgen.checkpoint.read.find_spec", lambda name: None)
    file.write_bytes(b"PK\x03\x04")
    result = run("weights", "m.safetensors", "net.arch")
    assert result.exit_code == 1
    assert "pip install 'archgen[torch]'" in result.stderr


def test_other_channels_of_the_input_are_explained(file: Path, run: Run) -> None:
    other = {"stem.0.weight": [16, 4, 3, 3], "fc.weight": [7, 16], "fc.bias": [7]}
    write(file, SHAPES | other)
    result = run("weights", "m.safetensors", "net.arch")
    assert "  = help: other sizes: --set classes=7 --input 4x32x32" in result.stdout.splitlines()
    call = ("weights", "m.safetensors", "net.arch", "--set", "classes=7", "--input", "4x32x32")
    assert run(*call).exit_code == 0


def test_channels_of_one_of_several_inputs_are_explained(folder: Path, run: Run) -> None:
    (folder / "two.arch").write_text(
        "arch two { left = input(3, 8, 8); right = input(3, 8, 8)\n"
        "a = from left -> conv(4, 3)\nb = from right -> conv(4, 3)\nadd { from a; from b } }"
    )
    write(folder / "m.safetensors", {"a.weight": [4, 3, 3, 3], "b.weight": [4, 5, 3, 3]})
    result = run("weights", "m.safetensors", "two.arch")
    assert "  = help: other sizes: --input right=5x8x8" in result.stdout.splitlines()
    assert run("weights", "m.safetensors", "two.arch", "--input", "right=5x8x8").exit_code == 0


def test_the_closest_shipped_network_is_named(
    lenet: dict[str, list[int]], file: Path, run: Run
) -> None:
    result = run("weights", "m.safetensors", "net.arch")
    assert (
        "  = help: the closest shipped network is lenet5 (lenet.arch), which it fits"
        in result.stdout.splitlines()
    )
    first, second = list(lenet)[:2]
    del lenet[first]
    write(file, lenet | {second: [9], "more.weight": [1]})
    found = run("weights", "m.safetensors").stdout.splitlines()
    assert found[1] == "  no shipped network has its keys"
    assert found[2].startswith("  the closest is lenet5 (lenet.arch): 3 keys of it differ: ")
    report = json.loads(run("weights", "m.safetensors", "--format", "json").stdout)
    assert (report["networks"], report["nearest"]) == ([], "lenet5")


def test_keys_that_differ_are_a_line_for_each_network(
    lenet: dict[str, list[int]], file: Path, run: Run
) -> None:
    write(file, {key: [*shape, 1] for key, shape in lenet.items()})
    lines = run("weights", "m.safetensors").stdout.splitlines()
    assert len(lines) == 2
    assert f"; and {len(lenet) - 3} more" in lines[1]


def test_options_for_a_shipped_network_are_found(file: Path, run: Run) -> None:
    network = archgen.load("lenet5", classes=7)
    write(file, {entry.key: [*entry.sizes] for entry in state(network)})
    lines = run("weights", "m.safetensors").stdout.splitlines()
    assert "(fits with --set classes=7)" in lines[1]
    (found,) = json.loads(run("weights", "m.safetensors", "--format", "json").stdout)["networks"]
    assert not found["fits"]
    weight, bias = found["reshaped"]
    assert [weight["held"], bias["held"]] == [[7, 84], [7]]
    assert [weight["shape"], bias["shape"]] == [[10, 84], [10]]
    assert weight["key"].removesuffix("weight") == bias["key"].removesuffix("bias")


def test_renames_within_a_block_are_rows(folder: Path, run: Run) -> None:
    network, shapes = checkpoints.renamed_stages()
    spec = str(folder / "stages.arch")
    Path(spec).write_text(network.span.source.text)
    write(folder / "m.safetensors", shapes)
    lines = run("weights", "m.safetensors", "stages.arch").stdout.splitlines()[1:3]
    assert [line.split()[1] for line in lines] == ["layer1", "layer2"]
    assert [line.split()[-1] for line in lines] == ["`layers.0`?", "`layers.1`?"]

"""`archgen build`: the source, whose file it is, the live model and its report."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen import api
from archgen.cli import trial
from archgen.seal import origin, seal
from tests.cli.conftest import Run


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without torch: fast, and what most of this file needs."""
    monkeypatch.setattr(trial, "find_spec", lambda name: None)


@pytest.fixture
def torch() -> Iterator[object]:
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(threads)


# --- the source ---------------------------------------------------------------------------


def test_without_torch_the_source_is_written(run: Run, folder: Path, no_torch: None) -> None:
    result = run("build", "net.arch")
    assert result.exit_code == 0
    assert (folder / "build" / "net.py").read_text() == seal(api.source(api.load("net.arch")))
    report = result.stdout.splitlines()
    assert report[0] == "net"
    assert [line.split()[0] for line in report[1:]] == [
        "parameters", "MACs", "input", "output", "source", "live"
    ]  # fmt: skip
    assert "pip install 'archgen[torch]'" in report[-1]
    assert f"  source      {Path('build/net.py')}" in report


def test_the_file_and_standard_output(run: Run, folder: Path, no_torch: None) -> None:
    run("build", "net.arch", "-o", "mine.py")
    assert not (folder / "build").exists()
    result = run("build", "net.arch", "-o", "-")
    assert result.stdout == (folder / "mine.py").read_text()
    assert "parameters" in result.stderr


def test_parameters_of_the_arch(run: Run, folder: Path, no_torch: None) -> None:
    result = run("build", "net.arch", "--set", "classes=3")
    assert "  output      3\n" in result.stdout
    assert "Linear(16, " in (folder / "build" / "net.py").read_text()


def test_a_shipped_network_by_name(run: Run, folder: Path, no_torch: None) -> None:
    assert "25,557,032" in run("build", "resnet50").stdout
    assert (folder / "build" / "resnet50.py").exists()


def test_a_bad_spec_writes_nothing(run: Run, folder: Path, broken: Path) -> None:
    result = run("build", "broken.arch")
    assert result.exit_code == 1
    assert "error[A102]" in result.stderr
    assert not (folder / "build").exists()


# --- whose file it is -----------------------------------------------------------------------


def test_a_file_of_a_person_is_kept(run: Run, folder: Path, no_torch: None) -> None:
    path = folder / "mine.py"
    path.write_text("print('mine')\n")
    result = run("build", "net.arch", "-o", "mine.py")
    assert result.exit_code == 1
    assert "archgen did not write this file; --force" in result.stderr
    assert path.read_text() == "print('mine')\n"
    assert run("build", "net.arch", "-o", "mine.py", "--force").exit_code == 0
    assert origin(path.read_text()) == "sealed"


def test_an_edited_file_is_kept_and_one_of_its_own_is_not(
    run: Run, folder: Path, no_torch: None
) -> None:
    run("build", "net.arch", "-o", "net.py")
    assert run("build", "net.arch", "-o", "net.py", "--set", "classes=2").exit_code == 0
    path = folder / "net.py"
    path.write_text(path.read_text().replace("16", "17"))
    result = run("build", "net.arch", "-o", "net.py")
    assert result.exit_code == 1
    assert "edited since archgen wrote it" in result.stderr
    assert "17" in path.read_text()


def test_check_writes_nothing_and_tells_what_differs(run: Run, folder: Path) -> None:
    missing = run("build", "net.arch", "-o", "net.py", "--check")
    assert (missing.exit_code, missing.stdout) == (1, "net.py: there is no such file\n")
    assert not (folder / "net.py").exists()

    text = seal(api.source(api.load("net.arch")))
    (folder / "net.py").write_text(text)
    same = run("build", "net.arch", "-o", "net.py", "--check")
    assert (same.exit_code, same.stdout) == (0, "net.py: up to date\n")

    lines = text.splitlines(keepends=True)
    lines[4] = "# other\n"
    (folder / "net.py").write_text("".join(lines))
    other = run("build", "net.arch", "-o", "net.py", "--check")
    assert other.exit_code == 1
    assert "from line 5 on" in other.stdout
    assert run("build", "net.arch", "-o", "-", "--check").exit_code == 2


def test_a_folder_that_cannot_be_made(run: Run, folder: Path, no_torch: None) -> None:
    (folder / "build").write_text("a file")
    result = run("build", "net.arch")
    assert result.exit_code == 1
    assert "Error: build" in result.stderr


# --- the live model -------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "float32; ran one sample in "),
        (["--device", "cpu", "--dtype", "bfloat16", "--channels-last"], "cpu, bfloat16; ran"),
        (["--device", "meta", "--seed", "3"], "on meta, float32; ran"),
    ],
)
def test_the_model_runs(run: Run, torch: object, options: list[str], said: str) -> None:
    result = run("build", "net.arch", *options)
    assert result.exit_code == 0
    assert said in result.stdout.splitlines()[-1]


@pytest.mark.torch
def test_the_file_runs_alone(run: Run, folder: Path, torch: object) -> None:
    run("build", "net.arch", "--device", "meta")
    made = runpy.run_path(str(folder / "build" / "net.py"))
    (name,) = made["__all__"]
    assert sum(p.numel() for p in made[name]().parameters()) == 634


@pytest.mark.torch
def test_a_device_that_is_not_there(run: Run, folder: Path, torch: object) -> None:
    if torch.cuda.is_available():  # type: ignore[attr-defined]
        pytest.skip("it is there")
    result = run("build", "net.arch", "--device", "cuda")
    assert result.exit_code == 1
    assert result.stderr == "Error: device cuda: PyTorch finds no such CUDA device here\n"
    assert not (folder / "build" / "net.py").exists()


@pytest.mark.torch
@pytest.mark.parametrize("meta", [True, False])
def test_a_model_that_fails_leaves_the_old_file(
    run: Run, folder: Path, torch: object, monkeypatch: pytest.MonkeyPatch, meta: bool
) -> None:
    from archgen import live, trial

    def ran(model: object, shapes: object, *, meta: bool = False) -> list[tuple[int, ...]]:
        if meta is wrong:
            return [(11,)]
        return real(model, shapes, meta=meta)

    wrong, real = meta, live.run
    run("build", "net.arch", "-o", "net.py")
    before = (folder / "net.py").read_text()
    monkeypatch.setattr(live, "run", ran)
    trial._tried.clear()
    result = run("build", "net.arch", "-o", "net.py", "--set", "classes=3")
    assert result.exit_code == 1
    assert "error[A405]: a bug in archgen" in result.stderr
    assert (folder / "net.py").read_text() == before


@pytest.mark.torch
def test_what_torch_cannot_run_is_said_at_its_layer(
    run: Run, folder: Path, torch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("out of memory\nat some length")

    monkeypatch.setattr(torch.nn.Linear, "forward", fail)
    result = run("build", "net.arch")
    assert result.exit_code == 1
    assert "error[A405]: PyTorch cannot run net: out of memory\n" in result.stderr
    assert "linear" in result.stderr.split("-->")[1]
    assert not (folder / "build").exists()


def test_a_stage_of_a_milliard_blocks_is_written_and_refused(run: Run, folder: Path) -> None:
    (folder / "tall.arch").write_text(
        "block unit(out) { conv(out, 3) -> bn -> relu }\n"
        "arch tall { input(8, 4, 4); units = stage(unit, 8, n=1G) }\n"
    )
    assert run("check", "tall.arch").exit_code == 0
    result = run("build", "tall.arch")
    assert result.exit_code == 1
    assert "error[A405]" in result.stderr
    assert "4,000,000,002 modules" in result.stderr
    assert (folder / "build" / "tall.py").exists()


@pytest.mark.parametrize(
    "arguments",
    [("--device", "toaster"), ("--dtype", "int8"), ("--seed", "-1"), ("--seed", "x")],
)
def test_wrong_calls(run: Run, arguments: tuple[str, ...]) -> None:
    assert run("build", "net.arch", *arguments).exit_code == 2


@pytest.mark.torch
def test_compiled_in_a_process_of_its_own(folder: Path, torch: object) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "archgen", "build", "net.arch", "--compile", "--device", "cpu"],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "cpu, float32; ran one sample" in done.stdout


@pytest.fixture
def weights(folder: Path) -> dict[str, Any]:
    """The weights of `net.arch` in `net.pt`, and in `trained.pt` below names of a trainer."""
    torch = pytest.importorskip("torch")
    state: dict[str, Any] = archgen.build("net.arch", seed=1).state_dict()
    torch.save(state, "net.pt")
    torch.save({"model": {f"module.{key}": value for key, value in state.items()}}, "trained.pt")
    return state


@pytest.mark.torch
@pytest.mark.parametrize(
    "options",
    [
        ("net.pt",),
        ("trained.pt", "--under", "model", "--prefix", "module."),
        ("net.pt", "--features", "stem"),
    ],
)
def test_weights_are_loaded(weights: dict[str, Any], run: Run, options: tuple[str, ...]) -> None:
    result = run("build", "net.arch", "--device", "cpu", "--weights", *options)
    assert result.exit_code == 0
    count = len([key for key in weights if "--features" not in options or "stem" in key])
    assert f"  weights     {options[0]}: {count} tensors" in result.stdout.splitlines()


@pytest.mark.torch
@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("net.pt", "--set", "classes=7"), 1, "error[A524]: net.pt does not fit net"),
        (("nowhere.pt",), 1, "error[A520]"),
        (("trained.pt",), 1, "weights lie deeper: --under model"),
        (("net.pt", "--device", "meta"), 2, "no numbers"),
    ],
)
def test_weights_that_do_not_fit(
    weights: dict[str, Any],
    run: Run,
    folder: Path,
    options: tuple[str, ...],
    status: int,
    message: str,
) -> None:
    """Nothing is written."""
    result = run("build", "net.arch", "--weights", *options)
    assert result.exit_code == status
    assert message in result.stderr
    assert not (folder / "build").exists()

"""Speed and size, each as a ratio to a peer measured in the same run, turn by turn.

    python benchmarks/run.py            prints a table
    python benchmarks/run.py --quick    fewer rounds
    python benchmarks/run.py check      only the benchmarks whose name holds `check`

Machines are noisy: read the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPEC = ROOT / "specs" / "resnet50.arch"
Action = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Result:
    what: str
    ours: str
    peer: str
    ratio: float | None
    aim: str

    def row(self) -> str:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return f"| {self.what} | {self.ours} | {self.peer} | {ratio} | {self.aim} |"


def nothing() -> None: ...


def median_seconds(
    first: Action,
    second: Action,
    rounds: int,
    clock: Clock = time.perf_counter,
    before: Action = nothing,
) -> tuple[float, float]:
    """The median of each, taken in turns so that both meet the same noise.

    before: what makes ready for each run, its time not counted.
    """
    for action in (first, second):
        before()
        action()
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds):
        pair = [(0, first), (1, second)]
        for index, action in pair if turn % 2 else reversed(pair):
            before()
            start = clock()
            action()
            times[index].append(clock() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def compare(
    what: str,
    ours: Action,
    peer: Action,
    aim: str,
    rounds: int,
    clock: Clock = time.perf_counter,
    before: Action = nothing,
) -> Result:
    mine, theirs = median_seconds(ours, peer, rounds, clock, before)
    return Result(what, f"{1000 * mine:.1f} ms", f"{1000 * theirs:.1f} ms", mine / theirs, aim)


def process(*arguments: str) -> Action:
    """A run of Python; its modules are compiled before, as those of an installed package are."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
        env=environment,
    )


# --- the benchmarks -------------------------------------------------------------------------------


def check_process(rounds: int) -> list[Result]:
    ours = process("-m", "archgen", "check", str(SPEC))
    peers = {  # the second names what no model can be declared without
        "import lark, pydantic": "under 2",
        "import lark; from pydantic import BaseModel": "",
    }
    what = "`archgen check specs/resnet50.arch`, whole process, to"
    return [
        compare(f"{what} `{peer}`", ours, process("-c", peer), aim, rounds)
        for peer, aim in peers.items()
    ]


def check_warm(rounds: int) -> list[Result]:
    from archgen import api

    def checking(name: str) -> Action:
        path, arch = api.locate(name)
        return lambda: api.load(f"{path}:{arch}")

    def checking_file() -> object:
        return api.check_paths([str(SPEC)], lint=True)

    small = checking("resnet20")
    mine, _ = median_seconds(checking_file, checking_file, rounds)
    fifty = Result(
        "check of resnet50.arch with lint, warm", f"{1000 * mine:.1f} ms", "", None, "under 20 ms"
    )
    what = "load of ResNet-1202 to ResNet-20, warm"
    return [fifty, compare(what, checking("resnet1202"), small, "under 1.5", rounds)]


def growth(rounds: int) -> list[Result]:
    """Nothing is quadratic: twice the lines take twice as long, ten times the archs ten times."""
    import archgen
    from archgen import api

    def net(lines: int, name: str = "net") -> str:
        body = "\n".join(["  conv(8, 3) -> bn -> relu"] * lines)
        return f"arch {name} {{\n  input(8, 32, 32)\n{body}\n}}\n"

    with tempfile.TemporaryDirectory() as folder:

        def checking(text: str) -> Action:
            path = Path(folder, f"{len(text)}.arch")
            path.write_text(text, encoding="utf-8")
            return lambda: api.check_paths([str(path)], lint=True)

        def writing(lines: int) -> Action:
            network = archgen.loads(net(lines))
            return lambda: archgen.source(network)

        def archs(count: int) -> str:
            return "".join(net(1, f"net{at}") for at in range(count))

        what = "a spec of 2,000 lines to one of 1,000, CPU time"
        pairs = {
            f"check of {what}": (checking(net(2000)), checking(net(1000)), "2"),
            f"source of {what}": (writing(2000), writing(1000), "2"),
            "check of 1,000 archs to 100": (checking(archs(1000)), checking(archs(100)), "10"),
        }
        return [
            compare(name, ours, peer, aim, rounds, time.process_time)
            for name, (ours, peer, aim) in pairs.items()
        ]


def build(rounds: int) -> list[Result]:
    import torch
    import torchvision

    import archgen

    torch.set_num_threads(1)
    network = archgen.load("resnet50")
    what = '`archgen.build("resnet50")`, CPU, to `torchvision.models.resnet50()`'
    return [
        compare(
            what,
            lambda: archgen.build(network),
            lambda: torchvision.models.resnet50(),
            "0.75",
            rounds,
        )
    ]


def run_model(rounds: int) -> list[Result]:
    import torch

    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    names = ("resnet50", "densenet121")
    return [row for device in devices for name in names for row in _steps(name, device, rounds)]


def _steps(name: str, device: str, rounds: int) -> list[Result]:
    import torch
    import torchvision

    import archgen

    ours = archgen.build(name, device=device, seed=0)
    peer = getattr(torchvision.models, name)().to(device)
    batch = torch.randn(32 if device == "cuda" else 4, 3, 224, 224, device=device)

    def forward(model: torch.nn.Module) -> Action:
        def action() -> None:
            model.eval()
            with torch.no_grad():
                model(batch)
            _wait(device)

        return action

    def training(model: torch.nn.Module) -> Action:
        def action() -> None:
            model.train()
            model.zero_grad(set_to_none=True)
            model(batch).sum().backward()
            _wait(device)

        return action

    aim = "within 2 %"
    return [
        compare(f"{name} forward, {device}", forward(ours), forward(peer), aim, rounds),
        compare(f"{name} training step, {device}", training(ours), training(peer), aim, rounds),
    ]


def _wait(device: str) -> None:
    import torch

    if device == "cuda":
        torch.cuda.synchronize()


def source_size(rounds: int) -> list[Result]:
    import archgen

    aims = {"resnet50": 100, "resnet152": 105, "resnet1202": 105, "densenet121": 130}
    lines = {name: archgen.source(archgen.load(name)).count("\n") for name in aims}
    return [
        Result(f"lines of generated source, {name}", str(lines[name]), "", None, f"under {aim}")
        for name, aim in aims.items()
    ]


def source_time(rounds: int) -> list[Result]:
    """Writing source, to reading and checking the spec; and twice the lines, to once."""
    import archgen

    def writing(network: archgen.Network) -> Action:
        return lambda: archgen.source(network)

    rows = [
        compare(
            f"source of {name} to its load, warm",
            writing(archgen.load(name)),
            lambda: archgen.load(name),  # noqa: B023
            "under 2",
            rounds,
        )
        for name in ("efficientnet_b0", "regnet_y_8gf", "densenet121")
    ]
    longer, shorter = (writing(archgen.loads(_lines(count), "net")) for count in (2000, 1000))
    what = "source of 2,000 lines to source of 1,000"
    return [*rows, compare(what, longer, shorter, "under 2.3", min(rounds, 5))]


def _lines(count: int) -> str:
    """A spec of about so many lines, with values that are read later."""
    groups = (
        f"  a{at} = conv(8, 3) -> bn -> relu\n  b{at} = conv(8, 1)\n"
        f"  add {{ from a{at}; identity }}\n"
        for at in range(count // 3)
    )
    return f"arch net {{\n  input(8, 16, 16)\n{''.join(groups)}}}\n"


LAYERS = 18  # of 4096 x 4096 numbers: 1.2 GB


def checkpoints(rounds: int) -> list[Result]:
    """Copying weights, to `cp` and `sync`; looking at a `.pt`, to `import torch`."""
    with tempfile.TemporaryDirectory() as folder:
        old, new, copy = (Path(folder, f"{name}.safetensors") for name in ("old", "new", "copy"))
        specs = [str(_linear(folder, name)) for name in ("a", "b")]
        _weights(old)
        transfer = ("transfer", *specs, str(old), "-o", str(new), "--force")
        ours = process("-m", "archgen", *transfer)
        what = "`archgen transfer` of 1.2 GB of safetensors, whole process,"

        def fresh() -> None:
            new.unlink(missing_ok=True)
            copy.unlink(missing_ok=True)

        rows = [
            compare(
                f"{what} {how}",
                ours,
                _shell(command, old, copy),
                aim,
                min(rounds, 5),
                before=before,
            )
            for how, command, aim, before in (
                ("to `cp` and `sync`", "cp $0 $1; sync $1", "about 1", fresh),
                ("in the place of an old file, to the same and `mv`", REPLACE, "about 1", nothing),
            )
        ]
        archgen = [sys.executable, "-m", "archgen"]
        rows.append(
            Result("its peak memory", _peak([*archgen, *transfer]), "", None, "under 100 MB")
        )
        return rows + _looks(folder, rounds)


# What never leaves half a file behind.
REPLACE = "cp $0 $1.draft; sync $1.draft; mv $1.draft $1"


def _shell(command: str, *arguments: Path) -> Action:
    return lambda: subprocess.run(["sh", "-ec", command, *map(str, arguments)], check=True)


def _looks(folder: str, rounds: int) -> list[Result]:
    import torch

    import archgen

    path = str(Path(folder, "model.pt"))
    torch.save(archgen.build("resnet50").state_dict(), path)
    ours = process("-m", "archgen", "weights", path, "resnet50")
    what = "`archgen weights model.pt resnet50`, whole process, to `import torch`"
    return [compare(what, ours, process("-c", "import torch"), "under 0.3", rounds)]


def _linear(folder: str, name: str) -> Path:
    spec = Path(folder, f"{name}.arch")
    layers = f"for i in range({LAYERS}) {{ {name}[i] = linear(4096) }}"
    spec.write_text(f"arch net {{ input(4096); {layers} }}")
    return spec


def _weights(path: Path) -> None:
    """Weights of `a.arch`, of bytes that no file system stores as a hole."""
    shapes = {"weight": [4096, 4096], "bias": [4096]}
    header: dict[str, object] = {}
    end = 0
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            begin, end = end, end + 4 * math.prod(shape)
            facts = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
            header[f"a.{layer}.{name}"] = facts
    text = json.dumps(header).encode()
    noise = os.urandom(4 * 4096)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _ in range(end // len(noise)):
            file.write(noise)


def _peak(command: list[str]) -> str:
    """The most memory that a process takes, as Linux counts it: from its fork on, so that a small
    process has to start it."""
    code = "import resource, subprocess, sys;"
    code += "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    start = [sys.executable, "-c", code, *command]
    run = subprocess.run(start, cwd=ROOT, check=True, capture_output=True, text=True)
    return f"{int(run.stdout) / 1024:.0f} MB"


BENCHMARKS = {
    "check_process": (check_process, 15),
    "check_warm": (check_warm, 15),
    "growth": (growth, 3),
    "build": (build, 9),
    "run_model": (run_model, 9),
    "source_size": (source_size, 1),
    "source_time": (source_time, 9),
    "checkpoints": (checkpoints, 9),
}


def device_name() -> str:
    import torch

    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{platform.processor() or platform.machine()}, torch {torch.__version__}{gpu}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="", help="only those whose name holds this")
    parser.add_argument("--quick", action="store_true", help="three rounds")
    options = parser.parse_args()
    print(f"{device_name()}\n")
    print("| what | archgen | peer | ratio | aim |\n| --- | --- | --- | --- | --- |")
    for name, (benchmark, rounds) in BENCHMARKS.items():
        if options.name in name:
            for result in benchmark(3 if options.quick else rounds):
                print(result.row(), flush=True)


if __name__ == "__main__":
    main()

"""Generated source as a live model: what debuggers, pickles and generators see of it."""

from __future__ import annotations

import copy
import inspect
import linecache
import pickle
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import archgen

torch = pytest.importorskip("torch")
live = pytest.importorskip("archgen.live")

pytestmark = pytest.mark.torch

SOURCE = '''\
"""Two blocks and a head."""

from typing import NamedTuple

from torch import Tensor, nn


class Heads(NamedTuple):
    out: Tensor
    aux: Tensor


class Block(nn.Module):
    """A residual block."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bn(self.conv(x))


class Net(nn.Module):
    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.body = nn.Sequential(*(Block(3) for _ in range(2)))
        self.fc = nn.Linear(3, classes)

    def forward(self, x: Tensor) -> Tensor | Heads:
        y = self.fc(self.body(x).mean((2, 3)))
        if self.training:
            return Heads(y, -y)
        return y
'''

# In a process that has never seen the source: argv is the pickle and how to read it.
LOAD = """
import inspect, pickle, sys, torch
path, how = sys.argv[1:]
read = {"pickle": lambda: pickle.load(open(path, "rb")),
        "torch": lambda: torch.load(path, weights_only=False)}
value = read[how]()
part = value[0] if isinstance(value, torch.nn.Sequential) else value
print(type(part).__name__, inspect.getsource(type(part)).splitlines()[0])
print(sum(p.double().sum().item() for p in value.parameters()))
"""


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def make(source: str = SOURCE, **options: Any) -> Any:
    return live.model(source, "Net", network_name="net", **options)


def test_debuggers_see_the_source() -> None:
    model = make()
    block = type(model.body[0])
    assert (
        inspect.getsource(block)
        == SOURCE[SOURCE.index("class Block") : SOURCE.index("\n\nclass Net")]
    )
    assert sys.modules[block.__module__].Block is block
    linecache.checkcache()
    with pytest.raises(RuntimeError) as caught:
        model(torch.randn(1, 4, 8, 8))
    shown = "".join(traceback.format_exception(caught.value))
    assert "return x + self.bn(self.conv(x))" in shown
    assert "<archgen net " in shown


def test_the_same_source_is_executed_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        modules = set(pool.map(lambda _: id(live.module(SOURCE + "\n", "net")), range(32)))
    assert len(modules) == 1
    assert type(make()) is type(make())
    assert type(make(SOURCE + "\n\n")) is not type(make())


def test_source_that_fails_leaves_nothing_behind() -> None:
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        live.module("1 / 0\n", "broken")
    assert set(sys.modules) == before
    assert not any("broken" in file for file in linecache.cache)


@pytest.mark.parametrize("how", ["pickle", "torch"])
@pytest.mark.parametrize("part", ["model", "blocks"])
def test_pickles_load_in_a_fresh_process(tmp_path: Path, how: str, part: str) -> None:
    model = make()
    model.compile(fullgraph=True)
    value = model if part == "model" else model.body
    path = tmp_path / "model"
    if how == "torch":
        torch.save(value, path)
    else:
        path.write_bytes(pickle.dumps(value))
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, str(path), how], capture_output=True, text=True, check=True
    )
    name = "Net" if part == "model" else "Block"
    first, total = loaded.stdout.splitlines()
    assert first == f"{name} class {name}(nn.Module):"
    assert float(total) == sum(weight.double().sum().item() for weight in value.parameters())


def test_a_pickle_holds_the_source_once() -> None:
    assert pickle.dumps(make()).count(b"class Block(nn.Module)") == 1


def test_copies_are_equal_and_apart() -> None:
    model = make()
    twin = copy.deepcopy(model)
    assert type(twin) is type(model)
    for (key, left), (_, right) in zip(
        model.state_dict().items(), twin.state_dict().items(), strict=True
    ):
        assert torch.equal(left, right), key
        assert left.data_ptr() != right.data_ptr()


def test_results_pickle() -> None:
    result = make()(torch.randn(1, 3, 4, 4))
    back = pickle.loads(pickle.dumps(result))
    assert type(back) is type(result)
    assert torch.equal(back.aux, result.aux)


def test_a_derived_class_pickles_by_its_own_name() -> None:
    derived = type("Derived", (type(make()),), {"__module__": "no_such_module"})
    with pytest.raises(pickle.PicklingError, match="no_such_module"):
        pickle.dumps(derived())


def test_a_seed_decides_the_weights_and_disturbs_nothing() -> None:
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    one, two, other = make(seed=5), make(seed=5), make(seed=6)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one.fc.weight, two.fc.weight)
    assert not torch.equal(one.fc.weight, other.fc.weight)


def test_seeds_decide_the_weights_in_many_threads() -> None:
    alone = [make(seed=seed).fc.weight for seed in range(8)]
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda seed: make(seed=seed).fc.weight, 8 * list(range(8))))
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(made[at], alone[at % 8]) for at in range(64))


def test_a_seed_decides_whatever_else_draws() -> None:
    alone = make(seed=3).fc.weight
    with ThreadPoolExecutor(2) as pool:
        drawing = pool.submit(lambda: [torch.rand(10) for _ in range(2000)])
        made = [make(seed=3).fc.weight for _ in range(20)]
        drawing.result()
    assert all(torch.equal(each, alone) for each in made)


def test_no_seed_follows_the_global_generator() -> None:
    torch.manual_seed(1)
    one = make()
    torch.manual_seed(1)
    assert torch.equal(one.fc.weight, make().fc.weight)


def test_device_dtype_and_layout() -> None:
    meta = make(device="meta", dtype="bfloat16")
    assert {weight.device.type for weight in meta.parameters()} == {"meta"}
    assert meta.fc.weight.dtype is torch.bfloat16
    assert live.run(meta, [(3, 8, 8)]) == [(10,)]
    with torch.device("meta"):
        assert make().fc.weight.device.type == "cpu"
    last = make(memory_format="channels_last", dtype=torch.float64)
    assert last.body[0].conv.weight.is_contiguous(memory_format=torch.channels_last)
    assert last.fc.weight.dtype is torch.float64


def test_volumes_and_images_together_take_channels_last() -> None:
    source = SOURCE.replace("self.fc =", "self.extra = nn.Conv3d(2, 2, 3)\n        self.fc =")
    model = make(source, memory_format="channels_last")
    assert model.extra.weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert model.body[0].conv.weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "cuda:99"}, "no such CUDA device"),
        ({"device": "toaster"}, "no device is called 'toaster'"),
        ({"dtype": "int8"}, "'int8' is not a floating-point dtype"),
        ({"dtype": "nn"}, "'nn' is not a floating-point dtype"),
        ({"memory_format": "upside_down"}, "not a memory format"),
    ],
)
def test_what_is_not_to_be_had_is_said(options: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_run_leaves_the_model_as_it_was() -> None:
    model = make()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert live.run(model, [(3, 8, 8)]) == [(10,)]
    assert model.training
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_a_head_for_training_gives_nothing_when_several_outputs_run() -> None:
    spec = """arch net { input(3, 8, 8); a = conv(4, 3); aux head = global_avgpool
      b = from a -> maxpool(2); output a, b }"""
    model = archgen.build(archgen.loads(spec))
    assert live.run(model, [(3, 8, 8)]) == [(4, 8, 8), (4, 4, 4)]


def test_compiled_in_place() -> None:
    model, plain = make(seed=1), make(seed=1)
    model.compile(fullgraph=True)
    assert list(model.state_dict()) == list(plain.state_dict())
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(model.eval()(x), plain.eval()(x))
    assert type(copy.deepcopy(model)) is type(model)

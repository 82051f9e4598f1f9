"""Generated models compile, export, become ONNX, and pickle."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.network import Network
from tests.interpreter import tensors
from tests.specs.chosen import EVERY, covering, load_small, representatives
from tests.sweeps import sampled

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")


def sample(network: Network) -> tuple[Any, ...]:
    """Random input, one sample, for each input of a network."""
    torch.manual_seed(0)
    body = network.body
    return tuple(torch.randn(1, *body.values[ref].sizes) for ref in body.inputs)


def calm(model: Any) -> None:
    """Small weights for batch norms: untrained, a hundred layers would amplify every rounding."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.1, 0.4)
            torch.nn.init.normal_(module.bias, std=0.1)


MOST_MACS = 6_000_000_000


def affordable(name: str) -> Network:
    """The network as it is, or for a small image if that is too much work."""
    network = archgen.load(name)
    return network if network.macs <= MOST_MACS else load_small(name)


# Deep ones take up to half a minute each. Every layer and merge is in the networks that cover the
# rest; these are wired as none of those is.
WIRED = ("densenet40_k12", "inception_v3", "yolo_v3")
NAMES = list(dict.fromkeys((*covering(representatives(most_macs=MOST_MACS)), *WIRED)))


@pytest.fixture(scope="module", params=sampled(EVERY, NAMES))
def case(request: pytest.FixtureRequest) -> Iterator[tuple[Any, tuple[Any, ...], list[Any]]]:
    """A model in evaluation, its input, and what it makes of it."""
    network = affordable(request.param)
    model = archgen.build(network, seed=0).eval()
    calm(model)
    inputs = sample(network)
    with torch.no_grad():
        yield model, inputs, tensors(model(*inputs))


def assert_close(results: list[Any], expected: list[Any]) -> None:
    assert len(results) == len(expected)
    for result, wanted in zip(results, expected, strict=True):
        scale = max(1.0, float(wanted.abs().max()))
        torch.testing.assert_close(result, wanted, rtol=1e-3, atol=1e-4 * scale)


@pytest.mark.sweep(of="shipped networks, compiled as one graph")
def test_compiles_as_one_graph(case: tuple[Any, tuple[Any, ...], list[Any]]) -> None:
    model, inputs, expected = case
    torch._dynamo.reset()
    with torch.no_grad():
        compiled = torch.compile(model, fullgraph=True, backend="eager")
        assert_close(tensors(compiled(*inputs)), expected)


@pytest.mark.sweep(of="shipped networks, exported, and run by ONNX Runtime")
def test_exports_and_writes_onnx(
    case: tuple[Any, tuple[Any, ...], list[Any]], tmp_path: Path
) -> None:
    import onnxruntime

    model, inputs, expected = case
    with torch.no_grad():
        program = torch.export.export(model, inputs)
        assert_close(tensors(program.module()(*inputs)), expected)
        written = torch.onnx.export(program, (), dynamo=True, verbose=False)
    path = tmp_path / "model.onnx"
    written.save(str(path))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    feed = dict(zip(names, (each.numpy() for each in inputs), strict=True))
    assert_close([torch.from_numpy(each) for each in session.run(None, feed)], expected)


@pytest.mark.sweep(of="shipped networks, pickled")
def test_pickles_and_shows_its_source(case: tuple[Any, tuple[Any, ...], list[Any]]) -> None:
    model, inputs, expected = case
    with torch.no_grad():
        assert_close(tensors(pickle.loads(pickle.dumps(model))(*inputs)), expected)
    for cls in {type(module) for module in model.modules()}:
        assert inspect.getsource(cls).lstrip().startswith("class ")

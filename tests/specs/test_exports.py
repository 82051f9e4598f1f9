"""Generated models are what PyTorch's tools expect: compiled, exported, written as ONNX, pickled.

One network for each set of blocks in use: those that differ by repeats and numbers alone have
the same classes. `ARCHGEN_ALL=1` takes every shipped network.
"""

from __future__ import annotations

import inspect
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.network import Body, CallNode, Network

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")


def definitions(body: Body, seen: set[int] | None = None) -> Iterator[str]:
    """The blocks that a body is made of, by file and name."""
    seen = set() if seen is None else seen
    if id(body) in seen:
        return
    seen.add(id(body))
    if body.definition is not None:
        yield f"{body.definition.span.source.path}:{body.definition.name}"
    for node in (*body.nodes, *(aux.node for aux in body.aux)):
        if isinstance(node, CallNode):
            yield from definitions(node.body, seen)


def representatives() -> list[str]:
    """Of the networks made of the same blocks, the one with the fewest layers to run."""
    chosen: dict[frozenset[str], Network] = {}
    everything = bool(os.environ.get("ARCHGEN_ALL"))
    for name, _ in archgen.shipped():
        network = archgen.load(name)
        key = frozenset([name]) if everything else frozenset(definitions(network.body))
        if key not in chosen or network.depth < chosen[key].depth:
            chosen[key] = network
    return [network.name for network in chosen.values()]


def sample(network: Network) -> tuple[Any, ...]:
    """Random input, one sample, for each input of a network."""
    torch.manual_seed(0)
    body = network.body
    return tuple(torch.randn(1, *body.values[ref].sizes) for ref in body.inputs)


def tensors(result: Any) -> list[Any]:
    """The tensors of a result in order, whatever holds them."""
    if isinstance(result, torch.Tensor):
        return [result]
    return [tensor for item in result for tensor in tensors(item)]


@pytest.fixture(scope="module", params=representatives())
def case(request: pytest.FixtureRequest) -> Iterator[tuple[Any, tuple[Any, ...], list[Any]]]:
    """A model in evaluation, its input, and what it makes of it."""
    network = archgen.load(request.param)
    model = archgen.build(network, seed=0).eval()
    inputs = sample(network)
    with torch.no_grad():
        yield model, inputs, tensors(model(*inputs))


def assert_close(results: list[Any], expected: list[Any]) -> None:
    assert len(results) == len(expected)
    for result, wanted in zip(results, expected, strict=True):
        torch.testing.assert_close(result, wanted, rtol=1e-3, atol=1e-4)


def test_compiles_as_one_graph(case: tuple[Any, tuple[Any, ...], list[Any]]) -> None:
    model, inputs, expected = case
    torch._dynamo.reset()
    with torch.no_grad():
        compiled = torch.compile(model, fullgraph=True, backend="eager")
        assert_close(tensors(compiled(*inputs)), expected)


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


def test_pickles_and_shows_its_source(case: tuple[Any, tuple[Any, ...], list[Any]]) -> None:
    model, inputs, expected = case
    with torch.no_grad():
        assert_close(tensors(pickle.loads(pickle.dumps(model))(*inputs)), expected)
    for cls in {type(module) for module in model.modules()}:
        assert inspect.getsource(cls).lstrip().startswith("class ")

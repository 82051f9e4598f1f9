"""One live model beside what was predicted of it. Each law is a method that asserts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import archgen
from archgen.analysis.weights import state
from archgen.backends.pytorch.plan.names import helper_names
from archgen.network import Body, CallNode, LayerNode, heads_of
from tests.interpreter import interpret, tensors

torch.set_num_threads(1)

Shapes = dict[str, list[tuple[int, ...]]]


class Judge:
    """On the device "meta" a model has shapes and no numbers, which is enough for most laws."""

    def __init__(self, network: archgen.Network, device: str = "cpu") -> None:
        self.network = network
        self.device = device
        self.model = archgen.build(network, device=device, dtype="float64", seed=0)
        if device != "meta":
            _liven(self.model)

    def inputs(self, batch: int = 2) -> list[Tensor]:
        """Random values for every input of the network."""
        body = self.network.body
        generator = torch.Generator().manual_seed(1)
        sizes = [body.values[ref].sizes for ref in body.inputs]
        made = (torch.randn(batch, *each, generator=generator) for each in sizes)
        return [each.to(self.device, torch.float64) for each in made]

    def all(self) -> None:
        """Every law."""
        self.state_is_as_predicted()
        self.work_is_as_predicted()
        self.shapes_are_as_predicted()
        self.evaluation_is_the_network()
        self.training_gives_the_heads()
        self.training_reaches_every_parameter()

    # --- laws ---------------------------------------------------------------------------------

    def state_is_as_predicted(self) -> None:
        """Keys and shapes of the `state_dict`, parameters and buffers told apart."""
        predicted = list(state(self.network))
        found = [(key, tuple(value.shape)) for key, value in self.model.state_dict().items()]
        assert found == [(entry.key, entry.sizes) for entry in predicted]
        learned = {entry.key for entry in predicted if entry.kind == "parameter"}
        assert learned == {key for key, _ in self.model.named_parameters()}
        assert self.network.params == sum(each.numel() for each in self.model.parameters())

    def work_is_as_predicted(self) -> None:
        """Multiply-adds, as PyTorch counts them."""
        self.model.eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            self.model(*self.inputs(batch=1))
        assert counter.get_total_flops() == 2 * self.network.macs

    def shapes_are_as_predicted(self) -> None:
        """The shape of every module's output, call by call, and of the results."""
        predicted, found = defaultdict(list), defaultdict(list)
        _predict(self.network.body, "", predicted)
        for path, module in self.model.named_modules():
            module.register_forward_hook(_recorder(found[path]))
        self.model.eval()
        with torch.no_grad():
            results = tensors(self.model(*self.inputs()))
        for path, module in self.model.named_modules():
            module._forward_hooks.clear()
            if (
                path in predicted
            ):  # an `nn.Sequential` that is applied in pieces is not called itself
                assert (path, found[path]) == (path, predicted[path])
        body = self.network.body
        outputs = [body.values[output.value].sizes for output in body.outputs]
        assert [tuple(each.shape[1:]) for each in results] == outputs

    def evaluation_is_the_network(self) -> None:
        """Evaluation computes what the nodes say, each on a copy of what it reads; it leaves
        the input alone and does the same again."""
        self.model.eval()
        inputs = self.inputs()
        copies = [each.clone() for each in inputs]
        with torch.no_grad():
            results = tensors(self.model(*inputs))
            again = tensors(self.model(*inputs))
            expected = interpret(self.network, self.model, copies)
        assert all(map(torch.equal, inputs, copies))
        torch.testing.assert_close(results, again, rtol=0, atol=0, equal_nan=True)
        torch.testing.assert_close(results, expected, rtol=1e-6, atol=1e-9, equal_nan=True)

    def training_gives_the_heads(self) -> None:
        """In training the result has the heads too, under their names, with their values.

        Layers stay in evaluation here, so that nothing is random: only blocks are in training.
        """
        body = self.network.body
        if not body.heads:
            return
        for module in self.model.eval().modules():
            cls = type(module)
            ours = cls.__module__.startswith("archgen_") and cls.__name__ not in helper_names()
            module.training = ours
        inputs = self.inputs()
        with torch.no_grad():
            result = self.model(*inputs)
            expected = interpret(self.network, self.model, inputs)
        names = [output.name or "output" for output in body.outputs]
        assert result._fields == (*names, *body.heads)
        assert [(name, tuple(getattr(result, name).shape[1:])) for name in body.heads] == [
            (name, shape.sizes) for name, shape in heads_of(body)
        ]
        torch.testing.assert_close(list(result), expected, rtol=1e-6, atol=1e-9, equal_nan=True)

    def training_reaches_every_parameter(self) -> None:
        """Backward through the model in training: nothing that it needs was overwritten, and
        nothing is computed for no result; of a block with several results some may be unread."""
        self.model.train()
        inputs = [each.requires_grad_() for each in self.inputs()]
        sum(each.mean() for each in tensors(self.model(*inputs))).backward()  # type: ignore[union-attr]
        spare = tuple(_partly_read(self.network.body))
        for path, parameter in self.model.named_parameters():
            assert parameter.grad is not None or path.startswith(spare), path


def _liven(model: nn.Module) -> None:
    """Give norms and free parameters values that show whether they are used."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "weight" not in name:
                value.uniform_(0.1, 0.4)


def _partly_read(body: Body, prefix: str = "") -> Iterator[str]:
    """The paths of calls that give a value which nothing reads."""
    nodes = [*body.nodes, *(aux.node for aux in body.aux)]
    read = {ref for node in nodes for ref in node.inputs}
    read.update(output.value for output in body.outputs)
    for node in nodes:
        if isinstance(node, CallNode):
            for name in node.names():
                if not read.issuperset(node.outputs) and node in body.nodes:
                    yield f"{prefix}{name}."
                yield from _partly_read(node.body, f"{prefix}{name}.")


def _recorder(into: list[tuple[int, ...]]):  # type: ignore[no-untyped-def]
    def hook(module: nn.Module, arguments: object, result: object) -> None:
        into.extend(tuple(each.shape[1:]) for each in tensors(result))

    return hook


# --- predictions ----------------------------------------------------------------------------------


def _behind_first(body: Body, refs: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """The sizes of tensors but the first, which is the batch where they have one."""
    for shape in (body.values[ref] for ref in refs):
        yield shape.sizes[1:] if shape.batch == "none" else shape.sizes


def _predict(body: Body, prefix: str, into: Shapes) -> None:
    """Output shapes by path, in the order of the calls."""
    for node in body.nodes:
        if isinstance(node, LayerNode):
            into[prefix + node.name] += _behind_first(body, node.outputs)
        elif isinstance(node, CallNode):
            for name in node.names():
                _predict(node.body, f"{prefix}{name}.", into)
                if node.body.kind in {"arch", "block"} or len(node.outputs) == 1:
                    into[prefix + name] += _behind_first(body, node.outputs)

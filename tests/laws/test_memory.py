"""What training keeps is what autograd's hooks see; an evaluation holds what its values need."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hypothesis import event, given  # noqa: E402
from torch import Tensor, nn  # noqa: E402

import archgen  # noqa: E402
from archgen.analysis.memory.amounts import OPTIMIZERS  # noqa: E402
from archgen.analysis.memory.training import memory  # noqa: E402
from tests.laws.writing import specs  # noqa: E402
from tests.saved import saved_storages  # noqa: E402
from tests.specs.chosen import EVERY  # noqa: E402
from tests.sweeps import cases, examples  # noqa: E402

pytestmark = pytest.mark.torch
SMALL = (
    "lenet5",
    "resnet20",
    "densenet_bc_100_12",
    "squeezenet1_0",
    "shufflenet_v2_x0_5",
    "yolo_v3",
)
BATCH = 2


def inputs(network: archgen.Network) -> list[Tensor]:
    body = network.body
    return [torch.randn(BATCH, *body.values[ref].sizes) for ref in body.inputs]


def saved(network: archgen.Network, *, training: bool) -> int:
    """Bytes, as PyTorch saves them."""
    model = archgen.build(network, seed=0).train(training)
    given = inputs(network)
    state = [*model.parameters(), *model.buffers()]
    seen, _ = saved_storages(lambda: model(*given), state)
    return sum(seen.values())


def check(network: archgen.Network) -> bool:
    """Whether anything is known."""
    found = memory(network)
    for training, amount in ((True, found.kept), (False, found.evaluated)):
        if amount is not None:
            assert amount.bytes(BATCH) == saved(network, training=training), training
    return found.kept is not None


@cases("name", EVERY, sample=SMALL, of="shipped networks, what training keeps")
def test_shipped(name: str) -> None:
    assert check(archgen.load(name))


@examples(sample=60, full=3_000, of="random specs, what training keeps")
@given(specs())
def test_random(text: str) -> None:
    try:
        network = archgen.loads(text, "net")
    except archgen.ArchError:
        return
    event(f"known: {check(network)}")


@pytest.mark.parametrize("name", ["resnet18", "googlenet"])
def test_rows_and_input_are_all(name: str) -> None:
    """Every storage is in one row of each level, in a merge between them, or is the input."""
    network = archgen.load(name)
    found = memory(network)
    assert found.kept is not None
    entered = sum(network.body.values[ref].numel for ref in network.body.inputs)
    rows = [each for path, each in found.rows.items() if "." not in path]
    assert sum(each.numbers for each in rows) + entered == found.kept.numbers
    assert sum(each.indices for each in rows) == found.kept.indices


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_of_optimizers(name: str) -> None:
    network = archgen.load("resnet20")
    model = archgen.build(network, seed=0)
    makers = {
        "sgd": lambda given: torch.optim.SGD(given, lr=0.1, momentum=0.9),
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
    }
    optimizer = makers[name](model.parameters())
    model(*inputs(network)).sum().backward()
    optimizer.step()
    state = [each for held in optimizer.state.values() for each in held.values()]
    assert memory(network).optimizer(name) == sum(each.nbytes for each in state)


@pytest.mark.parametrize("name", ["alexnet", "resnet18", "squeezenet1_0", "unet", "yolo_v3"])
def test_largest_moment(name: str) -> None:
    """FX's interpreter lets each value go after its last reader; leaves are torch's modules."""
    network = archgen.load(name)
    traced = torch.fx.symbolic_trace(archgen.build(network, seed=0).eval())
    moments = _Moments(traced)
    with torch.no_grad():
        moments.run(*inputs(network))
    assert memory(network).peak.numbers * BATCH == moments.most


class _Moments(torch.fx.Interpreter):
    """The most numbers that are held at once: the inputs, and what is still read."""

    most = 0

    def run_node(self, n: torch.fx.Node) -> object:
        made = super().run_node(n)
        held = [each for each in (*self.env.values(), made, *self._entered) if _is_value(each)]
        storages = {each.untyped_storage().data_ptr(): each for each in held}
        floats = sum(each.untyped_storage().nbytes() // 4 for each in storages.values())
        self.most = max(self.most, floats)
        return made

    def run(self, *args: Tensor) -> object:
        self._entered = args
        return super().run(*args)


def _is_value(value: object) -> bool:
    return isinstance(value, Tensor) and not isinstance(value, nn.Parameter)


@pytest.mark.parametrize("kind", ["add", "mul", "sub", "div", "maximum", "minimum"])
@pytest.mark.parametrize(
    "sides",
    [
        "conv(4, 1); conv(4, 3)",
        "identity; conv(4, 3)",
        "conv(4, 1); from input",
        "from p; identity",
        "{ conv(4, 1); relu }; { conv(4, 1); sigmoid }",
    ],
)
def test_merges(kind: str, sides: str) -> None:
    lines = f"p = conv(4, 1)\n  {kind} {{ {sides} }}\n  add {{ identity; from p }}\n  conv(2, 1)"
    check(archgen.loads(f"arch net {{\n  input(4, 6, 6)\n  {lines}\n}}\n"))


def test_a_concat_of_one_branch() -> None:
    """It copies where another call of its class has more branches, and is nothing else."""
    text = "arch net { input(4, 8, 8); conv(4, 3); concat { relu }; conv(8, 5) }"
    found = archgen.loads(text).memory()
    assert (found.kept, found.unknown) == (None, "concat of one branch")

"""What archgen does, as functions: read, check, compile, build, look.

    net = archgen.load("specs/resnet50.arch", classes=10)
    print(archgen.source(net))
    model = archgen.build(net, device="cuda")

Bad specs raise `ArchError`, which carries every diagnostic. Only `build` needs torch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from archgen import arguments
from archgen import network as resolved
from archgen.diagnostics import ArchError, Diagnostic, Fault, Severity
from archgen.frozen import dataclass
from archgen.resolve.modules import Loader
from archgen.resolve.program import Program
from archgen.specs import locate

if TYPE_CHECKING:
    import torch
    from torch import nn

    from archgen.analysis.features import Feature
    from archgen.analysis.figures import Figures
    from archgen.backends.drawing import Drawing
    from archgen.checkpoint.contents import State
    from archgen.checkpoint.loading import Weights
    from archgen.lint import Linter
    from archgen.overrides import Features, Inputs

PathLike = str | os.PathLike[str]
Sizes = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Network(resolved.Network):
    """A resolved network: its name, its parameters, and what it costs. Needs no torch.

    The facts are those of the network in evaluation, for one sample; `archgen.summary` says
    what is counted and how. Networks are equal if they are resolved from the same texts with
    the same arguments; for equality by meaning there is `archgen.diff(a, b).same`.
    """

    @classmethod
    def of(cls, network: resolved.Network) -> Network:
        """A resolved network with its figures at hand."""
        return cls(**{each.name: getattr(network, each.name) for each in fields(network)})

    def __eq__(self, other: object) -> bool:
        if self is other or not isinstance(other, Network):
            return self is other
        from archgen.backends.ir import data

        return (self.name, self.digest) == (other.name, other.digest) and data(self) == data(other)

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    @cached_property
    def figures(self) -> Figures:
        """All that is known: parameters, MACs, activations, depth, receptive field..."""
        from archgen.analysis.figures import figures

        return figures(self)

    @property
    def params(self) -> int:
        """How many numbers are learned, those of auxiliary heads included."""
        return self.figures.params

    @property
    def macs(self) -> int:
        """Multiply-adds, as PyTorch's own counter counts: half its FLOPs."""
        return self.figures.macs

    @property
    def depth(self) -> int:
        """Convolutions and linear layers on the longest path."""
        return self.figures.depth

    @property
    def input(self) -> Sizes | dict[str, Sizes]:
        """The shape of the input without the batch; by name where there are several."""
        body = self.body
        shapes = (body.values[ref].sizes for ref in body.inputs)
        return _one_or_named(list(zip(body.input_names, shapes, strict=True)))

    @property
    def output(self) -> Sizes | dict[str, Sizes]:
        """The shape of the result without the batch; by name where it is a `NamedTuple`."""
        body = self.body
        shapes = [(each.name, body.values[each.value].sizes) for each in body.outputs]
        return dict(shapes) if body.named else _one_or_named(shapes)

    @cached_property
    def features(self) -> dict[str, Feature]:
        """Shape, channels and reduction of the features that it was cut to, by name; of a whole
        network, those of every value that can be asked for."""
        from archgen.analysis.features import features

        return features(self)


NETWORK = arguments.Kind("a network", lambda value: isinstance(value, Network))


def torch_kind(name: str) -> arguments.Kind:
    """A value of torch's class of that name, which is not imported for it."""

    def holds(value: object) -> bool:
        return type(value).__module__ == "torch" and type(value).__name__ == name

    return arguments.Kind(f"a torch.{name}", holds)


def network_of(name: str, value: Network | PathLike, load: Callable[[str], Network]) -> Network:
    """A network, or the one that a SPEC names. Raises `TypeError` for another parameter."""
    return value if isinstance(value, Network) else load(arguments.path(name, value))


def _one_or_named(shapes: list[tuple[str, Sizes]]) -> Sizes | dict[str, Sizes]:
    return shapes[0][1] if len(shapes) == 1 else dict(shapes)


def check(*paths: PathLike, lint: bool = False) -> list[Diagnostic]:
    """Check spec files, and every `.arch` file below folders: every error of every file.

    `lint`: warnings too, of the files without errors, as the project's configuration has them.
    """
    arguments.check(lint=(lint, arguments.FLAG))
    files: list[str] = []
    for path in (Path(arguments.path("paths", each)) for each in paths):
        folder = os.path.isdir(path)  # False for a name that no file can have
        files += map(str, sorted(path.rglob("*.arch"))) if folder else [str(path)]
    return check_paths(files, lint=lint)


def check_paths(files: Sequence[str], *, lint: bool = False) -> list[Diagnostic]:
    """Check spec files: text, names, the shapes of every arch, and what each promises."""
    loader = Loader()
    linter = _linter(loader) if lint else None
    for file in files:
        program = Program.read(file, loader)
        if program is None:
            continue
        networks = _check_archs(program)
        if linter is not None and not _has_errors(program):
            linter.look(program, networks)
    return [*loader.sink, *(linter.finish() if linter is not None else ())]


def _linter(loader: Loader) -> Linter | None:
    """What lints as the project's configuration says; None if that holds a mistake."""
    from archgen import config
    from archgen.lint import Linter

    try:
        return Linter(config.find())
    except Fault as fault:
        loader.sink.add(fault.diagnostic)
    except ArchError as faults:
        loader.sink.extend(faults.diagnostics)
    return None


def _has_errors(program: Program) -> bool:
    """Whether there is an error in a file or in what it uses."""
    return any(
        item.severity is Severity.ERROR and item.span.source.path in program.module.sources
        for item in program.sink
    )


def _check_archs(program: Program) -> dict[str, resolved.Network]:
    """The networks of a file; those that have faults are missing, and their faults reported."""
    from archgen.analysis.promises import verify

    networks = {}
    for name, definition in program.archs.items():
        if any(parameter.default is None for parameter in definition.parameters):
            continue  # made to be given arguments by others
        network = program.network(name)
        if network is not None and program.module.whole:
            program.sink.extend(verify(network))
            networks[name] = network
    return networks


def load(
    spec: PathLike, /, *, input: Inputs = None, features: Features = (), **parameters: object
) -> Network:
    """Resolve a network: a spec's path, `path:arch`, or the name of a shipped one.

    input: other sizes than the spec's, without the batch: `(3, 320, 320)`; of several inputs a
        list in their order, or a dictionary by name.
    features: names or paths of values (`["layer2", "features.4"]`): the network becomes the
        backbone that returns these, as a `NamedTuple`; what they do not need is left out.
    parameters: those of the arch.
    Raises `ArchError` with everything that is wrong with the spec or with what is given.
    """
    return load_with(arguments.path("spec", spec), parameters, input, features)


def load_with(
    spec: PathLike,
    parameters: Mapping[str, object],
    input: Inputs = None,
    features: Features = (),
) -> Network:
    """The same with the parameters apart, whatever they are called."""
    path, name = locate(os.fspath(spec))
    loader = Loader()
    program = Program.read(path, loader)
    if program is None or loader.sink.failed:
        raise ArchError(list(loader.sink))
    return network_in(program, name, parameters, input, features)


def loads(
    text: str,
    name: str | None = None,
    *,
    input: Inputs = None,
    features: Features = (),
    **parameters: object,
) -> Network:
    """The same for the text of a spec, whose `use`s start at the current folder."""
    arguments.check(text=(text, arguments.TEXT), name=(name, arguments.TEXT | arguments.NONE))
    program = Program.of(arguments.text(text))
    if program.sink.failed:
        raise ArchError(list(program.sink))
    return network_in(program, arguments.plain(name), parameters, input, features)


def network_in(
    program: Program,
    name: str | None,
    parameters: Mapping[str, object],
    input: Inputs = None,
    features: Features = (),
) -> Network:
    """The network of that name in a program that was read without a fault. Raises `ArchError`."""
    from archgen import overrides

    given = overrides.values(parameters, program.module.scope)
    inputs = overrides.input_sizes(input)
    sizes = {which: each for which, (each, _) in inputs.items()}
    network = program.network(name, given.values, sizes, given.places)
    if network is None or program.sink.failed:
        raise ArchError(overrides.noted(list(program.sink), given, inputs))
    return backbone(Network.of(network), features)


def backbone(network: Network, features: Features) -> Network:
    """The network that returns these values; the same network, if there are none."""
    from archgen.overrides import feature_names
    from archgen.passes.features import features as cut

    names = feature_names(features)
    try:
        return Network.of(cut(network, names)) if names else network
    except Fault as fault:
        raise ArchError([fault.diagnostic]) from None


# --- what becomes of a network --------------------------------------------------------------------


def source(network: Network) -> str:
    """Standalone PyTorch source for a network; it needs torch alone."""
    from archgen.backends.pytorch import render

    arguments.check(network=(network, NETWORK))
    return render(network, network.figures)


def build(
    network: Network | PathLike,
    *,
    device: str | torch.device = "cpu",
    dtype: str | torch.dtype | None = None,
    memory_format: str | torch.memory_format | None = None,
    compile: bool = False,
    seed: int | None = None,
    input: Inputs = None,
    features: Features = (),
    weights: Weights | None = None,
    **parameters: object,
) -> nn.Module:
    """A live PyTorch model: the network's source, executed. In training mode.

    weights: a `state_dict`, a checkpoint file, or `torchvision:ResNet50_Weights.IMAGENET1K_V2`,
    loaded with `strict=True`; with `features`, those of the whole network too.
    device: "cpu", "cuda", "meta", or "auto". `input`, `features` and `parameters` as in `load`,
    the first and the last for a path or name.
    compile: in place, so that the keys of the `state_dict` stay as they are.
    seed: decides the weights on every device, whatever other threads draw.
    The weights, and the shapes of the results of one sample on the device meta, are held against
    what was predicted; equal sources once.
    Raises `ArchError` for a bad or too large spec, for weights that do not fit and for what PyTorch
    refuses, `ValueError` for
    a device that is not there, `ModuleNotFoundError` without torch.
    """
    from archgen.limits import check_buildable

    arguments.check(
        weights=(weights, arguments.STATE | arguments.PATH | arguments.NONE),
        compile=(compile, arguments.FLAG),
        seed=(seed, arguments.SEED | arguments.NONE),
        device=(device, arguments.TEXT | torch_kind("device")),
        dtype=(dtype, arguments.TEXT | torch_kind("dtype") | arguments.NONE),
        memory_format=(
            memory_format,
            arguments.TEXT | torch_kind("memory_format") | arguments.NONE,
        ),
    )
    if not isinstance(network, Network):
        network = load_with(arguments.path("network", network), parameters, input)
    elif parameters or input:
        raise TypeError("a network that is loaded has its parameters: give them to `load`")
    whole, network = network, backbone(network, features)
    device = arguments.plain(device)
    check_buildable(network, network.params, meta=str(device) == "meta")
    state = None if weights is None else _fitting(weights, network, whole, device)
    from archgen import trial
    from archgen.backends.pytorch import class_name

    options = {
        "device": device,
        "dtype": arguments.plain(dtype),
        "memory_format": arguments.plain(memory_format),
        "seed": seed,
    }
    model = trial.make(network, source(network), class_name(network), options)
    if state is not None:
        model.load_state_dict(state, strict=True)
    if compile:
        model.compile(fullgraph=True)
    return model


def _fitting(
    weights: Weights, network: Network, whole: Network, device: str | torch.device
) -> State:
    from archgen.checkpoint.loading import fitting

    if str(device) == "meta":
        raise ValueError("on the device meta there are no numbers: it takes no weights")
    return fitting(weights, network, whole)


def draw(network: Network, level: str = "block", expand: Sequence[str] = ()) -> Drawing:
    """The network's diagram; shows itself in a notebook, `.save("x.svg")` writes it."""
    from archgen.backends.drawing import draw as drawn

    arguments.check(
        network=(network, NETWORK),
        level=(level, arguments.TEXT),
        expand=(expand, arguments.TEXTS),
    )
    return drawn(network, level=arguments.plain(level), expand=tuple(expand))


def summary(network: Network, depth: int = 1) -> str:
    """A table: path, layer, output shape, parameters, MACs, and the totals."""
    from archgen.backends.table import render

    arguments.check(network=(network, NETWORK), depth=(depth, arguments.DEPTH))
    return render(network, depth=depth)

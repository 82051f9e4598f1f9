"""What archgen does, as functions: read, check, compile, build, look.

    net = archgen.load("specs/resnet50.arch", classes=10)
    print(archgen.source(net))
    model = archgen.build(net, device="cuda")

Bad specs raise `ArchError`, which carries every diagnostic. Only `build` needs torch.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from archgen import arguments
from archgen import network as resolved
from archgen.diagnostics import ArchError, Diagnostic, Fault, Severity
from archgen.loaded import Network as Network
from archgen.loading import PathLike, backbone
from archgen.loading import loads as loads
from archgen.resolve.modules import Loader
from archgen.resolve.program import Program
from archgen.specs import spec_file

if TYPE_CHECKING:
    import torch
    from torch import nn

    from archgen.backends.drawing import Drawing
    from archgen.checkpoint.contents import State
    from archgen.checkpoint.loading import Weights
    from archgen.lint import Linter
    from archgen.operands import Operand
    from archgen.overrides import Features, Inputs


def torch_kind(name: str) -> arguments.Kind:
    """A value of torch's class of that name, which is not imported for it."""

    def holds(value: object) -> bool:
        return type(value).__module__ == "torch" and type(value).__name__ == name

    return arguments.Kind(f"a torch.{name}", holds)


def check(*paths: PathLike, lint: bool = False) -> list[Diagnostic]:
    """Check spec files, every `.arch` file below folders, and the files of shipped networks that
    are named: every error of every file.

    `lint`: warnings too, of the files without errors, as the project's configuration has them.
    """
    arguments.check(lint=(lint, arguments.FLAG))
    files: list[str] = []
    for path in (Path(spec_file(arguments.path("paths", each))) for each in paths):
        folder = os.path.isdir(path)  # False for a name that no file can have
        files += map(str, sorted(path.rglob("*.arch"))) if folder else [str(path)]
    return check_paths(files, lint=lint)


def check_paths(
    files: Sequence[str], *, lint: bool = False, texts: Mapping[str, str] = MappingProxyType({})
) -> list[Diagnostic]:
    """Check spec files: text, names, the shapes of every arch, and what each promises.

    texts: what is checked in the place of a file, by its path.
    """
    loader = Loader.with_texts(texts) if texts else Loader()
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
    Raises `ArchError` with everything that is wrong with the spec or with what is given; also for
    an `expect` that fails, which is about the parameters and the input of the spec: with others
    none is checked.
    """
    from archgen import versions

    path = arguments.path("spec", spec)
    return versions.load(path, parameters, input, features, promises=True)


# --- what becomes of a network --------------------------------------------------------------------


def source(
    network: Operand,
    *,
    input: Inputs = None,
    features: Features = (),
    **parameters: object,
) -> str:
    """Standalone PyTorch source for a network; it needs torch alone.

    The other arguments are those of `build`.
    """
    from archgen import operands
    from archgen.backends.pytorch import render

    network = operands.taken("network", network, input, features, parameters)
    return render(network, network.figures)


def build(
    network: Operand,
    *,
    device: str | torch.device = "cpu",
    dtype: str | torch.dtype | None = None,
    memory_format: str | torch.memory_format | None = None,
    compile: bool = False,
    seed: int | None = None,
    input: Inputs = None,
    features: Features = (),
    weights: Weights | None = None,
    allow_extern: Sequence[str] = (),
    **parameters: object,
) -> nn.Module:
    """A live PyTorch model: the network's source, executed. In training mode.

    weights: a `state_dict`, a checkpoint file, or `torchvision:ResNet50_Weights.IMAGENET1K_V2`,
    loaded with `strict=True`; with `features`, those of the whole network too.
    device: "cpu", "cuda", "meta", or "auto". `input`, `features` and `parameters` as in `load`,
    the first and the last for a path or name.
    compile: in place, so that the keys of the `state_dict` stay as they are.
    allow_extern: modules of other packages that may run, as `package.module:Class`, where a spec
    has an `extern`; also those of the variable ARCHGEN_ALLOW_EXTERN.
    seed: decides the weights on every device, whatever other threads draw.
    The weights, and the shapes of the results of one sample on the device meta, are held against
    what was predicted; equal sources once.
    Raises `ArchError` for a bad or too large spec, for weights that do not fit and for what PyTorch
    refuses, `ValueError` for
    a device that is not there, `ModuleNotFoundError` without torch.
    """
    from archgen import operands, trial
    from archgen.limits import check_buildable

    arguments.check(
        weights=(weights, arguments.STATE | arguments.PATH | arguments.NONE),
        compile=(compile, arguments.FLAG),
        allow_extern=(allow_extern, arguments.TEXTS),
        seed=(seed, arguments.SEED | arguments.NONE),
        device=(device, arguments.TEXT | torch_kind("device")),
        dtype=(dtype, arguments.TEXT | torch_kind("dtype") | arguments.NONE),
        memory_format=(
            memory_format,
            arguments.TEXT | torch_kind("memory_format") | arguments.NONE,
        ),
    )
    network = operands.taken("network", network, input, parameters=parameters)
    whole, network = network, backbone(network, features)
    device = arguments.plain(device)
    check_buildable(network, network.params, meta=str(device) == "meta")
    state = None if weights is None else _fitting(weights, network, whole, device)
    model = trial.build(
        network,
        device=device,
        dtype=arguments.plain(dtype),
        memory_format=arguments.plain(memory_format),
        seed=seed,
        allowed=tuple(allow_extern),
    )
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


def draw(
    network: Operand,
    level: str = "block",
    expand: Sequence[str] = (),
    *,
    input: Inputs = None,
    features: Features = (),
    **parameters: object,
) -> Drawing:
    """The network's diagram; shows itself in a notebook, `.save("x.svg")` writes it.

    level: "stage", "block" or "layer". expand: paths to open down to their layers. The other
    arguments are those of `build`.
    """
    from archgen import operands
    from archgen.backends.drawing import draw as drawn

    arguments.check(level=(level, arguments.TEXT), expand=(expand, arguments.TEXTS))
    network = operands.taken("network", network, input, features, parameters)
    return drawn(network, level=arguments.plain(level), expand=tuple(expand))


def summary(
    network: Operand,
    depth: int = 1,
    *,
    input: Inputs = None,
    features: Features = (),
    **parameters: object,
) -> str:
    """A table: path, layer, output shape, parameters, MACs, and the totals.

    The other arguments are those of `build`; `Network.rows` has the same as data.
    """
    from archgen import operands
    from archgen.backends.table import render

    arguments.check(depth=(depth, arguments.DEPTH))
    return render(operands.taken("network", network, input, features, parameters), depth=depth)

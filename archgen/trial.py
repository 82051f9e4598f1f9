"""A live model, held against what was predicted of it: weights, and the shapes of its results.

`archgen.build` and `archgen build` try a model in the same way. What PyTorch refuses is an
`ArchError` with the place in the spec; so is a model that is not what was predicted, which is a
bug of archgen's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archgen import externs
from archgen.analysis.weights import state
from archgen.diagnostics import ArchError, error
from archgen.network import Body, CallNode, LayerNode, Network

if TYPE_CHECKING:
    from torch import nn

_tried: set[tuple[str, str]] = set()  # class and dtype of models that were as predicted


def make(
    network: Network,
    source: str,
    class_name: str,
    options: Mapping[str, Any],
    allowed: Sequence[str] = (),
) -> nn.Module:
    """Make the model of a source, and hold its weights and the shapes of its results on the
    device meta against the network. Equal sources are tried once.

    options: those of `archgen.live.model`. allowed: the externs that may run. Raises `ArchError`,
    and `ValueError` for options that are not to be had.
    """
    used = externs.check_allowed(network, allowed)
    from archgen import live

    for use in used:
        _examine(use)
    try:
        model = live.model(source, class_name, network_name=network.name, **options)
    except live.Failed as problem:
        raise _refused(network, "make", problem, _being_made(network, problem.made)) from problem
    like = next(model.parameters(), None)
    key = type(model).__module__, str(like.dtype if like is not None else None)
    if key not in _tried:
        _check_state(network, model)
        run(network, model, meta=True)
        _tried.add(key)
    return model


def build(
    network: Network, *, seed: int | None = None, allowed: Sequence[str] = (), **options: Any
) -> nn.Module:
    """Generate the source of a network and make its model, as `make` does.

    options: those of `archgen.live.model`.
    """
    from archgen.analysis.figures import figures
    from archgen.backends.pytorch import class_name, render

    source = render(network, figures(network))
    return make(network, source, class_name(network), {"seed": seed, **options}, allowed)


def _examine(use: externs.Use) -> None:
    """Hold an extern against its declaration. Raises `ArchError`."""
    from archgen import live

    call = use.layer.module(use.inputs[0])
    given = (*call.arguments, *call.defaulted)
    plain = [each.value for each in given if each.keyword is None]
    named = {each.keyword: each.value for each in given if each.keyword is not None}
    shapes = [shape.sizes for shape in use.inputs]
    try:
        state, outputs, macs = live.examine(use.target, plain, named, shapes)
    except live.Failed as problem:
        raise externs.failed(use, str(problem)) from problem
    externs.check_declared(use, externs.Seen(tuple(state), tuple(outputs), macs))


def run(network: Network, model: nn.Module, *, meta: bool = False) -> None:
    """Run one sample through a model and hold its results against what was predicted.

    meta: on the device of that name. Raises `ArchError`.
    """
    from archgen import live

    body = network.body
    try:
        ran = live.run(model, [body.values[ref].sizes for ref in body.inputs], meta=meta)
    except live.Failed as problem:
        raise _refused(network, "run", problem, _node_at(body, problem.path)) from problem
    expected = [body.values[output.value].sizes for output in body.outputs]
    if ran != expected:
        raise _unlike(network, f"its results were to be {expected}, they are {ran}")


def _check_state(network: Network, model: nn.Module) -> None:
    predicted = {entry.key: entry.sizes for entry in state(network)}
    found = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    if list(found.items()) == list(predicted.items()):
        return
    keys = sorted({*found.items()} ^ {*predicted.items()}) or [("", ())]
    raise _unlike(network, f"its weights differ, `{keys[0][0]}` first")


# --- what is said ---------------------------------------------------------------------------------


def _refused(
    network: Network, verb: str, problem: Exception, node: LayerNode | CallNode | None
) -> ArchError:
    span = network.span if node is None else node.span
    message = f"PyTorch cannot {verb} {network.name}: {problem}"
    return ArchError([error("A405", message, span)])


def _unlike(network: Network, what: str) -> ArchError:
    message = f"a bug in archgen, please report it: {network.name} is not as predicted: {what}"
    return ArchError([error("A405", message, network.span)])


# --- places ---------------------------------------------------------------------------------------


def _being_made(network: Network, levels: Sequence[frozenset[str]]) -> LayerNode | CallNode | None:
    """What was being made where these submodules were there already, level by level."""
    body = network.body
    found: LayerNode | CallNode | None = None
    for known in levels:
        missing = (node for node in _made(body) if node.name.split(".")[0] not in known)
        node = next(missing, None)
        if node is None:
            return found
        found = node
        if not isinstance(node, CallNode) or node.body.definition is None:
            return found
        body = node.body
    return found


def _made(body: Body) -> Iterator[LayerNode | CallNode]:
    for node in body.all_nodes:
        if isinstance(node, LayerNode | CallNode) and not node.reused:
            yield node


def _node_at(body: Body, path: str) -> LayerNode | CallNode | None:
    """The node whose submodule has this path; of a layer without one, the block around it."""
    for node in _made(body):
        for name in node.names() if isinstance(node, CallNode) else [node.name]:
            if path == name:
                return node
            if isinstance(node, CallNode) and path.startswith(f"{name}."):
                return _node_at(node.body, path.removeprefix(f"{name}.")) or node
    return None

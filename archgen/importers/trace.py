"""Run a module, and write down what it did: a program for each module, as data.

Every module that is called is a program of its own, but for torch's own layers, which are steps;
so are functions of torch. Values are followed by the identity of tensors; a function that works
in place gives its tensor a new value. What runs in eager mode can be traced, whatever Python it
uses. One of the modules that import torch.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from archgen.importers import functions, leaves
from archgen.importers.fault import failed
from archgen.importers.program import LayerCall, Node, Program, Unsupported, Value
from archgen.layers import LAYERS

BATCHES = (3, 5)  # what is as large as the batch in both runs is the batch
_SILENT = {
    "size",
    "dim",
    "numel",
    "__get__",
    "__set__",
    "is_floating_point",
    "is_complex",
    "stride",
}
_CHOICES = {"__bool__", "__int__", "__float__", "__index__", "item", "tolist", "numpy"}


def trace(model: nn.Module, shapes: Sequence[tuple[int, ...]]) -> Program:
    """The program of a module in its present mode, for inputs of these shapes without the batch.

    Raises `Unsupported` with the module's path and the line of Python for what has no form.
    """
    first, second = (_Tracer(model, batch).run(shapes) for batch in BATCHES)
    if fingerprint(first) != fingerprint(second):
        raise Unsupported("a program that depends on the size of the batch")
    return first


def trace_both(model: nn.Module, shapes: Sequence[tuple[int, ...]]) -> Program:
    """The program of a module, with what it returns in training alone as heads.

    Changes the mode and the statistics of the module.
    """
    program = trace(model.eval(), shapes)
    run = {node.name for each in program.programs() for node in each.nodes}
    idle = [name for name in dict(model.named_children()) if not _is_run(name, run)]
    weights = [name for name in idle if list(model.get_submodule(name).parameters())]
    if not weights:
        return program
    training = trace(model.train(), shapes)
    run = {node.name for each in training.programs() for node in each.nodes}
    for name in weights:
        if not _is_run(name, run):
            raise Unsupported(f"the submodule `{name}`, which is never run,")
    count = len(program.outputs)
    training.outputs, training.heads = training.outputs[:count], training.outputs[count:]
    return training


def _is_run(name: str, run: set[str | None]) -> bool:
    return any(each == name or (each or "").startswith(f"{name}.") for each in run)


def check_sizes(model: nn.Module, shapes: Sequence[tuple[int, ...]], program: Program) -> None:
    """Raise `Unsupported` if the module, in its present mode, does other steps on a larger input.

    One that takes no larger input is taken as it is.
    """
    larger = [(channels, *(size + 32 for size in sizes)) for channels, *sizes in shapes]
    try:
        other = _Tracer(model, BATCHES[0]).run(larger)
    except Exception:  # its own words for a size that it cannot take, or a layer's
        return
    if fingerprint(other, sizes=False) != fingerprint(program, sizes=False):
        raise Unsupported("a network that does other steps at another size (`--fixed` takes it)")


def fingerprint(program: Program, *, sizes: bool = True) -> object:
    """What tells one program from another; without `sizes`, whatever they are."""
    numbers: dict[int, int] = {}

    def of(value: Value) -> object:
        number = numbers.setdefault(id(value), len(numbers))
        return (number, value.sizes, value.batched) if sizes else number

    steps = [
        (
            node.kind,
            node.key,
            node.name,
            tuple(map(of, node.inputs)),
            tuple(map(of, node.outputs)),
            repr(node.arguments) if sizes else None,
            node.program and fingerprint(node.program, sizes=sizes),
        )
        for node in program.nodes
    ]
    return tuple(map(of, program.inputs)), tuple(steps), tuple(map(of, program.results))


class _Tracer(TorchFunctionMode):
    """One run. `stack`: the programs of the modules that are running."""

    def __init__(self, model: nn.Module, batch: int) -> None:
        super().__init__()
        self.model = model
        self.batch = batch
        self.stack: list[Program] = []
        self.values: dict[int, Value] = {}
        self.alive: list[Tensor] = []  # so that no two tensors have one identity
        self.paths = {id(module): path for path, module in model.named_modules()}
        self.weights = {id(weight): path for path, weight in model.named_parameters()}
        self.buffers = {id(buffer): path for path, buffer in model.named_buffers()}
        self.inside = False  # of one of torch's own layers

    def run(self, shapes: Sequence[tuple[int, ...]]) -> Program:
        like = next(self.model.parameters(), torch.empty(0))
        inputs = [
            torch.rand(self.batch, *sizes, device=like.device, dtype=like.dtype) for sizes in shapes
        ]
        call = nn.Module.__call__
        tracer = self

        def traced(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            return tracer.called(module, call, args, kwargs)

        root: list[Program] = []
        self.root = root
        with (
            torch.random.fork_rng(devices=[]),
            torch.no_grad(),
            patch.object(nn.Module, "__call__", traced),
            self,
        ):
            try:
                self.model(*inputs)
            except (Unsupported, RecursionError):
                raise
            except Exception as error:
                raise failed("running the module", error) from error
        return root[0]

    # --- modules ------------------------------------------------------------------------------

    def called(self, module: nn.Module, call: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        path = self.paths.get(id(module))
        if path is None or self.inside:
            return call(module, *args, **kwargs)
        if not self.stack:
            return self.whole(module, call, args, kwargs)
        read = list(tensors_in((args, kwargs)))
        adapter = _adapter(module)
        if adapter is not None:
            return self.layer(module, path, call, args, kwargs, adapter)
        inputs = [self.value(tensor) for tensor in read]
        program, result = self.frame(module, path, call, args, kwargs)
        for tensor, value in zip(read, inputs, strict=True):
            self.values[id(tensor)] = value
        self.add("call", program.cls, inputs, result, name=path, program=program)
        return result

    def whole(self, module: nn.Module, call: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        program, result = self.frame(module, "", call, args, kwargs)
        self.root.append(program)
        return result

    def frame(
        self, module: nn.Module, path: str, call: Callable[..., Any], args: Any, kwargs: Any
    ) -> tuple[Program, Any]:
        """Run a module as a program of its own, over values of its own."""
        sequential = type(module).forward is nn.Sequential.forward
        program = Program(type(module).__name__, path, sequential, [], hints=_hints(module))
        for tensor in tensors_in((args, kwargs)):
            program.inputs.append(self.fresh(tensor))
        program.input_names = _input_names(module, len(program.inputs))
        self.stack.append(program)
        try:
            result = call(module, *args, **kwargs)
            program.outputs = [self.value(tensor) for tensor in tensors_in(result)]
        finally:
            self.stack.pop()
        return program, result

    def layer(
        self,
        module: nn.Module,
        path: str,
        call: Callable[..., Any],
        args: Any,
        kwargs: Any,
        adapter: Callable[[Any, tuple[int, ...]], LayerCall],
    ) -> Any:
        inputs = [self.value(tensor) for tensor in tensors_in((args, kwargs))]
        self.inside = True
        try:
            result = call(module, *args, **kwargs)
        finally:
            self.inside = False
        try:
            layer = adapter(module, inputs[0].sizes)
        except Unsupported as error:
            raise Unsupported(error.what, path, _line()) from None
        if not isinstance(result, Tensor) or len(inputs) != 1:
            raise Unsupported(f"`{module!r}` with several inputs or outputs", path, _line())
        self.add("layer", layer.keyword, inputs, result, name=path, arguments=dict(layer.arguments))
        return result

    # --- functions ----------------------------------------------------------------------------

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", str(func))
        result = func(*args, **kwargs)
        if self.inside or not self.stack or name in _SILENT:
            return result
        read = list(tensors_in((args, kwargs)))
        if name in _CHOICES and any(id(tensor) in self.values for tensor in read):
            raise self.unsupported("a decision that depends on the numbers of a tensor")
        if any(True for _ in tensors_in(result)):
            self.function(name, args, kwargs, read, result)
        return result

    def function(self, name: str, args: Any, kwargs: Any, read: list[Tensor], result: Any) -> None:
        inputs = [self.value(tensor) for tensor in read]
        outputs = [self.fresh(tensor) for tensor in tensors_in(result)]
        plain = name.strip("_") if name.startswith("__") else name.rstrip("_")
        call = functions.Function(plain, tuple(args), kwargs, inputs, outputs)
        try:
            if not read:
                raise Unsupported(f"a tensor made by `{plain}`")
            step = functions.step_of(call)
            if step.kind == "layer":
                cls = LAYERS[step.key]
                layer = leaves.simplest(cls, dict(step.arguments), inputs[0].sizes)
                arguments = dict(layer.arguments)
            else:
                arguments = {k: v for k, v in step.arguments if (k, v) != ("axis", 0)}
        except Unsupported as error:
            raise self.unsupported(error.what) from None
        if step.kind == "same":
            for tensor in tensors_in(result):
                self.values[id(tensor)] = inputs[0]
            return
        kind: Any = step.kind
        self.stack[-1].nodes.append(Node(kind, step.key, inputs, outputs, arguments))

    # --- values -------------------------------------------------------------------------------

    def value(self, tensor: Tensor) -> Value:
        """The value of a tensor; a parameter of a module is made a step where it is read."""
        known = self.values.get(id(tensor))
        path = self.weights.get(id(tensor))
        if path is not None:
            return self.parameter(tensor, path)
        if known is None:
            what = "the buffer" if id(tensor) in self.buffers else "a tensor"
            name = self.buffers.get(id(tensor), "made outside of the traced calls")
            raise self.unsupported(f"{what} `{name}`" if what != "a tensor" else f"{what} {name}")
        return known

    def parameter(self, tensor: Tensor, path: str) -> Value:
        program = self.stack[-1]
        name = _within(path, program.path)
        if name is None:
            raise self.unsupported(f"the parameter `{path}`, of another module,")
        for node in program.nodes:
            if node.kind == "param" and node.name == path:
                return node.outputs[0]
        value = Value(tuple(tensor.shape), batched=False)
        arguments: dict[str, object] = {"sizes": list(tensor.shape)}
        program.nodes.append(Node("param", "param", [], [value], arguments, path))
        return value

    def fresh(self, tensor: Tensor) -> Value:
        batched = tensor.dim() > 0 and tensor.shape[0] == self.batch
        sizes = tuple(tensor.shape[1:] if batched else tensor.shape)
        value = self.values[id(tensor)] = Value(sizes, batched)
        self.alive.append(tensor)
        return value

    def add(self, kind: Any, key: str, inputs: list[Value], result: Any, **more: Any) -> None:
        outputs = [self.fresh(tensor) for tensor in tensors_in(result)]
        self.stack[-1].nodes.append(Node(kind, key, inputs, outputs, **more))

    def unsupported(self, what: str) -> Unsupported:
        return Unsupported(what, self.stack[-1].path, _line())


def _within(path: str, owner: str) -> str | None:
    """A path as seen from a module; None if it is not below it."""
    if not owner:
        return path
    return path.removeprefix(f"{owner}.") if path.startswith(f"{owner}.") else None


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in arguments or a result, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)


def _line() -> str:
    """The line of Python outside of torch and this package that is running: `net.py:12`."""
    frame = sys._getframe(1)
    while frame is not None:
        place = frame.f_globals.get("__name__", "")
        if not place.startswith(("torch.", "archgen.", "unittest.")) and place != "torch":
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def _input_names(module: nn.Module, count: int) -> list[str]:
    """What `forward` calls its inputs."""
    names = list(inspect.signature(module.forward).parameters)[:count]
    return [*names, *(f"input{number}" for number in range(len(names), count))]


def _hints(module: nn.Module) -> dict[str, object]:
    """The numbers that a module was made with, as far as it kept them."""
    names = inspect.signature(type(module).__init__).parameters
    found = {name: getattr(module, name, None) for name in names if name != "self"}
    return {name: value for name, value in found.items() if isinstance(value, int | str)}


# --- layers that torch has no module for -----------------------------------------------------


def _adapter(module: nn.Module) -> Callable[[Any, tuple[int, ...]], LayerCall] | None:
    """What makes a layer of this module; None if it is a program."""
    if leaves.is_leaf(module):
        return leaves.layer_of
    return _ADAPTERS.get(type(module).__name__)


def _drop_path(module: Any, sizes: tuple[int, ...]) -> LayerCall:
    if getattr(module, "mode", "row") != "row":
        raise Unsupported("stochastic depth that drops whole batches")
    rate = getattr(module, "p", None)
    rate = getattr(module, "drop_prob", 0.0) if rate is None else rate
    return leaves.simplest(LAYERS["drop_path"], {"p": float(rate or 0.0)}, sizes)


def _layer_norm2d(module: Any, sizes: tuple[int, ...]) -> LayerCall:
    return leaves.simplest(LAYERS["layer_norm2d"], {"eps": module.eps}, sizes)


# By the name of the class, since each project has its own; what they compute is proved later.
_ADAPTERS: dict[str, Callable[[Any, tuple[int, ...]], LayerCall]] = {
    "StochasticDepth": _drop_path,
    "DropPath": _drop_path,
    "LayerNorm2d": _layer_norm2d,
}

"""Run a module, and write down what it did: a program for each module, as data.

Every module that is called is a program of its own, but for torch's own layers, which are steps;
so are functions of torch. Values are followed by the identity of tensors; a function that works
in place gives its tensor a new value. What runs in eager mode can be traced, whatever Python it
uses. One of the modules that import torch.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from archgen.importers import described, functions, leaves
from archgen.importers.described import tensors_in
from archgen.importers.fault import ImportFault, failed
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


def trace(model: nn.Module, shapes: Sequence[tuple[int, ...]], *, fixed: bool = False) -> Program:
    """The program of a module for inputs of these shapes without the batch; what it returns in
    training alone are heads.

    fixed: takes a module that does other steps at another size. Runs a copy of the module without
    numbers, on the device "meta", or a full one where that does not go. Raises `Unsupported` with
    the module's path and the line of Python for what has no form.
    """
    try:
        return _Runs(_without_numbers(model), model).program(shapes, fixed=fixed)
    except ImportFault:
        return _Runs(copy.deepcopy(model), model).program(shapes, fixed=fixed)


def _without_numbers(model: nn.Module) -> nn.Module:
    """A copy of a module whose weights and buffers have no memory."""
    known: dict[int, Any] = {}
    for weight in model.parameters():
        known[id(weight)] = nn.Parameter(weight.detach().to("meta"), weight.requires_grad)
    for buffer in model.buffers():
        known[id(buffer)] = buffer.detach().to("meta")
    return copy.deepcopy(model, known)


class _Runs:
    """The runs of a copy of a module. `model`: with the numbers."""

    def __init__(self, copied: nn.Module, model: nn.Module) -> None:
        self.copied = copied
        self.model = model

    def program(self, shapes: Sequence[tuple[int, ...]], *, fixed: bool) -> Program:
        self.copied.train()
        program, other = (self._run(shapes, batch) for batch in BATCHES)
        if fingerprint(program) != fingerprint(other):
            raise Unsupported("a program that depends on the size of the batch")
        _check_weights(self.model, program)
        if not fixed:
            self._check_sizes(shapes, program)
        self.copied.eval()
        several = len(program.outputs) > 1
        count = len(self._run(shapes, BATCHES[0]).outputs) if several else 1
        program.outputs, program.heads = program.outputs[:count], program.outputs[count:]
        program.output_names = program.output_names[:count]
        return program

    def _check_sizes(self, shapes: Sequence[tuple[int, ...]], program: Program) -> None:
        """Raise `Unsupported` if the module does other steps on a larger input. One that takes no
        larger input is taken as it is.
        """
        larger = [(channels, *(size + 32 for size in sizes)) for channels, *sizes in shapes]
        try:
            other = self._run(larger, BATCHES[0])
        except Exception:  # its own words for a size that it cannot take, or a layer's
            return
        if fingerprint(other, sizes=False) != fingerprint(program, sizes=False):
            raise Unsupported(
                "a network that does other steps at another size (`--fixed` takes it)"
            )

    def _run(self, shapes: Sequence[tuple[int, ...]], batch: int) -> Program:
        return _Tracer(self.copied, self.model, batch).run(shapes)


def _check_weights(model: nn.Module, program: Program) -> None:
    """Raise `Unsupported` for the first weight that was not touched, or that has two names."""
    nodes = [node for each in program.programs() for node in each.nodes if node.name]
    run = {node.name for node in nodes}
    names: dict[int, str] = {}
    for path, weight in model.named_parameters(remove_duplicate=False):
        if names.setdefault(id(weight), path) != path:
            raise Unsupported(f"the parameter `{path}`, which is also `{names[id(weight)]}`,")
        owners = path.split(".")
        above = [".".join(owners[:count]) for count in range(1, len(owners) + 1)]
        if any(each in run for each in (path, ".".join(owners[:-1]))) or _is_inside(above, nodes):
            continue
        for each in above[:-1]:
            if not any(name == each or (name or "").startswith(f"{each}.") for name in run):
                raise Unsupported(f"the submodule `{each}`, which is never run,")
        raise Unsupported(f"the parameter `{path}`, which is never read,")


def _is_inside(above: Sequence[str], nodes: Sequence[Node]) -> bool:
    """Whether one of these modules is a layer, whose weights are its own."""
    return any(node.kind == "layer" and node.name in above for node in nodes)


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

    def __init__(self, copied: nn.Module, model: nn.Module, batch: int) -> None:
        super().__init__()
        self.copied = copied
        self.model = model  # with the numbers
        self.batch = batch
        self.stack: list[Program] = []
        self.values: dict[int, Value] = {}
        self.alive: list[Tensor] = []  # so that no two tensors have one identity
        self.paths = {id(module): path for path, module in copied.named_modules()}
        self.weights = {id(weight): path for path, weight in copied.named_parameters()}
        self.buffers = {id(buffer): path for path, buffer in copied.named_buffers()}
        self.inside = False  # of one of torch's own layers

    def run(self, shapes: Sequence[tuple[int, ...]]) -> Program:
        like = next(self.copied.parameters(), torch.empty(0))
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
                self.copied(*inputs)
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
        adapter = described.adapter(module)
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
        program = Program(type(module).__name__, path, sequential, [])
        given = described.bound(module, args, kwargs)
        program.hints = described.hints(module) | described.numbers(given)
        program.order = described.order(module)
        program.gathered = len(given) == 1
        for name, tensor in described.named_tensors(given):
            program.input_names.append(_unused(name, program.input_names))
            program.inputs.append(self.fresh(tensor))
        self.stack.append(program)
        try:
            result = call(module, *args, **kwargs)
            program.outputs = [self.value(tensor) for tensor in tensors_in(result)]
            program.output_names = described.result_names(module, result)
            program.has_fields = any(name for name, _ in described.named_tensors(result))
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
        read = [self.value(tensor) for tensor in tensors_in((args, kwargs))]
        inputs = list(dict.fromkeys(read))  # attention of tokens to themselves reads them thrice
        self.inside = True
        try:
            result = call(module, *args, **kwargs)
        finally:
            self.inside = False
        try:
            layer = adapter(module, inputs[0].sizes)
        except Unsupported as error:
            raise Unsupported(error.what, path, _line()) from None
        made = result[0] if isinstance(result, tuple) else result  # attention gives its weights too
        attends = isinstance(module, nn.MultiheadAttention)
        if (made is not result and not attends) or not isinstance(made, Tensor) or len(inputs) != 1:
            raise Unsupported(f"`{module!r}` with several inputs or outputs", path, _line())
        self.add("layer", layer.keyword, inputs, made, name=path, arguments=dict(layer.arguments))
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
                first = len(outputs[0].sizes) != 2  # two axes: tokens, whose features are the last
                arguments = {k: v for k, v in step.arguments if (k, v) != ("axis", 0) or not first}
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
        start = _constant(self.model.get_parameter(path))
        if start is not None:
            arguments["init"] = start
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


def _unused(name: str, taken: Sequence[str]) -> str:
    return name if name not in taken else f"{name}_{len(taken)}"


def _within(path: str, owner: str) -> str | None:
    """A path as seen from a module; None if it is not below it."""
    if not owner:
        return path
    return path.removeprefix(f"{owner}.") if path.startswith(f"{owner}.") else None


def _constant(weight: Tensor) -> LayerCall | None:
    """How a parameter starts, if all its numbers are the same."""
    first = weight.detach().reshape(-1)[:1]
    if weight.is_meta or not len(first) or not bool((weight == first).all()):
        return None
    value = float(f"{first.item():.6g}")  # as written, before it was rounded to float32
    known = {0.0: LayerCall("zeros"), 1.0: LayerCall("ones")}
    return known.get(value, LayerCall("constant", (("", value),)))


def _line() -> str:
    """The line of Python outside of torch and this package that is running: `net.py:12`."""
    frame = sys._getframe(1)
    while frame is not None:
        place = frame.f_globals.get("__name__", "")
        if not place.startswith(("torch.", "archgen.", "unittest.")) and place != "torch":
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""

"""The live model: generated source, executed. The one module that imports torch.

The source becomes a module of its own in `sys.modules` and `linecache`, once for each digest, so
tracebacks, debuggers and `inspect.getsource` see it. Values of its classes pickle with that
source and load in a process that has never seen it; as with every pickle, loading one runs what
it holds. Nothing here knows specs or networks: source, names and shapes are given.
"""

from __future__ import annotations

import hashlib
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from itertools import chain
from threading import RLock
from types import ModuleType, TracebackType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

__all__ = ["Failed", "examine", "model", "module", "rebuild", "run"]

T = TypeVar("T")
BATCH = 2  # samples that a module of another package is shown

_CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}  # by rank of the weight
_lock = RLock()
_modules: dict[str, ModuleType] = {}  # by digest of the source
_origins: dict[str, tuple[str, str]] = {}  # by name of the module: source, name of the network


class Failed(Exception):
    """PyTorch refused while a model was made or run.

    made: where it was being made, the submodules that each module around the place has already,
        outermost first. path: of the submodule that was being run, as in `named_modules`.
    """

    def __init__(
        self, reason: str, *, made: tuple[frozenset[str], ...] = (), path: str = ""
    ) -> None:
        super().__init__(reason)
        self.made = made
        self.path = path


def model(
    source: str,
    class_name: str,
    *,
    network_name: str,
    device: str | torch.device = "cpu",
    dtype: str | torch.dtype | None = None,
    memory_format: str | torch.memory_format | None = None,
    seed: int | None = None,
) -> nn.Module:
    """Make a model of generated source, in training mode.

    device: "auto" is CUDA where there is one, else the CPU; on "meta" weights have no storage.
    dtype: of weights and buffers, "bfloat16" or torch's own; None leaves torch's default.
    memory_format: "channels_last" also stands for `torch.channels_last_3d` where that is meant.
    seed: gives the same weights on every device, whatever other threads do; torch's global
        generators stay as they are.

    Raises ValueError for a device, dtype or memory format that is not to be had, `Failed` for
    what PyTorch refuses.
    """
    where, kind, layout = _device(device), _dtype(dtype), _layout(memory_format)
    cls = getattr(module(source, network_name), class_name)
    made = _guarded(lambda: _construct(cls, where, seed))
    return _guarded(lambda: _placed(made, where, kind, layout), made)


def run(
    made: nn.Module, shapes: Sequence[tuple[int, ...]], *, meta: bool = False
) -> list[tuple[int, ...]]:
    """Run a model in evaluation on one random sample; the shapes of its results, without batch.

    shapes: of its inputs, without the batch.
    meta: on the device of that name, where shapes alone are computed; the model stays where it
        is.
    Raises `Failed` for what PyTorch refuses.
    """
    return _guarded(lambda: _run(made, shapes, meta=meta), made)


def examine(
    target: str, arguments: Sequence[Any], keywords: Mapping[str, Any], shapes: Sequence[Any]
) -> tuple[list[Any], list[Any], int]:
    """Import a module's class, `package.module:Class`, and make and run it, in evaluation.

    shapes: of its inputs, without the batch. Gives its `state_dict` as keys, sizes and kinds, the
    sizes of its results without the batch, and its multiply-adds for one sample. On the device
    meta; where an operation is not known there, on the CPU. Runs its code. Raises `Failed`.
    """
    return _guarded(lambda: _examined(target, arguments, keywords, shapes))


def _examined(
    target: str, arguments: Any, keywords: Any, shapes: Any
) -> tuple[list[Any], list[Any], int]:
    module, _, path = target.partition(":")
    found: Any = import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise TypeError(f"{path} is no class of an nn.Module")
    try:
        return _seen(found, arguments, keywords, shapes, "meta")
    except NotImplementedError:
        return _seen(found, arguments, keywords, shapes, "cpu")


def _seen(
    cls: Any, arguments: Any, keywords: Any, shapes: Any, device: str
) -> tuple[list[Any], list[Any], int]:
    with torch.device(device):
        made = cls(*arguments, **keywords).eval()
        inputs = [torch.zeros(BATCH, *sizes) for sizes in shapes]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        results = list(_tensors(made(*inputs)))
    if any(result.shape[:1] != (BATCH,) for result in results):
        raise ValueError("a result has no batch")
    parameters = dict(made.named_parameters(remove_duplicate=False))
    state = [
        (key, tuple(value.shape), "parameter" if key in parameters else "buffer")
        for key, value in made.state_dict().items()
    ]
    sizes = [tuple(result.shape[1:]) for result in results]
    return state, sizes, counter.get_total_flops() // (2 * BATCH)


def _run(made: nn.Module, shapes: Sequence[tuple[int, ...]], *, meta: bool) -> list[Any]:
    like = next(chain(made.parameters(), made.buffers()), torch.empty(0))
    device = torch.device("meta") if meta else like.device
    state = {}
    if meta and like.device.type != "meta":
        weights = chain(made.named_parameters(), made.named_buffers())
        state = {name: torch.empty_like(value, device="meta") for name, value in weights}
    training = {each: each.training for each in made.modules()}
    with torch.no_grad():
        inputs = [torch.empty(1, *sizes, device=device, dtype=like.dtype) for sizes in shapes]
        for value in inputs:
            value.normal_(generator=_sampling(device))
        try:
            result = torch.func.functional_call(made.eval(), state, tuple(inputs))
        finally:
            for each, before in training.items():
                each.training = before
    return [tuple(value.shape[1:]) for value in _tensors(result)]


def _sampling(device: torch.device) -> torch.Generator | None:
    """A generator for a sample, so that the global ones stay as they are."""
    return None if device.type == "meta" else torch.Generator(device).manual_seed(0)


def module(source: str, network_name: str) -> ModuleType:
    """Execute generated source as a module; the same module for the same source."""
    digest = hashlib.sha256(source.encode()).hexdigest()
    with _lock:
        if digest not in _modules:
            _modules[digest] = _execute(source, network_name, digest[:12])
        return _modules[digest]


def rebuild(source: str, network_name: str, class_name: str, arguments: tuple[Any, ...]) -> object:
    """Make an empty value of a generated class: what unpickling and `copy` call."""
    cls = getattr(module(source, network_name), class_name)
    return cls.__new__(cls, *arguments)


# --- the source as a module ---------------------------------------------------------------


def _execute(source: str, network_name: str, digest: str) -> ModuleType:
    name = f"archgen_{network_name}_{digest}"
    file = f"<archgen {network_name} {digest}>"
    made = ModuleType(name)
    made.__file__ = file
    # No modification time: `linecache.checkcache` then leaves the entry alone.
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    sys.modules[name] = made
    _origins[name] = source, network_name
    try:
        exec(compile(source, file, "exec"), made.__dict__)
    except BaseException:
        del sys.modules[name], _origins[name], linecache.cache[file]
        raise
    for value in list(vars(made).values()):
        if isinstance(value, type) and value.__module__ == name:
            value.__reduce_ex__ = _reduce_ex  # type: ignore[assignment, method-assign]
    return made


def _reduce_ex(value: Any, protocol: Any) -> Any:
    """Pickle a value of a generated class with the source of the class."""
    cls = type(value)
    origin = _origins.get(cls.__module__)
    if origin is None:  # a class that a user derived from a generated one
        return object.__reduce_ex__(value, protocol)
    arguments = tuple(value) if isinstance(value, tuple) else ()
    return rebuild, (*origin, cls.__qualname__, arguments), value.__getstate__()


# --- what goes wrong ----------------------------------------------------------------------


def _guarded(act: Callable[[], T], made: nn.Module | None = None) -> T:
    """Do something with torch; whatever it refuses is `Failed`, with the place in the model."""
    try:
        return act()
    except Exception as problem:
        reason = str(problem).strip().partition("\n")[0] or type(problem).__name__
        frames = list(_modules_in(problem.__traceback__))
        if made is None:
            known = tuple(frozenset(module._modules) for name, module in frames if name)
            raise Failed(reason, made=known) from problem
        paths = {module: path for path, module in made.named_modules()}
        path = next((paths[each] for _, each in reversed(frames) if each in paths), "")
        raise Failed(reason, path=path) from problem


def _modules_in(trace: TracebackType | None) -> Iterator[tuple[bool, nn.Module]]:
    """The modules that a traceback leads through, and whether a constructor of ours does."""
    while trace is not None:
        code, own = trace.tb_frame.f_code, trace.tb_frame.f_locals.get("self")
        if isinstance(own, nn.Module):
            ours = code.co_name == "__init__" and type(own).__module__ in _origins
            yield ours and "_modules" in own.__dict__, own
        trace = trace.tb_next


# --- the model ----------------------------------------------------------------------------


def _construct(cls: type[nn.Module], where: torch.device, seed: int | None) -> nn.Module:
    """Make the model on the CPU, or on "meta" if it is to be there."""
    place = torch.device("meta" if where.type == "meta" else "cpu")
    # The context costs a Python call for each tensor that is made.
    away = place != torch.get_default_device()
    with place if away else nullcontext(), _seeded(seed):
        return cls()


@contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Draw from a generator of this build alone: the global one belongs to all threads."""
    if seed is None:
        yield
        return
    with _Drawing(torch.Generator().manual_seed(seed)):
        yield


class _Drawing(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """In this thread, what is drawn from a global generator is drawn from this one."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.generator = generator

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        takes = any(each.name == "generator" for each in func._schema.arguments)
        if takes and kwargs.get("generator") is None and not _is_meta(args):
            kwargs["generator"] = self.generator
        return func(*args, **kwargs)


def _is_meta(args: tuple[Any, ...]) -> bool:
    return any(isinstance(each, Tensor) and each.is_meta for each in args)


def _placed(
    made: nn.Module,
    where: torch.device,
    kind: torch.dtype | None,
    layout: torch.memory_format | None,
) -> nn.Module:
    made = made.to(device=where, dtype=kind)
    if layout is not None:
        _lay_out(made, layout)
    return made


def _lay_out(made: nn.Module, layout: torch.memory_format) -> None:
    """Store weights as asked; `nn.Module.to` fails where images and volumes meet."""
    if layout not in _CHANNELS_LAST.values():
        return
    for weight in made.parameters():
        if weight.dim() in _CHANNELS_LAST:
            weight.data = weight.data.contiguous(memory_format=_CHANNELS_LAST[weight.dim()])


def _tensors(result: Any) -> Iterator[Tensor]:
    """The tensors of a result: one, a NamedTuple's, or those of a list; a head gives none here."""
    if isinstance(result, Tensor):
        yield result
    elif result is not None:
        for item in result:
            yield from _tensors(item)


# --- words as torch's values --------------------------------------------------------------


def _device(device: str | torch.device) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError as problem:
        raise ValueError(f"no device is called {device!r}") from problem
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device {device}: PyTorch finds no such CUDA device here")
    return found


def _dtype(dtype: str | torch.dtype | None) -> torch.dtype | None:
    found = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if found is None and dtype is None:
        return None
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise ValueError(f"{dtype!r} is not a floating-point dtype of torch, as float32 is")
    return found


def _layout(memory_format: str | torch.memory_format | None) -> torch.memory_format | None:
    found = getattr(torch, memory_format, None) if isinstance(memory_format, str) else memory_format
    if found is None and memory_format is None:
        return None
    if not isinstance(found, torch.memory_format):
        raise ValueError(f"{memory_format!r} is not a memory format of torch, as channels_last is")
    return found

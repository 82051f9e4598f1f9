"""The published YOLO models beside the shipped ones, in an environment outside of the repository:

    python -m venv ../yolo && ../yolo/bin/pip install -e . torch ultralytics
    ../yolo/bin/python -m tests.specs.published_yolo

makes each model of the package `ultralytics` from its description, with random weights, and writes
`yolo_keys.json`: names and shapes of its weights, what versions made them, and how far the outputs
of the shipped networks were from the package's with the same weights. That is in float64, at two
images of 160 x 192, after statistics of batch norms from random images. The package is no
dependency: tests compare with the file.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

import archgen
from tests.specs.references import ULTRALYTICS

KEYS = Path(__file__).with_name("yolo_keys.json")


def main() -> None:
    package = importlib.import_module("ultralytics")
    models = {name: published(name) for name in ULTRALYTICS}
    made = {"torch": torch.__version__.partition("+")[0], "ultralytics": package.__version__}
    apart = {name: difference(name, model) for name, model in models.items()}
    shapes = {
        name: {key: list(weight.shape) for key, weight in model.state_dict().items()}
        for name, model in models.items()
    }
    rows = ",\n".join(f"{json.dumps(name)}: {_lines(keys)}" for name, keys in shapes.items())
    head = f'"made with": {json.dumps(made)},\n"greatest difference": {json.dumps(apart)},\n'
    KEYS.write_text(f'{{\n{head}"keys": {{\n{rows}\n}}\n}}\n', encoding="utf-8")


def published(name: str) -> nn.Module:
    """The package's model in float64, its batch norms awake."""
    torch.manual_seed(0)
    tasks = importlib.import_module("ultralytics.nn.tasks")
    model: nn.Module = tasks.DetectionModel(f"{name}.yaml", verbose=False).double()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, 0.5, 1.5)
    with torch.no_grad():
        for _ in range(8):
            model.train()(torch.rand(4, 3, 96, 128, dtype=torch.float64))
    return model.eval()


def difference(name: str, theirs: Any) -> float:
    """The largest between our results and theirs: box distributions, classes, distances."""
    ours = archgen.build(name).double().eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.rand(2, 3, 160, 192, dtype=torch.float64)
    with torch.inference_mode():
        _, raw = theirs(x)
        expected = (raw["boxes"], raw["scores"], theirs.model[-1].dfl(raw["boxes"]))
        pairs = zip(ours(x), expected, strict=True)
        return max(float((found - wanted).abs().max()) for found, wanted in pairs)


def _lines(keys: dict[str, list[int]]) -> str:
    return "{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in keys.items()) + "\n}"


if __name__ == "__main__":
    main()

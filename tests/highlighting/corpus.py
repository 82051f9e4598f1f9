"""What the highlighters are tried on: every shipped spec, every example of the documentation,
and forms that are rare in both."""

from __future__ import annotations

from pathlib import Path

import pytest

from archgen import resources
from archgen.layers import LAYERS
from archgen.layers.initialisers import INITIALISERS
from archgen.resolve.functions import FUNCTIONS
from archgen.syntax.words import RESERVED
from docs import pictures

RARE = {
    "words as names": """\
use residual as as
use "a b.arch" as block
let use = 1; let arch = [use, 2]
arch block(as=1, use=as) { input(3, 8, 8)
  block = seq { conv(as, 1) }
  arch(use)
}
block arch = conv(1, 1)
arch other = block(as=2) { "Documentation."; expect depth == 1 }
""",
    "strings": '''\
block b(xs) {
  """Said {not} an
  expression "quoted"."""
  "p{len(xs[0]) if true else 1}{{x}}" = conv(8, 1)
  from "p{1}"
  reshape([""])
  pad(1, mode="{{reflect}}")
  x = f("", [
    "alone"
  ], """q{
  2}""")
}
''',
    "values": """\
block b(skip) {
  conv = conv(8, 3); relu = from conv -> relu
  from relu; reuse conv
  add { from skip; from input; from conv.mean }
  input.channels
  w = param([channels], init=zeros)
  mean -> mean(axis=0)
}
""",
    "numbers and signs": """\
let x = [0, 1_000, 0.1, 1e-5, 4.1G, 2K, -3 ** 2 // 4 % 5 / 6 * 7 + 8 - 9]
let y = 1 < 2 <= 3 != 4 and not (5 > 6) or 7 >= 8 == true
let z = x[1:][: 2]
""",
    "lines": """\
# first
block b { # second
  conv(8, # third
    3)
    # fourth
    -> bn ->
    relu
  if true { relu }
  # fifth
  else { identity } ; relu;;
}
#last""",
    "every layer": "".join(f"{name}(1) -> {name}\n" for name in LAYERS),
    "every function": "".join(f"let {name}_ = {name}(1)\n" for name in (*FUNCTIONS, *INITIALISERS)),
    "every keyword": f"let x = [{', '.join(sorted(RESERVED))}]",
}


def _corpus() -> dict[str, str]:
    folder = resources.root("specs")
    texts = {
        path.relative_to(folder).as_posix(): _read(path) for path in sorted(folder.rglob("*.arch"))
    }
    for page in [pictures.DOCS.parent / "README.md", *sorted(pictures.DOCS.glob("*.md"))]:
        for number, example in enumerate(pictures.examples("arch", _read(page))):
            texts[f"{page.stem}-{number}"] = example.text
    return texts | RARE


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


CORPUS = _corpus()
EVERY_TEXT = pytest.mark.parametrize("text", CORPUS.values(), ids=CORPUS)

"""Laws of every network that a spec can say, with PyTorch as the judge.

Whatever is written, a check answers with diagnostics, never with an exception of ours. What it
accepts is a model that builds, trains and evaluates, and every prediction about it is exact:
shapes of all values, keys, parameters, multiply-adds.
"""

from __future__ import annotations

import pytest
from hypothesis import assume, event, example, given

import archgen
from archgen.resolve.program import Program
from archgen.validate import validate
from tests.laws.vocabulary import (
    ACTIVATIONS,
    CALLS,
    HEADED,
    KEEPING,
    NORMS,
    OF_OTHERS,
    PARTS,
    RESIZING,
)
from tests.laws.writing import specs
from tests.sweeps import examples


@examples(sample=50, full=10_000, of="random specs, accepted or refused with codes")
@given(specs())
def test_a_check_accepts_or_refuses_with_codes(text: str) -> None:
    program = Program.of(text)
    network = program.network("net")
    event("accepted" if network else "refused")
    assert (network is None) is program.sink.failed
    if network is None:
        for fault in program.sink:
            assert fault.span.source.text == text
            assert fault.span.text
    else:
        assert validate(network) == []


# What went wrong once: values kept in variables that a later line overwrote; heads beside several
# outputs, which evaluation does not give.
FORKED = "block forked(out) { a = conv(out, 3); b = from input -> conv(out, 1); output a, b }\n"
FOUND = (
    FORKED + "arch net { input(8, 9, 9); both = forked(8); mul { from both.a; from both.b } }",
    """arch net {
      input(4, 12, 16)
      mul {
        { conv(8, 3) -> bn -> relu6; conv(16, 3) }
        short = conv(16, 1) -> bn
        far = conv(16, 3) -> hardswish
      }
    }""",
    FORKED
    + """arch net {
      input(3, 12, 16)
      conv(8, 5)
      concat {
        conv(8, 1) -> instance_norm
        { both = forked(channels); add { from both.a; from both.b } }
      }
    }""",
    """arch net {
      input(4, 12, 16)
      aux head = global_avgpool -> flatten -> linear(3)
      a = conv(4, 3)
      b = conv(4, 1)
      output a, b
    }""",
)


@pytest.mark.torch
@examples(sample=60, full=10_000, of="random specs, built, run and trained")
@given(specs())
@example(FOUND[0])
@example(FOUND[1])
@example(FOUND[2])
@example(FOUND[3])
def test_what_is_accepted_is_what_torch_does(text: str) -> None:
    from tests.laws.judge import Judge

    program = Program.of(text)
    program.network("net")
    assume(not program.sink.failed)
    network = archgen.loads(text, "net")
    Judge(network).all()
    assert archgen.source(network) == archgen.source(archgen.loads(text, "net"))


@pytest.mark.torch
@examples(sample=20, full=1_000, of="random specs, what weights start as")
@given(specs())
def test_weights_start_as_the_network_says(text: str) -> None:
    from tests.specs.said import Said
    from tests.specs.samples import differences, drawn

    program = Program.of(text)
    program.network("net")
    assume(not program.sink.failed)
    network = archgen.loads(text, "net")
    fresh = drawn(lambda: archgen.build(network), seed=0)
    assert differences(fresh, drawn(lambda: Said(network.body), seed=100)) == []


@pytest.mark.parametrize("link", [*ACTIVATIONS, *NORMS, *KEEPING, *RESIZING])
def test_every_word_of_the_writer_is_accepted(link: str) -> None:
    """A word that nothing accepts would be written, and never tried."""
    assert archgen.loads(f"arch net {{ input(8, 8, 8); {link} }}").params >= 0


@pytest.mark.torch
@pytest.mark.parametrize("call", [*CALLS, *HEADED, *OF_OTHERS])
def test_every_block_of_the_writer_is_what_torch_does(call: str) -> None:
    from tests.laws.judge import Judge

    text = f"{PARTS}arch net {{ input(8, 8, 8); {call.format(width=12)}; conv(4, 1) }}"
    Judge(archgen.loads(text)).all()

"""Recurrent layers and overlapping windows, against a few lines of plain PyTorch."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

import archgen  # noqa: E402
from tests.language.ask import arch, fault  # noqa: E402
from tests.laws.judge import Judge  # noqa: E402
from tests.laws.test_operations import check  # noqa: E402

pytestmark = pytest.mark.torch


def judged(network: archgen.Network) -> Judge:
    """Every law; of work on "meta", since the counter does not see `lstm` on the CPU."""
    Judge(network, device="meta").work_is_as_predicted()
    judge = Judge(network)
    judge.state_is_as_predicted()
    judge.shapes_are_as_predicted()
    judge.evaluation_is_the_network()
    judge.training_reaches_every_parameter()
    return judge


@pytest.mark.parametrize(("keyword", "cls"), [("lstm", nn.LSTM), ("gru", nn.GRU)])
@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_a_recurrent_layer(keyword: str, cls: type[nn.RNNBase], both: bool, bias: bool) -> None:
    words = f"bidirectional={str(both).lower()}, bias={str(bias).lower()}"
    judge = judged(archgen.loads(arch(f"{keyword}(7, {words})", size="9, 16, axis=1")))
    theirs = cls(16, 7, bidirectional=both, bias=bias, batch_first=True).double()
    theirs.load_state_dict(getattr(judge.model, f"{keyword}1").state_dict())
    (x,) = judge.inputs()
    with torch.no_grad():
        torch.testing.assert_close(judge.model(x), theirs(x)[0])
        longer = torch.randn(3, 12, 16, dtype=torch.float64)
        torch.testing.assert_close(judge.model(longer), theirs(longer)[0])


def test_over_the_axis_before_the_features_in_each_row() -> None:
    judge = judged(archgen.loads(arch("lstm(5)", size="4, 9, 16, axis=2")))
    (x,) = judge.inputs()
    with torch.no_grad():
        rows = torch.stack([judge.model.lstm1(row) for row in x.unbind(1)], 1)
        torch.testing.assert_close(judge.model(x), rows)


CRNN = """
block recurrent(hidden, out) {
  rnn = lstm(hidden, bidirectional=true)
  embedding = linear(out)
}

arch crnn(classes=37, hidden=16) {
  "Text in a line (Shi et al. 2015), with narrow layers."
  input(1, 32, 100)
  cnn = seq {
    conv(8, 3, bias=true) -> relu -> maxpool(2)
    conv(16, 3, bias=true) -> relu -> maxpool(2)
    conv(16, 3) -> bn -> relu
    conv(32, 3, bias=true) -> relu -> maxpool([2, 2], stride=[2, 1], padding=[0, 1])
    conv(32, 3) -> bn -> relu -> maxpool([2, 2], stride=[2, 1], padding=[0, 1])
    conv(32, 2, padding=0, bias=true) -> relu
  }
  rearrange("c 1 w -> w c")
  rnn1 = recurrent(hidden, hidden)
  rnn2 = recurrent(hidden, classes)
}
"""


def test_crnn() -> None:
    judge = judged(archgen.loads(CRNN))
    model = judge.model.eval()
    (x,) = judge.inputs()

    def recurrent(part: nn.Module, y: Tensor) -> Tensor:
        rnn = nn.LSTM(y.shape[-1], 16, bidirectional=True, batch_first=True).double()
        rnn.load_state_dict(part.rnn.state_dict())  # type: ignore[union-attr]
        return part.embedding(rnn(y)[0])  # type: ignore[operator,no-any-return]

    with torch.no_grad():
        expected = model.cnn(x).squeeze(2).mT
        for part in (model.rnn1, model.rnn2):
            expected = recurrent(part, expected)
        torch.testing.assert_close(model(x), expected)
    assert model(x[..., :60]).shape == (2, 16, 37)


def test_a_vector_has_no_tokens() -> None:
    assert fault(arch("lstm(8)", size="16")).code == "A201"
    found = fault(arch("gru(8)", size="3, 8, 8"))
    assert (found.code, found.span.text) == ("A201", "gru(8)")


WINDOWS = {
    "unfold(3, 2, 1)": lambda x: x.unfold(2, 3, 2),
    "unfold(4, 1, -1) -> unfold(2, 2, 0)": lambda x: x.unfold(3, 4, 1).unfold(1, 2, 2),
    "unfold(3, 2, 1) -> unfold(4, 3, 2); sum([-1, -2])": (
        lambda x: nn.functional.conv2d(x, x.new_ones(6, 1, 3, 4), stride=(2, 3), groups=6)
    ),
    "unfold(3, 2, axis=1); tanh; fold(2, 1, like=from input)": lambda x: folded(x.tanh(), 3, 2),
    "add { identity; tanh } -> unfold(3, 3, 1)": lambda x: (x + x.tanh()).unfold(2, 3, 3),
}


def folded(x: Tensor, size: int, step: int) -> Tensor:
    """Each row as often as windows hold it."""
    times = torch.zeros(x.shape[2], dtype=x.dtype)
    for start in range(0, x.shape[2] - size + 1, step):
        times[start : start + size] += 1
    return x * times[:, None]


@pytest.mark.parametrize("text", WINDOWS)
def test_windows(text: str) -> None:
    check(f"---{text}", WINDOWS[text], "6, 9, 10", (6, 12, 7))


def test_attention_in_overlapping_windows() -> None:
    """Windows of 4 x 4, 2 apart, each a sequence of tokens; their results add up again."""
    text = """
block windows(size=4, step=2) {
  unfold(size, step, 1) -> unfold(size, step, 2)
  rearrange("c a b h w -> a b (h w) c")
  attend(from w, from w, heads=2)
}
"""
    text = text.replace('(h w) c")\n', '(h w) c")\n  w = identity\n')

    def plain(x: Tensor) -> Tensor:
        w = x.unfold(2, 4, 2).unfold(3, 4, 2).permute(0, 2, 3, 4, 5, 1).flatten(3, 4)
        q = w.unflatten(-1, (2, -1)).transpose(-3, -2)
        y = (q @ q.mT * q.shape[-1] ** -0.5).softmax(-1) @ q
        return y.transpose(-3, -2).flatten(-2)

    network = archgen.loads(text + "arch net { input(6, 8, 10); windows }", "net")
    judge = judged(network)
    (x,) = judge.inputs()
    with torch.no_grad():
        torch.testing.assert_close(judge.model(x), plain(x))
        x = torch.randn(2, 6, 12, 6, dtype=torch.float64)
        torch.testing.assert_close(judge.model(x), plain(x))


def test_windows_that_do_not_fit() -> None:
    assert fault(arch("unfold(9, 2, 1)", size="4, 8, 8")).code == "A205"
    found = fault(arch("unfold(3, 2, 1); fold(1, 1, like=from input)", size="4, 8, 8"))
    assert (found.code, found.span.text) == ("A202", "like=from input")

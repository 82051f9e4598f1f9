"""Networks as people write them in PyTorch, for the importer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Residual(nn.Module):
    """A shortcut that may be `None`, an activation that is used twice."""

    def __init__(self, inp: int, outp: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inp, outp, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outp)
        self.conv2 = nn.Conv2d(outp, outp, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outp)
        self.relu = nn.ReLU(inplace=True)
        self.stride = stride
        self.downsample = None
        if stride != 1 or inp != outp:
            self.downsample = nn.Sequential(
                nn.Conv2d(inp, outp, 1, stride, bias=False), nn.BatchNorm2d(outp)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            x = self.downsample(x)
        y += x
        return self.relu(y)


class SmallResNet(nn.Module):
    """Stages in a loop over `nn.Sequential`s, `view` with `size(0)`."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64), depth: int = 2) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        stages, before = [], 16
        for number, width in enumerate(widths):
            units = [Residual(before, width, 2 if number else 1)]
            units += [Residual(width, width) for _ in range(depth - 1)]
            stages.append(nn.Sequential(*units))
            before = width
        self.layer1, self.layer2, self.layer3 = stages
        self.fc = nn.Linear(before, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer3(self.layer2(self.layer1(self.stem(x))))
        x = F.adaptive_avg_pool2d(x, 1)
        return self.fc(x.view(x.size(0), -1))


class Gate(nn.Module):
    """Squeeze and excitation, with means over axes."""

    def __init__(self, channels: int, by: int = 4) -> None:
        super().__init__()
        self.down = nn.Conv2d(channels, channels // by, 1)
        self.up = nn.Conv2d(channels // by, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate = x.mean((2, 3), keepdim=True)
        gate = torch.sigmoid(self.up(F.relu(self.down(gate))))
        return x * gate


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding="same")
        self.gate = Gate(16)
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.gate(F.silu(self.conv(x))).mean(dim=[-2, -1]))


class Double(nn.Module):
    def __init__(self, inp: int, outp: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(inp, outp, 3, padding=1), nn.BatchNorm2d(outp), nn.ReLU(inplace=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class UNet(nn.Module):
    """Skips, `F.interpolate`, `torch.cat`."""

    def __init__(self) -> None:
        super().__init__()
        self.enc1, self.enc2 = Double(3, 8), Double(8, 16)
        self.mid = Double(16, 32)
        self.dec2, self.dec1 = Double(32 + 16, 16), Double(16 + 8, 8)
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.enc1(x)
        second = self.enc2(F.max_pool2d(first, 2))
        x = self.mid(F.max_pool2d(second, 2))
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = self.dec2(torch.cat([x, second], dim=1))
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return self.out(self.dec1(torch.cat([x, first], dim=1)))


class Listed(nn.Module):
    """An `nn.ModuleList`, whose results are concatenated."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(4, 4, 3, padding=rate, dilation=rate) for rate in (1, 2, 3)
        )
        self.merge = nn.Conv2d(12, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.merge(torch.cat([branch(x) for branch in self.branches], dim=1))


class Scaled(nn.Module):
    """A parameter of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.scale = nn.Parameter(torch.full((8, 1, 1), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return x + self.scale * F.gelu(x)


class Twice(nn.Module):
    """One convolution applied twice, with the same weights."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 1)
        self.again = nn.Conv2d(8, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.again(self.first(x)))
        return F.relu(self.again(x))


class Chunks(nn.Module):
    """Channels split, one half as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        left, right = x.chunk(2, dim=1)
        return self.conv(torch.cat((right, F.leaky_relu(left, 0.2)), 1))


class Headed(nn.Module):
    """Two heads in training, in another order than they are run."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.early = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
        self.late = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        x = F.relu(self.conv1(x))
        early = self.early(x) if self.training else None
        x = F.relu(self.conv2(x))
        late = self.late(x) if self.training else None
        x = self.fc(F.dropout(x.mean((2, 3)), 0.3, self.training))
        if early is None or late is None:
            return x
        return x, late, early


class Up(nn.Module):
    """Two inputs, one of which may be left out."""

    def __init__(self, inp: int, skip: int, outp: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(inp, outp, 2, stride=2)
        self.conv = Double(outp + skip, outp)

    def forward(self, x: Tensor, skip: Tensor | None = None) -> Tensor:
        x = self.up(x)
        if skip is not None:
            x = torch.cat([skip, x], dim=1)
        return self.conv(x)


class ListedUNet(nn.Module):
    """Skips kept in a Python list, given by keyword."""

    def __init__(self) -> None:
        super().__init__()
        self.downs = nn.ModuleList([Double(3, 8), Double(8, 16), Double(16, 32)])
        self.pool = nn.MaxPool2d(2)
        self.middle = Double(32, 64)
        self.ups = nn.ModuleList([Up(64, 32, 32), Up(32, 16, 16), Up(16, 8, 8)])
        self.last = Up(8, 0, 4)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for down in self.downs:
            x = down(x)
            skips.append(x)
            x = self.pool(x)
        x = self.middle(x)
        for up, skip in zip(self.ups, reversed(skips), strict=True):
            x = up(x, skip=skip)
        return self.head(self.last(x))


class Down(nn.Module):
    """Two results."""

    def __init__(self, inp: int, outp: int) -> None:
        super().__init__()
        self.conv = Double(inp, outp)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        skip = self.conv(x)
        return self.pool(skip), skip


class PairedUNet(nn.Module):
    """Blocks with several inputs and several results."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = Down(3, 8), Down(8, 16)
        self.up2, self.up1 = Up(16, 16, 16), Up(16, 8, 8)
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x, first = self.down1(x)
        x, second = self.down2(x)
        return self.head(self.up1(self.up2(x, second), first))


class Exchange(nn.Module):
    """Two resolutions, each added to the other; what stays is an `nn.Identity` in a list."""

    def __init__(self) -> None:
        super().__init__()
        up = nn.Sequential(
            nn.Conv2d(8, 4, 1, bias=False), nn.BatchNorm2d(8 // 2), nn.Upsample(None, 2)
        )
        down = nn.Sequential(nn.Conv2d(4, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8))
        rows = [nn.ModuleList([nn.Identity(), up]), nn.ModuleList([down, nn.Identity()])]
        self.fuse_layers = nn.ModuleList(rows)

    def forward(self, xs: list[Tensor]) -> list[Tensor]:
        return [F.relu(row[0](xs[0]) + row[1](xs[1])) for row in self.fuse_layers]


class Resolutions(nn.Module):
    """Units of several results in a list, as HRNet's."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.ModuleList([nn.Conv2d(3, 4, 3, 1, 1), nn.Conv2d(3, 8, 3, 2, 1)])
        self.stage2 = nn.ModuleList([Exchange(), Exchange()])

    def forward(self, x: Tensor) -> Tensor:
        xs = [conv(x) for conv in self.stem]
        for unit in self.stage2:
            xs = unit(xs)
        return torch.cat([xs[0], F.interpolate(xs[1], scale_factor=2)], 1)


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, 2, 1)
        self.fc = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.conv(x)).mean((2, 3)))


class Siamese(nn.Module):
    """Two inputs, one encoder for both."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.head = nn.Linear(8, 1)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        both = torch.cat([self.encoder(left), self.encoder(right)], 1)
        return torch.sigmoid(self.head(both))


class Pyramid(nn.Module):
    """A dictionary of results, resized to the size of another value."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Double(3, 8)
        self.layer1, self.layer2 = Double(8, 16), Double(16, 32)
        self.lateral = nn.ModuleList([nn.Conv2d(16, 8, 1), nn.Conv2d(32, 8, 1)])
        self.smooth = nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1) for _ in range(2)])

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        c1 = self.layer1(F.max_pool2d(self.stem(x), 2))
        c2 = self.layer2(F.max_pool2d(c1, 2))
        p2 = self.lateral[1](c2)
        p1 = self.lateral[0](c1) + F.interpolate(p2, size=c1.shape[-2:], mode="nearest")
        return OrderedDict(fine=self.smooth[0](p1), coarse=self.smooth[1](p2))


class Detector(nn.Module):
    """A tuple of results."""

    def __init__(self) -> None:
        super().__init__()
        self.body = Double(3, 8)
        self.boxes, self.classes = nn.Conv2d(8, 4, 1), nn.Conv2d(8, 10, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.body(x)
        boxes, classes = self.boxes(x), self.classes(x)
        return boxes, classes


class Gamma(nn.Module):
    """A parameter of its own, arguments by keyword, a function as an argument."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(
        self, x: Tensor, *, act: Callable[[Tensor], Tensor] = torch.relu, scale: float = 1.0
    ) -> Tensor:
        return x + self.gamma * act(self.conv(x)) * scale


class Keywords(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Gamma(3), Gamma(3)

    def forward(self, x: Tensor, scale: float = 2.0) -> Tensor:
        return self.second(x=self.first(x, act=F.gelu), scale=scale)


class Recurrent(nn.Module):
    """One block applied three times."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(3, 8, 1)
        self.cell = Double(8, 8)
        self.leave = nn.Conv2d(8, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        for _ in range(3):
            x = self.cell(x) + x
        return self.leave(x)


class Repeating(nn.Module):
    """A branch that is nothing but a repeat."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)
        self.conv2, self.bn2 = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y))) + x


class Ordered(nn.Module):
    """Children of an `nn.Sequential` with names."""

    def __init__(self) -> None:
        super().__init__()
        layers = OrderedDict(conv0=nn.Conv2d(3, 8, 3), norm0=nn.BatchNorm2d(8), relu0=nn.ReLU())
        self.features = nn.Sequential(layers)
        self.classifier = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.adaptive_avg_pool2d(self.features(x), (1, 1))
        return self.classifier(torch.flatten(x, 1))


class Step(nn.Sequential):
    """Another number of equal children in each run, the first with a stride."""

    def __init__(self, inp: int, outp: int, depth: int, stride: int) -> None:
        units = [Residual(inp, outp, stride), *(Residual(outp, outp) for _ in range(depth - 1))]
        super().__init__(*units)


class Counted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.step1, self.step2, self.step3 = Step(8, 8, 1, 1), Step(8, 16, 3, 2), Step(16, 32, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.step3(self.step2(self.step1(self.stem(x))))


class Shortcut(nn.Module):
    """Nothing at all in some runs; no weights in any."""

    def __init__(self, inp: int, outp: int, stride: int) -> None:
        super().__init__()
        self.more, self.stride = outp - inp, stride

    def forward(self, x: Tensor) -> Tensor:
        if self.stride == 1 and self.more == 0:
            return x
        return F.pad(F.max_pool2d(x, 1, self.stride), (0, 0, 0, 0, 0, self.more))


class Padded(nn.Module):
    def __init__(self, inp: int, outp: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inp, outp, 3, stride, 1)
        self.shortcut = Shortcut(inp, outp, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(x) + self.shortcut(x))


class WithoutWeights(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.unit1, self.unit2 = Padded(3, 3, 1), Padded(3, 8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.unit2(self.unit1(x))


class Registered(nn.Module):
    """Children in another order than they are run, a sum of three."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 1)
        self.deep, self.side = Double(8, 8), nn.Conv2d(8, 8, 1)
        self.merge = nn.Conv2d(16, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        side = F.normalize(self.side(x), dim=1)
        y = self.merge(torch.cat([side, self.deep(x)], dim=1))
        return x + side + y


class Tokens(nn.Module):
    """Patches, a token for the class, attention."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 8, 8)
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        self.norm = nn.LayerNorm(16)
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1)
        y = self.norm(x)
        attended, _ = self.attention(y, y, y)
        return self.head((x + attended)[:, 0])


# --- what is refused --------------------------------------------------------------------------


class Tied(nn.Module):
    """One weight under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.second = self.first

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)))


class Discarding(nn.Module):
    """A result that is forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.wasted = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.wasted(x)
        return self.used(x) if y.dim() == 4 else y


class Choosing(nn.Module):
    """The items of an `nn.ModuleDict`."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({"a": nn.Conv2d(3, 2, 1), "b": nn.Conv2d(3, 4, 1)})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {name: head(x) for name, head in self.heads.items()}


class Noisy(nn.Module):
    """Other numbers in training."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return x if self.training else torch.softmax(x, 1)


class Unused(nn.Module):
    """A layer that `forward` forgot."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.forgotten = nn.Conv2d(4, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Deciding(nn.Module):
    """What it does hangs on numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return F.relu(y) if (y > 0).all() else y


class Untracked(nn.Module):
    """An argument that no layer has."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3, track_running_stats=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


class Attending(nn.Module):
    """A matrix product."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(x, x.transpose(-1, -2))


class Batched(nn.Module):
    """Mixes the samples of a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) - self.conv(x).mean(0)


class Sized(nn.Module):
    """Another program for larger inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return F.max_pool2d(x, 2) if x.shape[-1] > 20 else F.relu(x)


class Row(nn.Sequential):
    """The keys of a whole network cannot be numbers."""

    def __init__(self) -> None:
        super().__init__(nn.Conv2d(3, 4, 1), nn.ReLU())

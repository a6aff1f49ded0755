"""The reference networks in plain PyTorch. Each ends in scores."""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional


class Residual(nn.Module):
    """Two 3x3 convolutions and a shortcut around them."""

    def __init__(self, before: int, width: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(before, width, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.branch(x) + self.shortcut(x))


def lenet() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 20, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 40, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(640, 100),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(100, 10),
    )


def vgg() -> nn.Sequential:
    parts: list[nn.Module] = []
    for before, width in ((3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256)):
        parts += [nn.Conv2d(before, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        if before == width:
            parts.append(nn.MaxPool2d(2))
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(256, 10))


def resnet18() -> nn.Sequential:
    stem = [nn.Conv2d(3, 64, 7, 2, padding=3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1)]
    blocks = [Residual(64, 64, 1), Residual(64, 64, 1)]
    for width in (128, 256, 512):
        blocks += [Residual(width // 2, width, 2), Residual(width, width, 1)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def mlp() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 30), nn.Sigmoid(), nn.Linear(30, 10))


NETWORKS = {"lenet": lenet, "vgg": vgg, "resnet18": resnet18, "mlp": mlp}


def pool_first(network: nn.Sequential) -> nn.Sequential:
    """Max pooling before ReLU: the same values, and a quarter of the work for ReLU."""
    parts = list(network)
    for here, (part, following) in enumerate(pairwise(parts)):
        if isinstance(part, nn.ReLU) and isinstance(following, nn.MaxPool2d):
            parts[here : here + 2] = [following, part]
    return nn.Sequential(*parts)


def count_weights(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())

"""AlexNet, VGG and ResNet in plain torch, with the names that torchvision's files of weights have."""

import torch
from torch import nn

VGG = {
    "VGG11": (1, 1, 2, 2, 2),
    "VGG13": (2, 2, 2, 2, 2),
    "VGG16": (2, 2, 3, 3, 3),
    "VGG19": (2, 2, 4, 4, 4),
}
RESNET = {"ResNet18": (2, (2, 2, 2, 2)), "ResNet34": (2, (3, 4, 6, 3)), "ResNet50": (3, (3, 4, 6, 3))}
NAMES = ["AlexNet", *VGG, *RESNET]


class Chain(nn.Module):
    """Convolutions, then dense layers on what is flattened channel by channel."""

    def __init__(self, features, classifier):
        super().__init__()
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(*classifier)

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


def convolution(inputs, outputs, size, stride=1, padding=1):
    return [nn.Conv2d(inputs, outputs, size, stride, padding), nn.ReLU()]


def alexnet(shape, classes):
    features = [
        *convolution(shape[-1], 64, 11, 4, 2),
        nn.MaxPool2d(3, 2),
        *convolution(64, 192, 5, 1, 2),
        nn.MaxPool2d(3, 2),
        *convolution(192, 384, 3),
        *convolution(384, 256, 3),
        *convolution(256, 256, 3),
        nn.MaxPool2d(3, 2),
    ]
    height, width = (((((size - 7) // 4 + 1) - 1) // 2 - 1) // 2 for size in shape[:2])
    height, width = (height - 1) // 2, (width - 1) // 2
    wide = 256 * height * width
    dense = [nn.Dropout(), nn.Linear(wide, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()]
    return Chain(features, [*dense, nn.Linear(4096, classes)])


def vgg(depths, shape, classes):
    features, inputs = [], shape[-1]
    for depth, outputs in zip(depths, (64, 128, 256, 512, 512), strict=True):
        for _ in range(depth):
            features += convolution(inputs, outputs, 3)
            inputs = outputs
        features.append(nn.MaxPool2d(2, 2))
    wide = 512 * (shape[0] // 32) * (shape[1] // 32)
    dense = [nn.Linear(wide, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout()]
    return Chain(features, [*dense, nn.Linear(4096, classes)])


class Block(nn.Module):
    """Two convolutions of 3x3, or three of which the middle one is 3x3 and has the stride."""

    def __init__(self, convolutions, inputs, filters, stride):
        super().__init__()
        self.count = convolutions
        sizes, strides = ((3, 3), (stride, 1)) if convolutions == 2 else ((1, 3, 1), (1, stride, 1))
        outputs = (filters, filters) if convolutions == 2 else (filters, filters, 4 * filters)
        before = inputs
        for number, (size, step, wide) in enumerate(zip(sizes, strides, outputs, strict=True), start=1):
            setattr(self, f"conv{number}", nn.Conv2d(before, wide, size, step, size // 2, bias=False))
            setattr(self, f"bn{number}", nn.BatchNorm2d(wide))
            before = wide
        self.downsample = None
        if stride > 1 or inputs != before:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, before, 1, stride, bias=False), nn.BatchNorm2d(before))

    def forward(self, x):
        y = x
        for number in range(1, self.count + 1):
            y = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(y))
            y = y if number == self.count else torch.relu(y)
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, convolutions, depths, shape, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(shape[-1], 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        inputs, wider = 64, 1 if convolutions == 2 else 4
        for stage, depth in enumerate(depths):
            filters, blocks = 64 * 2**stage, []
            for number in range(depth):
                blocks.append(Block(convolutions, inputs, filters, 2 if stage and not number else 1))
                inputs = wider * filters
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in range(1, 5):
            x = getattr(self, f"layer{stage}")(x)
        return self.fc(x.mean((2, 3)))


def rebuilt(name, shape=(224, 224, 3), classes=1000):
    """The network of a name in plain torch, giving scores."""
    if name == "AlexNet":
        return alexnet(shape, classes)
    return vgg(VGG[name], shape, classes) if name in VGG else ResNet(*RESNET[name], shape, classes)


def drawn(module):
    """Numbers for its weights, such that images of noise stay noise on their way up; running variances positive."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, tensor in module.state_dict().items():
        if not tensor.is_floating_point():
            state[name] = torch.tensor(7)
            continue
        noise = torch.randn(tensor.shape, generator=generator)
        wide = tensor[0].numel() if tensor.dim() > 1 else 100
        state[name] = 1 + 0.1 * noise.abs() if name.endswith("running_var") else noise * (2 / wide) ** 0.5
    return state

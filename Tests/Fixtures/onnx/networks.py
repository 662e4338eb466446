"""Small networks of the families that people export, with seeded weights."""

import torch
from torch import nn


def seeded(module):
    """Weights, and statistics of batch normalisation that do something, the same in every run."""
    generator = torch.Generator().manual_seed(7)
    for part in module.modules():
        if isinstance(part, (nn.Conv2d, nn.Linear)):
            nn.init.normal_(part.weight, std=(2 / part.weight[0].numel()) ** 0.5, generator=generator)
            if part.bias is not None:
                nn.init.normal_(part.bias, std=0.1, generator=generator)
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5, generator=generator)
            nn.init.normal_(part.bias, std=0.2, generator=generator)
            nn.init.normal_(part.running_mean, std=0.2, generator=generator)
            nn.init.uniform_(part.running_var, 0.5, 1.5, generator=generator)
    return module.eval()


class Conv2dSame(nn.Conv2d):
    """TensorFlow's padding, worked out from the input's shape as timm does it."""

    def forward(self, x):
        pads = []
        for side, kernel, stride in zip(x.shape[-2:], self.kernel_size, self.stride):
            total = torch.clamp(torch.as_tensor((-(side // -stride) - 1) * stride + kernel - side), min=0)
            total = int(total) if not torch.jit.is_tracing() else total
            pads = [total // 2, total - total // 2] + pads
        return super().forward(nn.functional.pad(x, pads))


def convolution(i, o, kernel=3, stride=1, groups=1, activation=nn.ReLU, same=False):
    """Convolution, batch normalisation, activation."""
    if same:
        conv = Conv2dSame(i, o, kernel, stride, groups=groups, bias=False)
    else:
        conv = nn.Conv2d(i, o, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(o), *([activation()] if activation else []))


class Residual(nn.Module):
    def __init__(self, branch, shortcut=None, activation=None):
        super().__init__()
        self.branch, self.shortcut, self.activation = branch, shortcut, activation

    def forward(self, x):
        y = self.branch(x) + (self.shortcut(x) if self.shortcut else x)
        return self.activation(y) if self.activation else y


class Excitation(nn.Module):
    """Squeeze and excitation (Hu et al. 2017)."""

    def __init__(self, channels):
        super().__init__()
        self.reduce, self.expand = nn.Conv2d(channels, 4, 1), nn.Conv2d(4, channels, 1)

    def forward(self, x):
        gate = self.reduce(nn.functional.adaptive_avg_pool2d(x, 1)).relu()
        return x * nn.functional.hardsigmoid(self.expand(gate))


class Dense(nn.Module):
    def __init__(self, i, growth):
        super().__init__()
        self.norm, self.conv = nn.BatchNorm2d(i), nn.Conv2d(i, growth, 3, padding=1, bias=False)

    def forward(self, x):
        return torch.cat([x, self.conv(self.norm(x).relu())], 1)


class PreActivation(nn.Module):
    def __init__(self, i, o, stride=1):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(i), nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(o), nn.Conv2d(o, o, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(i, o, 1, stride, bias=False) if i != o else None

    def forward(self, x):
        y = self.norm1(x).relu()
        shortcut = self.shortcut(y) if self.shortcut else x
        return shortcut + self.conv2(self.norm2(self.conv1(y)).relu())


class Classified(nn.Module):
    """Features, their mean over the image, a fully connected layer."""

    def __init__(self, channels, *features):
        super().__init__()
        self.features = nn.Sequential(*features)
        self.fc = nn.Linear(channels, 5)

    def forward(self, x):
        x = nn.functional.adaptive_avg_pool2d(self.features(x), 1)
        return self.fc(torch.flatten(x, 1))


def inverted(i, o, stride, **options):
    linear = dict(options, activation=None)
    branch = nn.Sequential(
        convolution(i, 4 * i, 1, **options), convolution(4 * i, 4 * i, 3, stride, groups=4 * i, **options),
        convolution(4 * i, o, 1, **linear),
    )
    return Residual(branch) if i == o and stride == 1 else branch


def basic():
    return Classified(
        16, convolution(3, 8, 7, 2), nn.MaxPool2d(3, 2, 1),
        Residual(nn.Sequential(convolution(8, 8), convolution(8, 8, activation=None)), activation=nn.ReLU()),
        Residual(
            nn.Sequential(convolution(8, 16, stride=2), convolution(16, 16, activation=None)),
            convolution(8, 16, 1, 2, activation=None), nn.ReLU(),
        ),
    )


def bottleneck():
    def branch(i, width, stride):
        return nn.Sequential(
            convolution(i, width, 1), convolution(width, width, 3, stride),
            convolution(width, 4 * width, 1, activation=None),
        )

    return Classified(
        24, convolution(3, 8, 3, 2),
        Residual(branch(8, 4, 1), convolution(8, 16, 1, activation=None), nn.ReLU()),
        Residual(branch(16, 4, 1), activation=nn.ReLU()),
        Residual(branch(16, 6, 2), convolution(16, 24, 1, 2, activation=None), nn.ReLU()),
    )


class VGG(nn.Module):
    """With a classifier that reads a map of 2 × 2 pixels, and a pooling before it that changes nothing."""

    def __init__(self, normalized):
        super().__init__()
        layers, i = [], 3
        for o in (4, 8, 12, 16):
            layers += [nn.Conv2d(i, o, 3, padding=1), *([nn.BatchNorm2d(o)] if normalized else []), nn.ReLU()]
            layers.append(nn.MaxPool2d(2, 2))
            i = o
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 5))

    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


def mobilenet_v2():
    options = {"activation": nn.ReLU6}
    return Classified(
        24, convolution(3, 8, 3, 2, **options), inverted(8, 8, 1, **options), inverted(8, 12, 2, **options),
        inverted(12, 12, 1, **options), convolution(12, 24, 1, **options),
    )


def lite():
    """EfficientNet-Lite as timm has it, with TensorFlow's padding."""
    options = {"activation": nn.ReLU6, "same": True}
    return Classified(
        24, convolution(3, 8, 3, 2, **options), inverted(8, 12, 2, **options), inverted(12, 12, 1, **options),
        convolution(12, 24, 1, **options),
    )


class MobileNetV3(nn.Module):
    """timm's: after the pooling a convolution of a single pixel, which belongs to the features."""

    def __init__(self):
        super().__init__()
        swish = {"activation": nn.Hardswish}
        branch = nn.Sequential(
            convolution(8, 16, 1, **swish), convolution(16, 16, 5, groups=16, **swish), Excitation(16),
            convolution(16, 8, 1, activation=None),
        )
        self.features = nn.Sequential(convolution(3, 8, 3, 2, **swish), Residual(branch), convolution(8, 16, 1, **swish))
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 24, 1), nn.Hardswish())
        self.classifier = nn.Sequential(nn.Linear(24, 8), nn.Hardswish(), nn.Linear(8, 5))

    def forward(self, x):
        return self.classifier(self.head(self.features(x)).flatten(1))


def densenet():
    return Classified(
        14, convolution(3, 8, 3, 2), nn.MaxPool2d(3, 2, 1), Dense(8, 4), Dense(12, 4), Dense(16, 4),
        nn.Sequential(nn.BatchNorm2d(20), nn.ReLU(), nn.Conv2d(20, 10, 1, bias=False), nn.AvgPool2d(2, 2)), Dense(10, 4),
    )


def preactivation():
    return Classified(
        12, nn.Conv2d(3, 8, 3, 2, 1, bias=False), PreActivation(8, 8), PreActivation(8, 12, 2),
        nn.Sequential(nn.BatchNorm2d(12), nn.ReLU()),
    )


class Activations(nn.Module):
    """SiLU and GELU, which the exporters spell out."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            convolution(3, 8, 3, 2, activation=nn.SiLU), nn.Conv2d(8, 8, 3, padding=1), nn.GELU(),
            nn.Conv2d(8, 12, 1), nn.Sigmoid(),
        )
        self.fc = nn.Linear(12, 5)

    def forward(self, x):
        # As older code does it, with the shape of a tensor.
        x = self.features(x).mean([2, 3])
        return self.fc(x.view(x.size(0), -1)).softmax(1)


NETWORKS = {
    "basic": basic, "bottleneck": bottleneck, "vgg": lambda: VGG(False), "vgg_bn": lambda: VGG(True),
    "mobilenet_v2": mobilenet_v2, "lite": lite, "mobilenet_v3": MobileNetV3, "densenet": densenet,
    "preactivation": preactivation, "activations": Activations,
}

"""Records what PyTorch computes when it trains some blocks with weights and latents that a formula gives.

usage: make_training.py     (needs the package torch; writes training.json beside itself)

Weights are those of make_features.py's formula. Batch normalisation keeps its stored statistics. All is computed in
64-bit: the gradients of the first step by every parameter (their norms and some elements), the losses of some steps of
Adam with a learning rate per block, and the logits after them. TrainableTopTests.swift builds the same blocks.
"""
import json, math, os
import numpy as np, torch, torch.nn.functional as F
from formula import uniform, filters

class Top:
    """The parameters of some blocks, made as they are first asked for, in the order of the forward pass."""
    def __init__(self):
        self.parameters, self.statistics, self.block = {}, {}, None

    def weight(self, name, shape):
        """A filter bank [O, I, H, W] whose canonical layout [O, H, W, I] the formula fills."""
        return self.parameter(name, filters(name, shape))

    def vector(self, name, count, base, spread):
        return self.parameter(name, np.float32(base) + uniform(name, count) * np.float32(spread))

    def parameter(self, name, values):
        if name not in self.parameters:
            self.parameters[name] = torch.from_numpy(values).double().requires_grad_()
        return self.parameters[name]

    def statistic(self, name, count, base, spread):
        values = np.float32(base) + uniform(name, count) * np.float32(spread)
        return self.statistics.setdefault(name, torch.from_numpy(values).double())

    def convolution(self, name, x, outputs, kernel, stride=1, padding=None, groups=1, epsilon=1e-5):
        """With batch normalisation, or with a bias if there is no epsilon; "SAME" padding if none is given."""
        inputs = x.shape[1]
        if padding is None:
            total = [max(0, (-(-side // stride) - 1) * stride + kernel - side) for side in x.shape[2:]]
            x = F.pad(x, (total[1] // 2, total[1] - total[1] // 2, total[0] // 2, total[0] - total[0] // 2))
            padding = 0
        weight = self.weight(f"{name}.weight", (outputs, inputs // groups, kernel, kernel))
        if epsilon is None:
            return F.conv2d(x, weight, self.bias(f"{name}.bias", outputs), stride, padding, 1, groups)
        y = F.conv2d(x, weight, None, stride, padding, 1, groups)
        gamma, beta = self.vector(f"{name}.gamma", outputs, 1, 0.2), self.vector(f"{name}.beta", outputs, 0.5, 0.5)
        mean = self.statistic(f"{name}.mean", outputs, 0, 0.2)
        variance = self.statistic(f"{name}.variance", outputs, 1, 0.5)
        return F.batch_norm(y, mean, variance, gamma, beta, False, 0, epsilon)

    def bias(self, name, count):
        return self.vector(name, count, 0, 0.2)

    def dense(self, name, x, outputs):
        weight = self.weight(f"{name}.weight", (outputs, x.shape[1], 1, 1))
        return F.linear(x, weight[:, :, 0, 0], self.bias(f"{name}.bias", outputs))

    def basic(self, name, x, width, stride):
        shortcut = self.convolution(f"{name}.downsample", x, width, 1, stride, 0) if stride != 1 else x
        y = F.relu(self.convolution(f"{name}.conv1", x, width, 3, stride, 1))
        return F.relu(self.convolution(f"{name}.conv2", y, width, 3, 1, 1) + shortcut)

    def bottleneck(self, name, x, width, stride):
        shortcut = self.convolution(f"{name}.downsample", x, 4 * width, 1, stride, 0) if stride != 1 else x
        y = F.relu(self.convolution(f"{name}.conv1", x, width, 1, 1, 0))
        y = F.relu(self.convolution(f"{name}.conv2", y, width, 3, stride, 1))
        return F.relu(self.convolution(f"{name}.conv3", y, 4 * width, 1, 1, 0) + shortcut)

    def inverted(self, name, x, outputs, kernel, stride):
        expanded = 6 * x.shape[1]
        y = F.relu6(self.convolution(f"{name}.expand", x, expanded, 1, epsilon=1e-3))
        y = F.relu6(self.convolution(f"{name}.depthwise", y, expanded, kernel, stride, groups=expanded, epsilon=1e-3))
        y = self.convolution(f"{name}.project", y, outputs, 1, epsilon=1e-3)
        return y + x if stride == 1 and outputs == x.shape[1] else y

# What each case computes from a latent; blocks are named as in Architecture, in the order that rates count them.
def resnet18(top, x):
    x = top.basic("layer4.0", x, 512, 2)
    x = top.basic("layer4.1", x, 512, 1)
    return top.dense("head.output", x.mean((2, 3)), 10)

def bottleneck(top, x):
    x = top.bottleneck("layer4.0", x, 16, 2)
    x = top.bottleneck("layer4.1", x, 16, 1)
    return top.dense("head.output", x.mean((2, 3)), 5)

def efficientnet(top, x):
    x = top.inverted("block6a", x, 20, 5, 2)
    x = top.inverted("block6b", x, 20, 5, 1)
    x = top.inverted("block7a", x, 24, 3, 1)
    x = F.relu6(top.convolution("final.convolution", x, 70, 1, epsilon=1e-3))
    return top.dense("head.output", x.mean((2, 3)), 7)

def vgg(top, x):
    x = F.relu(top.convolution("features.0.conv", x, 18, 3, 1, 1, epsilon=None))
    x = F.max_pool2d(x, 2, 2)
    x = F.relu(top.convolution("features.3.conv", x, 24, 3, 1, 1, epsilon=None))
    x = F.max_pool2d(x, 2, 2)
    x = F.relu(top.dense("head.hidden", x.mean((2, 3)), 256))
    return top.dense("head.output", x, 5)

# Name, top, latent [N, H, W, C], labels, rate of the first block, blocks, smoothing, weight decay, whether it is AdamW.
CASES = [
    ("resnet18", resnet18, (3, 4, 4, 256), 10, 5e-6, ["layer4.0", "layer4.1", "head"], 0, 0, False),
    ("bottleneck", bottleneck, (4, 7, 7, 24), 5, 1e-3, ["layer4.0", "layer4.1", "head"], 0, 0.01, False),
    ("efficientnet", efficientnet, (4, 6, 6, 10), 7, 1e-3, ["block6a", "block6b", "block7a", "final", "head"], 0.1, 0,
     False),
    ("vgg", vgg, (4, 9, 9, 10), 5, 1e-3, ["features.0", "features.3", "head"], 0.1, 0.02, True),
]
STEPS = 4

def canonical(tensor):
    """[O, I, H, W] to [O, H, W, I], flattened."""
    array = tensor.numpy()
    return (array.transpose(0, 2, 3, 1) if array.ndim == 4 else array).reshape(-1)

def digits(x): return float(f"{x:.9g}")

recorded = []
for name, forward, shape, label_count, rate, blocks, smoothing, decay, decoupled in CASES:
    top = Top()
    latent = torch.from_numpy(uniform(f"{name}.latent", math.prod(shape)).reshape(shape).transpose(0, 3, 1, 2).copy())
    latent = latent.double().requires_grad_()
    labels = [(3 * n + 1) % label_count for n in range(shape[0])]
    rates = [rate * 1.5**i for i in range(len(blocks))]
    forward(top, latent)
    groups = [dict(params=[p for key, p in top.parameters.items() if key.startswith(block + ".")], lr=rate)
              for block, rate in zip(blocks, rates)]
    assert sum(len(group["params"]) for group in groups) == len(top.parameters)
    optimizer = (torch.optim.AdamW if decoupled else torch.optim.Adam)(groups, weight_decay=decay)
    losses, gradients = [], {}
    for step in range(STEPS):
        loss = F.cross_entropy(forward(top, latent), torch.tensor(labels), label_smoothing=smoothing)
        optimizer.zero_grad()
        loss.backward()
        losses.append(digits(loss.item()))
        if step == 0:
            for key, tensor in [*top.parameters.items(), ("latent", latent)]:
                gradient = canonical(tensor.grad)
                picked = sorted({0, len(gradient) - 1, *(i * 7919 % len(gradient) for i in range(1, 7))})
                gradients[key] = dict(norm=digits(np.linalg.norm(gradient)), largest=digits(np.abs(gradient).max()),
                                      indices=picked, elements=[digits(gradient[i]) for i in picked])
        optimizer.step()
    with torch.no_grad(): logits = forward(top, latent)
    print(name, losses)
    recorded.append(dict(
        name=name, latent=shape, labels=labels, labelCount=label_count, rates=rates, smoothing=smoothing,
        weightDecay=decay, isDecoupled=decoupled, losses=losses, gradients=gradients,
        logits=[digits(x) for x in logits.numpy().reshape(-1)]))

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "training.json")
with open(path, "w") as file:
    json.dump(recorded, file, separators=(",", ":"))
    file.write("\n")

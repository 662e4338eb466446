"""Blocks in PyTorch, with the weights of formula.py."""
import numpy as np, torch, torch.nn.functional as F
from formula import uniform, filters

class Top:
    """The parameters of some blocks, made as they are first asked for, in the order of the forward pass."""
    def __init__(self, normalization=1, filters=1, bias=0, dtype=torch.float64):
        """With γ and β that are `normalization` times the formula's, and of convolutions without them, filters that are
        `filters` times the formula's, and biases that are `bias` more."""
        self.parameters, self.statistics = {}, {}
        self.normalization, self.filters, self.more_bias, self.dtype = normalization, filters, bias, dtype

    def weight(self, name, shape, factor=1):
        """A filter bank [O, I, H, W] whose canonical layout [O, H, W, I] the formula fills."""
        return self.parameter(name, filters(name, shape) * np.float32(factor))

    def vector(self, name, count, base, spread, factor=1):
        return self.parameter(name, (np.float32(base) + uniform(name, count) * np.float32(spread)) * np.float32(factor))

    def parameter(self, name, values):
        if name not in self.parameters:
            self.parameters[name] = torch.from_numpy(values).to(self.dtype).requires_grad_()
        return self.parameters[name]

    def statistic(self, name, count, base, spread):
        values = np.float32(base) + uniform(name, count) * np.float32(spread)
        return self.statistics.setdefault(name, torch.from_numpy(values).to(self.dtype))

    def convolution(self, name, x, outputs, kernel, stride=1, padding=None, groups=1, epsilon=1e-5):
        """With batch normalisation, or with a bias if there is no epsilon; "SAME" padding if none is given."""
        inputs = x.shape[1]
        if padding is None:
            total = [max(0, (-(-side // stride) - 1) * stride + kernel - side) for side in x.shape[2:]]
            x = F.pad(x, (total[1] // 2, total[1] - total[1] // 2, total[0] // 2, total[0] - total[0] // 2))
            padding = 0
        shape = (outputs, inputs // groups, kernel, kernel)
        if epsilon is None:
            weight, bias = self.weight(f"{name}.weight", shape, self.filters), self.bias(f"{name}.bias", outputs, self.more_bias)
            return F.conv2d(x, weight, bias, stride, padding, 1, groups)
        weight = self.weight(f"{name}.weight", shape)
        y = F.conv2d(x, weight, None, stride, padding, 1, groups)
        gamma = self.vector(f"{name}.gamma", outputs, 1, 0.2, self.normalization)
        beta = self.vector(f"{name}.beta", outputs, 0.5, 0.5, self.normalization)
        mean = self.statistic(f"{name}.mean", outputs, 0, 0.2)
        variance = self.statistic(f"{name}.variance", outputs, 1, 0.5)
        return F.batch_norm(y, mean, variance, gamma, beta, False, 0, epsilon)

    def bias(self, name, count, base=0):
        return self.vector(name, count, base, 0.2)

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

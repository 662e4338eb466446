"""Records the losses of the first 20 steps of the classic recipes, as PyTorch takes them.

usage: make_recipes.py     (needs the package torch; writes recipes.json beside itself)

Weights and latents are those of formula.py; those of the longest recipe, VGG16's, are what ReLU leaves of noise and of a
pattern for each label, so that its loss falls far below that of guessing. Latents have fewer pixels than those of real
images, which changes no parameter.

A step changes by a hair's breadth where one of some hundred thousand units lies on the brink of being off, and its sum, of
ten million in 32-bit, is rounded to the other side: with other weights or batches PyTorch's own 32-bit steps leave its
64-bit ones, by 1e-3 to 8e-3 at the last of 20. So the cases are those where they do not, which this script checks: filters
are smaller and biases larger, and γ and β smaller, than the formula's.

A recipe trains only what PyTorch would not freeze with `requires_grad_(False)`, so what is frozen is not computed here at
all. Batch normalisation is in `eval()`; batches come in the same order in every epoch; what is recorded is in 64-bit.
TuningParityTests.swift takes the same steps.
"""
import json, math, os
import torch, torch.nn.functional as F
import numpy as np
from formula import uniform
from tops import Top

# ResNet-18 as it is, with a new linear layer on its 512 features.
def feature_extraction(top, x):
    return top.dense("head.output", x.flatten(1), 10)

# VGG16 above block3_pool, Keras' eleventh layer: six convolutions, global average pooling, Dense(256, ReLU), softmax.
def fine_tuning(top, x):
    inputs_of_pool = {"features.21", "features.28"}
    for name in ["features.17", "features.19", "features.21", "features.24", "features.26", "features.28"]:
        x = F.relu(top.convolution(f"{name}.conv", x, 512, 3, 1, 1, epsilon=None))
        if name in inputs_of_pool: x = F.max_pool2d(x, 2, 2)
    x = F.relu(top.dense("head.hidden", x.mean((2, 3)), 256))
    return top.dense("head.output", x, 5)

# ResNet-50's layer4, at a rate of its own.
def layer_wise(top, x):
    x = top.bottleneck("layer4.0", x, 512, 2)
    x = top.bottleneck("layer4.1", x, 512, 1)
    x = top.bottleneck("layer4.2", x, 512, 1)
    return top.dense("head.output", x.mean((2, 3)), 5)

# Name, top, latents [N, H, W, C], labels, batch, learning rates by the beginning of a parameter's name, how strong the
# pattern of a label is beside the noise (0 for noise alone), and what is changed in the weights.
CASES = [
    ("feature-extraction", feature_extraction, (40, 1, 1, 512), 10, 8, {"head": 1e-3}, 0, {}),
    ("fine-tuning", fine_tuning, (64, 4, 4, 256), 5, 32, {"features": 1e-4, "head": 1e-4}, 1,
     {"filters": 0.5, "bias": 0.5}),
    ("layer-wise", layer_wise, (40, 4, 4, 1024), 5, 8, {"layer4": 1e-4, "head": 1e-3}, 0, {"normalization": 0.5}),
]
STEPS = 20

def latents_of(name, shape, labels, pattern):
    noise = uniform(f"{name}.latents", math.prod(shape)).reshape(shape)
    if pattern == 0: return torch.from_numpy(noise.transpose(0, 3, 1, 2).copy())
    patterns = np.stack([uniform(f"{name}.latents.{l}", shape[3]) for l in range(max(labels) + 1)])
    latents = np.maximum(0, noise + np.float32(pattern) * patterns[labels][:, None, None, :])
    return torch.from_numpy(latents.transpose(0, 3, 1, 2).copy())

def train(forward, latents, labels, batch, rates, changes, dtype):
    """The losses of the steps."""
    top = Top(dtype=dtype, **changes)
    latents, labels = latents.to(dtype), torch.tensor(labels)
    forward(top, latents[:1])
    groups = [dict(params=[p for key, p in top.parameters.items() if key.startswith(prefix)], lr=rate)
              for prefix, rate in rates.items()]
    assert sum(len(group["params"]) for group in groups) == len(top.parameters)
    optimizer = torch.optim.Adam(groups)
    losses = []
    for step in range(STEPS):
        first = step * batch % len(labels)
        loss = F.cross_entropy(forward(top, latents[first:first + batch]), labels[first:first + batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses

recorded = []
for name, forward, shape, label_count, batch, rates, pattern, changes in CASES:
    labels = [(3 * n + n // 7) % label_count for n in range(shape[0])]
    latents = latents_of(name, shape, labels, pattern)
    losses, in_32_bit = [train(forward, latents, labels, batch, rates, changes, dtype)
                         for dtype in (torch.float64, torch.float32)]
    drift = max(abs(a / b - 1) for a, b in zip(in_32_bit, losses))
    print(name, losses, f"in 32-bit within {drift:.0e}")
    assert drift < 1e-3
    recorded.append(dict(name=name, latents=shape, pattern=pattern, labels=labels, labelCount=label_count, batch=batch,
                         changes=changes, losses=[float(f"{loss:.9g}") for loss in losses]))

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recipes.json")
with open(path, "w") as file:
    json.dump(recorded, file, separators=(",", ":"))
    file.write("\n")

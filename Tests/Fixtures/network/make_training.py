"""Records what PyTorch computes when it trains some blocks with weights and latents that a formula gives.

usage: make_training.py     (needs the package torch; writes training.json beside itself)

Weights are those of make_features.py's formula. Batch normalisation keeps its stored statistics. All is computed in
64-bit: the gradients of the first step by every parameter (their norms and some elements), the losses of some steps of
Adam with a learning rate per block, and the logits after them. TrainableTopTests.swift builds the same blocks.
"""
import json, math, os
import numpy as np, torch, torch.nn.functional as F
from formula import uniform
from tops import Top

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

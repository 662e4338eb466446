"""Records the losses of the first 20 steps of the classic recipes, as PyTorch takes them.

usage: make_recipes.py     (needs the package torch; writes recipes.json beside itself)

Weights and latents are those of formula.py; latents have fewer pixels than those of real images, which changes no
parameter. Where the formula's weights would make steps show nothing but rounding, they are others: γ and β are smaller where
features would grow beyond what trained networks give, and filters are smaller and biases larger where many units would be
on the brink of being off, each of which changes all its filter's steps by a hair's breadth. A recipe trains only what PyTorch would not freeze with `requires_grad_(False)`, so what is frozen is not
computed here at all. Batch normalisation is in `eval()`; batches come in the same order in every epoch; all is computed in
64-bit. TuningParityTests.swift takes the same steps.
"""
import json, math, os
import torch, torch.nn.functional as F
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

# Name, top, latents [N, H, W, C], labels, batch, learning rates by the beginning of a parameter's name,
# what is changed in the weights.
CASES = [
    ("feature-extraction", feature_extraction, (40, 1, 1, 512), 10, 8, {"head": 1e-3}, {}),
    ("fine-tuning", fine_tuning, (64, 4, 4, 256), 5, 32, {"features": 1e-4, "head": 1e-4},
     {"filters": 0.25, "bias": 0.5}),
    ("layer-wise", layer_wise, (40, 4, 4, 1024), 5, 8, {"layer4": 1e-4, "head": 1e-3}, {"normalization": 0.5}),
]
STEPS = 20

recorded = []
for name, forward, shape, label_count, batch, rates, changes in CASES:
    top = Top(**changes)
    latents = torch.from_numpy(uniform(f"{name}.latents", math.prod(shape)).reshape(shape).transpose(0, 3, 1, 2).copy())
    latents = latents.double()
    labels = torch.tensor([(3 * n + n // 7) % label_count for n in range(shape[0])])
    forward(top, latents[:1])
    groups = [dict(params=[p for key, p in top.parameters.items() if key.startswith(prefix)], lr=rate)
              for prefix, rate in rates.items()]
    assert sum(len(group["params"]) for group in groups) == len(top.parameters)
    optimizer = torch.optim.Adam(groups)
    losses = []
    for step in range(STEPS):
        rows = slice(step * batch % shape[0], step * batch % shape[0] + batch)
        loss = F.cross_entropy(forward(top, latents[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(f"{loss.item():.9g}"))
    print(name, losses)
    recorded.append(dict(name=name, latents=shape, labels=labels.tolist(), labelCount=label_count, batch=batch,
                         changes=changes, losses=losses))

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recipes.json")
with open(path, "w") as file:
    json.dump(recorded, file, separators=(",", ":"))
    file.write("\n")

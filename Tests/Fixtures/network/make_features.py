"""Records what PyTorch computes for EfficientNet-Lite0 with weights and an image that a formula gives.

usage: make_features.py     (needs the packages torch and efficientnet_lite_pytorch; writes features.json beside itself)

The weights are not stored: the value of element i of the tensor called NAME, in canonical layout, is a hash of both (see
`uniform`), which the Swift test computes in the same way. Scales keep activations alive through all layers: filters have
variance 2 / inputs, as He et al. (2015) ask for rectifiers.
"""
import json, math, os
import numpy as np, torch
from efficientnet_lite_pytorch import EfficientNet

def uniform(name, count):
    """`count` numbers in [-1, 1): 24 bits of splitmix64 of (FNV-1a of the name + index)."""
    seed = 0xCBF29CE484222325
    for byte in name.encode(): seed = (seed ^ byte) * 0x100000001B3 % 2**64
    z = np.uint64(seed) + np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float64) / 2**23 - 1).astype(np.float32)

def weight(name, shape):
    """A filter bank [O, I, H, W] whose canonical layout [O, H, W, I] the formula fills."""
    o, i, h, w = shape
    scale = np.float32(math.sqrt(3 * 2 / (i * h * w)))
    return (uniform(name, o * i * h * w) * scale).reshape(o, h, w, i).transpose(0, 3, 1, 2)

def vector(name, count, base, spread):
    return np.float32(base) + uniform(name, count) * np.float32(spread)

torch.manual_seed(0)
net = EfficientNet.from_name("efficientnet-lite0").eval()
state = net.state_dict()

def fill(canonical, convolution, normalization):
    key = convolution + ".weight"
    state[key] = torch.from_numpy(np.ascontiguousarray(weight(canonical + ".weight", state[key].shape)))
    for field, name, base, spread in (("weight", "gamma", 1, 0.2), ("bias", "beta", 0.5, 0.5),
                                      ("running_mean", "mean", 0, 0.2), ("running_var", "variance", 1, 0.5)):
        key = f"{normalization}.{field}"
        state[key] = torch.from_numpy(vector(f"{canonical}.{name}", len(state[key]), base, spread))

fill("stem.convolution", "_conv_stem", "_bn0")
index = 0
for stage, repeats in enumerate([1, 2, 2, 3, 3, 4, 1], 1):
    for repeat in range(repeats):
        block, source = f"block{stage}{chr(97 + repeat)}", f"_blocks.{index}"
        if f"{source}._expand_conv.weight" in state: fill(f"{block}.expand", f"{source}._expand_conv", f"{source}._bn0")
        fill(f"{block}.depthwise", f"{source}._depthwise_conv", f"{source}._bn1")
        fill(f"{block}.project", f"{source}._project_conv", f"{source}._bn2")
        index += 1
fill("final.convolution", "_conv_head", "_bn1")
net.load_state_dict(state)

image = torch.from_numpy(uniform("image", 224 * 224 * 3).reshape(1, 224, 224, 3).transpose(0, 3, 1, 2).copy())
with torch.inference_mode():
    features = net.double().extract_features(image.double()).mean((2, 3))[0].numpy()
print("mean", features.mean(), "deviation", features.std(), "zeros", (features == 0).mean(), "sixes", (features >= 5.99).mean())
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "features.json")
with open(path, "w") as file:
    json.dump({"architecture": "efficientnet_lite0", "features": [round(float(f), 6) for f in features]}, file, separators=(",", ":"))
    file.write("\n")

"""Records what PyTorch computes for each architecture with weights and an image that a formula gives.

usage: make_features.py     (needs the packages torch and efficientnet_lite_pytorch; writes features.json beside itself)

The weights are not stored: the value of element i of the tensor called NAME, in canonical layout, is a hash of both (see
formula.py), which the Swift test computes in the same way. Scales keep activations alive through all layers: filters have
variance 2 / inputs, as He et al. (2015) ask for rectifiers.
"""
import json, os, sys
import numpy as np, torch
from efficientnet_lite_pytorch import EfficientNet

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "..", "Peers"))
from nets import Basic, Bottle, ResNet, VGG16
from formula import uniform, filters

def vector(name, count, base, spread):
    return np.float32(base) + uniform(name, count) * np.float32(spread)

def fill(state, canonical, convolution, normalization=None):
    """Gives one convolution, and its batch normalisation or bias, the formula's elements."""
    key = convolution + ".weight"
    state[key] = torch.from_numpy(filters(canonical + ".weight", state[key].shape))
    if normalization is None:
        state[convolution + ".bias"] = torch.from_numpy(vector(canonical + ".bias", len(state[key]), 0, 0.2))
        return
    for field, name, base, spread in (("weight", "gamma", 1, 0.2), ("bias", "beta", 0.5, 0.5),
                                      ("running_mean", "mean", 0, 0.2), ("running_var", "variance", 1, 0.5)):
        key = f"{normalization}.{field}"
        state[key] = torch.from_numpy(vector(f"{canonical}.{name}", len(state[key]), base, spread))

def efficientnet():
    net = EfficientNet.from_name("efficientnet-lite0")
    state = net.state_dict()
    fill(state, "stem.convolution", "_conv_stem", "_bn0")
    index = 0
    for stage, repeats in enumerate([1, 2, 2, 3, 3, 4, 1], 1):
        for repeat in range(repeats):
            block, source = f"block{stage}{chr(97 + repeat)}", f"_blocks.{index}"
            if f"{source}._expand_conv.weight" in state:
                fill(state, f"{block}.expand", f"{source}._expand_conv", f"{source}._bn0")
            fill(state, f"{block}.depthwise", f"{source}._depthwise_conv", f"{source}._bn1")
            fill(state, f"{block}.project", f"{source}._project_conv", f"{source}._bn2")
            index += 1
    fill(state, "final.convolution", "_conv_head", "_bn1")
    net.load_state_dict(state)
    return net, lambda x: net.extract_features(x).mean((2, 3))

def resnet(block, repeats):
    net = ResNet(block, repeats)
    state = net.state_dict()
    fill(state, "stem.conv1", "conv1", "bn1")
    for stage, count in enumerate(repeats, 1):
        for repeat in range(count):
            name = f"layer{stage}.{repeat}"
            for i in range(1, 4):
                if f"{name}.conv{i}.weight" in state: fill(state, f"{name}.conv{i}", f"{name}.conv{i}", f"{name}.bn{i}")
            if f"{name}.downsample.0.weight" in state:
                fill(state, f"{name}.downsample", f"{name}.downsample.0", f"{name}.downsample.1")
    net.load_state_dict(state)
    return net, net.features

def vgg16():
    net = VGG16()
    state = net.state_dict()
    for key in [key for key in state if key.endswith(".weight")]:
        index = key.split(".")[1]
        fill(state, f"features.{index}.conv", f"features_.{index}")
    net.load_state_dict(state)
    return net, net

torch.manual_seed(0)
image = torch.from_numpy(uniform("image", 224 * 224 * 3).reshape(1, 224, 224, 3).transpose(0, 3, 1, 2).copy())
recorded = []
for architecture, (net, extract) in dict(efficientnet_lite0=efficientnet(), resnet18=resnet(Basic, [2, 2, 2, 2]),
                                         resnet50=resnet(Bottle, [3, 4, 6, 3]), vgg16=vgg16()).items():
    net.eval().double()
    with torch.inference_mode(): features = extract(image.double())[0].numpy()
    print(architecture, "mean", features.mean(), "deviation", features.std(), "zeros", (features == 0).mean())
    recorded.append({"architecture": architecture, "features": [float(f"{f:.7g}") for f in features]})
with open(os.path.join(here, "features.json"), "w") as file:
    json.dump(recorded, file, separators=(",", ":"))
    file.write("\n")

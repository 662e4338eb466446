"""Records what PyTorch computes for each architecture with weights and an image that a formula gives.

usage: make_features.py     (needs the packages torch and efficientnet_lite_pytorch; writes features.json beside itself)

The weights are not stored: the value of element i of the tensor called NAME, in canonical layout, is a hash of both (see
formula.py), which the Swift test computes in the same way. Scales keep activations alive through all layers: filters have
variance 2 / inputs, as He et al. (2015) ask for rectifiers.
"""
import json, math, os, sys
import numpy as np, torch
from efficientnet_lite_pytorch import EfficientNet

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "..", "Peers"))
from nets import Basic, Bottle, MobileNetV2, ResNet, VGG
from formula import uniform, filters

def vector(name, count, base, spread):
    return np.float32(base) + uniform(name, count) * np.float32(spread)

def fill(state, canonical, convolution, normalization=None):
    """Gives one convolution, its bias and its batch normalisation, if it has them, the formula's elements."""
    key = convolution + ".weight"
    state[key] = torch.from_numpy(filters(canonical + ".weight", state[key].shape))
    if convolution + ".bias" in state:
        state[convolution + ".bias"] = torch.from_numpy(vector(canonical + ".bias", len(state[key]), 0, 0.2))
    if normalization is None: return
    for field, name, base, spread in (("weight", "gamma", 1, 0.2), ("bias", "beta", 0.5, 0.5),
                                      ("running_mean", "mean", 0, 0.2), ("running_var", "variance", 1, 0.5)):
        key = f"{normalization}.{field}"
        state[key] = torch.from_numpy(vector(f"{canonical}.{name}", len(state[key]), base, spread))

def efficientnet(number, depth):
    net = EfficientNet.from_name(f"efficientnet-lite{number}")
    state = net.state_dict()
    fill(state, "stem.convolution", "_conv_stem", "_bn0")
    index = 0
    for stage, repeats in enumerate([1, 2, 2, 3, 3, 4, 1], 1):
        for repeat in range(repeats if stage in (1, 7) else math.ceil(repeats * depth)):
            block, source = f"blocks.{index}", f"_blocks.{index}"
            if f"{source}._expand_conv.weight" in state:
                fill(state, f"{block}.expand", f"{source}._expand_conv", f"{source}._bn0")
            fill(state, f"{block}.depthwise", f"{source}._depthwise_conv", f"{source}._bn1")
            fill(state, f"{block}.project", f"{source}._project_conv", f"{source}._bn2")
            index += 1
    fill(state, "final.convolution", "_conv_head", "_bn1")
    net.load_state_dict(state)
    return net, lambda x: net.extract_features(x).mean((2, 3))

def mobilenet():
    net = MobileNetV2()
    state = net.state_dict()
    for index in range(19):
        name = f"features.{index}"
        if index in (0, 18):
            fill(state, f"{name}.convolution", f"{name}.0", f"{name}.1")
            continue
        if index > 1: fill(state, f"{name}.expand", f"{name}.conv.0.0", f"{name}.conv.0.1")
        depthwise = int(index > 1)
        fill(state, f"{name}.depthwise", f"{name}.conv.{depthwise}.0", f"{name}.conv.{depthwise}.1")
        fill(state, f"{name}.project", f"{name}.conv.{depthwise + 1}", f"{name}.conv.{depthwise + 2}")
    net.load_state_dict(state)
    return net, net

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

def vgg(repeats, normalized):
    net = VGG(repeats, normalized)
    state = net.state_dict()
    for key in [key for key in state if key.endswith(".weight") and state[key].dim() == 4]:
        index = int(key.split(".")[1])
        fill(state, f"features.{index}.conv", f"features_.{index}", f"features_.{index + 1}" if normalized else None)
    net.load_state_dict(state)
    return net, net

networks = {f"efficientnet_lite{n}": lambda n=n, depth=depth: efficientnet(n, depth)
            for n, depth in enumerate([1, 1.1, 1.2, 1.4, 1.8])}
networks["mobilenet_v2"] = mobilenet
for depth, block, repeats in ((18, Basic, [2, 2, 2, 2]), (34, Basic, [3, 4, 6, 3]), (50, Bottle, [3, 4, 6, 3]),
                              (101, Bottle, [3, 4, 23, 3]), (152, Bottle, [3, 8, 36, 3])):
    networks[f"resnet{depth}"] = lambda block=block, repeats=repeats: resnet(block, repeats)
for depth, repeats in ((11, [1, 1, 2, 2, 2]), (13, [2, 2, 2, 2, 2]), (16, [2, 2, 3, 3, 3]), (19, [2, 2, 4, 4, 4])):
    networks[f"vgg{depth}"] = lambda repeats=repeats: vgg(repeats, False)
    networks[f"vgg{depth}_bn"] = lambda repeats=repeats: vgg(repeats, True)
SIDES = dict(efficientnet_lite1=240, efficientnet_lite2=260, efficientnet_lite3=280, efficientnet_lite4=300)

torch.manual_seed(0)
recorded = []
for architecture, build in networks.items():
    net, extract = build()
    net.eval().double()
    side = SIDES.get(architecture, 224)
    image = torch.from_numpy(uniform("image", side * side * 3).reshape(1, side, side, 3).transpose(0, 3, 1, 2).copy())
    with torch.inference_mode(): features = extract(image.double())[0].numpy()
    # A few hundred say as much as all.
    step = len(features) // 256
    print(architecture, "mean", features.mean(), "deviation", features.std(), "zeros", (features == 0).mean())
    recorded.append({"architecture": architecture, "step": step, "features": [float(f"{f:.7g}") for f in features[::step]]})
with open(os.path.join(here, "features.json"), "w") as file:
    json.dump(recorded, file, separators=(",", ":"))
    file.write("\n")

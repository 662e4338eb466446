"""Records what Keras computes for its applications with weights and an image that a formula gives.

usage: make_keras_features.py     (needs the packages keras 3 and tensorflow; writes keras_features.json beside itself)

As make_features.py does with PyTorch: canonical names and layouts are graftd's, values are formula.py's, all is computed in
64-bit. VGG16 is checked against what PyTorch computed for the same weights in its own layout, and not recorded again.
"""
import json, os, re
import numpy as np, keras
from formula import uniform

here = os.path.dirname(os.path.abspath(__file__))
keras.backend.set_floatx("float64")

def vector(name, count, base, spread):
    return np.float32(base) + uniform(name, count) * np.float32(spread)

def kernel(name, shape, depthwise):
    """A bank of filters [H, W, I, O] or [H, W, C, 1] whose canonical layout [O, H, W, I] the formula fills."""
    h, w, i, o = shape
    if depthwise: i, o = 1, i
    scale = np.float32(np.sqrt(6 / (h * w * i)))
    filters = (uniform(name, o * h * w * i) * scale).reshape(o, h, w, i)
    return filters.transpose(1, 2, 0, 3) if depthwise else filters.transpose(1, 2, 3, 0)

def fill(net, canonical):
    """Gives every layer the formula's elements; `canonical` takes a layer's name to that of its convolution in graftd."""
    for layer in net.layers:
        if not layer.weights: continue
        name = canonical(layer.name)
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([vector(f"{name}.{field}", layer.gamma.shape[0], base, spread) for field, base, spread in
                               (("gamma", 1, 0.2), ("beta", 0.5, 0.5), ("mean", 0, 0.2), ("variance", 1, 0.5))])
        else:
            shape = layer.kernel.shape
            depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
            bias = [vector(f"{name}.bias", shape[3], 0, 0.2)] if layer.use_bias else []
            layer.set_weights([kernel(f"{name}.weight", shape, depthwise), *bias])
    return net

def resnet_name(layer):
    if layer in ("conv1_conv", "conv1_bn"): return "conv1.conv1"
    block, number = re.fullmatch(r"(conv\d_block\d+)_(\d)_(?:conv|bn)", layer).groups()
    return f"{block}.conv{number}"

def mobilenet_name(layer):
    layer = re.sub(r"^bn_|_(BN|bn)$", "", layer)
    if layer in ("Conv1", "Conv_1"): return f"{layer}.convolution"
    return ".".join(layer.rsplit("_", 1))

def vgg_name(layer):
    stage, number = map(int, re.fullmatch(r"block(\d)_conv(\d)", layer).groups())
    return f"features.{sum([2, 2, 3, 3][:stage - 1]) * 2 + stage - 1 + 2 * (number - 1)}.conv"

applications = keras.applications
networks = dict(mobilenet_v2_keras=(applications.MobileNetV2, mobilenet_name),
                resnet50_keras=(applications.ResNet50, resnet_name), resnet101_keras=(applications.ResNet101, resnet_name),
                resnet152_keras=(applications.ResNet152, resnet_name), vgg16=(applications.VGG16, vgg_name))
image = uniform("image", 224 * 224 * 3).reshape(1, 224, 224, 3)
recorded = []
for architecture, (build, canonical) in networks.items():
    net = fill(build(include_top=False, weights=None, pooling="avg", input_shape=(224, 224, 3)), canonical)
    features = np.array(net(image.astype(np.float64), training=False))[0]
    # A few hundred say as much as all.
    step = len(features) // 256
    print(architecture, "mean", features.mean(), "deviation", features.std(), "zeros", (features == 0).mean())
    entry = dict(architecture=architecture, step=step, features=[float(f"{f:.7g}") for f in features[::step]])
    if architecture == "vgg16":
        with open(os.path.join(here, "features.json")) as file:
            expected = next(e for e in json.load(file) if e["architecture"] == architecture)
        assert expected["step"] == step and np.allclose(expected["features"], entry["features"], rtol=1e-6, atol=0)
    else:
        recorded.append(entry)
with open(os.path.join(here, "keras_features.json"), "w") as file:
    json.dump(recorded, file, separators=(",", ":"))
    file.write("\n")

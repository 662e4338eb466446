"""Exports whole networks with random weights, imports them by graftctl, and compares the features with ONNX Runtime's.

usage: python onnx_models.py GRAFTCTL [NAME...]        torchvision's and timm's, by both of PyTorch's exporters
       python onnx_models.py GRAFTCTL keras [NAME...]  Keras', by tf2onnx, from an environment with tensorflow
Prints a line for each; exits with 1 if one differs (cosine below 0.99999).
"""
import os, subprocess, sys, tempfile, warnings

warnings.filterwarnings("ignore")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np, onnx, onnxruntime

RESHAPING = {"Flatten", "Reshape", "Squeeze", "Dropout", "Identity", "Transpose", "Cast"}


def features(path, image):
    """What the first fully connected layer reads, its mean over the image; the output of a graph without such a layer."""
    model = onnx.load(path)
    makers = {output: node for node in model.graph.node for output in node.output}
    # The matrices of squeeze and excitation are convolutions in these networks.
    first = next((node for node in model.graph.node if node.op_type in ("Gemm", "MatMul")), None)
    if first is None:
        # A convolution classifies, if Softmax follows it.
        last = model.graph.node[-1]
        if last.op_type == "Softmax":
            first = [node for node in model.graph.node if node.op_type == "Conv"][-1]
    name = first.input[0] if first else model.graph.output[0].name
    while first and makers[name].op_type in RESHAPING:
        name = makers[name].input[0]
    if name not in {output.name for output in model.graph.output}:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    port = session.get_inputs()[0]
    pixels = image.transpose(0, 3, 1, 2) if port.shape[1] == 3 else image
    values = session.run([name], {port.name: pixels})[0]
    if values.ndim == 4 and 1 not in values.shape[1:3]:
        values = values.mean((2, 3) if values.shape[2] == values.shape[3] else (1, 2))
    return values.ravel()


def imported_features(graftctl, path, image, folder):
    state = os.path.join(folder, "state")
    os.makedirs(state, exist_ok=True)
    x, y = os.path.join(folder, "x.npy"), os.path.join(folder, "y.npy")
    np.save(x, image)
    run = lambda *words: subprocess.run([graftctl, "backbone", *words], check=True, stdout=subprocess.DEVNULL)
    run("import", path, "--state", state, "--name", "network", "--size", str(image.shape[1]))
    run("run", "network", "--state", state, "--input", x, "--output", y)
    return np.load(y).ravel()


def cosine(a, b):
    a, b = a.astype("f8"), b.astype("f8")
    return a @ b / np.sqrt((a @ a) * (b @ b)) if a.shape == b.shape else float("nan")


def torch_models(names):
    """Yields (name, path of the graph, side), with statistics of batch normalisation that do something."""
    import torch
    # torchvision without its compiled operators, which these networks do not use.
    try:
        import torchvision
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision
    import timm
    known = ["resnet18", "resnet50", "vgg11_bn", "mobilenet_v2", "mobilenet_v3_small", "densenet121", "squeezenet1_1"]
    known += ["googlenet", "inception_v3", "efficientnet_b0", "regnet_y_400mf", "mnasnet0_5"]
    known += ["tf_efficientnet_lite0", "mobilenetv3_small_100"]
    for name in names or known:
        torch.manual_seed(0)
        if hasattr(torchvision.models, name):
            options = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
            network = getattr(torchvision.models, name)(**options)
        else:
            network = timm.create_model(name)
        for part in network.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.weight.data.uniform_(0.5, 1.5)
                part.bias.data.normal_(0, 0.2)
                part.running_mean.normal_(0, 0.2)
                part.running_var.uniform_(0.5, 1.5)
        side = 299 if name == "inception_v3" else 224
        for form, options in {
            "torchscript": {"dynamo": False, "opset_version": 17}, "dynamo": {"dynamo": True, "verbose": False}
        }.items():
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "network.onnx")
                torch.onnx.export(network.eval(), (torch.zeros(1, 3, side, side),), path, **options)
                yield f"{name}, {form}", path, side


def keras_models(names):
    import tensorflow as tf, tf2onnx
    random = np.random.default_rng(0)
    for name in names or ["ResNet50", "MobileNetV2", "MobileNet", "DenseNet121", "EfficientNetB0", "ResNet50V2", "VGG16"]:
        side = 64 if name == "VGG16" else 224
        network = getattr(tf.keras.applications, name)(weights=None, input_shape=(side, side, 3), classes=10)
        for weight in network.weights:
            if "gamma" in weight.path or "moving_variance" in weight.path:
                weight.assign(random.uniform(0.5, 1.5, weight.shape))
            elif "beta" in weight.path or "moving_mean" in weight.path:
                weight.assign(random.normal(0, 0.2, weight.shape))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "network.onnx")
            signature = (tf.TensorSpec((None, side, side, 3), tf.float32, name="image"),)
            tf2onnx.convert.from_keras(network, input_signature=signature, opset=15, output_path=path)
            yield f"{name}, tf2onnx", path, side


graftctl, names = sys.argv[1], sys.argv[2:]
models = keras_models(names[1:]) if names[:1] == ["keras"] else torch_models(names)
failed = False
for name, path, side in models:
    image = np.random.default_rng(1).normal(0, 1, (1, side, side, 3)).astype("f4")
    with tempfile.TemporaryDirectory() as folder:
        found, expected = imported_features(graftctl, path, image, folder), features(path, image)
    similarity = cosine(found, expected)
    error = abs(found - expected).max() / abs(expected).max() if found.shape == expected.shape else float("nan")
    failed |= not similarity >= 0.99999
    print(f"{name}: {len(found)} features, cosine {similarity:.8f}, largest error {error:.1e} of the largest", flush=True)
sys.exit(failed)

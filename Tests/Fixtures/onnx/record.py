"""Writes a fixture, and what ONNX Runtime makes of its features into expected.json."""

import json
import pathlib

import numpy as np
import onnx
import onnxruntime

HERE = pathlib.Path(__file__).parent
CLASSIFIER = {"Gemm", "MatMul"}
RESHAPING = {"Flatten", "Reshape", "Squeeze", "Dropout", "Identity", "Transpose", "Cast"}


def image(side):
    """`[1, side, side, 3]`; the tests make the same numbers."""
    return (((np.arange(side * side * 3) * 7919) % 251).astype("f4") / 125 - 1).reshape(1, side, side, 3)


def features_tensor(graph):
    """What the first fully connected layer reads, before it was flattened."""
    makers = {output: node for node in graph.node for output in node.output}
    name = next(node for node in graph.node if node.op_type in CLASSIFIER).input[0]
    while makers[name].op_type in RESHAPING:
        name = makers[name].input[0]
    return name


def record(name, model, side, cut=None, layout="nchw", **facts):
    """Writes `name`.onnx and the features: the mean over the image of tensor `cut`, which is laid out as `layout`, or all
    of it where that is "flat"."""
    path = HERE / f"{name}.onnx"
    if model is not None:
        path.write_bytes(model.SerializeToString())
    model = onnx.load(path)
    cut = cut or features_tensor(model.graph)
    if cut not in {output.name for output in model.graph.output}:
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(cut))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    x = image(side)
    port = session.get_inputs()[0]
    if port.shape[1] == 3:
        x = x.transpose(0, 3, 1, 2)
    features = session.run([cut], {port.name: x})[0]
    if features.ndim == 4 and layout != "flat":
        features = features.mean((2, 3) if layout == "nchw" else (1, 2))
    path = HERE / "expected.json"
    expected = json.loads(path.read_text()) if path.exists() else {}
    expected[name] = dict(side=side, features=[float(f"{value:.9g}") for value in features.ravel()], **facts)
    lines = [f"{json.dumps(key)}: {json.dumps(expected[key])}" for key in sorted(expected)]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")

"""Writes graphs by hand, each with something that exporters and converters do.

usage: python make_graphs.py        needs onnx, onnxruntime
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from record import HERE, record

F = TensorProto.FLOAT


class Graph:
    """Appends nodes; each method returns the name of the tensor that it makes."""

    def __init__(self, layout="nchw", side=16, batch="N"):
        self.nodes, self.initializers = [], []
        self.random = np.random.default_rng(11)
        shape = [batch, 3, side, side] if layout == "nchw" else [batch, side, side, 3]
        self.image = helper.make_tensor_value_info("image", F, shape)
        self.x = "image"

    def __call__(self, operator, *inputs, **attributes):
        """The operator on `inputs`, arrays among them becoming initializers."""
        names = [self.constant(i) if isinstance(i, (np.ndarray, np.generic)) else i for i in inputs]
        output = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, names, [output], name=f"node_{len(self.nodes)}", **attributes))
        return output

    def constant(self, array, name=None, **options):
        name = name or f"parameter_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def normal(self, *shape, scale=None):
        scale = scale or (2 / np.prod(shape[1:])) ** 0.5
        return self.random.normal(0, scale, shape).astype("f4")

    def vector(self, count):
        return self.random.uniform(0.5, 1.5, count).astype("f4")

    def conv(self, x, i, o, kernel=3, groups=1, bias=True, **attributes):
        kernel = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        inputs = [self.normal(o, i // groups, *kernel)] + ([self.normal(o, scale=0.2)] if bias else [])
        attributes.setdefault("pads", [kernel[0] // 2, kernel[1] // 2] * 2)
        if "auto_pad" in attributes:
            del attributes["pads"]
        return self("Conv", x, *inputs, group=groups, **attributes)

    def classify(self, x, channels):
        """Global pooling, a fully connected layer; returns what is pooled."""
        self("Gemm", self("Flatten", self("GlobalAveragePool", x)), self.normal(channels, 3), self.normal(3))
        return x

    def model(self, opset=13, ir=8, output=None, inputs=()):
        output = output or self.nodes[-1].output[0]
        graph = helper.make_graph(
            self.nodes, "graph", [self.image, *inputs], [helper.make_tensor_value_info(output, F, None)],
            self.initializers)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir, producer_name="by hand")


def classified(name, g, x, channels, side=16, **versions):
    """Records the graph that ends in map `x` and a classifier behind it."""
    g.classify(x, channels)
    record(name, g.model(**versions), side, x)


def i64(*values):
    return np.array(values, "i8")


# Batch normalisation in arithmetic, in several orders, behind a convolution and where there is none.
g = Graph()
x = g.conv("image", 3, 6, bias=False)
x = g("Sub", x, g.normal(1, 6, 1, 1, scale=0.2))
x = g("Div", x, g("Sqrt", g("Add", g.vector(6).reshape(6, 1, 1), np.float32(1e-3))))
x = g("Relu", g("Add", g("Mul", g.vector(6).reshape(1, 6, 1, 1), x), g.normal(6, 1, 1, scale=0.2)))
x = g.conv(x, 6, 8)
x = g("Mul", x, g("Reciprocal", g.vector(8).reshape(8, 1, 1)))
x = g("Relu", g("Sub", g.normal(1, 8, 1, 1, scale=0.2), x))
y = g("Mul", g("Add", x, g.normal(8, 1, 1, scale=0.2)), g.vector(8).reshape(8, 1, 1))
x = g("Add", g.conv(x, 8, 8), g("Neg", y))
classified("arithmetic", g, x, 8)

# An affine map of the image before a convolution with padding, and one before a convolution without.
g = Graph("nhwc")
x = g("Div", g("Sub", "image", np.array([0.4, 0.5, 0.6], "f4")), np.array([0.2, 0.3, 0.4], "f4"))
x = g("Relu", g.conv(g("Transpose", g("Cast", x, to=F), perm=[0, 3, 1, 2]), 3, 6, strides=[2, 2]))
x = g("Transpose", g("Transpose", x, perm=[2, 3, 0, 1]), perm=[2, 3, 0, 1])
x = g("Relu", g.conv(g("Add", g("Mul", x, g.vector(6).reshape(6, 1, 1)), np.float32(0.5)), 6, 8, pads=[0] * 4))
classified("input_affine", g, x, 8)

# Batch normalisation as an operator, with and without a bias before it, and behind something else.
g = Graph()
x = g("Relu", g("BatchNormalization", g.conv("image", 3, 6, bias=False),
                *(g.constant(g.vector(6), f"bn1.{part}") for part in ("gamma", "beta", "mean", "variance")),
                epsilon=1e-3))
x = g("BatchNormalization", g.conv(x, 6, 6, groups=3), *(g.vector(6) for _ in range(4)))
x = g("Mul", x, g.vector(6).reshape(6, 1, 1))
x = g("Relu", g("BatchNormalization", g("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), *(g.vector(6) for _ in range(4))))
classified("normalization", g, x, 6, opset=15)

# Windows: no squares, asymmetric padding, dilation, groups, TensorFlow's padding in both ways.
g = Graph()
x = g("Relu", g.conv("image", 3, 8, (1, 5), pads=[0, 2, 0, 1]))
x = g("Relu", g.conv(x, 8, 8, (4, 2), groups=2, pads=[2, 0, 1, 1], dilations=[1, 1]))
x = g("Relu", g.conv(x, 8, 8, 3, groups=8, dilations=[2, 2], pads=[2, 2, 2, 2]))
x = g("Relu", g.conv(x, 8, 8, (3, 1), dilations=[2, 1], pads=[2, 0, 2, 0]))
x = g("Relu", g.conv(x, 8, 10, 3, auto_pad="SAME_LOWER", strides=[2, 2]))
x = g("Relu", g.conv(x, 10, 10, 4, auto_pad="SAME_UPPER", strides=[1, 1]))
x = g("Relu", g.conv(x, 10, 12, 3, auto_pad="VALID"))
classified("windows", g, x, 12, opset=11)

# Padding: before convolutions and poolings, with the numbers that may and may not be merged into them.
g = Graph()
pads = i64(0, 0, 0, 0, 0, 0, 1, 1)
around = i64(0, 0, 1, 1, 0, 0, 1, 1)
x = g.conv(g("Pad", "image", pads), 3, 6, strides=[2, 2], pads=[0, 1, 1, 0])
x = g("MaxPool", g("Pad", x, around), kernel_shape=[3, 3])
x = g("MaxPool", g("Pad", x, around, np.float32(-np.inf)), kernel_shape=[3, 3])
x = g("AveragePool", g("Pad", g.conv(x, 6, 6), around), kernel_shape=[3, 3])
x = g("AveragePool", g("Pad", x, pads), kernel_shape=[3, 3], pads=[1, 0, 1, 0])
x = g("Add", g.conv(x, 6, 6), g("Pad", g("MaxPool", x, kernel_shape=[3, 3]), around))
classified("padding", g, x, 6)

# Poolings: the last window cut off or not, padding counted or not, of the whole map.
g = Graph(side=17)
x = g("MaxPool", g.conv("image", 3, 6), kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1], ceil_mode=1)
x = g("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
x = g("AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
x = g("MaxPool", x, kernel_shape=[2, 2], auto_pad="SAME_UPPER")
x = g("AveragePool", g.conv(x, 6, 8), kernel_shape=[3, 3], auto_pad="SAME_LOWER")
y = g("Concat", g("AveragePool", x, kernel_shape=[5, 5], strides=[1, 5]), g("GlobalMaxPool", x), axis=1)
g("MatMul", g("Reshape", y, i64(-1, 16)), g.normal(16, 3))
record("pooling", g.model(), 17, y)

# Bounds, as attributes, inputs and constants, and from two operators.
g = Graph()
x = g("Clip", g.conv("image", 3, 6), "", g("Constant", value=numpy_helper.from_array(np.float32(6))))
x = g("Max", x, np.float32(0))
x = g("Clip", g.conv(x, 6, 6), np.float32(0), np.float32(6))
x = g("Min", g("Relu", g.conv(x, 6, 6)), np.array([6], "f4"))
x = g("Max", np.array(0, "f4"), g("Min", np.array(6, "f4"), g.conv(x, 6, 6)))
x = g("Clip", g.conv(x, 6, 6), np.float32(0))
x = g("Clip", g.conv(x, 6, 6))
classified("bounds", g, x, 6, opset=12)
g = Graph()
x = g("Clip", g.conv("image", 3, 6), min=0.0, max=6.0)
x = g("Dropout", g("Pad", g.conv(x, 6, 6), pads=[0, 0, 1, 1, 0, 0, 0, 0]), ratio=0.5)
x = g("Squeeze", g("Unsqueeze", g("Relu", x), axes=[0]), axes=[0])
x = g.conv(g("Slice", x, axes=[2, 3], starts=[0, -17], ends=[9999, 17]), 6, 6)
classified("version7", g, x, 6, opset=7, ir=3)

# Activations spelled out: x · sigmoid(x), x · relu6(x + 3) / 6 in four orders, its sigmoid, and x · Φ(x) in three.
g = Graph()
x = g.conv("image", 3, 6)
x = g.conv(g("Mul", g("Sigmoid", x), x), 6, 6)
three, six, half, root = (np.float32(v) for v in (3, 6, 0.5, 2**0.5))
x = g.conv(g("Div", g("Mul", x, g("Clip", g("Add", x, three), np.float32(0), six)), six), 6, 6)
x = g.conv(g("Mul", g("Clip", g("Add", three, x), np.float32(0), six), g("Div", x, six)), 6, 6)
x = g.conv(g("Mul", g("Mul", g("Clip", g("Add", x, three), np.float32(0), six), np.float32(1 / 6)), x), 6, 6)
x = g.conv(g("Mul", x, g("HardSigmoid", x, alpha=1 / 6, beta=0.5)), 6, 6)
gate = g("Clip", g("Add", g("Mul", x, np.float32(1 / 6)), half), np.float32(0), np.float32(1))
x = g.conv(g("Add", gate, g.conv(x, 6, 6)), 6, 6)
x = g.conv(g("Mul", g("Mul", x, g("Add", g("Erf", g("Div", x, root)), np.float32(1))), half), 6, 6)
x = g.conv(g("Mul", g("Mul", x, half), g("Add", g("Erf", g("Mul", x, np.float32(0.5**0.5))), np.float32(1))), 6, 6)
x = g("Mul", x, g("Mul", half, g("Add", np.float32(1), g("Erf", g("Div", x, root)))))
classified("activations_by_hand", g, x, 6)
g = Graph()
x = g("Gelu", g("HardSwish", g.conv("image", 3, 6)))
classified("activations20", g, g.conv(x, 6, 6), 6, opset=20, ir=9)

# Sums: of three, of a map with itself, of two branches with a convolution each, of which one is longer.
g = Graph()
x = g("Relu", g.conv("image", 3, 6))
y = g("Relu", g("Sum", g.conv(x, 6, 6), x, g.conv(x, 6, 6, 1)))
y = g("Add", y, y)
z = g("Relu", g("Add", g.conv(y, 6, 6, 1), g.conv(g("Relu", g.conv(y, 6, 6)), 6, 6)))
z = g("Sub", z, y)
z = g("Mul", g("Relu", z), g("Sigmoid", g.conv(z, 6, 6)))
classified("sums", g, z, 6)

# Squeeze and excitation by matrices, on vectors without sides for the pixels.
g = Graph()
x = g("Relu", g.conv("image", 3, 6))
gate = g("ReduceMean", x, axes=[2, 3], keepdims=0)
gate = g("Relu", g("Gemm", gate, g.normal(4, 6), g.normal(4), transB=1))
gate = g("Sigmoid", g("Add", g("MatMul", gate, g.normal(4, 6)), g.normal(6)))
x = g("Mul", g("Unsqueeze", g("Unsqueeze", gate, i64(2)), i64(3)), x)
classified("excitation", g, g.conv(x, 6, 8), 8)

# The shape of the classifier's input computed in the graph, from the map's own.
g = Graph()
x = g("GlobalAveragePool", g("Relu", g.conv("image", 3, 6)))
batch = g("Unsqueeze", g("Gather", g("Shape", x), i64(0).reshape(()), axis=0), i64(0))
rest = g("ReduceProd", g("Slice", g("Shape", x), i64(1), i64(4)), keepdims=1)
shape = g("Where", g("Equal", rest, i64(0)), g("Expand", i64(1), i64(1)), g("Concat", rest, axis=0))
shape = g("Cast", g("Concat", batch, shape, axis=0), to=TensorProto.INT64)
y = g("Identity", g("Reshape", x, shape))
g("Softmax", g("Gemm", y, g.normal(6, 3)))
record("shapes", g.model(), 16, x)

# Weights of other types, cast in the graph; lists instead of raw bytes; the inputs of old files; nodes in reverse.
g = Graph()
half = g.constant(g.normal(6, 3, 3, 3).astype("f2"))
x = g("Relu", g("Conv", "image", g("Cast", half, to=F), g("Cast", g.normal(6).astype("f8"), to=F), pads=[1] * 4))
weights = g.normal(6, 6, 1, 1).astype("f2")
g.initializers.append(helper.make_tensor("listed16", TensorProto.FLOAT16, weights.shape, weights.ravel()))
x = g("Relu", g("Conv", x, g("Cast", "listed16", to=F)))
weights = g.normal(6, 6, 3, 3)
brain = (weights.view("u4") >> 16).astype("u2")
g.initializers.append(helper.make_tensor("brain", TensorProto.BFLOAT16, weights.shape, brain.tobytes(), raw=True))
x = g("Relu", g("Conv", x, g("Cast", "brain", to=F), pads=[1] * 4))
g.initializers.append(helper.make_tensor("listed32", F, (8, 6, 1, 1), g.normal(8, 6, 1, 1).ravel()))
g.initializers.append(helper.make_tensor("listed64", TensorProto.DOUBLE, (8,), g.normal(8).astype("f8")))
x = g("Conv", x, "listed32", g("Cast", "listed64", to=F))
cut = g.classify(g("Transpose", g("Transpose", x, perm=[0, 2, 3, 1]), perm=[0, 3, 1, 2]), 8)
inputs = [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in g.initializers]
model = g.model(13, inputs=inputs)
record("types", model, 16, cut)
g.nodes.reverse()
reversed_model = g.model(13, output=g.nodes[0].output[0])
(HERE / "reversed.onnx").write_bytes(reversed_model.SerializeToString())

# Weights in a file of their own.
g = Graph(batch=1)
x = g("Relu", g.conv("image", 3, 6))
cut = g.classify(g("Relu", g.conv(x, 6, 8)), 8)
onnx.save(
    g.model(), HERE / "external.onnx", save_as_external_data=True, location="external.weights", size_threshold=100)
record("external", None, 16, cut)

# Ends: a map, a convolution as classifier, two outputs, a vector that is flattened and no more.
g = Graph()
x = g("Relu", g.conv("image", 3, 6))
record("ends_in_map", g.model(), 16, x)
g = Graph()
x = g("GlobalAveragePool", g("Relu", g.conv("image", 3, 6)))
g("Softmax", g("Reshape", g("Dropout", g.conv(x, 6, 4, 1)), i64(0, -1)))
record("ends_in_convolution", g.model(), 16, x)
g = Graph()
x = g("GlobalAveragePool", g("Relu", g.conv("image", 3, 6)))
y = g("Relu", g.conv(x, 6, 4, 1))
g("Flatten", y)
record("ends_in_vector", g.model(), 16, y)

# Sides that only the user knows.
g = Graph(side="side")
classified("dynamic", g, g("Relu", g.conv("image", 3, 6, strides=[2, 2])), 6)

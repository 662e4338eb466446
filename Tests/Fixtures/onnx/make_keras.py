"""Converts small Keras networks by tf2onnx, as it does and without its optimiser.

usage: python make_keras.py        needs tensorflow 2.19, tf2onnx, onnxruntime
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf
import tf2onnx
import tf2onnx.optimizer
from record import record

K = tf.keras.layers


def normalized(x, activation="relu"):
    x = K.BatchNormalization(epsilon=1e-3)(x)
    return K.Activation(activation)(x) if activation else x


def resnet(x):
    """Explicit padding before convolutions and the pooling, as in Keras' own."""
    x = normalized(K.Conv2D(8, 7, 2)(K.ZeroPadding2D(3)(x)))
    x = K.MaxPooling2D(3, 2)(K.ZeroPadding2D(1)(x))
    y = normalized(K.Conv2D(4, 1)(x))
    y = normalized(K.Conv2D(4, 3, padding="same")(y))
    y = normalized(K.Conv2D(16, 1)(y), None)
    x = K.Activation("relu")(K.Add()([normalized(K.Conv2D(16, 1)(x), None), y]))
    return K.Dense(5, activation="softmax")(K.GlobalAveragePooling2D()(x))


def hard_swish(x):
    return K.Multiply()([x, K.ReLU(6.0)(x + 3.0) * (1 / 6)])


def mobilenet(x):
    """MobileNetV3's parts: scaling inside, squeeze and excitation by dense layers, a convolution as classifier."""
    x = K.Rescaling(1 / 127.5, offset=-1)(x * 100.0)
    x = K.BatchNormalization()(K.Conv2D(8, 3, 2, padding="same", use_bias=False)(x))
    x = hard_swish(x)
    y = K.DepthwiseConv2D(3, 2, padding="valid", use_bias=False)(K.ZeroPadding2D(((0, 1), (0, 1)))(x))
    y = K.ReLU(6.0)(K.BatchNormalization()(y))
    gate = K.Reshape((1, 1, 8))(K.GlobalAveragePooling2D()(y))
    gate = K.Dense(8)(K.Dense(4, activation="relu")(gate))
    y = K.Multiply()([y, K.ReLU(6.0)(gate + 3.0) * (1 / 6)])
    y = K.BatchNormalization()(K.Conv2D(12, 1, use_bias=False)(y))
    y = K.Activation("silu")(K.SeparableConv2D(16, 3, padding="same")(y))
    y = hard_swish(K.Conv2D(20, 1)(K.GlobalAveragePooling2D(keepdims=True)(y)))
    return K.Softmax()(K.Flatten()(K.Conv2D(5, 1)(K.Dropout(0.2)(y))))


def vgg(x):
    for width in (4, 8):
        x = K.MaxPooling2D(2)(K.Conv2D(width, 3, padding="same", activation="relu")(x))
    return K.Dense(5)(K.Dense(8, activation="relu")(K.Flatten()(x)))


def built(network):
    tf.keras.backend.clear_session()
    image = K.Input((32, 32, 3), name="image")
    model = tf.keras.Model(image, network(image))
    random = np.random.default_rng(3)
    for weight in model.weights:
        if "variance" in weight.path or "gamma" in weight.path:
            weight.assign(random.uniform(0.5, 1.5, weight.shape))
        elif len(weight.shape) == 1:
            weight.assign(random.normal(0, 0.2, weight.shape))
        else:
            weight.assign(random.normal(0, (2 / np.prod(weight.shape[:-1])) ** 0.5, weight.shape))
    return model


def last_pixel(model):
    """What the convolution that classifies reads, as a `[1, 1, 1, C]` or `[1, C, 1, 1]` tensor."""
    makers = {output: node for node in model.graph.node for output in node.output}
    name = [node for node in model.graph.node if node.op_type == "Conv"][-1].input[0]
    while makers[name].op_type in ("Transpose", "Reshape", "Identity", "Dropout"):
        name = makers[name].input[0]
    return name


optimize = tf2onnx.optimizer.optimize_graph
for name, network in {"resnet": resnet, "mobilenet": mobilenet, "vgg": vgg}.items():
    model = built(network)
    for form, optimizer in {"tf2onnx": optimize, "raw": lambda graph, *arguments, **options: graph}.items():
        tf2onnx.optimizer.optimize_graph = optimizer
        signature = (tf.TensorSpec((None, 32, 32, 3), tf.float32, name="image"),)
        options = {"inputs_as_nchw": ["image"]} if name == "vgg" else {}
        onnx_model, _ = tf2onnx.convert.from_keras(model, input_signature=signature, opset=13, **options)
        if name == "mobilenet":
            record(f"{name}.{form}", onnx_model, 32, last_pixel(onnx_model), layout="flat")
        else:
            record(f"{name}.{form}", onnx_model, 32)

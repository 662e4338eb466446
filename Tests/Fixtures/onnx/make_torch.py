"""Exports networks.py by both of PyTorch's exporters.

usage: python make_torch.py        needs torch 2.13, onnx, onnxscript, onnxruntime
"""

import tempfile
import warnings

import onnx
import torch
from networks import NETWORKS, seeded
from record import record

warnings.filterwarnings("ignore")


def export(network, side, **options):
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        torch.onnx.export(network, (torch.zeros(1, 3, side, side),), file.name, **options)
        model = onnx.load(file.name)
    # Where in Python each node comes from: several times the size of these networks.
    for part in [model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output]:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return model


for name, network in NETWORKS.items():
    network = seeded(network())
    dynamic = {"input_names": ["image"], "dynamic_axes": {"image": {0: "batch"}}}
    record(f"{name}.torchscript11", export(network, 32, dynamo=False, opset_version=11, **dynamic), 32)
    record(f"{name}.torchscript17", export(network, 32, dynamo=False, opset_version=17), 32)
    record(f"{name}.dynamo18", export(network, 32, dynamo=True, external_data=False, opset_version=18), 32)
    if name in ("basic", "activations"):
        record(f"{name}.dynamo23", export(network, 32, dynamo=True, external_data=False, opset_version=23), 32)
    if name == "mobilenet_v3":
        # Batch normalisation stays an operator, and shapes are computed in the graph.
        record(
            f"{name}.unoptimized",
            export(network, 32, dynamo=True, external_data=False, optimize=False, opset_version=18), 32)
